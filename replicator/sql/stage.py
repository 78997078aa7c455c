"""The stage: fill this run's buffers, next to the source, with nothing in them that may not leave."""

from __future__ import annotations

from typing import Final

from replicator.sql.datasets import STAGING_DAYS
from replicator.sql.inventory import SCHEMAS, buffer_name
from replicator.sql.newer import Newer, count_unseen
from replicator.sql.placeholders import (
    BUFFER_PREFIX,
    MANIFEST,
    PROJECT,
    STAGING,
    dataset_view,
    region_view,
    run_value,
    source_value,
)
from replicator.sql.projection import ROW, RULES, UNIT, projections
from replicator.sql.quoting import quote_name, quote_string, quoted
from replicator.sql.units import Kind, window_text

_SLICE: Final = (
    f"MOD(m.buffer, CAST({run_value('slices')} AS INT64)) = CAST({run_value('slice')} AS INT64) AND m.error IS NULL"
)

_SCHEMA: Final = f"(\n{SCHEMAS}\n) AS s ON s.dataset = m.dataset AND s.name = m.origin"
"""What a unit's table is like at this moment, to be joined."""


def write_fills(kinds: tuple[Kind, ...], newer: Newer | None = None) -> str:
    """What fills the buffers of one slice, newest first: ``buffer``, ``name``, and the statement in four parts.

    ``create`` and ``head``, then the ``selects`` of its units (``unit``, ``text``) joined by UNION ALL, then ``tail``.
    Whole it is one CREATE OR REPLACE, so a slice that is started again leaves what one start would have left. Inside a
    buffer all tables have the same columns of the same types, so the union by position is one by name too; a table that
    has others since the inventory is left out, lest the columns of one table be taken for those of all.
    """
    table = quoted(f"CONCAT({quote_string(PROJECT + '.')}, m.dataset, '.', m.origin)")
    if Kind.QUERY in kinds:
        table = f"IFNULL(CONCAT('(', {window_text('m.range_start', 'm.range_end')}, '\\n)'), {table})"
    text = f"FORMAT('SELECT %d AS {UNIT}, %s FROM %s AS {ROW}', m.unit, columns.names, {table})"
    if Kind.PARTITIONED in kinds or newer is not None:
        text = f"CONCAT({text}, IFNULL(CONCAT(' WHERE ', m.filter), ''))"
    buffer = quoted(f"CONCAT({quote_string(STAGING + '.')}, {buffer_name('u.buffer')})")
    fields = f"""\
SELECT newest.buffer, p.field_path AS path, p.data_type
  FROM {region_view("COLUMN_FIELD_PATHS")} AS p
  JOIN slice AS newest ON newest.dataset = p.table_schema AND newest.origin = p.table_name
    AND p.column_name NOT IN ('_PARTITIONTIME', '_PARTITIONDATE')
  WHERE newest.unit IN (SELECT MIN(unit) FROM slice GROUP BY buffer)"""
    return f"""\
WITH slice AS (
  SELECT m.* FROM {quote_name(STAGING, MANIFEST)} AS m
  JOIN {_SCHEMA} AND s.fingerprint = m.fingerprint
  WHERE {_SLICE}
), {projections(fields)}, columns AS (
  SELECT buffer, STRING_AGG({quoted("path")}, ', ' ORDER BY lower_path) AS names
  FROM typed WHERE depth = 1 GROUP BY buffer
), units AS (
  SELECT m.buffer, ARRAY_AGG(
    STRUCT(m.unit AS unit, {text} AS text)
    ORDER BY m.unit) AS selects
  FROM slice AS m JOIN columns ON columns.buffer = m.buffer
  GROUP BY m.buffer
)
SELECT u.buffer, {buffer} AS name,
  CONCAT(
    'CREATE OR REPLACE TABLE ', {buffer},
    ' OPTIONS (expiration_timestamp = TIMESTAMP_ADD(CURRENT_TIMESTAMP(), INTERVAL {STAGING_DAYS} DAY)) AS\\n'
  ) AS create_head,
  CONCAT('SELECT {ROW}.{UNIT}, ', p.projection, '\\nFROM (') AS head,
  u.selects,
  CONCAT(') AS {ROW}', IFNULL(CONCAT('\\nWHERE (', {source_value("where")}, '\\n)'), '')) AS tail
FROM units AS u JOIN projections AS p ON p.buffer = u.buffer
ORDER BY u.buffer"""


