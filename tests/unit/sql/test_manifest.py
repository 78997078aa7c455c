"""The manifest: which due units go into which buffer, evaluated by GoogleSQL over units that are counted up."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from typing import Final, NamedTuple

from replicator.limits import TABLES_PER_COPY
from replicator.names import TableRef
from replicator.sql.datasets import staging_options
from replicator.sql.inventory import UNITS_PER_BUFFER, UNITS_PER_COPY, take_inventory
from replicator.sql.placeholders import region_view
from replicator.sql.units import Kind
from tests.unit.sql.literals import answer, cut

QUERY: Final = cut(
    take_inventory(
        staging=staging_options(TableRef.parse("acme-analytics.sales.orders"), {}),
        own_columns=("order_day", "shop"),
        kinds=(Kind.SHARDS,),
        once=False,
    ),
    "WITH schemas AS",
    ";\n\nIF NOT EXISTS",
)
FIRST: Final = date(2020, 1, 1)
SOURCE: Final = {"prefix": "orders_"}


class Unit(NamedTuple):
    """A line of the manifest."""

    unit: int
    dataset: str
    name: str
    day: date
    buffer: int


def manifest(
    datasets: int,
    days: int,
    *,
    columns: int = 1,
    digits: int = 4,
    odd_from: int | None = None,
    most: int = UNITS_PER_COPY,
) -> list[Unit]:
    """The manifest of so many datasets with so many shards each; from ``odd_from`` on shards have a column more."""
    shards = (
        f"SELECT FORMAT('shop_%04d', d) AS dataset, DATE_ADD(DATE '{FIRST}', INTERVAL n DAY) AS range_start, n "
        f"FROM UNNEST(GENERATE_ARRAY(0, {datasets - 1})) AS d, UNNEST(GENERATE_ARRAY(0, {days - 1})) AS n"
    )
    due = (
        f"(SELECT CONCAT('p.', dataset) AS owner, dataset, FORMAT_DATE('orders_%Y%m%d', range_start) AS name, "
        f"FORMAT_DATE('orders_%Y%m%d', range_start) AS origin, 'range' AS covers, range_start, "
        f"DATE_ADD(range_start, INTERVAL 1 DAY) AS range_end, '' AS filter, TRUE AS dated, "
        f"CAST(NULL AS TIMESTAMP) AS modified, FALSE AS known, 1 AS source_rows, 1 AS source_bytes, "
        f"FALSE AS again FROM ({shards}))"
    )
    more = f" + IF(n >= {odd_from}, 1, 0)" if odd_from is not None else ""
    view = (
        f"(SELECT dataset AS table_schema, FORMAT_DATE('orders_%Y%m%d', range_start) AS table_name, "
        f"FORMAT('column_%0{digits}d', c) AS column_name, 'INT64' AS data_type "
        f"FROM ({shards}), UNNEST(GENERATE_ARRAY(1, {columns}{more})) AS c)"
    )
    # "due" is a table and an alias in this query; the table alone is replaced.
    query = QUERY.replace("FROM due JOIN", f"FROM {due} AS due JOIN").replace(str(UNITS_PER_COPY), str(most))
    found = answer(
        f"SELECT unit, dataset, name, range_start, buffer FROM ({query}) ORDER BY unit",
        tables={region_view("COLUMNS"): view},
        source=SOURCE,
    )
    return [Unit(*row) for row in found]


def test_a_buffer_holds_units_of_one_dataset_and_a_bounded_number() -> None:
    """201 shards of a dataset are two buffers: no statement names more tables than a query may."""
    units = manifest(2, UNITS_PER_BUFFER + 1)

    # The oldest shard of each dataset is what is left over, and comes last.
    assert Counter((unit.buffer, unit.dataset) for unit in units) == {
        (1, "shop_0000"): UNITS_PER_BUFFER,
        (2, "shop_0001"): UNITS_PER_BUFFER,
        (3, "shop_0000"): 1,
        (4, "shop_0001"): 1,
    }


def test_units_are_numbered_newest_first() -> None:
    """What does not fit this run is what is oldest; every unit has a number of its own."""
    units = manifest(3, 4)

    assert [unit.unit for unit in units] == list(range(1, 13))
    assert units[0].day == FIRST + timedelta(days=3)
    for buffer in {unit.buffer for unit in units}:
        days = [unit.day for unit in units if unit.buffer == buffer]
        assert days == sorted(days, reverse=True)


def test_shards_of_a_dataset_that_disagree_are_in_buffers_of_their_own() -> None:
    """A buffer is filled by position, so all of its tables have the same columns."""
    units = manifest(1, 6, odd_from=4)

    assert {frozenset(unit.day.day for unit in units if unit.buffer == buffer) for buffer in (1, 2)} == {
        frozenset({1, 2, 3, 4}),
        frozenset({5, 6}),
    }


def test_shards_of_many_columns_are_fewer_in_a_buffer() -> None:
    """The names of their columns stand in the statement once for each unit, and its length has a bound."""
    # 300 characters for a name, 4 around it, 100 for the rest: 400,000 / (100 * 304 + 100) = 13.
    units = manifest(1, 15, columns=100, digits=293)

    assert sorted(Counter(unit.buffer for unit in units).values()) == [2, 13]


def test_a_run_has_as_many_buffers_as_a_copy_can_carry() -> None:
    """998 and no more, since the manifest and the receipts cross with them; the newest days have priority."""
    units = manifest(TABLES_PER_COPY.value + 10, 1)

    assert len({unit.buffer for unit in units}) == TABLES_PER_COPY.value - 2
    assert {unit.buffer for unit in units} == set(range(1, TABLES_PER_COPY.value - 1))


def test_a_run_has_a_bounded_number_of_units() -> None:
    """What a slice counts of its units has to find room in a variable of its script; the oldest stay due."""
    units = manifest(3, 4, most=10)

    assert [unit.unit for unit in units] == list(range(1, 11))
    assert len(manifest(3, 4)) == 12
