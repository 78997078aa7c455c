"""Wildcards through Google's client (querying-wildcard-tables)."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from google.api_core import exceptions
from google.cloud import bigquery

from replicator.local.bigquery.types import Type, array, struct
from tests.conformance.bigquery.conftest import PROJECT

STRING = Type("STRING")


def run(client: bigquery.Client, sql: str) -> None:
    """Carry out a script."""
    client.query(sql).result()


def rows(client: bigquery.Client, sql: str) -> list[tuple[Any, ...]]:
    """What a query answers, records as tuples."""
    return [tuple(plain(cell) for cell in row.values()) for row in client.query(sql).result()]


def plain(cell: Any) -> Any:
    """A cell with its records as tuples."""
    if isinstance(cell, dict):
        return tuple(map(plain, cell.values()))
    return list(map(plain, cell)) if isinstance(cell, list) else cell


def test_the_newest_table_gives_the_schema_whatever_the_filter(client: bigquery.Client, dataset: str) -> None:
    """Made last decides, not the suffix, not the rows; what it lacks is unseen, what others lack is NULL."""
    run(client, f"CREATE TABLE `{dataset}.e_3` AS SELECT 3 AS a, 'c' AS only_here")
    run(client, f"CREATE TABLE `{dataset}.e_1` (b STRING, a INT64)")

    assert rows(client, f"SELECT * FROM `{dataset}.e_*` WHERE _TABLE_SUFFIX = '3'") == [(None, 3)]
    with pytest.raises(exceptions.BadRequest, match="Unrecognized name: only_here"):
        rows(client, f"SELECT only_here FROM `{dataset}.e_*` WHERE _TABLE_SUFFIX = '3'")
    run(client, f"CREATE OR REPLACE TABLE `{dataset}.e_3` AS SELECT 3 AS a, 'c' AS only_here")
    assert rows(client, f"SELECT * FROM `{dataset}.e_*`") == [(3, "c")]


def test_the_empty_reference_table_brings_buffers_to_the_targets_schema(client: bigquery.Client, dataset: str) -> None:
    """Four levels deep, repeated records in repeated records: by name, NULL where there is nothing."""
    run(
        client,
        f"""CREATE TABLE `{dataset}.buffer_1` AS SELECT
          [STRUCT('k' AS name, [STRUCT(STRUCT(1 AS i, 's' AS s) AS value, 'p' AS key)] AS params)] AS items,
          'x' AS gone;
        CREATE TABLE `{dataset}.buffer_DONOTUSE` (
          items ARRAY<STRUCT<
            params ARRAY<STRUCT<key STRING, value STRUCT<s STRING, f FLOAT64, i INT64>, added STRING>>,
            name STRING, tags ARRAY<STRING>>>, extra STRUCT<a INT64>)""",
    )

    assert rows(client, f"SELECT * FROM `{dataset}.buffer_*`") == [([([("p", ("s", None, 1), None)], "k", [])], None)]


@pytest.mark.parametrize(
    ("older", "newest", "message"),
    [
        ("a STRING", "a INT64", "Cannot read field of type STRING as INT64 Field: a"),
        ("r STRUCT<x STRING>", "r STRUCT<x INT64>", r"Cannot read field of type STRING as INT64 Field: r\.x"),
        ("r ARRAY<STRUCT<x FLOAT64>>", "r ARRAY<STRUCT<x INT64>>", r"type FLOAT64 as INT64 Field: r\.x"),
        ("r STRUCT<x INT64>", "r STRING", "type STRUCT as STRING Field: r"),
        ("a ARRAY<INT64>", "a INT64", "REPEATED as NULLABLE Field: a"),
        ("a INT64", "a ARRAY<INT64>", "NULLABLE as REPEATED Field: a"),
        ("b INT64", "a INT64 NOT NULL, b INT64", "Cannot read missing field as REQUIRED Field: a"),
        ("a INT64, d DATE", "a INT64, d DATE) PARTITION BY (d", "different partitioning or clustering"),
        ("a INT64, d DATE", "a INT64, d DATE) CLUSTER BY (a", "different partitioning or clustering"),
    ],
)
def test_a_table_that_does_not_fit_fails_the_query_even_when_it_is_filtered_out(
    client: bigquery.Client, dataset: str, older: str, newest: str, message: str
) -> None:
    """BigQuery's own message, with the path of the field."""
    run(client, f"CREATE TABLE `{dataset}.e_1` ({older})")
    newest, _, clause = newest.partition(") ")
    run(client, f"CREATE TABLE `{dataset}.e_2` ({newest}) {clause.replace('(', '')}")

    for filtered in ("", " WHERE _TABLE_SUFFIX = '2'"):
        with pytest.raises(exceptions.BadRequest, match=message):
            rows(client, f"SELECT 1 FROM `{dataset}.e_*`{filtered}")


