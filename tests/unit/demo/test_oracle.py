"""The oracle follows the rules, and its comparison notices every leaf."""

from __future__ import annotations

import copy
import functools
import hashlib
from datetime import date

import pytest

from replicator.demo import data
from replicator.demo.comparison import compare
from replicator.demo.data import Table
from replicator.demo.oracle import Rule, expected_rows, expected_schema
from replicator.demo.pipeline import DAY_COLUMN, IDENTITY, RULES, SOURCE_COLUMN
from replicator.demo.rows import MARKER, Row, Value
from replicator.names import TableRef
from replicator.schema.fields import Field, Mode, walk

_FIELDS = (
    Field("name", "STRING"),
    Field("private", "STRING"),
    Field("geo", "RECORD", fields=(Field("city", "STRING"), Field("country", "STRING"))),
    Field(
        "items",
        "RECORD",
        Mode.REPEATED,
        (Field("id", "STRING"), Field("params", "RECORD", Mode.REPEATED, (Field("key", "STRING"),))),
    ),
)
_ROW: Row = {
    "name": "é",
    "private": "s",
    "geo": {"city": "c", "country": None},
    "items": [{"id": "1", "params": [{"key": "k"}]}, {"id": None, "params": []}],
}


def _table(name: str = "events_20261101", dataset: str = "analytics_1", row: Row = _ROW) -> Table:
    return Table(TableRef("acme-jp", dataset, name), _FIELDS, (row,))


def _expect(rule: Rule, schema: tuple[Field, ...], *tables: Table) -> list[Row]:
    return expected_rows(tables, (rule,), schema, day_column="day", source_column="owner")


def test_a_rule_excludes_hashes_and_renames_at_any_depth() -> None:
    """What stays behind is gone from rows and schema, what is hashed is hex, what is renamed has the new name."""
    rule = Rule(
        "acme-jp",
        ("analytics_*",),
        excluded=frozenset({"private", "geo.city", "items.params.key"}),
        hashed=frozenset({"name", "items.id"}),
        renamed={"geo.country": "land"},
    )

    schema = expected_schema([_table()], [rule])

    assert [".".join(path) for path, _ in walk(schema)] == ["name", "geo", "geo.land", "items", "items.id"]
    assert _expect(rule, schema, _table()) == [
        {
            "name": hashlib.sha256("é".encode()).hexdigest(),
            "geo": {"land": None},
            "items": [{"id": hashlib.sha256(b"1").hexdigest()}, {"id": None}],
            "day": date(2026, 11, 1),
            "owner": "acme-jp.analytics_1",
        }
    ]


def test_what_a_source_lacks_is_null_and_a_missing_array_is_empty() -> None:
    """The target's fields decide; inside records that are there, inside arrays, and for whole records."""
    rule = Rule("acme-jp", ("analytics_*",))
    item = Field("items", "RECORD", Mode.REPEATED, (Field("id", "STRING"), Field("price", "FLOAT")))
    schema = (
        item,
        Field("geo", "RECORD", fields=(Field("metro", "STRING"),)),
        Field("app", "RECORD", fields=(Field("id", "STRING"),)),
        Field("tags", "STRING", Mode.REPEATED),
    )

    (row,) = _expect(rule, schema, _table())

    assert row["items"] == [{"id": "1", "price": None}, {"id": None, "price": None}]
    assert row["geo"] == {"metro": None}
    assert row["app"] is None
    assert row["tags"] == []


def test_a_null_record_stays_null() -> None:
    """A record that is NULL and a record of NULLs are two things."""
    rule = Rule("acme-jp", ("analytics_*",), excluded=frozenset({"geo.city"}))

    (row,) = _expect(rule, expected_schema([_table()], [rule]), _table(row={**_ROW, "geo": None}))

    assert row["geo"] is None


@pytest.mark.parametrize(
    ("dataset", "name"),
    [
        ("analytics_1", "events_intraday_20261101"),
        ("analytics_1", "events_fresh_20261101"),
        ("analytics_1", "events_2026110"),
        ("analytics_1", "events_202611011"),
        ("analytics_1", "pseudonymous_users_20261101"),
        ("analytics_9_trial", "events_20261101"),
        ("sales", "events_20261101"),
    ],
)
def test_only_daily_shards_of_chosen_datasets_count(dataset: str, name: str) -> None:
    """Other tables of a dataset, and other datasets of a project, are not the pipeline's."""
    rule = Rule("acme-jp", ("analytics_*",), exclude=("*_trial",))

    assert not rule.owns(_table(name, dataset))


