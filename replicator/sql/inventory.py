"""The inventory: which units a source has, which of them are due, and the manifest of what this run will bring.

Due is a stamp without a receipt. Stamps are compared for equality, never for order: what appears late, failed, or was
left over stays due by itself. A stamp whose time the platform does not know yet (NULL) equals no receipt.
"""

from __future__ import annotations

from typing import Final

from replicator import limits
from replicator.sql.datasets import STAGING_DAYS, DatasetOptions, create_staging, encrypt_staging
from replicator.sql.ledger import never_expire
from replicator.sql.metadata import see_datasets
from replicator.sql.newer import Newer, refuse_column_that_does_not_grow
from replicator.sql.placeholders import (
    BUFFER_PREFIX,
    EPOCH,
    KEY,
    LOCATION,
    MANIFEST,
    PROJECT,
    QUERY,
    RECEIPTS,
    STAGING,
    dataset_view,
    region_view,
    run_value,
    source_value,
)
from replicator.sql.quoting import quote_name, quote_string, quoted
from replicator.sql.receipts import leave_when_lost
from replicator.sql.refusals import refuse_missing_paths, refuse_other_partition, refuse_own_columns
from replicator.sql.units import (
    DATASET_PATH,
    RECEIPTS_OF_TARGET,
    UNPARTITIONED,
    Kind,
    due_of_units,
    due_units,
    find_units,
    window_text,
)

UNITS_PER_BUFFER: Final = 200
"""Units that one statement brings into one buffer: far below the 1,000 tables a query may name."""

CHARACTERS_PER_BUFFER: Final = 400_000
"""Bound on the text that names the units of one buffer; a query may have 1,024k characters, and holds more."""

BUFFERS_PER_SLICE: Final = 8
"""Buffers below which one more script costs more, for reading the schemas again, than it gains."""

BUFFERS_PER_COPY: Final = limits.TABLES_PER_COPY.value - 2
"""A copy takes the whole staging dataset: the buffers, the manifest and the receipts."""

UNITS_PER_COPY: Final = 60_000
"""A script keeps what it counted of a slice's units in a variable, and one holds 1 MB (procedural-language#declare)."""


SCHEMAS: Final = f"""\
  SELECT table_schema AS dataset, table_name AS name,
    TO_HEX(MD5(STRING_AGG(CONCAT(column_name, ' ', data_type), ',' ORDER BY column_name))) AS fingerprint,
    SUM(LENGTH(column_name) + 4) + 100 AS characters
  FROM {region_view("COLUMNS")}
  WHERE STARTS_WITH(table_name, {source_value("prefix")})
  GROUP BY dataset, name"""
"""A query of the source's tables: ``dataset``, ``name``, a ``fingerprint`` of names and types, ``characters``."""


def unmatched_patterns() -> str:
    """A query of one row, ``missing``: the patterns of ``include`` that match no dataset of the source, or NULL.

    The names go through an array: BigQuery refuses a subquery over a table that is correlated by anything but an
    equality (subqueries#correlated_subqueries).
    """
    return f"""\
  WITH known AS (
    SELECT ARRAY_AGG(schema_name) AS datasets FROM {region_view("SCHEMATA")}
  )
  SELECT STRING_AGG(pattern, ', ') AS missing
  FROM UNNEST(JSON_VALUE_ARRAY(@source, '$.include')) AS pattern CROSS JOIN known
  WHERE NOT EXISTS (SELECT 1 FROM UNNEST(datasets) AS dataset WHERE REGEXP_CONTAINS(dataset, pattern))"""


