"""Queries with a token too many, too few or elsewhere: what is no GoogleSQL is refused, what still is has its value."""

from __future__ import annotations

from collections import Counter
from random import Random
from typing import Any, Final

import pytest

from replicator.local.bigquery.errors import BigQueryError
from replicator.local.bigquery.googlesql.analysis import analyze_query
from tests import googlesql
from tests.conformance.googlesql.test_agreement import queries
from tests.conformance.googlesql.test_expressions import has_null_element, same
from tests.googlesql_engine import context, rows_of
from tests.googlesql_mutations import mutated

MUTATIONS: Final = 1_500


def test_what_is_no_longer_googlesql_is_refused(request: pytest.FixtureRequest) -> None:
    """Never a value where GoogleSQL refuses, never another one, and never a refusal in its name where it has one."""
    count = request.config.getoption("--mutations", default=MUTATIONS)
    given = queries("equal.sql")
    met: Counter[str] = Counter()
    wrong = []
    for seed in range(count):
        sql = mutated(Random(seed), given)
        outcome, told = compared(sql)
        met[outcome] += 1
        if outcome == "wrong":
            wrong.append(f"{seed}: {sql}\n    {told}")

    assert not wrong, f"{len(wrong)} of {count}, {dict(met)}\n" + "\n".join(wrong[:40])
    assert met["equal"] > count / 20


def compared(sql: str) -> tuple[str, str]:
    """How the engine does: ``equal``, ``both fail``, ``refused`` or ``wrong``, and what was met."""
    try:
        analyzed = analyze_query(sql, context())
        rows = rows_of(analyzed)
    except BigQueryError as error:
        if error.reason == "notImplemented" or "not modelled" in error.message:
            return "refused", error.message
        theirs = _theirs(sql)
        if isinstance(theirs, str):
            return "both fail", theirs
        if "cannot have a null element" in error.message and has_null_element(theirs[1]):
            # BigQuery writes no such array into a result (data-types#array_nulls); GoogleSQL itself does not care.
            return "both fail", error.message
        if "for argument types: JSON, JSON" in error.message:
            # GoogleSQL compares them, and BigQuery's type says that it does not (data-types#json_type).
            return "both fail", error.message
        return "wrong", f"{theirs[1]} is {error.reason}: {error.message}"
    theirs = _theirs(sql)
    if isinstance(theirs, str):
        return "wrong", f"{theirs} is {rows}"
    kinds, expected = theirs
    if [str(kind) for _, kind in analyzed.columns] != [str(kind) for kind in kinds]:
        return "wrong", f"{kinds} are {analyzed.columns}"
    ours = sorted(rows, key=repr)
    return ("equal", "") if same(sorted(expected, key=repr), ours) else ("wrong", f"{expected} is {rows}")


def _theirs(sql: str) -> tuple[list[Any], list[tuple[Any, ...]]] | str:
    try:
        return googlesql.answer(sql)
    except googlesql.RefusedError as error:
        return str(error)
