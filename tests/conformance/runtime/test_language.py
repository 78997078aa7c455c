"""The language and its library, case by case, each with the page that states what is expected."""

from __future__ import annotations

from collections import Counter

import pytest

from replicator import limits
from replicator.errors import FailedError
from replicator.limits import Limit
from replicator.runtime.errors import Tag, WorkflowFailed
from replicator.runtime.execution import Execution
from replicator.runtime.expressions.lexer import ESCAPES, WORD_LITERALS
from replicator.runtime.expressions.parser import BINARY_PRECEDENCE, UNARY_OPERATORS
from replicator.runtime.program import SyntaxProblems, load
from replicator.runtime.stdlib.registry import FUNCTIONS
from replicator.runtime.stdlib.retries import BACKOFFS, POLICIES
from replicator.runtime.syntax import words
from tests.conformance.runtime.cases import START, Case, Outside, read_cases

CASES = read_cases()
KEYS = {
    "for": words.FOR_KEYS,
    "parallel": words.PARALLEL_KEYS,
    "retry": words.RETRY_KEYS,
    "backoff": words.BACKOFF_KEYS,
    "except": words.EXCEPT_KEYS,
}
# What the pages promise and no table of the runtime names.
PROMISES = (
    "64-bit integers", "JSON source", "YAML source", "blocking call in an expression", "bytes",
    "concurrency_limit as an expression", "connector", "connector_params", "doubles", "dynamic keys",
    "embedded expression", "expression", "http auth", "http query", "indexing", "isolated scopes", "list literal",
    "main", "max_retries as an expression", "member", "named arguments", "nested paths", "no way to Python",
    "parameter defaults", "parentheses", "passing by value", "plain values", "positional arguments", "precedence",
    "predicate subworkflow", "recursion", "short circuit", "steps of a step", "string escapes",
    "string in single quotes", "switch.condition", "top-level step list", "undefined function", "undefined variable",
    "unknown keys", "variable scope",
)  # fmt: skip


def promised() -> list[str]:
    """Every word that must have a case, taken from the tables that the runtime itself reads."""
    found = [*words.STEP_KEYS, *words.ROUTINE_KEYS]
    found += [f"next {word}" for word in words.NEXT_WORDS]
    found += [f"{construct}.{key}" for construct, keys in KEYS.items() for key in keys]
    found += [f"operator {operator}" for operator in BINARY_PRECEDENCE]
    found += [f"unary {operator}" for operator in UNARY_OPERATORS]
    found += [f"literal {word}" for word in WORD_LITERALS]
    found += [f"escape {letter}" for letter in ESCAPES]
    found += [*FUNCTIONS, *POLICIES, *BACKOFFS]
    found += [f"error {tag.value}" for tag in Tag]
    found += [f"limit {limit.name}" for limit in vars(limits).values() if _of_workflows(limit)]
    return [*found, *PROMISES]


def _of_workflows(limit: object) -> bool:
    pages = ("docs.cloud.google.com/workflows", "workflows.proto", "executions.proto")
    return isinstance(limit, Limit) and limit.page.startswith(pages)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_language_does_what_its_pages_say(case: Case) -> None:
    """Each case ends as its page says it does: a result, an error, or a refusal before it runs, in the time it says."""
    outside = Outside([*case.answers])
    match case.end:
        case {"refused": fact}:
            with pytest.raises(SyntaxProblems) as refused:
                load(case.source)
            assert fact in str(refused.value)
        case {"not_started": fact}:
            with pytest.raises(FailedError) as not_started:
                Execution.run(load(case.source), case.argument, environment=outside.environment())
            assert fact in str(not_started.value)
        case {"result": expected}:
            result = Execution.run(load(case.source), case.argument, environment=outside.environment())
            assert (result, type(result)) == (expected, type(expected))
        case _:
            _fails(case, outside)
    assert outside.clock.now() - START == pytest.approx(case.slept)
    assert outside.answers == []
    if case.logged is not None:
        assert outside.logged == case.logged


def _fails(case: Case, outside: Outside) -> None:
    with pytest.raises(WorkflowFailed) as failed:
        Execution.run(load(case.source), case.argument, environment=outside.environment())
    error = failed.value.error
    if "raised" in case.end:
        assert error == case.end["raised"]
        return
    assert isinstance(error, dict)
    assert isinstance(error["tags"], list)
    assert error["tags"][0] == case.end["error"]
    assert case.end.get("message", "") in str(error["message"])


def test_every_word_has_a_case() -> None:
    """No key, operator, literal, function, policy, error or limit of the runtime is without an expectation."""
    covered = {word for case in CASES for word in case.words}

    assert [word for word in promised() if word not in covered] == []


def test_no_case_is_about_a_word_that_is_not_there() -> None:
    """A word that is spelled otherwise in the table would count for nothing."""
    known = set(promised())

    assert [(case.name, word) for case in CASES for word in case.words if word not in known] == []


def test_every_function_that_a_case_is_about_is_called_in_it() -> None:
    """A case cannot claim a function that its document does not name."""
    claims = [(case, word) for case in CASES for word in case.words if word in {*FUNCTIONS, *POLICIES, *BACKOFFS}]

    assert [(case.name, word) for case, word in claims if word not in case.source] == []


def test_every_case_names_its_page() -> None:
    """No expectation stands without the page that states it."""
    pages = ("syntax/", "stdlib/", "quotas", "connectors", "http-requests", "googleapis")

    assert [case.name for case in CASES if not case.page.startswith(pages)] == []


def test_every_case_has_a_name_of_its_own() -> None:
    """A failing case can be found in the table by its name."""
    assert [name for name, count in Counter(case.name for case in CASES).items() if count > 1] == []