def take_inventory(
    *,
    staging: DatasetOptions,
    own_columns: tuple[str, str],
    kinds: tuple[Kind, ...],
    once: bool,
    newer: Newer | None = None,
    keyed: bool = False,
    ruled: bool = True,
) -> str:
    """Make what the source's side needs, drop what dead runs left, and write the manifest of this run.

    The answer is one JSON text: ``units`` and ``buffers`` of the manifest, ``slices`` needed for them, ``left`` (units
    that are due and did not fit this run), ``changed`` (units that changed after their commit and are not taken) and
    ``names``, the first of those; or ``lost``, where the receipts have to be rebuilt first. With nothing due no
    manifest is written and no schema is read.

    The manifest holds one row per unit: ``unit`` (a number that the unit's rows carry), whose it is, what it covers in
    the target, its stamp, its buffer and slice, and later ``row_count`` or ``error``. A buffer takes units of one
    dataset and one schema, so one statement fills it, by position, with nothing to align.

    Where ``@run`` has ``datasets``, metadata is asked of each of them, and not of the region.

    Args:
        staging: What is said of the staging dataset.
        own_columns: The target's partition and source column, which no column of a source may be taken for.
        kinds: The kinds of the pipeline's sources.
        once: A unit is taken once, whatever becomes of it later, unless it is asked for again.
        newer: Of a unit only the rows that are newer by a column, or None.
        keyed: A source has a key of its own for what is staged.
        ruled: A source has ``columns``.
    """
    taken = "(again OR NOT known)" if once else "TRUE"
    nothing = "SELECT TO_JSON_STRING(STRUCT({} AS lost, 0 AS units, 0 AS buffers, 0 AS slices, {})) AS answer"
    return f"""\
DECLARE missing, names STRING;
DECLARE late, changed INT64 DEFAULT 0;
{create_staging(staging)}{encrypt_staging() if keyed else ""}\
CREATE TABLE IF NOT EXISTS {quote_name(STAGING, RECEIPTS)} (
  dataset STRING NOT NULL, name STRING NOT NULL, modified TIMESTAMP, source_rows INT64, source_bytes INT64,
  high STRING, run STRING NOT NULL, committed_at TIMESTAMP NOT NULL
) CLUSTER BY dataset, name
OPTIONS (description = "Stamps of units that were committed: a hint for the inventory, rebuilt when it is lost.");
{never_expire(STAGING, RECEIPTS)}
{leave_when_lost(nothing.format("TRUE", "0 AS `left`, 0 AS changed"))}{drop_dead_tables(STAGING)}{see_datasets()}
SET missing = (
{unmatched_patterns()}
);
IF missing IS NOT NULL THEN
  RAISE USING MESSAGE = FORMAT(
    'no dataset of project %s in %s matches %s; check datasets, project and location of the source',
    {quote_string(PROJECT)}, {quote_string(LOCATION)}, missing);
END IF;

{_find_due(kinds, newer)}
{_COUNT_CHANGED if once else ""}IF NOT EXISTS (SELECT 1 FROM due WHERE {taken}) THEN
  {nothing.format("FALSE", "late AS `left`, changed AS changed, names AS names")};
  RETURN;
END IF;
IF {source_value("id")} IS NOT NULL AND (SELECT COUNT(DISTINCT dataset) FROM due) > 1 THEN
  RAISE USING MESSAGE = FORMAT(
    'the source has the id %s and more than one dataset: %s; an id is one source value, so give each dataset a source',
    {source_value("id")}, (SELECT STRING_AGG(DISTINCT dataset, ', ') FROM due));
END IF;
{_SEE_QUERY if Kind.QUERY in kinds else ""}{refuse_missing_paths() if ruled else ""}{refuse_own_columns(own_columns)}{
        "" if kinds == (Kind.SHARDS,) else refuse_other_partition(own_columns[0])
    }{"" if newer is None else refuse_column_that_does_not_grow(newer)}
CREATE OR REPLACE TABLE {quote_name(STAGING, MANIFEST)}
OPTIONS (expiration_timestamp = TIMESTAMP_ADD(CURRENT_TIMESTAMP(), INTERVAL {STAGING_DAYS} DAY))
AS
WITH schemas AS (
{SCHEMAS}
), candidates AS (
  SELECT due.*, fingerprint,
    LEAST({UNITS_PER_BUFFER}, GREATEST(1, DIV({CHARACTERS_PER_BUFFER}, characters))) AS units_per_buffer
  FROM due JOIN schemas ON schemas.dataset = due.dataset AND schemas.name = due.origin
  WHERE {taken}
  QUALIFY DENSE_RANK() OVER (ORDER BY range_start DESC) <= {limits.PARTITIONS_PER_JOB.value}
), chunks AS (
  SELECT *,
    DIV(ROW_NUMBER() OVER (PARTITION BY dataset, fingerprint ORDER BY range_start DESC, name) - 1, units_per_buffer)
      AS chunk
  FROM candidates
), dated AS (
  SELECT *, MAX(range_start) OVER (PARTITION BY dataset, fingerprint, chunk) AS newest FROM chunks
), buffered AS (
  SELECT *, DENSE_RANK() OVER (ORDER BY newest DESC, dataset, fingerprint, chunk) AS buffer FROM dated
)
SELECT
  ROW_NUMBER() OVER (ORDER BY buffer, range_start DESC, name) AS unit,
  owner, dataset, name, origin, covers, range_start, range_end, filter, dated, modified, source_rows, source_bytes,
  {quote_string(PROJECT)} AS project, again, fingerprint, buffer, CAST(NULL AS INT64) AS row_count, {
        "" if newer is None else "low, "
    }CAST(NULL AS STRING) AS high,
  -- What is inserted into a partition that has expired vanishes at once (managing-partitioned-tables).
  IF(SAFE_CAST(range_end AS TIMESTAMP) <= TIMESTAMP_SUB(
      CURRENT_TIMESTAMP(), INTERVAL CAST(CAST({run_value("keeps")} AS FLOAT64) * 86400 AS INT64) SECOND),
    FORMAT('%s: older than the %s days that the target keeps its partitions; exclude it, or let the target keep more',
      name, {run_value("keeps")}), NULL) AS error
FROM buffered
WHERE buffer <= {BUFFERS_PER_COPY}
QUALIFY unit <= {UNITS_PER_COPY};

IF NOT EXISTS (SELECT 1 FROM {quote_name(STAGING, MANIFEST)}) THEN
  RAISE USING MESSAGE = FORMAT(
    '%d units are due and COLUMNS shows none of their tables; they stay due', (SELECT COUNT(*) FROM due));
END IF;
SELECT TO_JSON_STRING(STRUCT(
  FALSE AS lost, COUNT(*) AS units, COUNT(DISTINCT buffer) AS buffers,
  LEAST(
    CAST({run_value("slices")} AS INT64),
    DIV(COUNT(DISTINCT buffer) + {BUFFERS_PER_SLICE - 1}, {BUFFERS_PER_SLICE})) AS slices,
  (SELECT COUNT(*) FROM due WHERE {taken}) - COUNT(*) + late AS `left`, changed AS changed, names AS names)) AS answer
FROM {quote_name(STAGING, MANIFEST)};
"""


