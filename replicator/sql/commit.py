"""The commit: everything that has landed in one transaction, by a script whose text a query writes.

Only literals prune (using-dml-with-partitioned-tables) and no page allows EXECUTE IMMEDIATE in a transaction
(transactions), so the script is written first, as an answer, and then sent as a job of its own.
"""

from __future__ import annotations

from typing import Final

from replicator.names import DatasetRef, TableRef
from replicator.sql.datasets import STAGING_DAYS
from replicator.sql.ledger import RUNS, UNITS
from replicator.sql.merge import Replacing, Strategy, merge_rows, replace_rows
from replicator.sql.newer import Newer, refuse_other_mark
from replicator.sql.placeholders import BATCH, EPOCH, dataset_view, run_value
from replicator.sql.quoting import quote_string, quote_table, quoted
from replicator.sql.units import overlaps, same_stamp

_SOURCE_BYTES: Final = 800
"""What a source adds to the script beside two lists of columns, at most."""

_UNIT_BYTES: Final = 200
"""What a unit adds to it that replaces something, beside its owner's name and the target's own columns."""


def batch_table(state: DatasetRef, key: str) -> TableRef:
    """The run-named table of the units that one commit takes; ``key`` tells targets of one state dataset apart."""
    return state.table(f"batch_{key}_{EPOCH}_{BATCH}")