def test_rows_that_the_filter_does_not_accept_stay_behind() -> None:
    """The filter sees the row as the source has it, before anything is renamed or left out."""
    rule = Rule("acme-jp", ("*",), excluded=frozenset({"private"}), where=lambda row: row["private"] == "t")

    assert _expect(rule, expected_schema([_table()], [rule]), _table()) == []


def test_schemas_that_disagree_are_refused() -> None:
    """The oracle does not choose between two types."""
    other = Table(TableRef("acme-jp", "analytics_1", "events_20261102"), (Field("name", "INTEGER"),), ())

    with pytest.raises(ValueError, match="name is INT64 in one table and STRING in another"):
        expected_schema([_table(), other], [Rule("acme-jp", ("*",))])


@functools.cache
def _demo_rows() -> list[Row]:
    tables = data.first_day().tables
    schema = expected_schema(tables, RULES)
    return expected_rows(tables, RULES, schema, day_column=DAY_COLUMN, source_column=SOURCE_COLUMN)


def test_what_the_demo_expects_holds_no_excluded_value() -> None:
    """The expectation itself is free of the marker, so equality proves the target free of it."""
    rows = _demo_rows()

    assert len(rows) > 100
    assert not any(MARKER in str(value) for row in rows for value in row.values())
    assert {row[SOURCE_COLUMN] for row in rows} == {str(owner.dataset) for owner in data.PROPERTIES}


def test_the_order_of_rows_does_not_matter_and_their_number_does() -> None:
    """Equal rows count as often as they are there."""
    rows = _demo_rows()[:40]
    twice = [*rows, rows[3]]

    assert compare(rows, rows[::-1], identity=IDENTITY).equal
    assert not compare(twice, rows, identity=IDENTITY).equal
    assert compare(rows, twice, identity=IDENTITY).differences[0].expected == "no such row"


def _leaves(value: Value, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    if isinstance(value, dict):
        return [leaf for name, child in value.items() for leaf in _leaves(child, (*path, name))]
    if isinstance(value, list):
        return [leaf for index, child in enumerate(value) for leaf in _leaves(child, (*path, index))]
    return [path]


def _change(row: Row, path: tuple[str | int, ...]) -> Row:
    changed = copy.deepcopy(row)
    holder: Value = changed
    for step in path[:-1]:
        assert isinstance(holder, (dict, list))
        holder = holder[step]  # type: ignore[index]  # the path was read off this very value
    assert isinstance(holder, (dict, list))
    old = holder[path[-1]]  # type: ignore[index]  # as above
    holder[path[-1]] = 4711 if old is None else None  # type: ignore[index]  # as above
    return changed


def test_every_single_leaf_is_looked_at() -> None:
    """Change any one leaf of a row and the comparison names that leaf, with both values."""
    row = max(_demo_rows(), key=lambda row: len(_leaves(row)))
    leaves = [path for path in _leaves(row) if path[0] not in IDENTITY]
    assert len(leaves) > 60
    assert max(map(len, leaves)) >= 6

    for path in leaves:
        found = compare([row], [_change(row, path)], identity=IDENTITY)
        named = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).removeprefix(".")
        assert [difference.path for difference in found.differences] == [named]


@pytest.mark.parametrize(
    ("expected", "actual"),
    [(1, 1.0), (1, True), ("1", 1), (None, ""), ([], None), ({"a": None}, None), ({}, {"a": None})],
)
def test_values_that_look_alike_are_told_apart(expected: Value, actual: Value) -> None:
    """Types count, NULL is not empty, and a field that is missing is not NULL."""
    assert not compare([{"v": expected}], [{"v": actual}], identity=()).equal


def test_a_lost_row_is_told_by_its_identity() -> None:
    """The first thing said of a missing row is which one it is."""
    rows = _demo_rows()[:5]

    found = compare(rows, rows[1:], identity=IDENTITY)

    assert found.wrong == 1
    assert str(found.differences[0]).startswith("property='acme-jp.analytics_301', event_day=2026-11-01")
