"""Materialized views, answered as the views that they equal."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from google.api_core import exceptions
from google.cloud import bigquery

QUERY = "SELECT k, SUM(x) AS total, COUNT(*) AS n FROM `{}` WHERE x > 0 GROUP BY k"


def ask(client: bigquery.Client, sql: str) -> list[tuple[Any, ...]]:
    """The rows of a query, or of what a statement leaves."""
    return [tuple(row.values()) for row in client.query(sql).result(timeout=20)]


@pytest.fixture
def table(client: bigquery.Client, dataset: str) -> str:
    """A table of three rows."""
    ask(client, f"CREATE TABLE `{dataset}.t` AS SELECT * FROM UNNEST([STRUCT('a' AS k, 1 AS x), ('a', 2), ('b', 3)])")
    return f"{dataset}.t"


def test_a_materialized_view_answers_what_its_query_does(client: bigquery.Client, dataset: str, table: str) -> None:
    """Fresh at any time; the resource tells kind, query and refresh; it is dropped by its own statement."""
    name = f"{dataset}.m"
    options = "OPTIONS (enable_refresh = false, refresh_interval_minutes = 60, description = 'sums')"
    job = client.query(f"CREATE MATERIALIZED VIEW `{name}` {options} AS {QUERY.format(table)}")
    job.result()
    ask(client, f"INSERT INTO `{table}` VALUES ('b', 4)")

    made = client.get_table(name)
    assert job.statement_type == "CREATE_MATERIALIZED_VIEW"
    assert ask(client, f"SELECT * FROM `{name}` ORDER BY k") == [("a", 3, 2), ("b", 7, 2)]
    assert (made.table_type, made.description) == ("MATERIALIZED_VIEW", "sums")
    assert made.mview_query == QUERY.format(table)
    assert (made.mview_enable_refresh, made.mview_refresh_interval) == (False, timedelta(hours=1))
    ask(client, f"ALTER MATERIALIZED VIEW `{name}` SET OPTIONS (enable_refresh = true)")
    assert client.get_table(name).mview_enable_refresh is True
    for wrong in (f"DROP VIEW `{name}`", f"DROP TABLE `{name}`", f"DELETE FROM `{name}` WHERE true"):
        with pytest.raises(exceptions.BadRequest):
            ask(client, wrong)
    ask(client, f"DROP MATERIALIZED VIEW `{name}`")
    with pytest.raises(exceptions.NotFound):
        client.get_table(name)


def test_one_is_made_through_the_api_and_listed(client: bigquery.Client, dataset: str, table: str) -> None:
    """tables.insert with materializedView; TABLES and MATERIALIZED_VIEWS show it, which nothing has refreshed."""
    made = bigquery.Table(f"{dataset}.m")
    made.mview_query = QUERY.format(table)
    client.create_table(made)

    assert [field.name for field in client.get_table(made).schema] == ["k", "total", "n"]
    views = f"SELECT table_name, last_refresh_time FROM `{dataset}`.INFORMATION_SCHEMA.MATERIALIZED_VIEWS"
    assert ask(client, views) == [("m", None)]
    types = f"SELECT table_type FROM `{dataset}`.INFORMATION_SCHEMA.TABLES WHERE table_name = 'm'"
    assert ask(client, types) == [("MATERIALIZED VIEW",)]
    assert ask(client, f"SELECT total FROM `{dataset}.m` WHERE k = 'b'") == [(3,)]


@pytest.mark.parametrize(
    ("query", "error"),
    [
        ("SELECT k, CURRENT_DATE() AS d FROM `{}`", exceptions.BadRequest),
        ("SELECT 1 AS x", exceptions.BadRequest),
        ("SELECT k FROM `{}` ORDER BY k", exceptions.ServerError),
        ("SELECT DISTINCT k FROM `{}`", exceptions.ServerError),
        ("SELECT k, SUM(x) + 1 AS s FROM `{}` GROUP BY k", exceptions.ServerError),
        ("SELECT k, COUNT(DISTINCT x) AS s FROM `{}` GROUP BY k", exceptions.ServerError),
        ("SELECT k, ROW_NUMBER() OVER (ORDER BY k) AS n FROM `{}`", exceptions.ServerError),
        ("SELECT a.k FROM `{0}` AS a LEFT JOIN `{0}` AS b ON a.k = b.k", exceptions.ServerError),
        ("SELECT k FROM (SELECT k FROM `{}`)", exceptions.ServerError),
        ("SELECT k FROM `{0}` UNION ALL SELECT k FROM `{0}`", exceptions.ServerError),
    ],
)
def test_a_query_that_the_service_may_not_keep_up_to_date_is_refused(
    client: bigquery.Client, dataset: str, table: str, query: str, error: type[Exception]
) -> None:
    """What changes by itself is wrong; what might be taken is refused by name, not answered."""
    with pytest.raises(error):
        ask(client, f"CREATE MATERIALIZED VIEW `{dataset}.m` AS {query.format(table)}")
