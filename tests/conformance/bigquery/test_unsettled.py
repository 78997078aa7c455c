"""What no page settles, set one way and the other; the defaults are the careful answers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from google.api_core import exceptions
from google.cloud import bigquery

from replicator.local.bigquery.statements.session import Unsettled
from replicator.local.bigquery.storage.definitions import TableDefinition
from replicator.local.bigquery.storage.store import OnExisting
from replicator.names import DatasetRef
from replicator.schema.fields import Field
from tests.conformance.bigquery.conftest import Running


@pytest.fixture
def unsettled(running: Running) -> Iterator[Unsettled]:
    """The settings of the server, as they were before once the test is over."""
    settings, defaults = running.service.unsettled, Unsettled()
    yield settings
    for name in Unsettled.__slots__:
        setattr(settings, name, getattr(defaults, name))


@pytest.fixture
def shards(client: bigquery.Client, dataset: str) -> str:
    """A wildcard over a table of the rows 1 and 2, and one of the row 3."""
    client.query_and_wait(
        f"CREATE TABLE `{dataset}.e_1` AS SELECT i FROM UNNEST([1, 2]) AS i; "
        f"CREATE TABLE `{dataset}.e_2` AS SELECT 3 AS i"
    )
    return f"`{dataset}.e_*`"


def values(client: bigquery.Client, sql: str) -> list[object]:
    """The first column of a query."""
    return [row[0] for row in client.query_and_wait(sql)]


@pytest.mark.parametrize(
    ("setting", "statement", "message"),
    [
        ("wildcards_in_transactions", "SELECT SUM(i) FROM {0}", "Wildcard tables are not supported in a transaction"),
        ("asserts_in_transactions", "ASSERT 1 = 1", "ASSERT is not supported in a transaction"),
        ("dynamic_in_transactions", "EXECUTE IMMEDIATE 'SELECT 1'", "EXECUTE IMMEDIATE is not supported"),
    ],
)
def test_a_transaction_takes_what_no_page_names_only_where_that_is_set(
    client: bigquery.Client, shards: str, unsettled: Unsettled, setting: str, statement: str, message: str
) -> None:
    """Refused unless a test asks for the other answer; outside a transaction it is taken in any case."""
    script = f"BEGIN TRANSACTION; {statement.format(shards)}; COMMIT TRANSACTION; SELECT 7"
    with pytest.raises(exceptions.BadRequest, match=message):
        client.query_and_wait(script)
    client.query_and_wait(statement.format(shards))

    setattr(unsettled, setting, True)
    assert values(client, script) == [7]


@pytest.mark.parametrize(
    ("older", "missing"),
    [
        ("STRUCT(1 AS x) AS r", r"NULLABLE Field: r\.y"),
        ("STRUCT(1 AS x, 2 AS y) AS r, 3 AS other", r"REPEATED Field: l"),
        ("[5] AS l", r"NULLABLE Field: r"),
    ],
)
def test_nested_fields_that_a_table_lacks_are_null_or_refused(
    client: bigquery.Client, dataset: str, unsettled: Unsettled, older: str, missing: str
) -> None:
    """Columns that a table lacks read as NULL; of what is nested or repeated no page says so."""
    client.query_and_wait(
        f"CREATE TABLE `{dataset}.e_1` AS SELECT {older}; "
        f"CREATE TABLE `{dataset}.e_2` AS SELECT STRUCT(1 AS x, 2 AS y) AS r, [1] AS l, 1 AS plain"
    )
    sql = f"SELECT IFNULL(r.y, -1) + IFNULL(plain, 0) + ARRAY_LENGTH(l) FROM `{dataset}.e_*`"
    assert len(values(client, sql)) == 2

    unsettled.wildcards_fill_nested_fields = False
    with pytest.raises(exceptions.BadRequest, match=f"Cannot read missing field as {missing}"):
        client.query_and_wait(sql)


def test_columns_that_a_table_lacks_are_null_in_any_case(
    client: bigquery.Client, dataset: str, unsettled: Unsettled
) -> None:
    """querying-wildcard-tables settles it."""
    unsettled.wildcards_fill_nested_fields = False
    client.query_and_wait(
        f"CREATE TABLE `{dataset}.e_1` AS SELECT 1 AS i; CREATE TABLE `{dataset}.e_2` AS SELECT 2 AS i, 'x' AS s"
    )
    assert values(client, f"SELECT s FROM `{dataset}.e_*` ORDER BY i") == [None, "x"]


def test_the_matches_of_a_wildcard_count_as_one_table_or_each(
    running: Running, client: bigquery.Client, dataset: str, unsettled: Unsettled
) -> None:
    """A query may reference 1,000 tables (quotas); no page says what a wildcard counts as."""
    ref = DatasetRef(*dataset.split("."))
    definition = TableDefinition((Field("i", "INTEGER"),))
    with running.service.store.statement() as transaction:
        for number in range(1_001):
            transaction.create_table(ref.table(f"e_{number:04}"), definition, OnExisting.REFUSE)
        transaction.commit()
    assert values(client, f"SELECT COUNT(*) FROM `{dataset}.e_*`") == [0]

    unsettled.wildcard_matches_count = True
    with pytest.raises(exceptions.BadRequest, match="references 1001 tables"):
        client.query_and_wait(f"SELECT COUNT(*) FROM `{dataset}.e_*`")
    assert values(client, f"SELECT COUNT(*) FROM `{dataset}.e_0*`") == [0]


def test_an_array_variable_leaves_no_partition_out(client: bigquery.Client, dataset: str) -> None:
    """No page says that it does; a scalar variable is a constant (using-dml-with-partitioned-tables)."""
    client.query_and_wait(
        f"CREATE TABLE `{dataset}.t` (d DATE) PARTITION BY d OPTIONS (require_partition_filter = TRUE)"
    )
    declared = "DECLARE days ARRAY<DATE> DEFAULT [DATE '2026-01-01']; DECLARE day DATE DEFAULT days[0]"

    with pytest.raises(exceptions.BadRequest, match="without a filter over column"):
        client.query_and_wait(f"{declared}; SELECT d FROM `{dataset}.t` WHERE d IN UNNEST(days)")
    assert values(client, f"{declared}; SELECT d FROM `{dataset}.t` WHERE d = day") == []