def fill_slice(*, kinds: tuple[Kind, ...], within: str | None, newer: Newer | None = None) -> str:
    """Fill the buffers of one slice; a unit that fails is told by its error and stops no other.

    A buffer is filled by one statement. Where that fails its units are brought one at a time, so that one bad table
    (dropped since, unreadable) costs its own rows only. Arguments in ``@run``: ``slices``, ``slice`` (from 0); in
    ``@source`` what ``projections`` reads, and ``where``.

    Args:
        kinds: The kinds of the pipeline's sources.
        within: The column by which the rows of a query's window have to lie within it, or None where they need not.
        newer: Of a unit only the rows that are newer by a column, or None.
    """
    manifest = quote_name(STAGING, MANIFEST)
    counts, outside, outside_error, high, not_newer = "unit INT64, row_count INT64, outside INT64", "'0'", "", "", ""
    if Kind.QUERY in kinds and within is not None:
        column = quote_name(within)
        outside = (
            f"COUNTIF(NOT IFNULL(CAST(b.{column} AS TIMESTAMP) >= CAST(m.range_start AS TIMESTAMP) "
            f"AND CAST(b.{column} AS TIMESTAMP) < CAST(m.range_end AS TIMESTAMP), m.covers = 'all'))"
        )
        outside = f"IF({source_value('query')} IS NULL, '0', {quote_string(outside)})"
        outside_error = f"""
      WHEN c.outside > 0 THEN FORMAT(
        '%s: %d of its rows lie outside of it by their %s; bound the query by that column, or merge by upsert',
        m.name, c.outside, {quote_string(within)})"""
    outside += ", ' AS outside'"
    if newer is not None:
        counts += ", high STRING"
        outside = quote_string(count_unseen(newer))
        high, not_newer = ", high = IFNULL(filled.high, m.low)", " AND m.low IS NULL"
        outside_error = f"""
      WHEN c.outside > 0 THEN FORMAT(
        '%s: %d of its rows have no %s, by which an append knows them; leave them out by where, or merge by upsert',
        m.name, c.outside, {quote_string(newer.column)})"""
    return f"""\
{RULES}DECLARE counts ARRAY<STRUCT<{counts}>> DEFAULT [];
DECLARE counted ARRAY<STRUCT<{counts}>>;
DECLARE failures ARRAY<STRUCT<unit INT64, error STRING>> DEFAULT [];
DECLARE tried, changed ARRAY<INT64> DEFAULT [];
DECLARE made BOOL;
FOR fill IN (
{write_fills(kinds, newer)}
) DO
  SET tried = ARRAY_CONCAT(tried, ARRAY(SELECT s.unit FROM UNNEST(fill.selects) AS s));
  BEGIN
    EXECUTE IMMEDIATE CONCAT(
      fill.create_head, fill.head,
      ARRAY_TO_STRING(ARRAY(SELECT s.text FROM UNNEST(fill.selects) AS s ORDER BY s.unit), '\\nUNION ALL '),
      fill.tail);
    SET made = TRUE;
  EXCEPTION WHEN ERROR THEN
    SET made = FALSE;
    FOR one IN (SELECT s.unit, s.text FROM UNNEST(fill.selects) AS s ORDER BY s.unit) DO
      BEGIN
        EXECUTE IMMEDIATE CONCAT(
          IF(made, CONCAT('INSERT INTO ', fill.name, '\\n'), fill.create_head), fill.head, one.text, fill.tail);
        SET made = TRUE;
      EXCEPTION WHEN ERROR THEN
        SET failures = ARRAY_CONCAT(failures, [STRUCT(one.unit AS unit, @@error.message AS error)]);
      END;
    END FOR;
  END;
  IF made THEN
    EXECUTE IMMEDIATE CONCAT(
      'SELECT ARRAY_AGG(STRUCT({", ".join(part.split()[0] for part in counts.split(", "))})) FROM (SELECT m.unit, ',
      'COUNT(*) AS row_count, ', {outside}, ' FROM ', fill.name,
      {quote_string(f" AS b JOIN {manifest} AS m ON m.unit = b.{UNIT} GROUP BY m.unit)")}
    ) INTO counted;
    SET counts = ARRAY_CONCAT(counts, IFNULL(counted, []));
  END IF;
END FOR;
-- Columns that changed while a buffer was filled may stand under each other's names in it, also in rows of other units.
SET changed = ARRAY(
  SELECT DISTINCT m.buffer FROM {manifest} AS m JOIN {_SCHEMA}
  WHERE {_SLICE} AND m.unit IN UNNEST(tried) AND s.fingerprint != m.fingerprint);
UPDATE {manifest} AS m
SET row_count = IF(filled.error IS NULL, filled.row_count, NULL), error = filled.error{high}
FROM (
  SELECT m.unit, IFNULL(c.row_count, 0) AS row_count,{" c.high," if high else ""}
    CASE
      WHEN m.unit NOT IN UNNEST(tried) OR m.buffer IN UNNEST(changed) THEN FORMAT(
        '%s.%s: tables were dropped or got other columns while they were staged; what is there stays due',
        m.dataset, m.name)
      WHEN f.error IS NOT NULL THEN FORMAT('%s.%s: %s', m.dataset, m.name, f.error){outside_error}
      WHEN IFNULL(c.row_count, 0) = 0 AND m.source_rows > 0 AND {source_value("where")} IS NULL{not_newer} THEN FORMAT(
        '%s.%s: gave no row, and its metadata counts %d; rows may be hidden from the account that reads it',
        m.dataset, m.name, m.source_rows)
    END AS error
  FROM {manifest} AS m
  LEFT JOIN UNNEST(counts) AS c ON c.unit = m.unit
  LEFT JOIN UNNEST(failures) AS f ON f.unit = m.unit
  WHERE {_SLICE}
) AS filled
WHERE m.unit = filled.unit;
SELECT TO_JSON_STRING(STRUCT(ARRAY_LENGTH(counts) AS units, ARRAY_LENGTH(failures) AS failures)) AS answer;
"""


