"""The fence, and the ledger's tables: one row per target says who may commit; the rest is only inserted into."""

from __future__ import annotations

from replicator.names import DatasetRef, TableRef
from replicator.sql.datasets import OWN_LABEL, label_array
from replicator.sql.ledger import DRIFT, RUNS, UNITS, create_ledger, never_expire, refuse_other_ledger
from replicator.sql.placeholders import dataset_view, run_value
from replicator.sql.quoting import quote_name, quote_string, quote_table
from replicator.sql.receipts import count_committed


def take_fence(*, target: TableRef, state: DatasetRef, fence: TableRef, location: str, source_column: str,
               partition_column: str) -> str:  # fmt: skip
    """Make what the target's side needs, look at the target, and take the fence if it is free.

    Arguments in ``@run``: ``pipeline``, ``holder``, ``lease`` (seconds), ``adopt`` (true or absent), ``turn``:
    ``now`` (leaves when the fence is held), ``next`` (waits, and says so in the ledger) or ``after`` (waits for
    those who wait as well; a run with a window does, so that a backfill lets the schedule through).
    The answer is one JSON text: ``taken``, ``epoch``, ``number`` (the epoch in six digits), ``run`` (the
    run's id), ``holder``, ``expires``, ``held_by`` and ``since`` (the run that has the fence, and when it took it),
    ``target_exists``, ``keeps`` (days until the target's partitions expire), ``committed`` (what the ledger has of
    each source).

    A holder that asks again gets the next epoch, so a lost answer costs a number and no wait.
    """
    columns = dataset_view(str(target.parent), "COLUMNS")
    runs, own = quote_table(state.table(RUNS)), quote_string(str(target))
    partitions = dataset_view(str(target.parent), "PARTITIONS")
    name = quote_string(target.table)
    lease = f"CAST({run_value('lease')} AS INT64)"
    return f"""\
DECLARE taken INT64;
DECLARE target_exists BOOL;
DECLARE ahead, held_by, since STRING;
{make_memory(target=target, state=state, fence=fence, location=location)}
SET target_exists = EXISTS (SELECT 1 FROM {columns} WHERE table_name = {name});
IF target_exists THEN
  IF NOT EXISTS (
    SELECT 1 FROM {columns}
    WHERE table_name = {name} AND LOWER(column_name) = LOWER({quote_string(source_column)}) AND data_type = 'STRING'
  ) THEN
    RAISE USING MESSAGE = {
        quote_string(
            f"the target {target} has no STRING column {source_column}, which target.source_column names; "
            f"add it, or name the column that says which source a row came from"
        )
    };
  END IF;
  IF NOT EXISTS (
    SELECT 1 FROM {columns}
    WHERE table_name = {name} AND LOWER(column_name) = LOWER({quote_string(partition_column)})
      AND data_type IN ('DATE', 'DATETIME', 'TIMESTAMP', 'INT64') AND is_partitioning_column = 'YES'
  ) THEN
    RAISE USING MESSAGE = {
        quote_string(
            f"the target {target} is not partitioned by a column {partition_column}, which "
            f"target.partition.column names; partition it by that column, or name the column that it is partitioned by"
        )
    };
  END IF;
  IF IFNULL({run_value("adopt")}, 'false') != 'true'
    AND NOT EXISTS (SELECT 1 FROM {quote_table(state.table(UNITS))} WHERE target = {own})
    AND (SELECT IFNULL(SUM(total_rows), 0) FROM {partitions} WHERE table_name = {name}) > 0
  THEN
    RAISE USING MESSAGE = {
        quote_string(
            f"the target {target} holds rows and the ledger knows nothing of them, so rows could arrive twice; "
            f"pass adopt to keep them as they are, or start with an empty table"
        )
    };
  END IF;
END IF;

IF {run_value("turn")} = 'after' THEN
  -- Who waits asks six times in a lease; who has not asked for half of one has gone.
  SET ahead = (
    SELECT MIN(w.run) FROM {runs} AS w
    WHERE w.target = {own} AND w.state = 'waiting'
      AND w.recorded_at > TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL DIV({lease}, 2) SECOND)
      AND w.run NOT IN (
        SELECT detail FROM {runs} WHERE target = {own} AND state = 'started' AND detail IS NOT NULL));
END IF;
UPDATE {quote_table(fence)}
SET holder = {run_value("holder")}, epoch = epoch + 1,
  expires = TIMESTAMP_ADD(CURRENT_TIMESTAMP(), INTERVAL {lease} SECOND)
WHERE ahead IS NULL AND (holder IS NULL OR expires < CURRENT_TIMESTAMP() OR holder = {run_value("holder")});
SET taken = @@row_count;
IF taken = 1 OR {run_value("turn")} = 'next' THEN
  INSERT INTO {runs} (target, pipeline, run, epoch, state, recorded_at, detail)
  SELECT target, {run_value("pipeline")},
    IF(taken = 1, CONCAT({run_value("pipeline")}, '-', FORMAT('%06d', epoch)), {run_value("holder")}), epoch,
    IF(taken = 1, 'started', 'waiting'), CURRENT_TIMESTAMP(), {run_value("holder")}
  FROM {quote_table(fence)};
END IF;
SET held_by = (
  SELECT MIN(run) FROM {runs}
  WHERE target = {own} AND state = 'started' AND epoch = (SELECT MAX(epoch) FROM {quote_table(fence)}));
SET since = (
  SELECT FORMAT_TIMESTAMP('%F %T UTC', MIN(recorded_at)) FROM {runs}
  WHERE target = {own} AND state = 'started' AND run = held_by);
SELECT TO_JSON_STRING(STRUCT(
  taken = 1 AS taken, epoch AS epoch, FORMAT('%06d', epoch) AS number, held_by AS held_by, since AS since,
  CONCAT({run_value("pipeline")}, '-', FORMAT('%06d', epoch)) AS run,
  IFNULL(ahead, holder) AS holder, CAST(expires AS STRING) AS expires, target_exists AS target_exists,
  (
    SELECT MIN(CAST(option_value AS FLOAT64)) FROM {dataset_view(str(target.parent), "TABLE_OPTIONS")}
    WHERE table_name = {name} AND option_name = 'partition_expiration_days') AS keeps,
  {count_committed(target, state)} AS committed)) AS answer
FROM {quote_table(fence)};
"""


