"""The language and its library, case by case, each with the page that states what is expected."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from replicator.runtime.clock import VirtualClock
from replicator.runtime.connectors import Connectors
from replicator.runtime.environment import Environment
from replicator.runtime.errors import WorkflowFailed
from replicator.runtime.execution import Execution
from replicator.runtime.program import SyntaxProblems, load

CASES = Path(__file__).parent / "cases"
START = 1_800_000_000.0


@dataclass(frozen=True)
class Case:
    """One expectation.

    Attributes:
        name: The file and the sentence.
        page: Below docs.cloud.google.com/workflows/docs/reference/.
        source: The document, or the expression that its only step returns.
        expected: ``result``, ``error`` (tag), ``raised`` (value), ``refused`` (words of the problem), ``slept`` (s).
    """

    name: str
    page: str
    source: str
    argument: Any
    expected: dict[str, Any]


def read_cases() -> list[Case]:
    cases: list[Case] = []
    for path in sorted(CASES.glob("*.yaml")):
        for row in yaml.safe_load(path.read_text(encoding="utf-8")):
            source = row.pop("source", None)
            if source is None:
                source = (
                    f"main:\n  params: [args]\n  steps:\n    - only:\n        return: {yaml.dump(row.pop('value'))}"
                )
            name = f"{path.stem}: {row.pop('name')}"
            cases.append(Case(name, row.pop("page"), source, row.pop("argument", None), row))
    return cases


@pytest.mark.parametrize("case", read_cases(), ids=lambda case: case.name)
def test_the_language_does_what_its_pages_say(case: Case) -> None:
    """Each case ends as its page says it does: a result, an error's tag, or a refusal before it runs."""
    clock = VirtualClock(START)
    environment = Environment(
        connectors=Connectors(),
        clock=clock,
        uuid=lambda: "00000000-0000-4000-8000-000000000000",
        variables={"GOOGLE_CLOUD_PROJECT_ID": "acme"},
    )
    if "refused" in case.expected:
        with pytest.raises(SyntaxProblems) as refused:
            load(case.source)
        assert case.expected["refused"] in str(refused.value)
        return
    program = load(case.source)
    if "error" in case.expected:
        with pytest.raises(WorkflowFailed) as failed:
            Execution.run(program, case.argument, environment=environment)
        assert isinstance(failed.value.error, dict)
        assert isinstance(failed.value.error["tags"], list)
        assert failed.value.error["tags"][0] == case.expected["error"]
    elif "raised" in case.expected:
        with pytest.raises(WorkflowFailed) as failed:
            Execution.run(program, case.argument, environment=environment)
        assert failed.value.error == case.expected["raised"]
    else:
        result = Execution.run(program, case.argument, environment=environment)
        assert (result, type(result)) == (case.expected["result"], type(case.expected["result"]))
    assert clock.now() - START == pytest.approx(case.expected.get("slept", 0))


def test_every_case_names_its_page() -> None:
    """No expectation stands without the page that states it."""
    assert [case.name for case in read_cases() if not case.page.startswith(("syntax/", "stdlib/", "quotas"))] == []
