"""The commit: everything that has landed in one transaction, by a script whose text a query writes.

Only literals prune (using-dml-with-partitioned-tables) and no page allows EXECUTE IMMEDIATE in a transaction
(transactions), so the script is written first, as an answer, and then sent as a job of its own.
"""

from __future__ import annotations

from replicator.names import DatasetRef, TableRef
from replicator.sql.inventory import STAGING_DAYS, same_stamp
from replicator.sql.ledger import RUNS, UNITS
from replicator.sql.placeholders import BATCH, EPOCH, dataset_view, run_value
from replicator.sql.projection import UNIT
from replicator.sql.quoting import quote_name, quote_string, quote_table, quoted


def batch_table(state: DatasetRef, key: str) -> TableRef:
    """The run-named table of the units that one commit takes; ``key`` tells targets of one state dataset apart."""
    return state.table(f"batch_{key}_{EPOCH}_{BATCH}")


def write_commit(*, target: TableRef, state: DatasetRef, fence: TableRef, key: str, partition_column: str,
                 source_column: str) -> str:  # fmt: skip
    """Choose the batch's units and write the script that commits them.

    Arguments in ``@run``: ``pipeline``, ``run``, ``epoch``, ``holder``, ``lease`` (seconds) and ``batch``: a list of
    ``{source, manifest, aligned}`` with full table names. The answer is one JSON text: ``units`` and ``rows`` to
    commit, ``known`` (units that the ledger has with this very stamp: their receipts were lost, and nothing is to be
    done) and ``statement``, or null when there is nothing to commit.

    The DELETE names exactly the ranges of units that were ever committed before: adjacent days of a source value are
    one range, and source values with the very same range share its condition, never a cross product. ``%T`` prints
    literals that prune and that no value can break out of.
    """
    batch = quote_table(batch_table(state, key))
    units = quote_table(state.table(UNITS))
    owner, day = quote_name(source_column), quote_name(partition_column)
    target_name = quote_string(str(target))
    columns = dataset_view(str(target.parent), "COLUMNS")
    manifest = quoted("JSON_VALUE(part, '$.manifest')")
    fence_check = (
        f"BEGIN TRANSACTION;\nUPDATE {quote_table(fence)} "
        f"SET expires = TIMESTAMP_ADD(CURRENT_TIMESTAMP(), INTERVAL %s SECOND) WHERE holder = %T AND epoch = %s;\n"
        f"SELECT IF(@@row_count = 1, 1, ERROR('the fence has moved on: another run holds it'));\n"
    )
    due_check = (
        f"SELECT IF(COUNT(*) = 0, 1, ERROR('units of this batch were committed by another run'))\n"
        f"FROM {batch} AS b JOIN {units} AS u ON u.owner = b.owner AND u.unit = b.unit\n"
        f"WHERE u.target = {target_name} AND NOT b.again AND {same_stamp('u', 'b')};\n"
    )
    into_ledger = (
        f"INSERT INTO {units} (target, pipeline, source, owner, unit, range_start, range_end, modified, source_rows, "
        f"source_bytes, run, epoch, row_count, committed_at)\n"
        f"SELECT {target_name}, %T, source, owner, unit, range_start, range_end, modified, source_rows, source_bytes, "
        f"%T, %s, row_count, CURRENT_TIMESTAMP() FROM {batch};\n"
        f"INSERT INTO {quote_table(state.table(RUNS))} (target, pipeline, run, epoch, state, source, "
        f"recorded_at, units, row_count)\n"
        f"SELECT {target_name}, %T, %T, %s, 'committed', source, CURRENT_TIMESTAMP(), COUNT(*), SUM(row_count) "
        f"FROM {batch} GROUP BY source;\nCOMMIT TRANSACTION;\n"
    )
    insert = (
        f"INSERT INTO {quote_table(target)} (%s)\nSELECT %s FROM %s AS a\n"
        f"WHERE EXISTS (SELECT 1 FROM {batch} AS b WHERE b.source = %T AND b.number = a.{UNIT});\n"
        f"SELECT IF(@@row_count = %d, 1, ERROR(%T));\n"
    )
    return f"""\
DECLARE statement STRING DEFAULT (
  SELECT STRING_AGG(
    CONCAT(
      FORMAT('SELECT %T AS source, unit AS number, owner, name AS unit, range_start, range_end, modified, ',
        JSON_VALUE(part, '$.source')),
      'source_rows, source_bytes, again, row_count FROM ', {manifest}, ' WHERE error IS NULL'), '\\nUNION ALL ')
  FROM UNNEST(JSON_QUERY_ARRAY(@run, '$.batch')) AS part);
DECLARE deletes, inserts STRING;
DECLARE known INT64;
EXECUTE IMMEDIATE CONCAT('CREATE TEMP TABLE landed AS ', statement);
IF EXISTS (SELECT 1 FROM landed GROUP BY owner, unit HAVING COUNT(*) > 1) THEN
  RAISE USING MESSAGE = 'a unit is in the manifests twice; its rows would be inserted twice';
END IF;
CREATE TEMP TABLE committed AS
SELECT owner, unit, range_start, range_end, modified, source_rows, source_bytes
FROM {units}
WHERE target = {target_name};

CREATE OR REPLACE TABLE {batch}
OPTIONS (expiration_timestamp = TIMESTAMP_ADD(CURRENT_TIMESTAMP(), INTERVAL {STAGING_DAYS} DAY))
AS
SELECT l.*,
  EXISTS (
    SELECT 1 FROM committed AS c WHERE c.owner = l.owner AND c.range_start = l.range_start) AS committed_before
FROM landed AS l
WHERE l.again OR NOT EXISTS (
  SELECT 1 FROM committed AS c WHERE c.owner = l.owner AND c.unit = l.unit AND {same_stamp("c", "l")});
SET known = (SELECT COUNT(*) FROM landed) - (SELECT COUNT(*) FROM {batch});

SET deletes = (
  WITH days AS (
    SELECT DISTINCT owner, range_start, range_end FROM {batch} WHERE committed_before
  ), islands AS (
    SELECT *, DATE_SUB(range_start, INTERVAL ROW_NUMBER() OVER (PARTITION BY owner ORDER BY range_start) DAY) AS island
    FROM days
  ), ranges AS (
    SELECT owner, MIN(range_start) AS first_day, MAX(range_end) AS end_day FROM islands GROUP BY owner, island
  ), pairs AS (
    SELECT first_day, end_day, STRING_AGG(FORMAT('%T', owner), ', ' ORDER BY owner) AS owners
    FROM ranges GROUP BY first_day, end_day
  )
  SELECT CONCAT({quote_string(f"DELETE FROM {quote_table(target)} WHERE ")},
    STRING_AGG(
      FORMAT({quote_string(f"({day} >= %T AND {day} < %T AND {owner} IN (%s))")}, first_day, end_day, owners),
      '\\n  OR ' ORDER BY first_day, end_day), ';\\n')
  FROM pairs
);
SET inserts = (
  WITH names AS (
    SELECT STRING_AGG({quoted("column_name")}, ', ' ORDER BY ordinal_position) AS list FROM {columns}
    WHERE table_name = {quote_string(target.table)}
  ), totals AS (
    SELECT source, SUM(row_count) AS row_count FROM {batch} GROUP BY source
  )
  SELECT STRING_AGG(
    FORMAT({quote_string(insert)}, list, list, {quoted("JSON_VALUE(part, '$.aligned')")}, source, row_count,
      FORMAT('not every row of %s was inserted', source)), '' ORDER BY source)
  FROM UNNEST(JSON_QUERY_ARRAY(@run, '$.batch')) AS part
  JOIN totals ON totals.source = JSON_VALUE(part, '$.source')
  CROSS JOIN names
);
SELECT TO_JSON_STRING(STRUCT(
  COUNT(*) AS units, IFNULL(SUM(row_count), 0) AS `rows`, known AS known,
  CONCAT(
    FORMAT({quote_string(fence_check)}, {run_value("lease")}, {run_value("holder")}, {run_value("epoch")}),
    {quote_string(due_check)}, IFNULL(deletes, ''), inserts,
    FORMAT({quote_string(into_ledger)}, {run_value("pipeline")}, {run_value("run")}, {run_value("epoch")},
      {run_value("pipeline")}, {run_value("run")}, {run_value("epoch")})) AS statement)) AS answer
FROM {batch};
"""
