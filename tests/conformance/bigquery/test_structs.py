"""Positional STRUCTs through Google's client: what is written is what stood in that place, or nothing is."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from google.api_core import exceptions
from google.cloud import bigquery

from replicator.local.bigquery.types import Type, array
from tests import googlesql
from tests.googlesql_structs import record, related, value

_EXAMPLES = 5


def rows(client: bigquery.Client, sql: str) -> list[tuple[Any, ...]]:
    """What a query answers, records as tuples."""
    return [tuple(plain(cell) for cell in row.values()) for row in client.query(sql).result()]


def plain(cell: Any) -> Any:
    """A cell with its records as tuples."""
    if isinstance(cell, dict):
        return tuple(map(plain, cell.values()))
    return list(map(plain, cell)) if isinstance(cell, list) else cell


WAYS = {
    "INSERT SELECT": "INSERT INTO `{t}` (k, s) SELECT 2, {given}",
    "INSERT VALUES": "INSERT INTO `{t}` VALUES (2, {given})",
    "UPDATE SET": "UPDATE `{t}` SET s = {given}, k = 2 WHERE k = 1",
    "UPDATE FROM": "UPDATE `{t}` AS t SET s = n.s, k = 2 FROM (SELECT {given} AS s) AS n WHERE t.k = 1",
    "MERGE INSERT ROW": "MERGE `{t}` USING (SELECT 2 AS k, {given} AS s) AS n ON FALSE "
    "WHEN NOT MATCHED THEN INSERT ROW",
    "MERGE INSERT": "MERGE `{t}` AS t USING (SELECT {given} AS s) AS n ON t.k = 2 "
    "WHEN NOT MATCHED THEN INSERT (s, k) VALUES (n.s, 2)",
    "MERGE UPDATE": "MERGE `{t}` AS t USING (SELECT {given} AS s) AS n ON t.k = 1 "
    "WHEN MATCHED THEN UPDATE SET s = n.s, k = 2",
    "ARRAY": "INSERT INTO `{t}` (k, s) SELECT 2, [{given}]",
}  # fmt: skip


@pytest.mark.parametrize("way", WAYS)
def test_a_struct_is_assigned_by_position_or_refused(client: bigquery.Client, dataset: str, way: str) -> None:
    """Random structs against columns that look like them: GoogleSQL's verdict, and the value of a CAST."""
    accepted = 0
    for seed in range(_EXAMPLES):
        random = Random(seed)
        kind = record(random)
        column = related(random, kind)
        given = f"(SELECT v FROM UNNEST([{value(random, kind)}]) AS v)"
        name = f"{dataset}.t{seed}"
        taken = array(column) if way == "ARRAY" else column
        client.query(f"CREATE TABLE `{name}` (k INT64, s {taken}); INSERT INTO `{name}` (k) VALUES (1)").result()
        known = googlesql.Table(name, (("k", Type("INT64")), ("s", taken)))
        statement = WAYS[way].format(t=name, given=given)
        try:
            googlesql.analyze(statement, tables=[known])
        except googlesql.RefusedError:
            with pytest.raises(exceptions.BadRequest):
                client.query(statement).result()
            assert rows(client, f"SELECT k FROM `{name}`") == [(1,)]
            continue
        accepted += 1
        client.query(statement).result()
        (expected,) = googlesql.evaluate(f"SELECT CAST({given} AS {column})")
        found = rows(client, f"SELECT {'s[OFFSET(0)]' if way == 'ARRAY' else 's'} FROM `{name}` WHERE k = 2")
        assert [googlesql.shown(cell, column) for cell in expected] == [*found[0]], f"{seed}: {statement}"

    assert accepted


NO_ARRAY = "STRUCT(CAST(NULL AS ARRAY<INT64>) AS l, STRUCT(1 AS i, CAST(NULL AS ARRAY<STRING>) AS m) AS r)"


