"""Random queries: GoogleSQL's rows, or a refusal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from random import Random
from typing import Any

import pytest

from replicator.local.bigquery.errors import BigQueryError
from replicator.local.bigquery.googlesql.analysis import analyze_query
from tests import googlesql
from tests.conformance.googlesql.test_expressions import same
from tests.conftest import COUNTED
from tests.googlesql_engine import context, rows_of
from tests.googlesql_queries import DEEPEST, query

_ENOUGH = 100
_MOST_REFUSED = 0.15


def test_a_random_query_has_googlesqls_rows_or_is_refused(
    request: pytest.FixtureRequest, record_property: Callable[[str, object], None]
) -> None:
    """Joins, windows, grouping sets, pivots, recursion and set operations: never other rows, never other types."""
    met: Counter[str] = Counter()
    wrong: list[str] = []
    for seed in range(request.config.getoption("--queries", default=_ENOUGH)):
        sql = query(Random(seed), 1 + seed % DEEPEST)
        outcome, told = compared(sql)
        met[outcome] += 1
        if outcome == "wrong":
            wrong.append(f"{seed}: {sql}\n    {told}")
    record_property(COUNTED[1], dict(met))

    assert not wrong, "\n".join(wrong[:10])
    assert met["equal"] > met.total() * (1 - _MOST_REFUSED) - met["both fail"]


def compared(sql: str) -> tuple[str, str]:
    """How the engine does: ``equal``, ``refused``, ``both fail`` or ``wrong``, and what was met."""
    theirs: tuple[list[Any], list[tuple[Any, ...]]] | str
    try:
        theirs = googlesql.answer(sql)
    except googlesql.RefusedError as error:
        theirs = str(error)
    try:
        analyzed = analyze_query(sql, context())
        rows = rows_of(analyzed)
    except BigQueryError as error:
        if isinstance(theirs, str):
            return "both fail", theirs
        return ("refused" if "not modelled" in error.message else "wrong"), error.message
    if isinstance(theirs, str):
        return "wrong", f"{theirs} is {rows}"
    kinds, expected = theirs
    if [str(kind) for _, kind in analyzed.columns] != [str(kind) for kind in kinds]:
        return "wrong", f"{kinds} are {analyzed.columns}"
    equal = same(sorted(expected, key=repr), sorted(rows, key=repr))
    return ("equal", "") if equal else ("wrong", f"{expected} is {rows}")