def _find_due(kinds: tuple[Kind, ...], newer: Newer | None) -> str:
    """Statements that make the temporary table ``due``: for the source's own kind, of those that the pipeline has."""
    if len(kinds) == 1:
        (kind,) = kinds
        due = f"CREATE TEMP TABLE due AS\n{due_units(kind, RECEIPTS_OF_TARGET, newer)};"
        return f"{_refuse_other_table(kinds)}{_COUNT_LATE if kind is Kind.PARTITIONED else ''}{due}"
    found = {kind: f"{_COUNT_LATE if kind is Kind.PARTITIONED else ''}{find_units(kind)}" for kind in kinds}
    # A source of shards has no kind in its block.
    own = f"IFNULL({source_value('kind')}, '{Kind.SHARDS}')"
    branches = "ELSE".join(f"IF {own} = '{kind}' THEN\n{text}" for kind, text in found.items())
    due = f"CREATE TEMP TABLE due AS\n{due_of_units(kinds, RECEIPTS_OF_TARGET, newer)};"
    return f"{_refuse_other_table(kinds)}{branches}END IF;\n{due}"


def _refuse_other_table(kinds: tuple[Kind, ...]) -> str:
    """Stop where a source names one table and that is not there, or is not what the file says of it."""
    if not {Kind.TABLE, Kind.PARTITIONED}.intersection(kinds):
        return ""
    parts = ""
    if Kind.PARTITIONED in kinds:
        parts = f"""
    WHEN {source_value("kind")} = '{Kind.PARTITIONED}' AND NOT LOGICAL_OR(REGEXP_CONTAINS(ddl, r'\\bPARTITION BY\\b'))
      THEN 'is not partitioned; write it as {{table: ...}}'
    WHEN {source_value("from")} IS NOT NULL AND LOGICAL_OR(REGEXP_CONTAINS(ddl, r'\\bRANGE_BUCKET\\('))
      THEN 'is partitioned by whole numbers and has no days to choose from; leave window out'"""
    check = f"""\
SET missing = (
  SELECT CASE
    WHEN COUNT(*) = 0 THEN 'is no table there; correct tables of the source'{parts} END
  FROM {dataset_view(DATASET_PATH, "TABLES")}
  WHERE table_name = {source_value("prefix")} AND table_type IN ('BASE TABLE', 'CLONE'));
IF missing IS NOT NULL THEN
  RAISE USING MESSAGE = CONCAT({quote_string(DATASET_PATH + ".")}, {source_value("prefix")}, ' ', missing);
END IF;
"""
    if set(kinds) <= {Kind.TABLE, Kind.PARTITIONED}:
        return check
    return f"IF {source_value('dataset')} IS NOT NULL THEN\n{check}END IF;\n"


