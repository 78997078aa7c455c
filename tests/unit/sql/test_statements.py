"""Every statement of a plan: it can be read, and nothing stands in it that the document would not fill."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import fields
from typing import Any, Final

import pytest

from replicator.plan.plan import Plan, Statements
from replicator.sql import placeholders
from replicator.sql.fence import read_fence
from replicator.sql.ledger import read_drift, read_freshness, read_runs
from replicator.workflow.document import build_document
from replicator.workflow.expressions import Expression, Index
from replicator.workflow.steps import Return
from tests.googlesql import parse
from tests.unit.plan.pipelines import plan, source

NAMES: Final = tuple(field.name for field in fields(Statements))
# A quantifier of a regular expression, such as {6,18}, is no name.
BRACES: Final = re.compile(r"\{[^\W\d][^{}]*\}")
HOSTILE: Final = plan(source(), target="acme-analytics.sales.all orders", by="month", more="drift: evolve")


def statements(of: Plan) -> dict[str, str]:
    """The plan's statements by name."""
    return {name: getattr(of.statements, name) for name in NAMES}


def values(part: object) -> Iterator[object]:
    """Everything in a document, depth first."""
    yield part
    if isinstance(part, Mapping):
        parts: Any = part.values()
    elif isinstance(part, tuple | list):
        parts = part
    elif hasattr(part, "__dataclass_fields__") and not isinstance(part, Expression):
        parts = (getattr(part, field) for field in part.__dataclass_fields__)
    else:
        parts = ()
    for inner in parts:
        yield from values(inner)


def names_of_a_source(of: Plan) -> set[str]:
    """What the document puts in the braces of a source's statements: the keys of ``names`` in its state."""
    (begin,) = (sub for sub in build_document(of).subworkflows if sub.name == "begin_source")
    (state,) = (step.value for step in begin.steps if isinstance(step, Return))
    assert isinstance(state, Mapping)
    assert isinstance(state["names"], Mapping)
    return set(state["names"])


def bound(of: Plan) -> dict[str, set[str]]:
    """For each statement the names that its job binds."""
    found: dict[str, set[str]] = {}
    for subworkflow in build_document(of).subworkflows:
        for job in values(subworkflow):
            if isinstance(job, Mapping) and {"statement", "names", "run"} <= job.keys():
                names = job["names"]
                found[str(job["statement"])] = names_of_a_source(of) if isinstance(names, Index) else set(names or ())
    return found


@pytest.mark.parametrize("name", NAMES)
def test_a_statement_is_googlesql(name: str) -> None:
    """Google's own parser reads each, with names in its braces, as one script."""
    names = {"epoch": "000012", "batch": "1_0", **HOSTILE.sources[0].names}

    parse(placeholders.bind(statements(HOSTILE)[name], names))


@pytest.mark.parametrize("question", [read_runs, read_freshness, read_drift])
def test_a_question_to_the_ledger_is_googlesql(question: Any) -> None:
    """What people ask is read by the same parser."""
    parse(question(HOSTILE.state))


def test_the_question_for_the_fence_is_googlesql() -> None:
    """It names the fence's table in full."""
    parse(read_fence(HOSTILE.fence))


@pytest.mark.parametrize("name", NAMES)
def test_no_statement_begins_an_expression(name: str) -> None:
    """In a document ``${`` begins an expression of Workflows, inside of a statement too."""
    assert "${" not in statements(HOSTILE)[name]


@pytest.mark.parametrize("name", NAMES)
def test_what_stands_in_braces_is_bound_by_the_document(name: str) -> None:
    """A name that nobody fills would be looked for at night, as a table called ``{landing}``."""
    text = statements(HOSTILE)[name]
    known = {value for value in vars(placeholders).values() if isinstance(value, str) and BRACES.fullmatch(value)}
    used = set(BRACES.findall(text))

    assert used <= known
    assert {brace.strip("{}") for brace in used} <= bound(HOSTILE)[name]


def test_a_source_has_the_same_names_for_plan_and_document() -> None:
    """A forecast binds a statement as the document does."""
    assert names_of_a_source(HOSTILE) == {*HOSTILE.sources[0].names, "epoch"}
