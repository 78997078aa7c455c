"""What tables become: patches, ALTER, options, etags, views, and the times and sizes that tell of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
from google.api_core import exceptions
from google.cloud import bigquery

from tests.conformance.bigquery.conftest import PROJECT

F = bigquery.SchemaField


def rows(client: bigquery.Client, sql: str) -> list[tuple[Any, ...]]:
    return [tuple(row.values()) for row in client.query_and_wait(sql)]


def names(fields: Sequence[bigquery.SchemaField]) -> list[Any]:
    """Names of fields, a record's with those in it."""
    return [(field.name, names(field.fields)) if field.fields else field.name for field in fields]


def patch_schema(client: bigquery.Client, table: str, *fields: bigquery.SchemaField) -> None:
    changed = client.get_table(table)
    changed.schema = list(fields)
    client.update_table(changed, ["schema"])


def test_a_patch_adds_fields_at_any_depth_behind_the_others(client: bigquery.Client, dataset: str) -> None:
    """In records and arrays of records; old rows read NULL there, and empty arrays."""
    name = f"{dataset}.t"
    inner = F("v", "RECORD", fields=(F("s", "STRING"),))
    client.create_table(bigquery.Table(name, [F("p", "RECORD", "REPEATED", fields=(F("k", "STRING"), inner))]))
    client.query_and_wait(f"INSERT INTO `{name}` (p) VALUES ([STRUCT('a', STRUCT('x'))])")

    wider = F("v", "RECORD", fields=(F("l", "INTEGER", "REPEATED"), F("s", "STRING"), F("n", "NUMERIC")))
    patch_schema(client, name, F("later", "DATE"), F("p", "RECORD", "REPEATED", fields=(wider, F("k", "STRING"))))

    assert names(client.get_table(name).schema) == [("p", ["k", ("v", ["s", "l", "n"])]), "later"]
    ((params, later),) = rows(client, f"SELECT p, later FROM `{name}`")
    assert (params, later) == ([{"k": "a", "v": {"s": "x", "l": [], "n": None}}], None)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ((F("r", "RECORD", fields=(F("x", "INTEGER"),)),), "Field a is missing in new schema"),
        ((F("a", "STRING", "REQUIRED"), F("r", "RECORD", fields=(F("y", "STRING"),))), r"Field r\.x is missing"),
        (
            (F("a", "INTEGER", "REQUIRED"), F("r", "RECORD", fields=(F("x", "INTEGER"),))),
            "Field a has changed type from STRING to INTEGER",
        ),
        (
            (F("a", "STRING", "REQUIRED"), F("r", "RECORD", fields=(F("x", "FLOAT"),))),
            r"Field r\.x has changed type from INTEGER to FLOAT",
        ),
        (
            (F("a", "STRING", "REQUIRED"), F("r", "RECORD", fields=(F("x", "INTEGER", "REQUIRED"),))),
            r"Field r\.x has changed mode from NULLABLE to REQUIRED",
        ),
        (
            (F("a", "STRING", "REQUIRED"), F("r", "RECORD", "REPEATED", fields=(F("x", "INTEGER"),))),
            "Field r has changed mode from NULLABLE to REPEATED",
        ),
        (
            (F("a", "STRING", "REQUIRED"), F("r", "RECORD", fields=(F("x", "INTEGER"), F("z", "DATE", "REQUIRED")))),
            r"Cannot add required fields to an existing schema. \(field: r\.z\)",
        ),
        (
            (F("a", "STRING", "REQUIRED"), F("r", "RECORD", fields=(F("x", "INTEGER"),)), F("A", "DATE")),
            "Field A already exists in schema",
        ),
    ],
)
def test_a_patch_that_would_lose_something_is_refused(
    client: bigquery.Client, dataset: str, fields: Sequence[bigquery.SchemaField], message: str
) -> None:
    """Dropping, another type, a narrower mode, REQUIRED added, one name twice: nothing is changed."""
    name = f"{dataset}.t"
    made = [F("a", "STRING", "REQUIRED"), F("r", "RECORD", fields=(F("x", "INTEGER"),))]
    client.create_table(bigquery.Table(name, made))
    with pytest.raises(exceptions.BadRequest, match=message):
        patch_schema(client, name, *fields)
    assert names(client.get_table(name).schema) == ["a", ("r", ["x"])]


