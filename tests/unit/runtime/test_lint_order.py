"""Variables that are read before anything has set them, over every way through a routine."""

from __future__ import annotations

import textwrap
import time
from pathlib import Path

import pytest

from replicator.runtime.lint.linter import lint

TOO_EARLY = {
    "the step above": """
        - a: {return: "${x}"}
        - b: {assign: [{x: 1}]}
        """,
    "the same assign": """
        - a: {assign: [{y: "${x}"}, {x: 1}]}
        """,
    "itself": """
        - a: {assign: [{x: "${x + 1}"}]}
        """,
    "an element of nothing": """
        - a: {assign: [{"x.key": 1}]}
        - b: {assign: [{x: {}}]}
        """,
    "a key of the target": """
        - a: {assign: [{m: {}}, {"m[x]": 1}, {x: k}]}
        """,
    "a call's own result": """
        - a: {call: sys.log, args: {text: "${x}"}, result: x}
        """,
    "a condition": """
        - a:
            switch:
              - condition: ${x == 1}
                return: 1
        - b: {assign: [{x: 1}]}
        """,
    "jumped over": """
        - a: {next: c}
        - b: {assign: [{x: 1}]}
        - c: {return: "${x}"}
        """,
    "only in what ends": """
        - a:
            switch:
              - condition: ${1 == 1}
                steps:
                  - b: {assign: [{x: 1}]}
                  - c: {return: 1}
        - d: {return: "${x}"}
        """,
    "after the loop that had its own": """
        - a: {for: {value: v, in: [1], steps: [{b: {assign: [{x: 1}]}}]}}
        - c: {call: sys.log, args: {text: "${x}"}}
        - d: {assign: [{x: 1}]}
        """,
    "an iteration before": """
        - a: {for: {value: v, in: [1], steps: [{b: {call: sys.log, args: {text: "${x}"}}}, {c: {assign: [{x: 1}]}}]}}
        """,
    "after the except that had its own": """
        - a:
            try: {call: sys.sleep, args: {seconds: 1}}
            except: {as: e, steps: [{b: {assign: [{x: 1}]}}]}
        - c: {call: sys.log, args: {text: "${x}"}}
        - d: {assign: [{x: 1}]}
        """,
    "what a parallel step goes over": """
        - a: {parallel: {for: {value: v, in: "${x}", steps: [{b: {call: sys.sleep, args: {seconds: 1}}}]}}}
        - c: {assign: [{x: []}]}
        """,
    "how often to try again": """
        - a:
            try: {call: sys.sleep, args: {seconds: 1}}
            retry:
              predicate: ${http.default_retry_predicate}
              max_retries: ${x}
              backoff: {initial_delay: 1, max_delay: 2, multiplier: 2}
        - b: {assign: [{x: 1}]}
        """,
}
IN_TIME = {
    "a jump back": """
        - a: {next: c}
        - b: {return: "${x}"}
        - c: {assign: [{x: 1}]}
        - d: {next: b}
        """,
    "one way of two": """
        - a:
            switch:
              - condition: ${1 == 1}
                assign: [{x: 1}]
        - b: {return: "${x}"}
        """,
    "somewhere in try": """
        - a:
            try:
              steps:
                - b: {assign: [{x: 1}]}
                - c: {call: sys.sleep, args: {seconds: 1}}
            except: {as: e, steps: [{d: {return: "${x}"}}]}
        """,
    "an attempt before": """
        - a:
            try:
              steps:
                - b: {call: sys.log, args: {text: "${x}"}}
                - c: {assign: [{x: 1}]}
            retry: ${http.default_retry}
        """,
    "inside steps": """
        - a: {steps: [{b: {assign: [{x: 1}]}}]}
        - c: {return: "${x}"}
        """,
    "a turn of a loop made of jumps": """
        - a:
            switch:
              - condition: ${sys.now() > 3}
                next: c
        - b: {assign: [{x: 1}], next: a}
        - c: {return: "${x}"}
        """,
    "the loop's own": """
        - a: {for: {value: v, index: i, in: [1], steps: [{b: {assign: [{x: "${v + i}"}, {y: "${x}"}]}}]}}
        """,
    "a step that nothing leads to": """
        - a: {return: 1}
        - b: {call: sys.log, args: {text: "${x}"}}
        - c: {assign: [{x: 1}]}
        """,
}


def _errors(source: str) -> list[str]:
    found = lint(textwrap.dedent(source), Path("w.yaml")).findings
    return [str(finding) for finding in found if finding.weight == "error"]


@pytest.mark.parametrize("case", TOO_EARLY)
def test_a_variable_that_no_way_sets_in_time_is_found(case: str) -> None:
    """Wherever it is read: in an assignment, a call, a condition, a target, a loop's list, a retry."""
    (error,) = _errors(TOO_EARLY[case])

    assert "'x' is read before anything has set it; assign it in a step that comes before" in error


@pytest.mark.parametrize("case", IN_TIME)
def test_a_variable_that_some_way_sets_in_time_is_left_alone(case: str) -> None:
    """That way may be the only one that is taken."""
    assert _errors(IN_TIME[case]) == []


def test_a_shared_variable_has_to_be_set_before() -> None:
    """Setting it below the parallel step is too late."""
    source = """
        - a: {parallel: {shared: [x], for: {value: v, in: [1], steps: [{b: {assign: [{x: 1}]}}]}}}
        - c: {assign: [{x: 1}]}
        """

    assert "the shared variable 'x' is not set before" in _errors(source)[0]


def test_reading_too_early_fails_when_it_is_reached_and_is_deployed() -> None:
    """The service refuses names that are no variable anywhere, not an order of steps."""
    early = lint("- a: {return: '${x}'}\n- b: {assign: [{x: 1}]}").findings[0]
    undefined = lint("- a: {return: '${x}'}").findings[0]

    assert (early.weight, early.refused) == ("error", False)
    assert (undefined.weight, undefined.refused) == ("error", True)


def test_a_chain_of_jumps_back_does_not_take_for_ever() -> None:
    """Each would take a round of its own; beyond any that a person writes nothing is said."""
    steps = [f"- s{number}: {{assign: [{{v{number}: 1}}], next: s{number - 1}}}" for number in range(1, 400)]
    source = "\n".join(["- go: {next: s399}", "- s0: {return: '${v1 + v399}'}", *steps])

    start = time.monotonic()

    assert lint(source).findings == ()
    assert time.monotonic() - start < 10
