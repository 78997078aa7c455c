"""Rows and resources as the REST API writes them."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from replicator.local.bigquery.errors import BigQueryError
from replicator.local.bigquery.storage.definitions import (
    DatasetDefinition,
    Kind,
    Partitioning,
    RangePartitioning,
    TableDefinition,
    TimePartitioning,
    Unit,
)
from replicator.local.bigquery.storage.resources import (
    dataset_definition,
    dataset_definition_resource,
    dataset_resource,
    definition_resource,
    table_definition,
    table_list_resource,
    table_resource,
)
from replicator.local.bigquery.storage.rows import rest_row
from replicator.local.bigquery.types import Type, array, struct
from replicator.schema.fields import Field, Mode
from tests.unit.local.bigquery.storage.bench import DATASET, Bench, integer, record


@pytest.mark.parametrize(
    ("kind", "sql", "expected"),
    [
        ("INT64", "(-9223372036854775808)::BIGINT", "-9223372036854775808"),
        ("BOOL", "true", "true"),
        ("BYTES", "'\\x00\\xFF'::BLOB", "AP8="),
        ("DATE", "DATE '0001-01-01'", "0001-01-01"),
        ("DATETIME", "TIMESTAMP '2026-01-01 00:00:00'", "2026-01-01T00:00:00"),
        ("DATETIME", "TIMESTAMP '2026-01-01 00:00:00.5'", "2026-01-01T00:00:00.500000"),
        ("FLOAT64", "1::DOUBLE", "1.0"),
        ("FLOAT64", "1e300::DOUBLE", "1e+300"),
        ("FLOAT64", "'-inf'::DOUBLE", "-Infinity"),
        ("FLOAT64", "'nan'::DOUBLE", "NaN"),
        ("JSON", '\'{"a": "é"}\'::JSON', '{"a": "é"}'),
        ("NUMERIC", "100::DECIMAL(38, 9)", "100"),
        ("NUMERIC", "-0.5::DECIMAL(38, 9)", "-0.5"),
        ("STRING", "'a\"b\\\n'", 'a"b\\\n'),
        ("TIME", "TIME '01:02:03'", "01:02:03"),
        ("TIME", "TIME '01:02:03.25'", "01:02:03.250000"),
        ("TIMESTAMP", "TIMESTAMPTZ '1969-12-31 23:59:59.999999+00'", "-1"),
        ("STRING", "NULL::VARCHAR", None),
    ],
)
def test_a_value_is_written_as_clients_read_it(bench: Bench, kind: str, sql: str, expected: str | None) -> None:
    """All values are text, timestamps whole microseconds."""
    text = bench.connection.execute(f"SELECT {rest_row([('x', Type(kind))])} FROM (SELECT {sql} AS x)").fetchone()

    assert text is not None
    assert json.loads(text[0]) == {"f": [{"v": expected}]}


def test_records_and_arrays_nest(bench: Bench) -> None:
    """Fields go by position, a NULL array is written empty, a NULL record null."""
    inner = struct(("a", Type("STRING")), ("n", array(Type("INT64"))))
    columns = [("s", inner), ("l", array(inner)), ("e", array(Type("STRING"))), ("z", inner)]
    kind = "STRUCT(a VARCHAR, n BIGINT[])"
    sql = f"SELECT ROW('x', [1])::{kind} s, [ROW('y', NULL), NULL]::{kind}[] l, NULL::VARCHAR[] e, NULL::{kind} z"

    row = bench.connection.execute(f"SELECT {rest_row(columns)} FROM ({sql})").fetchone()

    assert row is not None
    assert json.loads(row[0]) == {
        "f": [
            {"v": {"f": [{"v": "x"}, {"v": [{"v": "1"}]}]}},
            {"v": [{"v": {"f": [{"v": "y"}, {"v": []}]}}, {"v": None}]},
            {"v": []},
            {"v": None},
        ]
    }


@pytest.mark.parametrize(
    "partitioning",
    [
        None,
        TimePartitioning(Unit.HOUR),
        TimePartitioning(Unit.DAY, "d", timedelta(days=3)),
        RangePartitioning("i", 0, 9, 3),
    ],
)
def test_a_definition_is_read_as_it_was_written(partitioning: Partitioning | None) -> None:
    """Both ways, so a client may send back what it was given."""
    definition = TableDefinition(
        (Field("d", "DATE", Mode.REQUIRED), integer("i"), record("r", Field("x", "STRING", Mode.REPEATED))),
        partitioning=partitioning, clustering=("i",), require_partition_filter=partitioning is not None,
        expires=datetime(2030, 1, 1, tzinfo=UTC), labels={"a": "b"}, description="d", friendly_name="f",
    )  # fmt: skip
    written = {"schema": {"fields": [field.to_api() for field in definition.fields]}, **definition_resource(definition)}

    assert table_definition(json.loads(json.dumps(written))) == definition


def test_a_table_says_its_size_and_times(bench: Bench) -> None:
    """In texts of 64-bit numbers; a list leaves the schema and the size out."""
    ref = bench.create("t", integer("x"), labels={"a": "b"})
    bench.append(ref, "SELECT 1::BIGINT FROM range(3)")
    with bench.store.statement() as transaction:
        table = transaction.table(ref)

    whole, listed = table_resource(table), table_list_resource(table)

    assert (whole["numRows"], whole["numBytes"], whole["location"], whole["type"]) == ("3", "24", "EU", "TABLE")
    assert int(whole["lastModifiedTime"]) > int(whole["creationTime"])
    assert whole["schema"] == {"fields": [{"name": "x", "type": "INTEGER", "mode": "NULLABLE"}]}
    assert listed["labels"] == {"a": "b"}
    assert not {"schema", "numRows", "lastModifiedTime"} & set(listed)


def test_a_view_shows_its_text(bench: Bench) -> None:
    """And no size."""
    definition = TableDefinition((integer("x"),), kind=Kind.VIEW, query="SELECT 1 AS x")
    ref = bench.create("t", integer("x"))
    with bench.store.statement() as transaction:
        resource = table_resource(replace(transaction.table(ref), definition=definition))

    assert resource["view"] == {"query": "SELECT 1 AS x", "useLegacySql": False}
    assert "numRows" not in resource


def test_a_dataset_is_read_as_it_was_written(bench: Bench) -> None:
    """Expirations in milliseconds."""
    definition = DatasetDefinition("asia-northeast1", {"a": "b"}, "d", "f", timedelta(days=1), timedelta(days=2))

    assert dataset_definition(dataset_definition_resource(definition), location="US") == definition
    with bench.store.statement() as transaction:
        resource = dataset_resource(transaction.dataset(DATASET))
    assert resource["location"] == "EU"
    assert resource["datasetReference"] == {"projectId": "acme-jp", "datasetId": "sales"}


@pytest.mark.parametrize(
    ("resource", "status", "message"),
    [
        ({"schema": {"fields": [{"name": "x"}]}}, 400, "Required parameter is missing: schema.fields.0..type"),
        ({"schema": {"fields": [{"name": "x", "type": "NO"}]}}, 400, "'NO' is not a BigQuery type"),
        ({"schema": {"fields": [{"name": "x", "type": "STRING", "policyTags": {"names": ["t"]}}]}}, 501, "policyTags"),
        ({"externalDataConfiguration": {"sourceFormat": "CSV"}}, 501, "externalDataConfiguration"),
    ],
)
def test_what_is_malformed_or_not_modelled_is_refused(resource: dict[str, Any], status: int, message: str) -> None:
    """Nothing of a definition is dropped in silence."""
    with pytest.raises(BigQueryError, match=message) as refused:
        table_definition(resource)

    assert refused.value.status == status


@pytest.mark.parametrize(
    ("resource", "place"),
    [
        ({"labels": 1}, "labels"),
        ({"labels": {"a": 1}}, "labels.a"),
        ({"schema": []}, "schema"),
        ({"schema": {"fields": {}}}, "schema.fields"),
        ({"schema": {"fields": ["a"]}}, "schema.fields[0]"),
        ({"schema": {"fields": [{"name": "a"}]}}, "schema.fields[0].type"),
        ({"schema": {"fields": [{"name": "a", "type": "RECORD", "fields": [{"name": 1}]}]}}, "fields[0].name"),
        ({"view": "SELECT 1"}, "view"),
        ({"view": {"query": 1}}, "view.query"),
        ({"clustering": {"fields": [1]}}, "clustering.fields[0]"),
        ({"timePartitioning": {"type": "DAY", "expirationMs": {}}}, "timePartitioning.expirationMs"),
        ({"timePartitioning": {"type": "WEEK"}}, "timePartitioning.type"),
        ({"timePartitioning": {"type": "DAY", "field": 1}}, "timePartitioning.field"),
        ({"rangePartitioning": {"field": "a", "range": {"start": "0", "end": "x"}}}, "rangePartitioning.range.end"),
        ({"expirationTime": "soon"}, "expirationTime"),
        ({"expirationTime": str(10**30)}, "expirationTime"),
        ({"requirePartitionFilter": 1}, "requirePartitionFilter"),
        ({"encryptionConfiguration": []}, "encryptionConfiguration"),
    ],
)
def test_a_member_of_a_wrong_type_is_refused_by_its_name(resource: dict[str, Any], place: str) -> None:
    """A 400 in the service's shape, whatever the member is."""
    with pytest.raises(BigQueryError, match=re.escape(place)) as refused:
        table_definition(resource)

    assert refused.value.status == 400


def test_a_member_of_a_dataset_of_a_wrong_type_is_refused_by_its_name() -> None:
    """The same for datasets."""
    wrong: list[dict[str, Any]] = [{"defaultTableExpirationMs": "soon"}, {"location": 1}, {"labels": []}]
    for resource in wrong:
        with pytest.raises(BigQueryError, match=next(iter(resource))) as refused:
            dataset_definition(resource, location="EU")
        assert refused.value.status == 400
