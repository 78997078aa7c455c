"""The ledger: tables in the state dataset that are the truth about what was committed, and never expire."""

from __future__ import annotations

from typing import Final

from replicator.names import DatasetRef
from replicator.sql.datasets import OWN_LABEL, create_state, label_array
from replicator.sql.placeholders import dataset_view
from replicator.sql.quoting import quote_string, quote_table, quoted

RUNS: Final = "runs"
UNITS: Final = "units"
DRIFT: Final = "drift"

VERSION: Final = "3"
"""Of the tables below, which carry it as a label; a ledger of another version is refused."""

_OPTIONS: Final = f"labels = {label_array({**OWN_LABEL, 'version': VERSION})}"


def create_ledger(state: DatasetRef, *, location: str) -> str:
    """Make the state dataset and the ledger's tables where they are missing."""
    return f"""\
{create_state(state, location=location)}CREATE TABLE IF NOT EXISTS {quote_table(state.table(RUNS))} (
  target STRING NOT NULL, pipeline STRING NOT NULL, run STRING NOT NULL, epoch INT64 NOT NULL,
  state STRING NOT NULL, source STRING, recorded_at TIMESTAMP NOT NULL,
  units INT64, row_count INT64, byte_count INT64, copies INT64, detail STRING
) CLUSTER BY target, pipeline
OPTIONS ({_OPTIONS},
  description = "What became of each run, and of each source in it. Only ever inserted into.");
CREATE TABLE IF NOT EXISTS {quote_table(state.table(UNITS))} (
  target STRING NOT NULL, pipeline STRING NOT NULL, source STRING NOT NULL, owner STRING NOT NULL,
  project STRING NOT NULL, dataset STRING NOT NULL, unit STRING NOT NULL,
  covers STRING NOT NULL, range_start STRING, range_end STRING,
  modified TIMESTAMP, source_rows INT64, source_bytes INT64, high STRING,
  run STRING NOT NULL, epoch INT64 NOT NULL, row_count INT64 NOT NULL, committed_at TIMESTAMP NOT NULL
) CLUSTER BY target, owner
OPTIONS ({_OPTIONS}, description = "One row per committed unit and stamp: the truth. Only ever inserted into.");
CREATE TABLE IF NOT EXISTS {quote_table(state.table(DRIFT))} (
  target STRING NOT NULL, pipeline STRING NOT NULL, source STRING NOT NULL, dataset STRING NOT NULL,
  path STRING NOT NULL, kind STRING NOT NULL, data_type STRING, target_type STRING,
  run STRING NOT NULL, epoch INT64 NOT NULL, seen_at TIMESTAMP NOT NULL
) CLUSTER BY target, pipeline
OPTIONS ({_OPTIONS},
  description = "Where schemas of sources are not as the target's, as runs saw them. Only ever inserted into.");
"""


def refuse_other_ledger(state: DatasetRef) -> str:
    """Stop before a ledger is touched that another version of this program has made."""
    return f"""\
IF EXISTS (
  SELECT 1 FROM {dataset_view(str(state), "TABLES")} AS t
  LEFT JOIN {dataset_view(str(state), "TABLE_OPTIONS")} AS o
    ON o.table_name = t.table_name AND o.option_name = 'labels'
      AND REGEXP_CONTAINS(o.option_value, r'"version",\\s*"{VERSION}"')
  WHERE t.table_name IN ({", ".join(map(quote_string, (RUNS, UNITS, DRIFT)))}) AND o.table_name IS NULL
) THEN
  RAISE USING MESSAGE = {
        quote_string(
            f"the ledger in {state} was made by another version, which this one (ledger version {VERSION}) "
            f"cannot read; "
            f"name another dataset in state and pass adopt, or run the version that made it"
        )
    };
END IF;
"""


def never_expire(dataset: str, *tables: str) -> str:
    """Take away the expiration that a dataset's default gave to ``tables``; nothing is written where there is none."""
    name = quoted(f"CONCAT({quote_string(dataset + '.')}, expiring.table_name)")
    return f"""\
FOR expiring IN (
  SELECT table_name FROM {dataset_view(dataset, "TABLE_OPTIONS")}
  WHERE option_name = 'expiration_timestamp' AND table_name IN ({", ".join(map(quote_string, tables))})
) DO
  EXECUTE IMMEDIATE CONCAT('ALTER TABLE ', {name}, ' SET OPTIONS (expiration_timestamp = NULL)');
END FOR;
"""


def read_runs(state: DatasetRef) -> str:
    """The latest runs of a pipeline, newest first, one row per line of the ledger.

    Parameters: ``target``, ``pipeline``, ``runs`` (how many).
    """
    return f"""\
SELECT run, epoch, state, source, recorded_at, units, row_count, byte_count, copies, detail
FROM {quote_table(state.table(RUNS))}
WHERE target = @target AND pipeline = @pipeline AND state != 'waiting'
QUALIFY DENSE_RANK() OVER (ORDER BY epoch DESC) <= @runs
ORDER BY epoch DESC, recorded_at, source"""


def read_freshness(state: DatasetRef) -> str:
    """Up to when each source value is committed. Parameters: ``target``, ``pipeline``."""
    return f"""\
SELECT source, owner, COUNT(DISTINCT unit) AS units, MAX(range_end) AS newest_end, MAX(committed_at) AS committed_at,
  MAX(modified) AS modified
FROM {quote_table(state.table(UNITS))}
WHERE target = @target AND pipeline = @pipeline
GROUP BY source, owner
ORDER BY source, owner"""


def read_others(state: DatasetRef) -> str:
    """Which pipelines and targets the ledger knows beside one. Parameters: ``target``, ``pipeline``."""
    return f"""\
SELECT DISTINCT pipeline, target
FROM {quote_table(state.table(RUNS))}
WHERE NOT (target = @target AND pipeline = @pipeline)
ORDER BY pipeline, target"""


def read_drift(state: DatasetRef) -> str:
    """Where schemas of sources are not as the target's. Parameters: ``target``, ``pipeline``.

    One row per source, path, kind of difference and pair of types; ``dataset`` is the latest example.
    """
    return f"""\
SELECT source, path, kind, data_type, target_type, MIN(seen_at) AS first_seen, MAX(seen_at) AS last_seen,
  ARRAY_AGG(dataset ORDER BY seen_at DESC, dataset LIMIT 1)[OFFSET(0)] AS dataset
FROM {quote_table(state.table(DRIFT))}
WHERE target = @target AND pipeline = @pipeline
GROUP BY source, path, kind, data_type, target_type
ORDER BY source, path, kind, first_seen"""
