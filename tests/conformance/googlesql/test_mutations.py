"""Queries with a token too many, too few or elsewhere: what is no GoogleSQL is refused, what still is has its value."""

from __future__ import annotations

from collections import Counter
from random import Random
from typing import Final

import pytest

from tests.conformance.googlesql.test_agreement import queries
from tests.googlesql_comparison import compare
from tests.googlesql_mutations import mutated

MUTATIONS: Final = 700


def test_what_is_no_longer_googlesql_is_refused(request: pytest.FixtureRequest) -> None:
    """Never a value where GoogleSQL refuses, never another one, and never a refusal in its name where it has one."""
    count = request.config.getoption("--mutations", default=MUTATIONS)
    given = queries("equal.sql")
    met: Counter[str] = Counter()
    wrong = []
    for seed in range(count):
        sql = mutated(Random(seed), given)
        found = compare(sql, ordered=False)
        met[found.outcome] += 1
        if found.outcome == "wrong":
            wrong.append(f"{seed}: {sql}\n    {found.told}")

    assert not wrong, f"{len(wrong)} of {count}, {dict(met)}\n" + "\n".join(wrong[:40])
    assert met["equal"] > count / 20
