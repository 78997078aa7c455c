"""How near a document is to each limit."""

from __future__ import annotations

import dataclasses

import pytest

from replicator import limits
from replicator.limits import Limit
from replicator.runtime.lint.linter import lint


def _used(source: str) -> dict[Limit, tuple[int, int]]:
    return {room.limit: (room.used, room.line) for room in lint(source).headroom}


PARALLEL = """
main:
  steps:
    - outer:
        parallel:
          branches:
            - one:
                steps:
                  - inner: {parallel: {for: {value: v, in: [1], steps: [{s: {call: f}}]}, concurrency_limit: 3}}
            - two: {steps: [{t: {call: f}}]}
f:
  steps:
    - u: {call: g}
g:
  steps:
    - w: {call: f}
"""


@pytest.mark.parametrize(
    ("source", "limit", "used", "line"),
    [
        ("- a: {return: 1}", limits.SOURCE_BYTES, 16, 0),
        ("- b: {return: 1}\n- a: {return: '${1 + 1}'}", limits.EXPRESSION_CHARACTERS, 8, 2),
        ("- a: {assign: [{x: 1}, {y: 2}, {z: 3}]}", limits.ASSIGNS_PER_STEP, 3, 1),
        (
            "- a: {switch: [{condition: true, return: 1}, {condition: false, return: 2}]}",
            limits.CONDITIONS_PER_SWITCH,
            2,
            1,
        ),
        (PARALLEL, limits.PARALLEL_BRANCHES, 2, 4),
        (PARALLEL, limits.PARALLEL_NESTING, 2, 9),
        (PARALLEL, limits.PARALLEL_CONCURRENCY, 8, 2),
        (PARALLEL, limits.CALL_DEPTH, 2, 2),
        ("- a: {return: éé}", limits.STRING_BYTES, 4, 1),
        ("- a: {assign: [{x: éé}, {x: é}, {y: 1}]}", limits.VARIABLE_BYTES, 8 + 4 + 8, 1),
        ("- a: {assign: [{x: '${sys.now()}'}]}", limits.VARIABLE_BYTES, 0, 0),
        (
            "main: {steps: [{a: {call: f}}]}\nf: {steps: [{b: {return: '${g()}'}}]}\ng: {steps: [{c: {return: 1}}]}",
            limits.CALL_DEPTH,
            3,
            1,
        ),
        ("main: {steps: [{a: {call: main}}]}", limits.CALL_DEPTH, 1, 1),
    ],
    ids=lambda value: value.name if isinstance(value, Limit) else "",
)
def test_the_largest_use_is_told_with_its_line(source: str, limit: Limit, used: int, line: int) -> None:
    """As far as the text tells; 0 where a limit is not touched or is the whole document's."""
    assert _used(source)[limit] == (used, line)


def test_a_document_of_routines_that_all_call_each_other_is_counted_at_once() -> None:
    """Going through every chain would take for ever."""
    names = [f"f{number}" for number in range(25)]
    calls = ", ".join(f"{{c{name}: {{call: {name}}}}}" for name in names)
    source = "main: {steps: [{a: {call: f0}}]}\n" + "\n".join(f"{name}: {{steps: [{calls}]}}" for name in names)

    assert _used(source)[limits.CALL_DEPTH][0] == 2


def test_every_limit_of_workflows_is_told_or_said_to_be_a_runs() -> None:
    """None is left out of the report; how long a connector call may take is no matter of a document's size."""
    report = lint("- a: {return: 1}")
    told = {room.limit for room in report.headroom} | set(report.untold)

    workflows = {
        value
        for value in vars(limits).values()
        if dataclasses.is_dataclass(value) and isinstance(value, Limit) and _of_workflows(value)
    }
    assert told == workflows - {limits.CONNECTOR_TIMEOUT_SECONDS}


def _of_workflows(limit: Limit) -> bool:
    return "workflows" in limit.page or "executions.proto" in limit.page