def test_partitioning_and_clustering_hold_or_change_as_the_service_lets_them(
    client: bigquery.Client, dataset: str
) -> None:
    """Partitioning stays; clustering may be set, changed and removed (managing-clustered-tables)."""
    name = f"{dataset}.t"
    table = bigquery.Table(name, [F("d", "DATE"), F("a", "STRING"), F("b", "STRING")])
    table.time_partitioning = bigquery.TimePartitioning(field="d")
    client.create_table(table)

    changed = client.get_table(name)
    changed.clustering_fields = ["b", "a"]
    assert client.update_table(changed, ["clustering_fields"]).clustering_fields == ["b", "a"]
    changed = client.get_table(name)
    changed.time_partitioning = bigquery.TimePartitioning(field="d", type_="MONTH")
    with pytest.raises(exceptions.BadRequest, match="Cannot change partitioning"):
        client.update_table(changed, ["time_partitioning"])


def test_what_is_said_of_a_table_comes_back_and_is_cleared(client: bigquery.Client, dataset: str) -> None:
    """Labels, description, friendly name, expiration; a label that is None goes."""
    name = f"{dataset}.t"
    table = bigquery.Table(name, [F("i", "INTEGER", description="a number")])
    table.labels, table.description, table.friendly_name = {"team": "data", "tier": "one"}, "words", "A table"
    table.expires = datetime.fromisoformat("2099-01-01T00:00:00+00:00")
    client.create_table(table)
    found = client.get_table(name)
    assert (found.labels, found.description, found.friendly_name) == (table.labels, "words", "A table")
    assert (found.expires, found.schema[0].description) == (table.expires, "a number")

    found.labels, found.description, found.expires = {"team": "data", "tier": None}, None, None
    found = client.update_table(found, ["labels", "description", "expires"])
    assert (found.labels, found.description, found.expires) == ({"team": "data"}, None, None)
    assert found.friendly_name == "A table"


@pytest.mark.parametrize(
    "act",
    [
        lambda client, table: client.update_table(table, ["description"]),
        lambda client, table: client.query_and_wait(f"INSERT INTO `{table}` (i) VALUES (1)"),
        lambda client, table: client.query_and_wait(f"ALTER TABLE `{table}` ADD COLUMN j INT64"),
    ],
    ids=["patch", "insert", "alter"],
)
def test_whoever_saw_an_old_state_changes_nothing(
    client: bigquery.Client, dataset: str, act: Callable[[bigquery.Client, bigquery.Table], object]
) -> None:
    """412 whatever changed the table: rows, columns, options."""
    client.create_table(bigquery.Table(f"{dataset}.t", [F("i", "INTEGER")]))
    mine, other = client.get_table(f"{dataset}.t"), client.get_table(f"{dataset}.t")
    mine.description = "mine"
    act(client, mine)

    other.description = "other"
    with pytest.raises(exceptions.PreconditionFailed):
        client.update_table(other, ["description"])
    assert client.get_table(f"{dataset}.t").description != "other"


def test_alter_table_adds_relaxes_and_sets(client: bigquery.Client, dataset: str) -> None:
    """ADD COLUMN [IF NOT EXISTS], DROP NOT NULL, SET OPTIONS; REQUIRED cannot be added."""
    name = f"`{dataset}.t`"
    client.query_and_wait(f"CREATE TABLE {name} (a INT64 NOT NULL) AS SELECT 1 AS a")
    client.query_and_wait(
        f"ALTER TABLE {name} ADD COLUMN b STRUCT<x INT64, l ARRAY<STRING>>, ADD COLUMN IF NOT EXISTS a INT64"
    )
    client.query_and_wait(f"ALTER TABLE {name} ALTER COLUMN a DROP NOT NULL")
    client.query_and_wait(f"ALTER TABLE {name} SET OPTIONS (description = 'told', labels = [('k', 'v')])")
    client.query_and_wait(f"INSERT INTO {name} (a, b) VALUES (NULL, STRUCT(1, ['x']))")

    found = client.get_table(f"{dataset}.t")
    assert names(found.schema) == ["a", ("b", ["x", "l"])]
    assert (found.schema[0].mode, found.description, found.labels) == ("NULLABLE", "told", {"k": "v"})
    assert rows(client, f"SELECT a, b FROM {name} ORDER BY a NULLS LAST") == [
        (1, None),
        (None, {"x": 1, "l": ["x"]}),
    ]
    for statement in ("ADD COLUMN c INT64 NOT NULL", "ADD COLUMN a STRING"):
        with pytest.raises(exceptions.BadRequest):
            client.query_and_wait(f"ALTER TABLE {name} {statement}")


