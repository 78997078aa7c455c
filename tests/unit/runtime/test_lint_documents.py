"""The documents that are rendered, as the linter sees them."""

from __future__ import annotations

from pathlib import Path

import pytest

from replicator.runtime.lint.linter import lint

ROOT = Path(__file__).resolve().parents[3]
DOCUMENTS = sorted([*ROOT.glob("workflows/**/*.yaml"), *ROOT.glob("tests/golden/*/document.yaml")])


@pytest.mark.parametrize("file", DOCUMENTS, ids=lambda file: str(file.relative_to(ROOT)))
def test_a_rendered_document_is_clean_and_has_room(file: Path) -> None:
    """No finding at all, and something left of every limit that the text can reach."""
    report = lint(file.read_text(encoding="utf-8"), file)

    assert [str(finding) for finding in report.findings] == []
    assert len(report.headroom) == 10
    assert {room.limit.name: room.used for room in report.headroom if room.share >= 1} == {}


def test_there_are_documents_to_look_at() -> None:
    """An empty folder would make everything above true."""
    assert DOCUMENTS
