"""Documents as a reviewer last approved them: one folder per case, the pipeline in it and the document beside it."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Final

import pytest

from replicator.config.reading import parse_pipeline
from replicator.plan.build import build_plan
from replicator.runtime.lint.linter import lint
from replicator.runtime.program import load
from replicator.workflow.document import build_document
from replicator.workflow.render import to_yaml

GOLDEN: Final = Path(__file__).parent
CASES: Final = sorted(path.parent.name for path in GOLDEN.glob("*/pipeline.yaml"))


@cache
def rendered(case: str) -> str:
    """The document of a case, from its file."""
    file = GOLDEN / case / "pipeline.yaml"
    return to_yaml(build_document(build_plan(parse_pipeline(file.read_text("utf-8"), file))))


@pytest.mark.parametrize("case", CASES)
def test_a_document_is_the_reviewed_one(case: str, request: pytest.FixtureRequest) -> None:
    """To the byte, so that a change of behaviour is a diff that somebody reads."""
    text = rendered(case)
    document = GOLDEN / case / "document.yaml"
    if request.config.getoption("--update-golden"):
        document.write_text(text, encoding="utf-8")

    assert document.read_text("utf-8") == text


@pytest.mark.parametrize("case", CASES)
def test_a_document_runs_and_nothing_is_wrong_with_it(case: str) -> None:
    """The runtime reads it, and the linter finds no undefined variable, no dead step and no limit reached."""
    text = rendered(case)

    report = lint(text)

    assert [str(finding) for finding in report.findings] == []
    assert max(headroom.share for headroom in report.headroom) < 1
    assert "main" in load(text).routines