def count_staged() -> str:
    """What the source's side has ready to leave; the run carries these totals to the other side.

    The answer is one JSON text: ``units``, ``rows``, ``bytes`` and ``buffers`` that are good, ``unstaged`` (units that
    no slice wrote to), ``failed`` units and the first ``error`` among them. A buffer without a good unit is dropped.
    """
    manifest = quote_name(STAGING, MANIFEST)
    name = quoted(f"CONCAT({quote_string(STAGING + '.')}, {buffer_name('failed.buffer')})")
    return f"""\
FOR failed IN (SELECT buffer FROM {manifest} GROUP BY buffer HAVING COUNTIF(error IS NULL) = 0) DO
  EXECUTE IMMEDIATE CONCAT('DROP TABLE IF EXISTS ', {name});
END FOR;
SELECT TO_JSON_STRING(STRUCT(
  COUNTIF(error IS NULL) AS units,
  IFNULL(SUM(row_count), 0) AS `rows`,
  (
    SELECT IFNULL(SUM(total_logical_bytes), 0) FROM {dataset_view(STAGING, "PARTITIONS")}
    WHERE STARTS_WITH(table_name, {quote_string(BUFFER_PREFIX)})) AS bytes,
  COUNT(DISTINCT IF(error IS NULL, buffer, NULL)) AS buffers,
  COUNTIF(error IS NULL AND row_count IS NULL) AS unstaged,
  COUNTIF(error IS NOT NULL) AS failed,
  MIN(error) AS error)) AS answer
FROM {manifest};
"""
