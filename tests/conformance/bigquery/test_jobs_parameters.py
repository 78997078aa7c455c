"""Query parameters through Google's client, named and positional, of every type."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from google.api_core import exceptions
from google.cloud import bigquery

from tests.conformance import raw
from tests.conformance.bigquery.conftest import PROJECT

Scalar = bigquery.ScalarQueryParameter
Array = bigquery.ArrayQueryParameter
Struct = bigquery.StructQueryParameter
NAIVE = dt.datetime.fromisoformat("2026-01-02T03:04:05.000006")

VALUES: list[tuple[str, Any]] = [
    ("INT64", 2**63 - 1), ("INT64", -(2**63)), ("FLOAT64", 1e-300), ("FLOAT64", float("inf")), ("BOOL", True),
    ("STRING", ""), ("STRING", "a'\"\\\n`é\U0001f600"), ("BYTES", b""), ("BYTES", bytes(range(256))),
    ("NUMERIC", Decimal("99999999999999999999999999999.999999999")), ("NUMERIC", Decimal("-0.000000001")),
    ("DATE", dt.date(1, 1, 1)), ("DATE", dt.date(9999, 12, 31)), ("TIME", dt.time(23, 59, 59, 999_999)),
    ("DATETIME", NAIVE), ("TIMESTAMP", NAIVE.replace(tzinfo=dt.UTC)), ("JSON", {"a": [1, None, {"b": "x"}]}),
]  # fmt: skip


def ask(client: bigquery.Client, sql: str, *parameters: Any) -> list[Any]:
    """The one row that a query answers with."""
    config = bigquery.QueryJobConfig(query_parameters=list(parameters))
    (row,) = client.query(sql, job_config=config).result()
    return list(row.values())


@pytest.mark.parametrize(("kind", "value"), VALUES)
def test_a_value_comes_back_as_it_went(client: bigquery.Client, kind: str, value: Any) -> None:
    """Named, positional, NULL, in an array and in a struct."""
    assert ask(client, "SELECT @p", Scalar("p", kind, value)) == [value]
    assert ask(client, "SELECT ?, ?", Scalar(None, kind, value), Scalar(None, kind, None)) == [value, None]
    assert ask(client, "SELECT (SELECT AS STRUCT @s.v).v", Struct("s", Scalar("v", kind, value))) == [value]
    if kind != "JSON":
        assert ask(client, "SELECT @a", Array("a", kind, [value, value])) == [[value, value]]
        assert ask(client, "SELECT ARRAY_LENGTH(@a)", Array("a", kind, [])) == [0]


def test_nested_parameters_keep_names_and_order(client: bigquery.Client) -> None:
    """Structs in arrays in structs; fields are reached by their names."""
    inner = [Struct(None, Scalar("k", "STRING", key), Array("n", "INT64", [1, 2])) for key in ("a", "b")]
    outer = Struct("o", Struct("deep", Scalar("d", "DATE", dt.date(2026, 1, 2))), Array("l", "STRUCT", inner))
    sql = "SELECT @o.l[OFFSET(1)].k, @o.deep.d, (SELECT SUM(n) FROM UNNEST(@o.l) AS e, e.n AS n)"
    assert ask(client, sql, outer) == ["b", dt.date(2026, 1, 2), 6]
    assert ask(client, "SELECT @o", outer)[0]["l"] == [{"k": "a", "n": [1, 2]}, {"k": "b", "n": [1, 2]}]


def test_parameters_stand_wherever_values_may(client: bigquery.Client, dataset: str) -> None:
    """In WHERE, IN UNNEST, LIMIT, DML, scripts; they prune like constants, and names have no case."""
    client.query(
        f"CREATE TABLE `{dataset}.t` PARTITION BY day AS SELECT x, DATE_ADD(DATE '2026-01-01', INTERVAL x DAY) AS day"
        " FROM UNNEST([0, 1, 2]) AS x"
    ).result()
    day = Scalar("Day", "DATE", dt.date(2026, 1, 2))
    config = bigquery.QueryJobConfig(query_parameters=[day])
    job = client.query(f"SELECT x FROM `{dataset}.t` WHERE day = @day", job_config=config)
    assert [row["x"] for row in job.result()] == [1]
    assert job.total_bytes_processed == 16
    listed = Array("l", "INT64", [0, 2])
    assert ask(client, f"SELECT COUNT(*) FROM `{dataset}.t` WHERE x IN UNNEST(@l)", listed) == [2]
    config = bigquery.QueryJobConfig(query_parameters=[Scalar("x", "INT64", 7)])
    client.query(f"BEGIN INSERT INTO `{dataset}.t` (x) VALUES (@x); END", job_config=config).result()
    client.query(f"UPDATE `{dataset}.t` SET x = @x + 1 WHERE x = @x", job_config=config).result()
    assert ask(client, f"SELECT MAX(x) FROM `{dataset}.t`") == [8]


@pytest.mark.parametrize(
    ("parameter", "fact"),
    [
        (Scalar("p", "GEOGRAPHY", "POINT(1 1)"), "GEOGRAPHY"),
        (Scalar("p", "INTERVAL", "1-0 0 0:0:0"), "INTERVAL"),
        (bigquery.RangeQueryParameter("DATE", dt.date(2026, 1, 1), None, name="p"), "RANGE"),
    ],
)
def test_types_that_are_not_modelled_are_refused(client: bigquery.Client, parameter: Any, fact: str) -> None:
    """Loudly, by their name."""
    with pytest.raises(exceptions.MethodNotImplemented, match=f"query parameter of type {fact}"):
        ask(client, "SELECT @p", parameter)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("INT64", "1.5"), ("INT64", str(2**63)), ("FLOAT64", "x"), ("BOOL", "1"), ("DATE", "2026-02-30"),
        ("TIMESTAMP", "yesterday"), ("BYTES", "*"), ("NUMERIC", "1e40"), ("NUMERIC", "0.1234567891"),
        ("BIGNUMERIC", "1e39"), ("BIGNUMERIC", "1e-39"), ("JSON", "{"),
    ],
)  # fmt: skip
def test_a_value_that_is_none_of_its_type_is_refused(client: bigquery.Client, kind: str, value: str) -> None:
    """400, with the parameter's name and type, before anything runs."""
    resource = {"name": "odd", "parameterType": {"type": kind}, "parameterValue": {"value": value}}
    body = {"query": "SELECT @odd", "useLegacySql": False, "parameterMode": "NAMED", "queryParameters": [resource]}
    with pytest.raises(exceptions.BadRequest, match=f"query parameter odd of type {kind}"):
        raw.request(client, "POST", f"/projects/{PROJECT}/queries", data=body)


def test_parameters_that_are_missing_or_mixed_are_refused(client: bigquery.Client) -> None:
    """A name without a value, too few positions, names beside positions, a name twice."""
    one = Scalar("a", "INT64", 1)
    with pytest.raises(exceptions.BadRequest, match="Query parameter 'b' not found"):
        ask(client, "SELECT @b", one)
    with pytest.raises(exceptions.BadRequest, match=r"Query parameter number 2 is not defined \(1 provided\)"):
        ask(client, "SELECT ?, ?", Scalar(None, "INT64", 1))
    with pytest.raises(exceptions.BadRequest, match="Duplicate query parameter name"):
        ask(client, "SELECT @a", one, one)