@pytest.mark.parametrize(
    "change",
    [
        "ALTER COLUMN a SET DEFAULT 1",
        "RENAME TO u",
        "ADD PRIMARY KEY (a) NOT ENFORCED",
        "SET DEFAULT COLLATE 'und:ci'",
    ],
)
def test_what_alter_table_does_not_do_here_is_refused(client: bigquery.Client, dataset: str, change: str) -> None:
    """Said, and not half done."""
    client.query_and_wait(f"CREATE TABLE `{dataset}.t` AS SELECT 1 AS a, 'x' AS b")
    with pytest.raises((exceptions.BadRequest, exceptions.MethodNotImplemented)):
        client.query_and_wait(f"ALTER TABLE `{dataset}.t` {change}")
    assert rows(client, f"SELECT * FROM `{dataset}.t`") == [(1, "x")]
    assert [table.table_id for table in client.list_tables(dataset)] == ["t"]


def test_columns_are_dropped_renamed_and_widened(client: bigquery.Client, dataset: str) -> None:
    """With their rows, in their partitions; what is added again under an old name begins empty."""
    table = f"{dataset}.t"
    client.query_and_wait(
        f"CREATE TABLE `{table}` (day DATE, a INT64 NOT NULL, b STRING, n NUMERIC, r STRUCT<x INT64>)"
        " PARTITION BY day OPTIONS (require_partition_filter = TRUE, description = 'kept')"
    )
    client.query_and_wait(
        f"INSERT INTO `{table}` VALUES ('2026-01-01', 1, 'x', 0.1, STRUCT(1)), ('2026-01-02', 2, 'y', NULL, NULL)"
    )
    made = client.get_table(table).created
    for change in (
        "DROP COLUMN b, DROP COLUMN IF EXISTS nothing",
        "RENAME COLUMN r TO s, RENAME COLUMN IF EXISTS nothing TO c",
        "ALTER COLUMN a SET DATA TYPE NUMERIC",
        "ALTER COLUMN n SET DATA TYPE FLOAT64",
        "ALTER COLUMN IF EXISTS nothing SET DATA TYPE FLOAT64",
        "ADD COLUMN b STRING, ADD COLUMN r STRUCT<x INT64>",
        "ALTER COLUMN a DROP NOT NULL",
        "ALTER COLUMN IF EXISTS nothing DROP NOT NULL",
    ):
        client.query_and_wait(f"ALTER TABLE `{table}` {change}")

    told = client.get_table(table)
    assert [(field.name, field.field_type, field.mode) for field in told.schema] == [
        ("day", "DATE", "NULLABLE"), ("a", "NUMERIC", "NULLABLE"), ("n", "FLOAT", "NULLABLE"),
        ("s", "RECORD", "NULLABLE"), ("b", "STRING", "NULLABLE"), ("r", "RECORD", "NULLABLE"),
    ]  # fmt: skip
    assert (told.created, told.num_rows, told.description, told.require_partition_filter) == (made, 2, "kept", True)
    assert rows(client, f"SELECT * FROM `{table}` WHERE day = '2026-01-01'") == [
        (date(2026, 1, 1), Decimal(1), 0.1, {"x": 1}, None, None)
    ]
    assert rows(client, f"SELECT * FROM `{table}` WHERE day = '2026-01-02'") == [
        (date(2026, 1, 2), Decimal(2), None, None, None, None)
    ]