def test_an_array_that_is_null_is_empty_where_it_is_shown_or_kept(client: bigquery.Client, dataset: str) -> None:
    """BigQuery has NULL arrays only while a query runs (data-types, array NULLs), within a struct as on its own."""
    shown_as = {"l": [], "r": {"i": 1, "m": []}}
    (row,) = client.query(f"SELECT {NO_ARRAY} AS s, [{NO_ARRAY}] AS a, CAST(NULL AS ARRAY<INT64>) AS n").result()
    assert tuple(row.values()) == (shown_as, [shown_as], [])
    assert rows(client, f"SELECT s.l IS NULL, s.r.m IS NULL FROM (SELECT {NO_ARRAY} AS s)") == [(True, True)]

    table = f"{dataset}.t"
    client.query(f"CREATE TABLE `{table}` AS SELECT 1 AS k, {NO_ARRAY} AS s, [{NO_ARRAY}] AS a").result()
    client.query(f"INSERT INTO `{table}` (k, s) SELECT 2, {NO_ARRAY}").result()
    client.query(f"INSERT INTO `{table}` (k, s) VALUES (3, NULL); UPDATE `{table}` SET s.r.i = 1 WHERE k = 3").result()
    client.query(f"INSERT INTO `{table}` (k, s) VALUES (4, STRUCT(NULL, STRUCT(1, NULL)))").result()
    given: list[dict[str, Any]] = [{"k": 5, "s": {"r": {"i": 1}}}, {"k": 6, "s": {"l": None, "r": {"i": 1, "m": None}}}]
    assert client.insert_rows_json(table, given) == []
    load = bigquery.LoadJobConfig(schema=client.get_table(table).schema)
    client.load_table_from_json([{**one, "k": one["k"] + 2} for one in given], table, job_config=load).result()

    stored = {row["k"]: (row["s"], row["a"]) for row in client.list_rows(table)}
    assert stored == {1: (shown_as, [shown_as]), **{k: (shown_as, []) for k in range(2, 9)}}
    empty = f"SELECT COUNTIF(s.l IS NULL OR s.r.m IS NULL), SUM(ARRAY_LENGTH(s.r.m)) FROM `{table}`"
    assert rows(client, empty) == [(0, 0)]


def test_the_trap_swaps_values_as_the_service_does(client: bigquery.Client, dataset: str) -> None:
    """Fields of one type in another order: by position, silently, in each way there is (mozilla/bigquery-etl#7461)."""
    client.query(f"CREATE TABLE `{dataset}.a` AS SELECT STRUCT('x' AS one, 'y' AS two) AS s").result()
    client.query(f"CREATE TABLE `{dataset}.b` AS SELECT STRUCT('y' AS two, 'x' AS one) AS s").result()

    union = f"SELECT s.one FROM (SELECT s FROM `{dataset}.a` UNION ALL SELECT s FROM `{dataset}.b`) ORDER BY 1"
    assert rows(client, union) == [("x",), ("y",)]
    pick = f"FROM `{dataset}.a` AS a, `{dataset}.b` AS b"
    for expression in (
        "IF(FALSE, a.s, b.s)", "CASE WHEN FALSE THEN a.s ELSE b.s END", "COALESCE(IF(TRUE, NULL, a.s), b.s)",
        "[a.s, b.s][OFFSET(1)]", "(SELECT s FROM UNNEST(ARRAY_CONCAT([a.s], [b.s])) AS s WITH OFFSET AS o WHERE o = 1)",
    ):  # fmt: skip
        assert rows(client, f"SELECT ({expression}).one {pick}") == [("y",)], expression
    client.query(f"INSERT INTO `{dataset}.a` SELECT * FROM `{dataset}.b`").result()
    client.query(f"MERGE `{dataset}.a` USING `{dataset}.b` ON FALSE WHEN NOT MATCHED THEN INSERT ROW").result()
    assert rows(client, f"SELECT s.one FROM `{dataset}.a` ORDER BY 1") == [("x",), ("y",), ("y",)]
