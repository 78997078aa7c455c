"""What is left to do when a source is committed; any of it may be lost, and the next run repeats it."""

from __future__ import annotations

from replicator.sql.placeholders import (
    ALIGNED,
    BUFFER_PREFIX,
    LANDING,
    MANIFEST,
    RECEIPTS,
    STAGING,
    dataset_view,
    run_value,
)
from replicator.sql.quoting import quote_name, quote_string, quoted


def write_receipts() -> str:
    """At the source: a receipt for each unit of the manifest that is committed, then this run's tables go.

    Argument in ``@run``: ``run``. Only a source whose commit was confirmed comes here.
    """
    return f"""\
INSERT INTO {quote_name(STAGING, RECEIPTS)}
  (dataset, name, modified, source_rows, source_bytes, high, run, committed_at)
SELECT dataset, name, modified, source_rows, source_bytes, high, {run_value("run")}, CURRENT_TIMESTAMP()
FROM {quote_name(STAGING, MANIFEST)}
WHERE error IS NULL;
{drop_run_tables(STAGING)}"""


def drop_run_tables(dataset: str) -> str:
    """Drop the tables of this run in ``dataset``, by the names that only this run gives."""
    name = quoted(f"CONCAT({quote_string(dataset + '.')}, mine.table_name)")
    return f"""\
FOR mine IN (
  SELECT table_name FROM {dataset_view(dataset, "TABLES")}
  WHERE STARTS_WITH(table_name, {quote_string(BUFFER_PREFIX)})
    OR table_name IN ({quote_string(MANIFEST)}, {quote_string(ALIGNED)})
) DO
  EXECUTE IMMEDIATE CONCAT('DROP TABLE IF EXISTS ', {name});
END FOR;
SELECT TO_JSON_STRING(STRUCT(TRUE AS dropped)) AS answer;
"""


def drop_landed() -> str:
    """At the target: this run's tables in the landing dataset go."""
    return drop_run_tables(LANDING)
