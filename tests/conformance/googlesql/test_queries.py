"""Random queries: GoogleSQL's rows, or a refusal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from random import Random

import pytest

from tests.conftest import COUNTED
from tests.googlesql_comparison import compare, refused_by_both
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
        found = refused_by_both(sql, compare(sql, ordered=False))
        met[found.outcome] += 1
        if found.outcome == "wrong":
            wrong.append(f"{seed}: {sql}\n    {found.told}")
    record_property(COUNTED[1], dict(met))

    assert not wrong, "\n".join(wrong[:10])
    assert met["equal"] > met.total() * (1 - _MOST_REFUSED) - met["both fail"]
