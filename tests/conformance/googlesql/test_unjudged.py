"""Functions that GoogleSQL's own evaluator leaves to others: compared with what their pages say."""

from __future__ import annotations

import base64
from random import Random

import pytest

from replicator.local.bigquery.errors import BigQueryError
from tests import googlesql
from tests.googlesql_engine import run


def test_base32_is_that_of_rfc_4648() -> None:
    """Bytes of every length become the letters that the RFC has for them, padding included, and come back."""
    random = Random("base32")
    for length in range(24):
        drawn = random.randbytes(length)
        letters = base64.b32encode(drawn).decode()
        literal = "".join(f"\\x{byte:02x}" for byte in drawn)

        assert run(f"SELECT TO_BASE32(b'{literal}'), FROM_BASE32('{letters}')") == [(letters, drawn)]


@pytest.mark.parametrize("text", ["MFRGG", "mfrgg===", "MFRGG==", "M"])
def test_base32_that_the_page_does_not_speak_of_is_refused(text: str) -> None:
    """Whether letters may be small, or padding may be missing, no page tells."""
    with pytest.raises(BigQueryError, match=r"FROM_BASE32 of .* is not modelled"):
        run(f"SELECT FROM_BASE32('{text}')")


def test_max_by_and_min_by_are_any_value_having_max_and_min() -> None:
    """NULL may be the answer, and rows without a value to go by do not count (aggregate_functions#max_by)."""
    rows = "UNNEST(ARRAY<STRUCT<x STRING, y INT64>>[('a', 1), (NULL, 2), ('c', 0), ('d', NULL)])"
    theirs = googlesql.evaluate(f"SELECT ANY_VALUE(x HAVING MAX y), ANY_VALUE(x HAVING MIN y) FROM {rows}")

    assert run(f"SELECT MAX_BY(x, y), MIN_BY(x, y) FROM {rows}") == theirs


def test_approximate_aggregates_are_exact() -> None:
    """The page's own examples, and what there is of no values."""
    rows = "UNNEST([1, 1, 1, 4, 5, 6, 7, 8, 9, 10, NULL])"
    calls = "APPROX_QUANTILES(x, 2), APPROX_QUANTILES(DISTINCT x, 2), APPROX_COUNT_DISTINCT(x)"

    assert run(f"SELECT {calls} FROM {rows} AS x") == [([1, 5, 10], [1, 6, 10], 8)]
    assert run("SELECT APPROX_QUANTILES(x, 4), APPROX_COUNT_DISTINCT(x) FROM UNNEST(ARRAY<INT64>[]) AS x") == [([], 0)]
