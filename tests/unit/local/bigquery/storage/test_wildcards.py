"""``prefix*`` (docs: querying-wildcard-tables)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from replicator.local.bigquery.errors import BigQueryError
from replicator.local.bigquery.googlesql.catalog import AnyOf, Comparison, Operator, Prune
from replicator.local.bigquery.storage.definitions import Kind, TableDefinition, TimePartitioning, Unit
from replicator.local.bigquery.storage.relations import TableRelation
from replicator.local.bigquery.storage.store import OnExisting
from replicator.names import TableRef
from replicator.schema.fields import Field, Mode
from tests.unit.local.bigquery.storage.bench import DATASET, Bench, integer, record, records, text

EVENTS = DATASET.table("events_*")
PARAMS = records("params", text("key"), record("value", text("s"), integer("i")))


def relation(bench: Bench, ref: TableRef = EVENTS, location: str = "EU") -> TableRelation:
    with bench.store.statement() as transaction:
        found = transaction.catalog(location=location).relation((ref.project, ref.dataset, ref.table))
    assert isinstance(found, TableRelation)
    return found


def test_the_newest_table_gives_the_schema_and_fields_are_matched_by_name(bench: Bench) -> None:
    """At every depth: what a table lacks is NULL, what it has more is unseen, another order swaps nothing."""
    first = bench.create("events_20260102", integer("a"), text("gone"), PARAMS)
    bench.append(
        first,
        "SELECT 1::BIGINT, 'unseen', "
        "[{'key': 'k1', 'value': {'s': 's1', 'i': 7::BIGINT}}, {'key': 'k2', 'value': NULL}]",
    )
    newest = bench.create(
        "events_20260101",
        records("params", record("value", integer("i"), Field("xs", "STRING", Mode.REPEATED), text("s")), text("key")),
        integer("a"),
    )
    bench.append(newest, "SELECT [{'value': {'i': 8::BIGINT, 'xs': ['x'], 's': 's2'}, 'key': 'k3'}], 2::BIGINT")

    assert [column.name for column in relation(bench).columns] == ["params", "a", "_TABLE_SUFFIX"]
    assert bench.rows(EVENTS, "a, params, _TABLE_SUFFIX") == [
        (1, [{"value": {"i": 7, "xs": [], "s": "s1"}, "key": "k1"}, {"value": None, "key": "k2"}], "20260102"),
        (2, [{"value": {"i": 8, "xs": ["x"], "s": "s2"}, "key": "k3"}], "20260101"),
    ]


def test_the_schema_is_the_newest_ones_even_when_it_is_filtered_out_or_empty(bench: Bench) -> None:
    """So an empty table, created last, decides."""
    bench.append(bench.create("events_1", integer("a"), text("b")), "SELECT 1::BIGINT, 'b'")
    bench.create("events_2", text("c"), integer("a"))

    with bench.store.statement() as transaction:
        prune = (Comparison("_TABLE_SUFFIX", Operator.EQUAL, "1"),)
        scan = bench.scan(transaction, EVENTS, prune)
        assert bench.connection.execute(f"SELECT c, a, _TABLE_SUFFIX FROM {scan}").fetchall() == [(None, 1, "1")]


def test_a_creation_time_that_is_given_counts(bench: Bench) -> None:
    """A copy that keeps its source's is older than what was made before it."""
    bench.create("events_1", text("newer"))
    with bench.store.statement() as transaction:
        early = bench.clock.at - timedelta(days=1)
        transaction.create_table(
            DATASET.table("events_2"), TableDefinition((text("older"),)), OnExisting.REFUSE, created=early
        )
        assert transaction.table(DATASET.table("events_2")).created == early
        transaction.commit()

    assert [column.name for column in relation(bench).columns] == ["newer", "_TABLE_SUFFIX"]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (text("x"), integer("x"), "Cannot read field of type STRING as INT64 Field: x"),
        (record("x", text("y")), record("x", integer("y")), r"Cannot read field of type STRING as INT64 Field: x\.y"),
        (PARAMS, text("params"), "Cannot read field of type STRUCT as STRING Field: params"),
        (records("x", text("y")), record("x", text("y")), "Cannot read field of mode REPEATED as NULLABLE Field: x"),
        (text("other"), Field("x", "STRING", Mode.REQUIRED), "Cannot read missing field as REQUIRED Field: x"),
        (text("x"), Field("x", "STRING", Mode.REQUIRED), "Cannot read field of mode NULLABLE as REQUIRED Field: x"),
    ],
)
def test_a_table_that_does_not_fit_fails_the_query(bench: Bench, old: Field, new: Field, message: str) -> None:
    """Whatever the filter says: the relation itself is refused."""
    bench.create("events_1", old)
    bench.create("events_2", new)

    with pytest.raises(BigQueryError, match=message) as refused:
        relation(bench)

    assert refused.value.reason == "invalidQuery"


