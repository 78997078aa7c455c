"""The demo's data is as awkward as it claims to be, and the same on every machine."""

from __future__ import annotations

import functools
import json

from replicator.demo import data, ga4
from replicator.demo.data import Day, Table
from replicator.demo.rows import MARKER, Value
from replicator.schema.fields import Field, Mode, walk


@functools.cache
def _first_day() -> Day:
    return data.first_day()


@functools.cache
def _second_day() -> Day:
    return data.second_day()


def _shards() -> dict[str, Table]:
    return {str(table.ref): table for table in (*_first_day().tables, *_second_day().tables[:6])}


def _paths(table: Table) -> list[str]:
    return [".".join(path) for path, _ in walk(table.fields)]


def _fits(value: Value, field: Field) -> bool:
    if field.mode is Mode.REPEATED:
        single = Field(field.name, field.type, Mode.NULLABLE, field.fields)
        return isinstance(value, list) and all(item is not None and _fits(item, single) for item in value)
    if value is None:
        return field.mode is Mode.NULLABLE
    if field.type == "RECORD":
        same = isinstance(value, dict) and list(value) == [child.name for child in field.fields]
        return same and isinstance(value, dict) and all(_fits(value[child.name], child) for child in field.fields)
    kinds = {"STRING": str, "INTEGER": int, "FLOAT": float, "BOOLEAN": bool}
    return type(value) is kinds[field.type]


def test_every_row_has_exactly_the_fields_of_its_table() -> None:
    """A load job would accept each row as it stands."""
    for table in (*_first_day().tables, *_second_day().tables):
        for row in table.rows:
            assert list(row) == [field.name for field in table.fields]
            assert all(_fits(row[field.name], field) for field in table.fields)


def test_two_makings_are_equal() -> None:
    """The seed alone decides; a failure that someone saw can be seen again."""
    assert data.first_day() == _first_day()
    assert data.second_day() == _second_day()


def test_a_daily_shard_has_the_width_of_a_real_export() -> None:
    """Dozens of leaves, records in records, repeated records in repeated records."""
    leaves = [path for path, field in walk(ga4.DAILY) if not field.fields]

    assert 50 <= len(leaves) <= 120
    assert max(map(len, leaves)) == 4


def test_shards_differ_as_real_exports_do() -> None:
    """A field appears deep inside on a later day, a column mid-order; records are reordered, or missing."""
    shards = _shards()
    deep = "items.item_params.value.double_value"
    assert deep not in _paths(shards["acme-br.analytics_451.events_20261101"])
    assert deep in _paths(shards["acme-br.analytics_451.events_20261102"])

    before, after = (
        [field.name for field in shards[f"acme-au.analytics_612.events_2026110{day}"].fields] for day in (1, 2)
    )
    assert after.index("batch_page_id") == before.index("event_name") + 1 < len(before)

    japan, brazil = (
        [path for path in _paths(shards[f"{dataset}.events_20261103"]) if path.startswith("geo.")]
        for dataset in ("acme-jp.analytics_301", "acme-br.analytics_451")
    )
    assert sorted(japan) == sorted(brazil)
    assert japan != brazil
    assert "collected_traffic_source" not in _paths(shards["acme-au.analytics_611.events_20261103"])


def test_values_are_awkward_where_it_matters() -> None:
    """NULL records, records of NULLs, empty arrays, text outside ASCII, the ends of INT64, one row twice."""
    table = _shards()["acme-jp.analytics_301.events_20261101"]
    rows = table.rows

    assert rows[0] == rows[-1]
    assert any(row["geo"] is None for row in rows)
    assert any(isinstance(geo := row["geo"], dict) and set(geo.values()) == {None} for row in rows)
    assert any(row["items"] == [] for row in rows)
    assert any(row["platform"] is None for row in rows)
    text = json.dumps([dict(row) for row in rows], ensure_ascii=False)
    assert "東京都" in text
    assert str(2**63 - 1) in text
    assert str(-(2**63)) in text


def test_the_marker_stands_in_user_id_alone() -> None:
    """A search for the marker finds what an excluded column let through, and nothing else."""
    for table in _first_day().tables:
        for row in table.rows:
            rest = {name: value for name, value in row.items() if name != "user_id"}
            assert MARKER not in json.dumps(rest, ensure_ascii=False)
    shards = [table for table in _first_day().tables if table.ref.table.startswith("events_2026")]
    assert all(any(MARKER in str(row["user_id"]) for row in table.rows) for table in shards)


def test_the_second_day_rewrites_a_shard_with_other_rows() -> None:
    """The late rewrite keeps the name and the day, and changes what is inside."""
    first = {table.ref: table for table in _first_day().tables}
    rewritten = [table for table in _second_day().tables if table.ref in first]

    assert len(rewritten) == 1
    assert len(rewritten[0].rows) != len(first[rewritten[0].ref].rows)
    assert rewritten[0].rows[0] != first[rewritten[0].ref].rows[0]
