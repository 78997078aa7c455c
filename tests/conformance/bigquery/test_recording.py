"""What the recorder knows of a statement: enough to analyze it again when its tables are long gone."""

from __future__ import annotations

from contextlib import suppress

import pytest
from google.api_core import exceptions
from google.cloud import bigquery

from replicator.local.recorder import Relation, Statement
from tests.conformance.bigquery.conftest import Running


def noted(running: Running, client: bigquery.Client, sql: str) -> list[Statement]:
    """What is recorded of a script that runs, or fails."""
    running.recorder.clear_statements()
    with suppress(exceptions.BadRequest):
        client.query(sql).result()
    return list(running.recorder.statements())


def test_a_statement_knows_what_it_read_and_wrote_as_it_was(
    running: Running, client: bigquery.Client, dataset: str
) -> None:
    """Tables that are dropped later, temporary ones, wildcards with their suffix, pseudo columns of ingestion time."""
    client.query(
        f"CREATE TABLE `{dataset}.t_1` (a INT64, s STRUCT<b STRING, c ARRAY<DATE>>) PARTITION BY _PARTITIONDATE"
    ).result()
    stored = (("a", "INT64"), ("s", "STRUCT<b STRING, c ARRAY<DATE>>"))
    days = (("_PARTITIONTIME", "TIMESTAMP"), ("_PARTITIONDATE", "DATE"))

    made, changed, filled, dropped = noted(
        running, client,
        f"CREATE TEMP TABLE kept AS SELECT a, _TABLE_SUFFIX AS suffix FROM `{dataset}.t_*`;"
        f"UPDATE `{dataset}.t_1` SET a = (SELECT MAX(k.a) FROM kept AS k) WHERE _PARTITIONDATE = '2026-11-01';"
        f"INSERT INTO kept (a) SELECT 1;"
        f"DROP TABLE `{dataset}.t_1`",
    )  # fmt: skip

    assert made.relations == {f"{dataset}.t_*": Relation(stored, (*days, ("_TABLE_SUFFIX", "STRING")))}
    kept = Relation((("a", "INT64"), ("suffix", "STRING")))
    assert changed.relations == {f"{dataset}.t_1": Relation(stored, days), "kept": kept}
    assert filled.relations == {"kept": kept}
    assert (dropped.kind, dropped.error) == ("DROP_TABLE", "")


def test_a_metadata_view_is_known_by_its_own_columns(running: Running, client: bigquery.Client, dataset: str) -> None:
    """Under the name that qualifies it."""
    (statement,) = noted(
        running,
        client,
        f"SELECT schema_name FROM `{dataset.partition('.')[0]}`.`region-eu`.INFORMATION_SCHEMA.SCHEMATA",
    )

    ((name, relation),) = statement.relations.items()
    assert name.endswith("region-eu.INFORMATION_SCHEMA.SCHEMATA")
    assert ("schema_name", "STRING") in relation.columns


def test_a_view_is_what_it_shows_and_not_what_it_reads(running: Running, client: bigquery.Client, dataset: str) -> None:
    """The statement names the view alone."""
    client.query(
        f"CREATE TABLE `{dataset}.t` (a INT64); CREATE VIEW `{dataset}.v` AS SELECT a + 1 AS b FROM `{dataset}.t`"
    ).result()

    (statement,) = noted(running, client, f"SELECT b FROM `{dataset}.v`")

    assert statement.relations == {f"{dataset}.v": Relation((("b", "INT64"),))}


def test_an_expression_of_a_script_is_noted_with_the_type_it_is_assigned_to(
    running: Running, client: bigquery.Client, dataset: str
) -> None:
    """SET, DECLARE and IF read tables too; an expression within a statement is part of that statement."""
    client.query(f"CREATE TABLE `{dataset}.t` (a INT64)").result()

    found = noted(
        running, client,
        f"DECLARE n FLOAT64 DEFAULT (SELECT COUNT(*) FROM `{dataset}.t`); IF n > 0 THEN SELECT 1; END IF;"
        f"ASSERT n = @@row_count + 1 OR TRUE; CREATE TABLE `{dataset}.u` (a INT64) OPTIONS (description = 'x')",
    )  # fmt: skip

    assert [(each.kind, each.wanted) for each in found] == [
        ("EXPRESSION", "FLOAT64"), ("EXPRESSION", "BOOL"), ("ASSERT", ""), ("CREATE_TABLE", ""),
    ]  # fmt: skip
    assert list(found[0].relations) == [f"{dataset}.t"]
    assert found[2].variables == {"n": "FLOAT64"}
    assert found[2].system["row_count"] == "INT64"


@pytest.mark.parametrize(
    ("statement", "kind"),
    [("SELECT ERROR(CONCAT('no: ', '{}'))", "FAILED"), ("SET x = ERROR('no: {}')", "EXPRESSION")],
)
def test_what_failed_is_noted_with_its_error(
    running: Running, client: bigquery.Client, dataset: str, statement: str, kind: str
) -> None:
    """A statement that was in order and failed when it ran can be told from one that was not."""
    *_, last = noted(running, client, "DECLARE x INT64; " + statement.format(dataset))

    assert (last.kind, last.error) == (kind, f"no: {dataset}")


def test_a_statement_of_a_script_is_noted_when_it_ends_and_not_when_the_script_does(
    running: Running, client: bigquery.Client
) -> None:
    """Whoever looks at a long script sees how far it is."""
    running.recorder.clear_statements()
    job = client.query("SELECT 1 AS seen; WHILE TRUE DO SELECT 2 AS seen; END WHILE;")
    try:
        while not running.recorder.statements():
            assert job.state != "DONE"
            job.reload()
        assert running.recorder.statements()[0].text == "SELECT 1 AS seen"
        assert not client.get_job(job.job_id, location=job.location).done()
    finally:
        job.cancel()


def test_a_query_is_analyzed_although_its_table_is_there_already(
    running: Running, client: bigquery.Client, dataset: str
) -> None:
    """IF NOT EXISTS spares the rows and not the analysis: a mistake is refused in the second run as in the first."""
    client.query(f"CREATE TABLE `{dataset}.t` (a INT64); CREATE TABLE `{dataset}.u` (a INT64)").result()

    skipped, wrong = noted(
        running, client,
        f"CREATE TABLE IF NOT EXISTS `{dataset}.u` AS SELECT a FROM `{dataset}.t`;"
        f"CREATE TABLE IF NOT EXISTS `{dataset}.u` AS SELECT b FROM `{dataset}.t`",
    )  # fmt: skip

    assert (skipped.error, list(skipped.relations)) == ("", [f"{dataset}.t"])
    assert wrong.kind == "FAILED"
    assert wrong.error.startswith("Unrecognized name: b at ")


def test_a_table_that_is_only_altered_or_imitated_is_known_too(
    running: Running, client: bigquery.Client, dataset: str
) -> None:
    """As it was before."""
    client.query(f"CREATE TABLE `{dataset}.t` (a INT64)").result()

    found = noted(
        running, client,
        f"CREATE TABLE `{dataset}.u` LIKE `{dataset}.t`; ALTER TABLE `{dataset}.u` ADD COLUMN b STRING;"
        f"TRUNCATE TABLE `{dataset}.u`",
    )  # fmt: skip

    assert [{name: relation.columns for name, relation in one.relations.items()} for one in found] == [
        {f"{dataset}.t": (("a", "INT64"),)},
        {f"{dataset}.u": (("a", "INT64"),)},
        {f"{dataset}.u": (("a", "INT64"), ("b", "STRING"))},
    ]