@pytest.mark.parametrize(
    ("change", "fact"),
    [
        ("DROP COLUMN day", "Cannot drop column day: it is used for partitioning"),
        ("DROP COLUMN k", "Cannot drop column k: it is used for clustering"),
        ("RENAME COLUMN day TO d", "Cannot rename column day"),
        ("RENAME COLUMN a TO k", "already exists"),
        ("DROP COLUMN nothing", "Unrecognized name: nothing"),
        ("ALTER COLUMN f SET DATA TYPE INT64", r"existing column type \(FLOAT64\) is assignable to the new type"),
        ("ALTER COLUMN a SET DATA TYPE STRING", "is assignable to the new type"),
        ("ALTER COLUMN l SET DATA TYPE ARRAY<FLOAT64>", "is assignable to the new type"),
        ("ALTER COLUMN r SET DATA TYPE STRUCT<x FLOAT64>", "STRUCT is not modelled"),
        ("DROP COLUMN r.x", "Syntax error"),
    ],
)
def test_columns_that_cannot_change_are_refused(client: bigquery.Client, dataset: str, change: str, fact: str) -> None:
    """What orders the rows, what would lose values, and what is below the top; nothing is half done."""
    table = f"{dataset}.t"
    client.query_and_wait(
        f"CREATE TABLE `{table}` (day DATE, k STRING, a INT64, f FLOAT64, l ARRAY<INT64>, r STRUCT<x INT64>)"
        " PARTITION BY day CLUSTER BY k"
    )
    before = client.get_table(table)
    with pytest.raises((exceptions.BadRequest, exceptions.MethodNotImplemented), match=fact):
        client.query_and_wait(f"ALTER TABLE `{table}` {change}")
    assert client.get_table(table).etag == before.etag


def test_a_view_is_made_read_and_dropped_by_the_api(client: bigquery.Client, dataset: str) -> None:
    """Its schema is its query's, it holds no rows, is no table to write to, and follows what it reads."""
    client.query_and_wait(f"CREATE TABLE `{dataset}.t` AS SELECT 1 AS i, STRUCT('a' AS s) AS r")
    view = bigquery.Table(f"{dataset}.v")
    view.view_query = f"SELECT i + 1 AS j, r.s FROM `{dataset}.t`"
    client.create_table(view)

    found = client.get_table(f"{dataset}.v")
    assert (found.table_type, names(found.schema), found.num_rows) == ("VIEW", ["j", "s"], None)
    assert found.view_query == view.view_query
    assert rows(client, f"SELECT * FROM `{dataset}.v`") == [(2, "a")]
    client.query_and_wait(f"UPDATE `{dataset}.t` SET i = 5 WHERE TRUE")
    assert rows(client, f"SELECT j FROM `{dataset}.v`") == [(6,)]
    with pytest.raises(exceptions.BadRequest):
        client.query_and_wait(f"INSERT INTO `{dataset}.v` (j, s) VALUES (1, 'b')")
    with pytest.raises(exceptions.BadRequest):
        client.create_table(_view(f"{dataset}.wrong", f"SELECT nothing FROM `{dataset}.t`"))

    found.view_query = f"SELECT i FROM `{dataset}.t`"
    client.update_table(found, ["view_query"])
    assert names(client.get_table(f"{dataset}.v").schema) == ["i"]
    assert rows(client, f"SELECT * FROM `{dataset}.v`") == [(5,)]
    client.delete_table(f"{dataset}.v")
    assert [table.table_id for table in client.list_tables(dataset)] == ["t"]


def _view(name: str, query: str) -> bigquery.Table:
    view = bigquery.Table(name)
    view.view_query = query
    return view


class Seen:
    """What a table says of itself and INFORMATION_SCHEMA of it."""

    def __init__(self, client: bigquery.Client, dataset: str) -> None:
        table = client.get_table(f"{dataset}.t")
        self.size = (table.num_rows, table.num_bytes)
        self.created, self.modified = table.created, table.modified
        view = f"`{PROJECT}.region-eu`.INFORMATION_SCHEMA.TABLE_STORAGE"
        ((self.stored, count, size),) = rows(
            client,
            f"SELECT storage_last_modified_time, total_rows, total_logical_bytes FROM {view} "
            f"WHERE table_schema = '{table.dataset_id}' AND table_name = 't' AND NOT deleted",
        )
        assert (count, size) == self.size
        listed = rows(
            client,
            f"SELECT partition_id, last_modified_time, total_rows FROM `{dataset}.INFORMATION_SCHEMA.PARTITIONS`",
        )
        self.partitions: Mapping[str, tuple[datetime, int]] = {row[0]: row[1:] for row in listed}


FIRST, SECOND = "20260101", "20260102"


