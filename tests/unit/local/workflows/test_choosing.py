"""``filter`` and ``orderBy`` of lists, as AIP-160 and AIP-132 have them."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from replicator.local.rest import ApiError
from replicator.local.workflows.choosing import Field, chosen, duration, moment, number, one_of, ordered, text

FIELDS = {
    "name": Field(lambda item: str(item["name"]), text),
    "size": Field(lambda item: None if item["size"] is None else str(item["size"]), number),
    "at": Field(lambda item: str(item["at"]), moment),
    "took": Field(lambda item: str(item["took"]), duration),
    "state": Field(lambda item: str(item["state"]), one_of("S_DONE", "S_OPEN", prefix="S_")),
}
A = {"name": "a", "size": 9, "at": "2026-11-01T00:00:00Z", "took": "9.5s", "state": "S_DONE"}
B = {"name": "b b", "size": 10, "at": "2026-11-01T00:00:00.5Z", "took": "10s", "state": "S_OPEN"}
C = {"name": "c", "size": None, "at": "2026-10-31T23:59:59Z", "took": "0.25s", "state": "S_OPEN"}
ALL: list[Mapping[str, object]] = [A, B, C]


def _said(item: Mapping[str, object]) -> Mapping[str, object]:
    return item


def _names(by: str) -> list[object]:
    return [item["name"] for item in chosen(ALL, FIELDS, _said, by=by)]


@pytest.mark.parametrize(
    ("by", "names"),
    [
        ("", ["a", "b b", "c"]),
        ("name=a", ["a"]),
        ('name="b b"', ["b b"]),
        ("name='b b'", ["b b"]),
        ("name!=a", ["b b", "c"]),
        ("size<10", ["a"]),
        ("size<=10", ["a", "b b"]),
        ("size!=9", ["b b"]),
        ("NOT size=9", ["b b", "c"]),
        ("took>9.5s", ["b b"]),
        ('at>"2026-11-01"', ["b b"]),
        ('at>="2026-11-01T01:00:00+01:00"', ["a", "b b"]),
        ("state=OPEN", ["b b", "c"]),
        ("state=S_OPEN AND name=c", ["c"]),
        ("name=a AND size=9 OR size=10", ["a"]),
        ("name=a AND size=10 OR size=9", ["a"]),
        ("name=c AND size=10 OR name=b", []),
        ("(name=c AND size=10) OR name=a", ["a"]),
        ("NOT (name=a OR name=c)", ["b b"]),
    ],
)
def test_a_filter_lets_pass_what_it_says(by: str, names: list[str]) -> None:
    """Values are compared by their kind, OR binds tighter than AND, and what has no value passes no comparison."""
    assert _names(by) == names


@pytest.mark.parametrize(
    ("by", "words"),
    [
        ("name", "it ends in the middle"),
        ("name=", "it ends in the middle"),
        ("name=a size=1", "'AND' or 'OR' is missing before 'size'"),
        ("(name=a", "a ')' is missing"),
        ("other=1", "'other' is no field of name, size, at, took, state"),
        ("name=(a)", "is to be followed by a comparison"),
        ("name = 'a", "cannot be read"),
        ("size=x", "'x' is not a number"),
        ("took=9", "such as '3.5s'"),
        ("at>now", "not an RFC 3339 timestamp"),
        ("state=GONE", "'GONE' is none of S_DONE, S_OPEN"),
        ("NOT " * 60 + "name=a", "nested too deeply"),
        ("(" * 60, "nested too deeply"),
        ("name:a", "not modelled"),
        ("name=a*", "not modelled"),
    ],
)
def test_a_filter_that_is_none_is_refused_with_why(by: str, words: str) -> None:
    """Nothing is guessed at."""
    with pytest.raises(ApiError) as refusal:
        _names(by)

    assert words in refusal.value.message


@pytest.mark.parametrize(
    ("by", "names"),
    [
        ("size", ["a", "b b", "c"]),
        ("size desc", ["b b", "a", "c"]),
        ("at", ["c", "a", "b b"]),
        ("took desc", ["b b", "a", "c"]),
        ("state desc, name desc", ["c", "b b", "a"]),
    ],
)
def test_an_order_is_kept_and_what_has_no_value_comes_last(by: str, names: list[str]) -> None:
    """By the kind of the field; the first field named counts most."""
    assert [item["name"] for item in ordered(ALL, FIELDS, _said, by=by)] == names


@pytest.mark.parametrize("by", ["other", "name down", "name desc asc"])
def test_an_order_that_is_none_is_refused(by: str) -> None:
    """With the fields that there are."""
    with pytest.raises(ApiError, match="it takes name, size"):
        ordered(ALL, FIELDS, _said, by=by)