def test_required_is_read_as_nullable(bench: Bench) -> None:
    """The reference that replication makes has no REQUIRED column, whatever the shards have."""
    bench.append(bench.create("events_1", Field("x", "STRING", Mode.REQUIRED)), "SELECT 'a'")
    bench.create("events_2", text("x"))

    assert bench.rows(EVENTS, "x") == [("a",)]


def test_views_and_mixed_partitioning_are_refused(bench: Bench) -> None:
    """A matching view fails the query; so do tables that are cut differently."""
    bench.create("events_1", Field("d", "DATE"))
    bench.create("events_2", Field("d", "DATE"), partitioning=TimePartitioning(Unit.DAY, "d"))

    with pytest.raises(BigQueryError, match="different partitioning or clustering"):
        relation(bench)
    with bench.store.statement() as transaction:
        view = TableDefinition((integer("x"),), kind=Kind.VIEW, query="SELECT 1 AS x")
        transaction.create_table(DATASET.table("events_view"), view, OnExisting.REFUSE)
        transaction.commit()
    with pytest.raises(
        BigQueryError, match=r"Views cannot be queried through prefix\. Matched views are: .*events_view"
    ):
        relation(bench)


def test_nothing_matched_is_an_error(bench: Bench) -> None:
    """The prefix is taken as it stands: no character in it is a pattern."""
    bench.create("eventsX1", integer("x"))

    with pytest.raises(BigQueryError, match=r"acme-jp:sales\.events_\* does not match any table\."):
        relation(bench)


def test_in_another_location_there_are_no_rows(bench: Bench) -> None:
    """growthbook/growthbook#6476; a table in the wrong location is an error instead."""
    bench.append(bench.create("events_1", integer("x")), "SELECT 1::BIGINT")

    elsewhere = relation(bench, location="US")

    scan = elsewhere.scan(columns=frozenset({"x"}), prune=())
    assert bench.connection.execute(f"SELECT * FROM {scan}").fetchall() == []
    assert sum(elsewhere.measure(None, ()).values()) == 0
    with pytest.raises(BigQueryError, match="Not found: Dataset acme-jp:sales was not found in location US"):
        relation(bench, DATASET.table("events_1"), location="US")
    assert sum(relation(bench, DATASET.table("events_1"), location="eu").measure(None, ()).values()) == 8


@pytest.mark.parametrize(
    ("prune", "expected"),
    [
        (Comparison("_TABLE_SUFFIX", Operator.EQUAL, "2"), 8),
        (Comparison("_TABLE_SUFFIX", Operator.UNEQUAL, "2"), 16),
        (Comparison("_TABLE_SUFFIX", Operator.AT_LEAST, "2"), 16),
        (
            AnyOf((Comparison("_TABLE_SUFFIX", Operator.LESS, "2"), Comparison("_TABLE_SUFFIX", Operator.EQUAL, "3"))),
            16,
        ),
        (AnyOf((Comparison("_TABLE_SUFFIX", Operator.LESS, "2"), Comparison("x", Operator.EQUAL, 3))), 24),
    ],
)
def test_only_constant_filters_on_the_suffix_prune(bench: Bench, prune: Prune, expected: int) -> None:
    """What is left out is not read, and not billed."""
    for number in (1, 2, 3):
        bench.append(bench.create(f"events_{number}", integer("x")), f"SELECT {number}::BIGINT")

    assert sum(relation(bench).measure(frozenset({"x"}), (prune,)).values()) == expected