@pytest.mark.parametrize(
    ("statement", "size", "touched"),
    [
        ("INSERT INTO {t} (d, s) VALUES (DATE '2026-01-01', 'abc')", (4, 4 * 8 + 3 * 3 + 5), {FIRST}),
        ("DELETE FROM {t} WHERE d = DATE '2026-01-01'", (1, 8 + 3), {FIRST}),
        ("UPDATE {t} SET s = 'longer' WHERE d = DATE '2026-01-02'", (3, 3 * 8 + 2 * 3 + 8), {SECOND}),
        ("UPDATE {t} SET d = DATE '2026-01-02' WHERE d = DATE '2026-01-01'", (3, 3 * 8 + 3 * 3), {FIRST, SECOND}),
        (
            "MERGE {t} t USING (SELECT DATE '2026-01-03' AS d, 'e' AS s) ON FALSE WHEN NOT MATCHED THEN INSERT ROW",
            (4, 4 * 8 + 4 * 3),
            {"20260103"},
        ),
        ("TRUNCATE TABLE {t}", (0, 0), {FIRST, SECOND}),
        ("DELETE FROM {t} WHERE s = 'no such'", (3, 3 * 8 + 3 * 3), set()),
    ],
)
def test_rows_bytes_and_times_follow_every_write(
    client: bigquery.Client, dataset: str, statement: str, size: tuple[int, int], touched: set[str]
) -> None:
    """In tables.get, TABLE_STORAGE and PARTITIONS alike; creation stays, and so do partitions not written to."""
    client.query_and_wait(f"CREATE TABLE `{dataset}.t` (d DATE, s STRING) PARTITION BY d")
    client.query_and_wait(
        f"INSERT INTO `{dataset}.t` (d, s) VALUES (DATE '2026-01-01', 'a'), (DATE '2026-01-01', 'b'), "
        "(DATE '2026-01-02', 'c')"
    )
    before = Seen(client, dataset)
    time.sleep(0.002)

    client.query_and_wait(statement.format(t=f"`{dataset}.t`"))

    after = Seen(client, dataset)
    assert after.size == size
    assert after.created == before.created
    assert (after.modified > before.modified) == (after.stored > before.stored) == bool(touched)
    changed = {
        name
        for name in {*before.partitions, *after.partitions}
        if before.partitions.get(name) != after.partitions.get(name)
    }
    assert changed == touched
    assert all(before.stored < after.partitions[name][0] for name in touched & set(after.partitions))


def test_options_move_the_table_and_not_its_storage(client: bigquery.Client, dataset: str) -> None:
    """The stamp that replication goes by is of the rows."""
    client.query_and_wait(f"CREATE TABLE `{dataset}.t` (d DATE, s STRING) PARTITION BY d AS SELECT NULL AS d, 'x' AS s")
    before = Seen(client, dataset)
    time.sleep(0.002)
    client.query_and_wait(f"ALTER TABLE `{dataset}.t` SET OPTIONS (description = 'new')")
    after = Seen(client, dataset)
    assert after.modified > before.modified
    assert (after.stored, after.partitions, after.size) == (before.stored, before.partitions, before.size)


def test_loads_copies_and_replacements_tell_the_time_too(client: bigquery.Client, dataset: str) -> None:
    """A load and a truncating job keep the creation time; CREATE OR REPLACE makes a new table."""
    client.query_and_wait(f"CREATE TABLE `{dataset}.t` AS SELECT DATE '2026-01-01' AS d, 'x' AS s")
    config = bigquery.LoadJobConfig(schema=[F("d", "DATE"), F("s", "STRING")])
    steps: list[Callable[[], object]] = [
        lambda: client.load_table_from_json([{"s": "y"}], f"{dataset}.t", job_config=config).result(),
        lambda: client.query(
            "SELECT DATE '2026-01-05' AS d, 'z' AS s",
            job_config=bigquery.QueryJobConfig(destination=f"{dataset}.t", write_disposition="WRITE_TRUNCATE"),
        ).result(),
        lambda: client.insert_rows_json(f"{dataset}.t", [{"s": "streamed"}]),
    ]
    seen = Seen(client, dataset)
    for step, count in zip(steps, (2, 1, 2), strict=True):
        time.sleep(0.002)
        step()
        after = Seen(client, dataset)
        assert (after.size[0], after.created) == (count, seen.created)
        assert after.stored > seen.stored
        seen = after
    client.query_and_wait(f"CREATE OR REPLACE TABLE `{dataset}.t` AS SELECT NULL AS d, 's' AS s")
    assert Seen(client, dataset).created > seen.created
