"""What a query asks of its relations: columns, bytes and pruning."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from replicator.local.bigquery.googlesql.analysis import analyze_query
from replicator.local.bigquery.googlesql.catalog import AllOf, AnyOf, Comparison, Operator, Prune
from replicator.local.bigquery.googlesql.context import Scan, Typed
from replicator.local.bigquery.types import Type, array, struct
from tests.googlesql_engine import context, table

INT64, STRING, DATE = Type("INT64"), Type("STRING"), Type("DATE")
EVENTS = {
    "id": INT64,
    "name": STRING,
    "day": DATE,
    "moment": Type("TIMESTAMP"),
    "geo": struct(("city", STRING), ("country", STRING)),
    "params": array(struct(("key", STRING), ("value", struct(("s", STRING), ("i", INT64))))),
}


def scan_of(sql: str, **given: Typed) -> Scan:
    """The one reading of the table ``events``."""
    events = table(EVENTS, prunable=("day", "moment"))
    return analyze_query(sql, context({"events": events}, **given)).scans[0]


@pytest.mark.parametrize(
    ("sql", "read"),
    [
        ("SELECT id FROM events", {("id",)}),
        ("SELECT COUNT(*) FROM events", set()),
        ("SELECT geo.city FROM events", {("geo", "city")}),
        ("SELECT e.geo.city, geo FROM events AS e", {("geo", "city"), ("geo",)}),
        ("SELECT id FROM (SELECT * FROM events)", {("id",)}),
        ("WITH w AS (SELECT * FROM events) SELECT name FROM w WHERE id > 1", {("name",), ("id",)}),
        ("SELECT p.key FROM events, UNNEST(params) AS p", {("params", "key")}),
        ("SELECT ARRAY(SELECT AS STRUCT p.value.s AS s FROM UNNEST(params) AS p) AS q FROM events",
         {("params", "value", "s")}),
        ("SELECT (SELECT MAX(p.value.i) FROM UNNEST(params) AS p WHERE p.key = 'k') FROM events",
         {("params", "value", "i"), ("params", "key")}),
        ("SELECT 1 FROM events WHERE id = 1 ORDER BY name", {("id",), ("name",)}),
        ("SELECT id, COUNT(*) FROM events GROUP BY id, name", {("id",), ("name",)}),
        ("SELECT SUM(id) OVER (PARTITION BY name ORDER BY day) FROM events", {("id",), ("name",), ("day",)}),
    ],
)  # fmt: skip
def test_only_what_the_result_is_made_from_is_read(sql: str, read: set[tuple[str, ...]]) -> None:
    """Columns, and fields of records, that nothing depends on cost nothing, however far down the star stands."""
    assert scan_of(sql).read == read


def test_a_relation_is_asked_for_exactly_the_columns_of_the_text() -> None:
    """Names are the relation's own, whatever the query's case."""
    events = table(EVENTS)
    analyze_query("SELECT ID FROM events WHERE Name = 'x'", context({"events": events}))

    assert events.asked == [(frozenset({"id", "name"}), ())]


DAY = "day"
FIRST, SECOND = date(2026, 11, 1), date(2026, 11, 3)


@pytest.mark.parametrize(
    ("condition", "prune"),
    [
        ("day = DATE '2026-11-01'", Comparison(DAY, Operator.EQUAL, FIRST)),
        ("day = '2026-11-01'", Comparison(DAY, Operator.EQUAL, FIRST)),
        ("DATE '2026-11-01' < day", Comparison(DAY, Operator.GREATER, FIRST)),
        ("day BETWEEN '2026-11-01' AND '2026-11-03'",
         AllOf((Comparison(DAY, Operator.AT_LEAST, FIRST), Comparison(DAY, Operator.AT_MOST, SECOND)))),
        ("day IN ('2026-11-01', '2026-11-03')",
         AnyOf((Comparison(DAY, Operator.EQUAL, FIRST), Comparison(DAY, Operator.EQUAL, SECOND)))),
        ("day IS NULL", Comparison(DAY, Operator.IS_NULL)),
        ("day IS NOT NULL", Comparison(DAY, Operator.IS_NOT_NULL)),
        ("day = DATE_SUB(CURRENT_DATE(), INTERVAL 20 DAY)", Comparison(DAY, Operator.EQUAL, FIRST)),
        ("day = @day", Comparison(DAY, Operator.EQUAL, FIRST)),
        ("moment >= TIMESTAMP '2026-11-01 00:00:00+00'",
         Comparison("moment", Operator.AT_LEAST, datetime(2026, 11, 1, tzinfo=UTC))),
        ("name = 'x' AND day = '2026-11-01'", Comparison(DAY, Operator.EQUAL, FIRST)),
        ("name = 'x' OR day = '2026-11-01'", None),
        ("(name = 'x' AND day = '2026-11-01') OR (name = 'y' AND day = '2026-11-03')",
         AnyOf((Comparison(DAY, Operator.EQUAL, FIRST), Comparison(DAY, Operator.EQUAL, SECOND)))),
        ("day = (SELECT MAX(day) FROM events)", None),
        ("day = DATE(moment)", None),
        ("DATE_ADD(day, INTERVAL 1 DAY) = '2026-11-01'", None),
        ("NOT day = '2026-11-01'", None),
        ("name = 'x'", None),
    ],
)  # fmt: skip
def test_constants_prune_and_nothing_else_does(condition: str, prune: Prune | None) -> None:
    """Comparisons of the partition column with what is known beforehand, as deep as AND and OR keep them true."""
    given = Typed(DATE, FIRST)

    assert scan_of(f"SELECT id FROM events WHERE {condition}", day=given).prune == ([] if prune is None else [prune])


def test_a_condition_on_a_subquery_prunes_the_table_in_it() -> None:
    """A projection is looked through; a LIMIT or an aggregate is not."""
    wanted = [Comparison(DAY, Operator.EQUAL, FIRST)]

    assert scan_of("SELECT id FROM (SELECT * FROM events) AS e WHERE e.day = '2026-11-01'").prune == wanted
    assert scan_of("SELECT id FROM (SELECT * FROM events LIMIT 5) AS e WHERE e.day = '2026-11-01'").prune == []
    assert scan_of("SELECT day FROM (SELECT day FROM events GROUP BY day) WHERE day = '2026-11-01'").prune == []


def test_behind_an_outer_join_only_what_no_row_of_nulls_satisfies_prunes() -> None:
    """``IS NULL`` on the optional side would make up rows that were not there."""
    joined = "SELECT 1 FROM (SELECT 1 AS id) AS l LEFT JOIN events AS e ON e.id = l.id WHERE e.day"

    assert scan_of(f"{joined} IS NULL").prune == []
    assert scan_of(f"{joined} = '2026-11-01'").prune == [Comparison(DAY, Operator.EQUAL, FIRST)]


def test_constants_in_the_on_of_an_inner_join_prune() -> None:
    """Every row that is left satisfies them; of an outer join, rows are left that do not."""
    other = "(SELECT 1 AS id) AS r ON e.id = r.id AND e.day = '2026-11-01'"
    wanted = [Comparison(DAY, Operator.EQUAL, FIRST)]

    assert scan_of(f"SELECT 1 FROM events AS e JOIN {other}").prune == wanted
    assert scan_of(f"SELECT 1 FROM events AS e LEFT JOIN {other}").prune == []
    assert scan_of(f"SELECT 1 FROM events AS e FULL JOIN {other}").prune == []


def test_what_a_subquery_says_of_the_rows_around_it_prunes_none_of_them() -> None:
    """It may stand under NOT."""
    within = "SELECT 1 FROM UNNEST([1]) AS u WHERE e.day = '2026-11-01'"
    joined = "SELECT 1 FROM UNNEST([1]) AS u JOIN UNNEST([1]) AS v ON e.day = '2026-11-01'"

    for subquery in (within, joined):
        assert scan_of(f"SELECT id FROM events AS e WHERE NOT EXISTS ({subquery})").prune == []