def make_memory(*, target: TableRef, state: DatasetRef, fence: TableRef, location: str) -> str:
    """Make the state dataset, the ledger and the target's fence where they are missing; refuse another's ledger.

    The fence's row is made by the statement that makes the table: of two INSERTs that look first, both would succeed
    (transactions). A fence that was lost and is made again goes on from the ledger's last epoch: epochs only grow.
    """
    return f"""\
{create_ledger(state, location=location)}{refuse_other_ledger(state)}
CREATE TABLE IF NOT EXISTS {quote_table(fence)}
OPTIONS (labels = {label_array(OWN_LABEL)},
  description = "One row: who may commit to the target, until when. Epochs only grow.")
AS SELECT {quote_string(str(target))} AS target, CAST(NULL AS STRING) AS holder,
  (
    SELECT IFNULL(MAX(epoch), 0) FROM {quote_table(state.table(RUNS))}
    WHERE target = {quote_string(str(target))}) AS epoch,
  TIMESTAMP '1970-01-01 00:00:00+00' AS expires;
{never_expire(str(state), RUNS, UNITS, DRIFT, fence.table)}"""


def renew_fence(fence: TableRef) -> str:
    """Move the lease on, for the holder only. Arguments in ``@run``: ``holder``, ``epoch``, ``lease`` (seconds)."""
    return f"""\
UPDATE {quote_table(fence)}
SET expires = TIMESTAMP_ADD(CURRENT_TIMESTAMP(), INTERVAL CAST({run_value("lease")} AS INT64) SECOND)
WHERE holder = {run_value("holder")} AND epoch = CAST({run_value("epoch")} AS INT64);
SELECT TO_JSON_STRING(STRUCT(@@row_count = 1 AS held)) AS answer;
"""


def finish_run(*, target: TableRef, state: DatasetRef, fence: TableRef) -> str:
    """Write how the run ended and give the fence back, if this run still holds it.

    Arguments in ``@run``: ``pipeline``, ``run``, ``epoch``, ``holder``, ``state`` and ``sources``: a list of
    ``{source, stage, units, rows, bytes, copies, error, milliseconds}``.
    """
    source = "JSON_VALUE(source, '$.{}')"
    number = "CAST(JSON_VALUE(source, '$.{}') AS INT64)"
    return f"""\
INSERT INTO {quote_table(state.table(RUNS))}
  (target, pipeline, run, epoch, state, source, recorded_at, units, row_count, byte_count, copies, detail)
SELECT {quote_string(str(target))}, {run_value("pipeline")}, {run_value("run")}, CAST({run_value("epoch")} AS INT64),
  {source.format("stage")}, {source.format("source")}, CURRENT_TIMESTAMP(),
  {number.format("units")}, {number.format("rows")}, {number.format("bytes")}, {number.format("copies")}, source
FROM UNNEST(JSON_QUERY_ARRAY(@run, '$.sources')) AS source
UNION ALL
SELECT {quote_string(str(target))}, {run_value("pipeline")}, {run_value("run")}, CAST({run_value("epoch")} AS INT64),
  {run_value("state")}, CAST(NULL AS STRING), CURRENT_TIMESTAMP(),
  CAST(NULL AS INT64), CAST(NULL AS INT64), CAST(NULL AS INT64), CAST(NULL AS INT64), {run_value("error")};
UPDATE {quote_table(fence)}
SET holder = NULL, expires = CURRENT_TIMESTAMP()
WHERE holder = {run_value("holder")} AND epoch = CAST({run_value("epoch")} AS INT64);
SELECT TO_JSON_STRING(STRUCT(@@row_count = 1 AS released)) AS answer;
"""


def fence_name(target: TableRef, key: str) -> str:
    """The fence's table: one per target, since two commits that update one table cancel each other (transactions)."""
    return f"fence_{target.dataset}_{target.table}_{key}".replace(" ", "_")


def read_fence(fence: TableRef) -> str:
    """Who holds the fence; a question that people ask."""
    return f"SELECT target, holder, epoch, expires FROM {quote_name(str(fence))}"
