"""Receipts: written when a source is committed, and from the ledger where they are lost; and what a run clears up.

A run tells the source which of its runs committed last and how many of its units the ledger has. Receipts that know
less were lost, or never written because a run died, and are brought back from the ledger, which lies in another
location: as pages of stamps that the run carries. So nothing is copied again only because it was forgotten.
"""

from __future__ import annotations

from typing import Final

from replicator.names import DatasetRef, TableRef
from replicator.sql.ledger import UNITS
from replicator.sql.placeholders import (
    ALIGNED,
    BUFFER_PREFIX,
    LANDING,
    MANIFEST,
    RECEIPTS,
    STAGING,
    dataset_view,
    run_value,
    source_value,
)
from replicator.sql.quoting import quote_name, quote_string, quote_table, quoted

STAMPS_PER_PAGE: Final = 100
"""Some 13 KB: a page is held several times on its way, by several sources, and variables share 512 KB."""

_COLUMNS: Final = "dataset, name, high, run, modified, source_rows, source_bytes, committed_at"


def write_receipts() -> str:
    """At the source: a receipt for each unit of the manifest that is committed, then this run's tables go.

    Argument in ``@run``: ``run``. Only a source whose commit was confirmed comes here.
    """
    return f"""\
INSERT INTO {quote_name(STAGING, RECEIPTS)} ({_COLUMNS})
SELECT dataset, name, high, {run_value("run")}, modified, source_rows, source_bytes, CURRENT_TIMESTAMP()
FROM {quote_name(STAGING, MANIFEST)}
WHERE error IS NULL;
{drop_run_tables(STAGING)}"""


def count_committed(target: TableRef, state: DatasetRef) -> str:
    """An SQL expression: per source and its project what the ledger has: ``units``, and the ``run`` that came last.

    Argument in ``@run``: ``pipeline``.
    """
    return f"""(
    SELECT ARRAY_AGG(STRUCT(source, project, units, run))
    FROM (
      SELECT source, project, COUNT(DISTINCT CONCAT(dataset, '.', unit)) AS units,
        ARRAY_AGG(run ORDER BY epoch DESC LIMIT 1)[OFFSET(0)] AS run
      FROM {quote_table(state.table(UNITS))}
      WHERE target = {quote_string(str(target))} AND pipeline = {run_value("pipeline")}
      GROUP BY source, project))"""


def leave_when_lost(answer: str) -> str:
    """Statements of the inventory that end it where the receipts are to be rebuilt, with ``lost`` in its answer.

    Arguments in ``@run``: ``committed`` (what ``count_committed`` yields) and ``first`` (true until they are rebuilt);
    in ``@source``: ``rebuild_receipts``, which forgets what there is before.

    Args:
        answer: The statement that answers, with ``lost`` and without units.
    """
    receipts = quote_name(STAGING, RECEIPTS)
    asked = f"IFNULL({source_value('rebuild_receipts')}, '') = 'true'"
    return f"""\
IF {run_value("first")} = 'true' THEN
  IF {asked} THEN
    DELETE FROM {receipts} WHERE TRUE;
  END IF;
  IF {asked} OR EXISTS (
    SELECT 1 FROM UNNEST(JSON_QUERY_ARRAY(@run, '$.committed')) AS c
    CROSS JOIN (
      SELECT COUNT(DISTINCT CONCAT(dataset, '.', name)) AS units, ARRAY_AGG(DISTINCT run) AS runs FROM {receipts}) AS r
    WHERE JSON_VALUE(c, '$.source') = {source_value("name")} AND JSON_VALUE(c, '$.project') = {source_value("project")}
      AND (CAST(JSON_VALUE(c, '$.units') AS INT64) > r.units
        OR JSON_VALUE(c, '$.run') NOT IN UNNEST(r.runs))
  ) THEN
    {answer};
    RETURN;
  END IF;
END IF;
"""


def read_stamps(target: TableRef, state: DatasetRef) -> str:
    """At the target: a page of the stamps that were last committed of a source's units.

    Arguments in ``@run``: ``pipeline``, ``after`` (the last unit of the page before); in ``@source``: ``name``,
    ``project``. The answer is one JSON text: ``stamps``, itself a text, and ``after``, or null after the last page.
    """
    unit = "CONCAT(dataset, '.', unit)"
    stamp = ", ".join(f"CAST({name} AS STRING)" for name in ("modified", "source_rows", "source_bytes", "committed_at"))
    return f"""\
SELECT TO_JSON_STRING(STRUCT(
  IF(COUNT(*) = {STAMPS_PER_PAGE}, MAX({unit}), NULL) AS after,
  CONCAT('[', IFNULL(STRING_AGG(
    TO_JSON_STRING([dataset, unit, high, run, {stamp}])), ''), ']') AS stamps)) AS answer
FROM (
  SELECT * FROM {quote_table(state.table(UNITS))}
  WHERE target = {quote_string(str(target))} AND pipeline = {run_value("pipeline")}
    AND source = {source_value("name")} AND project = {source_value("project")}
    AND {unit} > IFNULL({run_value("after")}, '')
  QUALIFY ROW_NUMBER() OVER (PARTITION BY dataset, unit ORDER BY epoch DESC) = 1
  ORDER BY {unit} LIMIT {STAMPS_PER_PAGE});
"""


def restore_receipts() -> str:
    """At the source: a receipt for each stamp of a page. Argument in ``@run``: ``stamps``."""
    text = "JSON_VALUE(stamp, '$[{}]')"
    kinds = ("", "", "", "", "TIMESTAMP", "INT64", "INT64", "TIMESTAMP")
    values = ", ".join(
        f"CAST({text.format(place)} AS {kind})" if kind else text.format(place) for place, kind in enumerate(kinds)
    )
    return f"""\
INSERT INTO {quote_name(STAGING, RECEIPTS)} ({_COLUMNS})
SELECT {values}
FROM UNNEST(JSON_QUERY_ARRAY({run_value("stamps")})) AS stamp;
SELECT TO_JSON_STRING(STRUCT(TRUE AS restored)) AS answer;
"""


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