def write_commit(*, target: TableRef, state: DatasetRef, fence: TableRef, key: str, partition_column: str,
                 source_column: str, strategy: Strategy, newer: Newer | None = None) -> str:  # fmt: skip
    """Choose the batch's units and write the script that commits them.

    Arguments in ``@run``: ``pipeline``, ``run``, ``epoch``, ``holder``, ``lease`` (seconds), ``room`` (bytes for the
    script) and ``batch``: a list of ``{source, manifest, aligned}`` with full table names. The answer is one JSON text,
    ``units`` and ``rows`` to commit, ``known`` (units that the ledger has with this very stamp: their receipts were
    lost, and nothing is to be done) and ``more`` (units that found no room, and want another commit by this run); its
    second column is ``statement``, the script, or NULL when there is nothing to commit.

    What happens to the target between the fence and the ledger is the strategy's (``sql.merge``). With ``newer`` the
    units have only their rows that are newer by a column.
    """
    batch = quote_table(batch_table(state, key))
    units = quote_table(state.table(UNITS))
    target_name = quote_string(str(target))
    columns = dataset_view(str(target.parent), "COLUMNS")
    manifest = quoted("JSON_VALUE(part, '$.manifest')")
    fence_check = (
        f"BEGIN TRANSACTION;\nUPDATE {quote_table(fence)} "
        f"SET expires = TIMESTAMP_ADD(CURRENT_TIMESTAMP(), INTERVAL %s SECOND) WHERE holder = %T AND epoch = %s;\n"
        f"SELECT IF(@@row_count = 1, 1, ERROR('the fence has moved on: another run holds it'));\n"
    )
    # What is appended is taken once, whatever becomes of it later.
    appended = strategy is Replacing.NOTHING
    same = (lambda _one, _other: "TRUE") if appended and newer is None else same_stamp
    low = "" if newer is None else "low, "
    due_check = (
        f"SELECT IF(COUNT(*) = 0, 1, ERROR('units of this batch are committed already'))\n"
        f"FROM {batch} AS b JOIN {units} AS u ON u.owner = b.owner AND u.unit = b.unit\n"
        f"WHERE u.target = {target_name} AND (u.run = %T OR NOT b.again AND {same('u', 'b')});\n"
    )
    kept = (
        "source, owner, project, dataset, unit, covers, range_start, range_end, modified, source_rows, source_bytes, "
        "high, row_count"
    )
    into_ledger = (
        f"INSERT INTO {units} (target, pipeline, {kept}, run, epoch, committed_at)\n"
        f"SELECT {target_name}, %T, {kept}, %T, %s, CURRENT_TIMESTAMP() FROM {batch};\n"
        f"INSERT INTO {quote_table(state.table(RUNS))} (target, pipeline, run, epoch, state, source, "
        f"recorded_at, units, row_count)\n"
        f"SELECT {target_name}, %T, %T, %s, 'committed', source, CURRENT_TIMESTAMP(), COUNT(*), SUM(row_count) "
        f"FROM {batch} GROUP BY source;\nCOMMIT TRANSACTION;\n"
    )
    if isinstance(strategy, Replacing):
        named = _UNIT_BYTES + 2 * len(partition_column) + len(source_column)
        weight = f"IF(committed_before, {named} + BYTE_LENGTH(owner), 0)"
        variables, body = (
            "",
            replace_rows(
                strategy, target=target, batch=batch, partition_column=partition_column, source_column=source_column
            ),
        )
    else:
        # No unit is named in it, and what mirrors deletions must see all of a source's units at once.
        weight = "0"
        variables = "DECLARE rows_text, wrong, pruning STRING;\nDECLARE key_count INT64 DEFAULT 0;\n"
        body = merge_rows(
            strategy, target=target, batch=batch, partition_column=partition_column, source_column=source_column
        )
    return f"""\
DECLARE statement STRING DEFAULT (
  SELECT STRING_AGG(
    CONCAT(
      FORMAT('SELECT %T AS source, ', JSON_VALUE(part, '$.source')),
      'unit AS number, owner, project, dataset, name AS unit, covers, range_start, range_end, modified, ',
      'source_rows, source_bytes, {low}high, again, row_count FROM ', {manifest}, ' WHERE error IS NULL'),
    '\\nUNION ALL ')
  FROM UNNEST(JSON_QUERY_ARRAY(@run, '$.batch')) AS part);
DECLARE body STRING;
DECLARE known, more INT64;
DECLARE kind, list STRING;
{variables}SET list = (
  SELECT STRING_AGG({quoted("column_name")}, ', ' ORDER BY ordinal_position) FROM {columns}
  WHERE table_name = {quote_string(target.table)});
SET kind = (
  SELECT data_type FROM {columns}
  WHERE table_name = {quote_string(target.table)} AND LOWER(column_name) = {quote_string(partition_column.lower())});
EXECUTE IMMEDIATE CONCAT('CREATE TEMP TABLE landed AS ', statement);
IF EXISTS (SELECT 1 FROM landed GROUP BY owner, unit HAVING COUNT(*) > 1) THEN
  RAISE USING MESSAGE = 'a unit is in the manifests twice; its rows would be inserted twice';
END IF;
CREATE TEMP TABLE committed AS
SELECT owner, unit, covers, range_start, range_end, modified, source_rows, source_bytes, run{
        ", high, row_count, committed_at" if appended and newer is not None else ""
    }
FROM {units}
WHERE target = {target_name};

CREATE TEMP TABLE due AS
SELECT l.*,
  EXISTS (
    SELECT 1 FROM committed AS c WHERE c.owner = l.owner AND {overlaps("c", "l")}) AS committed_before
FROM landed AS l
WHERE NOT EXISTS (
  SELECT 1 FROM committed AS c
  WHERE c.owner = l.owner AND c.unit = l.unit
    AND (c.run = {run_value("run")} OR (NOT l.again AND {same("c", "l")})));

CREATE OR REPLACE TABLE {batch}
OPTIONS (expiration_timestamp = TIMESTAMP_ADD(CURRENT_TIMESTAMP(), INTERVAL {STAGING_DAYS} DAY))
AS
WITH weighed AS (
  SELECT *,
    IF(ROW_NUMBER() OVER (PARTITION BY source ORDER BY owner, range_start, number) = 1,
      {_SOURCE_BYTES} + 2 * BYTE_LENGTH(list), 0) + {weight} AS weight
  FROM due
), placed AS (
  SELECT *,
    SUM(weight) OVER (ORDER BY source, owner, range_start, number ROWS UNBOUNDED PRECEDING) AS filled,
    ROW_NUMBER() OVER (ORDER BY source, owner, range_start, number) AS place
  FROM weighed
)
SELECT * EXCEPT (weight, filled, place) FROM placed
WHERE place = 1 OR filled <= CAST({run_value("room")} AS INT64);
SET more = (SELECT COUNT(*) FROM due) - (SELECT COUNT(*) FROM {batch});
SET known = (SELECT COUNT(*) FROM landed) - (SELECT COUNT(*) FROM due);
{refuse_other_mark(batch) if appended and newer is not None else ""}
{body}SELECT TO_JSON_STRING(STRUCT(
  COUNT(*) AS units, IFNULL(SUM(row_count), 0) AS `rows`, known AS known, more AS more)) AS answer,
  CONCAT(
    FORMAT({quote_string(fence_check)}, {run_value("lease")}, {run_value("holder")}, {run_value("epoch")}),
    FORMAT({quote_string(due_check)}, {run_value("run")}), body,
    FORMAT({quote_string(into_ledger)}, {run_value("pipeline")}, {run_value("run")}, {run_value("epoch")},
      {run_value("pipeline")}, {run_value("run")}, {run_value("epoch")})) AS statement
FROM {batch};
"""