def test_a_view_among_the_tables_fails_the_query(client: bigquery.Client, dataset: str) -> None:
    """Whether it is filtered out or not; and no wildcard is changed."""
    run(client, f"CREATE TABLE `{dataset}.e_1` AS SELECT 1 AS a; CREATE VIEW `{dataset}.e_view` AS SELECT 1 AS a")

    with pytest.raises(exceptions.BadRequest, match=r"Views cannot be queried through prefix.*e_view"):
        rows(client, f"SELECT a FROM `{dataset}.e_*` WHERE _TABLE_SUFFIX = '1'")
    with pytest.raises(exceptions.BadRequest, match="does not match any table"):
        rows(client, f"SELECT a FROM `{dataset}.nothing_*`")
    with pytest.raises(exceptions.BadRequest, match="Invalid table name"):
        run(client, f"DELETE FROM `{dataset}.e_*` WHERE TRUE")


def test_only_constants_on_the_suffix_prune(client: bigquery.Client, dataset: str) -> None:
    """A dry run says what would be read, the run what was; parameters are constants, subqueries and columns are not."""
    for day in (1, 2, 3):
        run(client, f"CREATE TABLE `{dataset}.e_2026010{day}` AS SELECT {day} AS a, '2026010{day}' AS s")

    def cost(condition: str, *parameters: bigquery.ScalarQueryParameter) -> int:
        query = f"SELECT a FROM `{dataset}.e_*` WHERE {condition}"
        dry = bigquery.QueryJobConfig(dry_run=True, use_query_cache=False, query_parameters=list(parameters))
        told = client.query(query, job_config=dry).total_bytes_processed
        done = client.query(query, job_config=bigquery.QueryJobConfig(query_parameters=list(parameters)))
        done.result()
        assert done.total_bytes_processed == told
        return int(told or 0)

    assert cost("TRUE") == 24
    assert cost("_TABLE_SUFFIX = '20260101'") == 8
    assert cost("_TABLE_SUFFIX BETWEEN '20260102' AND '20260103'") == 16
    assert cost("_TABLE_SUFFIX IN ('20260101', '20260109')") == 8
    assert cost("_TABLE_SUFFIX > FORMAT_DATE('%Y%m%d', DATE '2026-01-02')") == 8
    assert cost("_TABLE_SUFFIX = @day", bigquery.ScalarQueryParameter("day", "STRING", "20260103")) == 8
    assert cost("_TABLE_SUFFIX = '20260101' OR a = 3") == 24
    assert cost("_TABLE_SUFFIX = (SELECT '20260101')") == 24
    assert cost("_TABLE_SUFFIX = s") == 24 + 3 * 10
    assert cost(f"_TABLE_SUFFIX = (SELECT MIN(s) FROM `{dataset}.e_20260101`)") == 24 + 10


def test_the_longer_prefix_and_the_whole_name(client: bigquery.Client, dataset: str) -> None:
    """``events_*`` takes intraday tables along; the suffix is what the star stands for."""
    run(client, f"CREATE TABLE `{dataset}.events_20260101` AS SELECT 1 AS a")
    run(client, f"CREATE TABLE `{dataset}.events_intraday_20260102` AS SELECT 2 AS a")

    suffix = f"SELECT a, _TABLE_SUFFIX AS suffix FROM `{dataset}.{{}}*` ORDER BY a"
    assert rows(client, suffix.format("events_")) == [(1, "20260101"), (2, "intraday_20260102")]
    assert rows(client, suffix.format("events_2026")) == [(1, "0101")]
    assert rows(client, f"SELECT COUNT(*) FROM `{dataset}.*`") == [(2,)]
    assert rows(
        client, f"SELECT e.a FROM `{dataset}.events_*` AS e WHERE REGEXP_CONTAINS(_TABLE_SUFFIX, r'^\\d{{8}}$')"
    ) == [(1,)]


