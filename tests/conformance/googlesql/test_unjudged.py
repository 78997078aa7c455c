"""Functions that GoogleSQL's own evaluator leaves to others: compared with what their pages say."""

from __future__ import annotations

import base64
import unicodedata
from collections.abc import Callable, Iterator
from itertools import chain
from random import Random
from typing import Final, Literal

import pytest

from replicator.local.bigquery.errors import BigQueryError
from replicator.local.bigquery.googlesql.context import Typed
from replicator.local.bigquery.types import Type, array
from tests import googlesql
from tests.googlesql_engine import run

_RANGES: Final = (
    (0x1, 0x600),
    (0x1E00, 0x2000),
    (0x3000, 0x3031),
    (0x4E00, 0x4E80),
    (0xFF00, 0xFF60),
    (0x1F600, 0x1F640),
)
_KNOWN: Final = 400
_LEAST: Final = 32


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


def test_compatible_forms_are_those_of_unicode() -> None:
    """Every letter is in NFKC and NFKD what Unicode says, with and without case, or the local cloud says so."""
    calls: dict[str, Callable[[str], str]] = {
        "NORMALIZE(l, NFKC)": lambda text: unicodedata.normalize("NFKC", text),
        "NORMALIZE(l, NFKD)": lambda text: unicodedata.normalize("NFKD", text),
        "NORMALIZE_AND_CASEFOLD(l)": lambda text: _folded("NFC", text),
        "NORMALIZE_AND_CASEFOLD(l, NFKC)": lambda text: _folded("NFKC", text),
    }
    ranges = [[chr(code) for code in range(*each) if unicodedata.category(chr(code)) != "Cn"] for each in _RANGES]
    for call, expected in calls.items():
        met = dict(chain.from_iterable(_each(call, letters) for letters in ranges))
        assert {letter: expected(letter) for letter in met} == met
        assert len(met) > _KNOWN


def _each(call: str, letters: list[str]) -> Iterator[tuple[str, str]]:
    """What is answered of each letter; one of which nothing is known refuses all that are asked of at once."""
    given = Typed(array(Type("STRING")), letters)
    try:
        rows = run(f"SELECT {call} FROM UNNEST(@given) AS l WITH OFFSET AS o ORDER BY o", given=given)
    except BigQueryError as error:
        if "not modelled" not in error.message:
            raise
        half = len(letters) // 2
        if half >= _LEAST:
            yield from _each(call, letters[:half])
            yield from _each(call, letters[half:])
    else:
        yield from zip(letters, (row[0] for row in rows), strict=True)


def _folded(form: Literal["NFC", "NFKC"], text: str) -> str:
    return unicodedata.normalize(form, unicodedata.normalize(form, text).casefold())


@pytest.mark.parametrize(
    ("text", "sought", "found"),
    [
        ("the BLUE house", "Blue", True),
        ("\uff21\uff22\uff23\u2026 \u2122", "abc... tm", True),
        ("straße", "STRASSE", True),
        ("abc", "d", False),
    ],
)
def test_a_text_is_found_whatever_its_case_and_form(text: str, sought: str, *, found: bool) -> None:
    """Both are made NFKC, and case is folded, before one is looked for (string_functions#contains_substr)."""
    assert run(f"SELECT CONTAINS_SUBSTR('{text}', '{sought}'), CONTAINS_SUBSTR(NULL, '{sought}')") == [(found, None)]


def test_the_top_values_are_those_that_come_most_often_or_weigh_most() -> None:
    """NULL counts as any value does, and of no rows there is nothing (approximate_aggregate_functions)."""
    fruit = "UNNEST(['pear', NULL, 'apple', 'pear', NULL, 'pear']) AS x"
    weighed = "UNNEST([STRUCT('apple' AS x, 3 AS w), ('pear', 2), ('apple', 0), ('banana', 5), ('pear', 4)])"
    without = "UNNEST([STRUCT('apple' AS x, 0 AS w), (CAST(NULL AS STRING), CAST(NULL AS INT64))])"

    assert run(f"SELECT APPROX_TOP_COUNT(x, 2) FROM {fruit}") == [([("pear", 3), (None, 2)],)]
    assert run(f"SELECT APPROX_TOP_SUM(x, w, 2) FROM {weighed}") == [([("pear", 6), ("banana", 5)],)]
    assert run(f"SELECT APPROX_TOP_SUM(x, w, 2) FROM {without}") == [([("apple", 0), (None, None)],)]
    assert run("SELECT APPROX_TOP_COUNT(x, 2)[SAFE_OFFSET(0)] FROM UNNEST(ARRAY<INT64>[]) AS x") == [(None,)]
    with pytest.raises(BigQueryError, match="weight of APPROX_TOP_SUM"):
        run("SELECT APPROX_TOP_SUM(x, -w, 2) FROM UNNEST([STRUCT('a' AS x, 1 AS w)])")