_COUNT_LATE: Final = f"""\
SET late = (
  SELECT COUNTIF(total_rows > 0) FROM {dataset_view(DATASET_PATH, "PARTITIONS")}
  WHERE table_name = {source_value("prefix")} AND partition_id = {quote_string(UNPARTITIONED)});
"""

_SEE_QUERY: Final = f"""\
IF {source_value("query")} IS NOT NULL THEN
  EXECUTE IMMEDIATE CONCAT({quote_string(f"CREATE OR REPLACE VIEW {quote_name(STAGING, QUERY)} AS ")},
    {window_text("CAST(CURRENT_DATE() AS STRING)", "CAST(CURRENT_DATE() AS STRING)")});
END IF;
"""
"""A view reads nothing when it is made, and metadata then tells the columns of the query."""

_COUNT_CHANGED: Final = """\
SET changed = (SELECT COUNT(*) FROM due WHERE known AND NOT again);
SET names = (SELECT STRING_AGG(name, ', ' ORDER BY name LIMIT 5) FROM due WHERE known AND NOT again);
"""


def drop_dead_tables(dataset: str) -> str:
    """Drop what runs before this one left in ``dataset``: tables with a run's own kind of name, and an older epoch."""
    name = quoted(f"CONCAT({quote_string(dataset + '.')}, dead.table_name)")
    return f"""\
FOR dead IN (
  SELECT table_name FROM {dataset_view(dataset, "TABLES")}
  WHERE CAST(REGEXP_EXTRACT(table_name, r'^(?:buffer|manifest|aligned)_{KEY}_([0-9]{{6,18}})(?:_|$)') AS INT64)
    < CAST({quote_string(EPOCH)} AS INT64)
) DO
  EXECUTE IMMEDIATE CONCAT('DROP TABLE IF EXISTS ', {name});
END FOR;
"""


def buffer_name(buffer: str) -> str:
    """An SQL expression: the name of the buffer whose number ``buffer`` yields; nothing of it comes from a source."""
    return f"FORMAT('{BUFFER_PREFIX}%04d', {buffer})"