def test_in_the_wrong_location_there_are_no_rows(client: bigquery.Client, dataset: str) -> None:
    """It succeeds, with 0 rows and 0 bytes; a table by its name is not found (growthbook/growthbook#6476)."""
    run(client, f"CREATE TABLE `{dataset}.e_1` AS SELECT 1 AS a")

    job = client.query(f"SELECT a FROM `{dataset}.e_*`", location="US")

    assert list(job.result()) == []
    assert (job.location, job.total_bytes_processed) == ("US", 0)
    with pytest.raises(exceptions.NotFound, match="was not found in location US"):
        client.query(f"SELECT a FROM `{dataset}.e_1`", location="US").result()


def kind_of(random: Random, depth: int = 0) -> Type:
    """A struct with nested and repeated fields, three levels deep at most."""
    return struct(*((name, field_of(random, depth)) for name in random.sample("abcdef", random.randint(2, 4))))


def field_of(random: Random, depth: int) -> Type:
    """A field's type."""
    kind = kind_of(random, depth + 1) if depth < 2 and random.random() < 0.4 else STRING
    return array(kind) if random.random() < 0.3 else kind


def drifted(random: Random, kind: Type) -> Type:
    """The same with fields in another order, some gone, some new, at every depth; none has another type."""
    if kind.element is not None:
        return array(drifted(random, kind.element))
    if kind.name != "STRUCT":
        return kind
    fields = [(name, drifted(random, child)) for name, child in kind.fields if random.random() < 0.8]
    fields += [(f"new_{random.randint(0, 99)}", STRING)]
    random.shuffle(fields)
    return struct(*fields)


def row_of(random: Random, kind: Type, *, top: bool = False) -> Any:
    """A value, told by its path through records as dicts."""
    if kind.element is not None:
        return [row_of(random, kind.element, top=True) for _ in range(random.randint(0, 2))]
    if not top and random.random() < 0.2:
        return None
    if kind.name == "STRUCT":
        return {name: row_of(random, child) for name, child in kind.fields}
    return f"v{random.randint(0, 999)}"


def literal(value: Any, kind: Type) -> str:
    """The value in GoogleSQL."""
    if kind.element is not None:
        inner = kind.element
        return f"{kind}[{', '.join(literal(one, inner) for one in value)}]"
    if value is None:
        return "NULL"
    if kind.name == "STRUCT":
        return f"{kind}({', '.join(literal(value[name], child) for name, child in kind.fields)})"
    return f"'{value}'"


def read_under(value: Any, wanted: Type) -> Any:
    """What a wildcard shows of a value under another schema: the reference, in plain Python."""
    if wanted.element is not None:
        inner = wanted.element
        return [read_under(one, inner) for one in value or []]
    if wanted.name != "STRUCT" or value is None:
        return value
    return tuple(read_under(value.get(name), child) for name, child in wanted.fields)


@pytest.mark.parametrize("seed", range(6))
def test_drifted_tables_are_read_as_plain_python_reads_them(client: bigquery.Client, dataset: str, seed: int) -> None:
    """Random nested schemas, drifted one from another, through the schema of the one that was made last."""
    random = Random(seed)
    kinds = [kind_of(random)]
    kinds += [drifted(random, kinds[0]) for _ in range(3)]
    expected = []
    for number, kind in enumerate(kinds):
        made = [row_of(random, kind, top=True) for _ in range(3)]
        text = ", ".join(literal(row, kind) for row in made)
        run(
            client,
            f"CREATE TABLE `{PROJECT}.{dataset.partition('.')[2]}.t_{number}` AS SELECT v.* FROM UNNEST([{text}]) AS v",
        )
        expected += [read_under(row, kinds[-1]) for row in made]

    assert sorted(map(repr, rows(client, f"SELECT * FROM `{dataset}.t_*`"))) == sorted(map(repr, expected))
