"""Nothing that a document says hangs, crashes or leaves the runtime."""

from __future__ import annotations

import pytest

from replicator.errors import FailedError
from replicator.runtime.errors import WorkflowFailed
from replicator.runtime.program import SyntaxProblems, load
from replicator.runtime.values import Value
from tests.unit.runtime.running import run


def test_a_value_that_grows_ever_deeper_is_stopped() -> None:
    """A list in a list in a list ends as a limit of the execution, and not of Python's stack."""
    source = "- a: {assign: [{x: []}]}\n- b: {assign: [{x: ['${x}']}], next: b}"

    with pytest.raises(WorkflowFailed, match="nested deeper than 200 levels"):
        run(source)


def test_a_path_that_grows_ever_deeper_is_stopped() -> None:
    """The same through an assignment to a key."""
    source = "- a: {assign: [{x: {}}]}\n- b: {assign: [{x.k: '${x}'}], next: b}"

    with pytest.raises(WorkflowFailed, match="nested deeper than 200 levels"):
        run(source)


def test_json_that_is_nested_too_deeply_is_an_error() -> None:
    """100,000 brackets are refused before a parser recurses into them."""
    source = """
- a: {assign: [{x: "[[[["}]}
- b: {for: {value: v, range: [1, 14], steps: [{c: {assign: [{x: "${x + x}"}]}}]}}
- d: {return: "${json.decode(x)}"}
"""
    with pytest.raises(WorkflowFailed, match="not JSON: nested deeper"):
        run(source)


def test_half_a_character_is_replaced() -> None:
    """A lone surrogate from JSON can be encoded again."""
    assert run("""- a: {return: '${text.url_encode(json.decode("\\"\\\\ud800\\""))}'}""") == "%EF%BF%BD"


def test_an_argument_that_is_nested_too_deeply_is_refused() -> None:
    """It never reaches the workflow."""
    argument: Value = []
    for _ in range(300):
        argument = [argument]

    with pytest.raises(FailedError, match="nested deeper than 200 levels"):
        run("- a: {return: 1}", argument)


@pytest.mark.parametrize(
    "source",
    [
        "[" * 50_000,
        "- a: {return: '${" + "(" * 300 + "1" + ")" * 300 + "}'}",
        "- a: {return: '${" + "not " * 90 + "true}'}",
        "- a: {return: '${" + "1+" * 5_000 + "1}'}",
        "a: &a [*a]",
        "- a: &a {return: 1}\n- b: *a",
        "- a: {return: !!python/object/apply:os.system ['true']}",
        "- a: {<<: {return: 1}}",
        "\x00",
        "- \ud800",
        "{}",
        "[]",
        "null",
        "main: null",
        "main: {steps: null}",
        "main: {steps: [null]}",
        "main: {steps: [{a: null}]}",
        "main: {steps: [{a: {}}]}",
        "main: {steps: [{a: {switch: []}}]}",
        "- a: {assign: []}",
        "- a: {assign: [{'x y': 1}]}",
        "- a: {assign: [{'f(1)': 1}]}",
        "- a: {call: [x]}",
        "- a: {call: sub, args: [1]}",
        "- a: {parallel: {}}",
        "- a: {parallel: {branches: [{b: {}}]}}",
        "- a: {parallel: {for: {value: v, in: [1]}, concurrency_limit: 0}}",
        "- a: {try: null, except: {}}",
        "- a: {try: {raise: 1}, retry: 3}",
        "- a: {return: |\n   ${1}\n }",
    ],
)
def test_what_is_no_workflow_is_refused(source: str) -> None:
    """Every such source ends in problems with places, and in nothing else."""
    with pytest.raises(SyntaxProblems, match=r"^workflow:\d+:\d+: "):
        load(source)
