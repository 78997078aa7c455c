"""The stage: fill this run's buffers, next to the source, with nothing in them that may not leave."""

from __future__ import annotations

from typing import Final

from replicator.sql.inventory import STAGING_DAYS, buffer_name
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

_SLICE: Final = f"MOD(buffer, CAST({run_value('slices')} AS INT64)) = CAST({run_value('slice')} AS INT64)"


def write_fills() -> str:
    """The statements that fill the buffers of one slice: ``buffer``, ``name``, ``statement``, newest buffer first.

    Each is one CREATE OR REPLACE, so a slice that is started again leaves what one start would have left. Inside a
    buffer all tables have the same columns of the same types, so the union by position is one by name too.
    """
    table = quoted(f"CONCAT({quote_string(PROJECT + '.')}, m.dataset, '.', m.name)")
    buffer = quoted(f"CONCAT({quote_string(STAGING + '.')}, {buffer_name('u.buffer')})")
    fields = f"""\
SELECT newest.buffer, p.field_path AS path, p.data_type
  FROM {region_view("COLUMN_FIELD_PATHS")} AS p
  JOIN slice AS newest ON newest.dataset = p.table_schema AND newest.name = p.table_name
  WHERE newest.unit IN (SELECT MIN(unit) FROM slice GROUP BY buffer)"""
    return f"""\
WITH slice AS (
  SELECT * FROM {quote_name(STAGING, MANIFEST)} WHERE {_SLICE}
), {projections(fields)}, columns AS (
  SELECT buffer, STRING_AGG({quoted("path")}, ', ' ORDER BY lower_path) AS names
  FROM typed WHERE depth = 1 GROUP BY buffer
), unions AS (
  SELECT m.buffer, STRING_AGG(
    FORMAT('SELECT %d AS {UNIT}, %s FROM %s', m.unit, columns.names, {table}), '\\nUNION ALL ' ORDER BY m.unit
  ) AS rows_of_units
  FROM slice AS m JOIN columns ON columns.buffer = m.buffer
  GROUP BY m.buffer
)
SELECT u.buffer, {buffer} AS name, CONCAT(
  'CREATE OR REPLACE TABLE ', {buffer},
  ' OPTIONS (expiration_timestamp = TIMESTAMP_ADD(CURRENT_TIMESTAMP(), INTERVAL {STAGING_DAYS} DAY)) AS\\n',
  'SELECT {ROW}.{UNIT}, ', p.projection, '\\nFROM (', u.rows_of_units, ') AS {ROW}',
  IFNULL(CONCAT('\\nWHERE (', {source_value("where")}, '\\n)'), '')) AS statement
FROM unions AS u JOIN projections AS p ON p.buffer = u.buffer
ORDER BY u.buffer"""


def fill_slice() -> str:
    """Fill the buffers of one slice; what fails in one buffer is written to its units and stops no other.

    Arguments in ``@run``: ``slices``, ``slice`` (from 0); in ``@source`` what ``projections`` reads, and ``where``.
    """
    manifest = quote_name(STAGING, MANIFEST)
    return f"""\
{RULES}DECLARE counts ARRAY<STRUCT<unit INT64, row_count INT64>> DEFAULT [];
DECLARE counted ARRAY<STRUCT<unit INT64, row_count INT64>>;
DECLARE failures ARRAY<STRUCT<buffer INT64, error STRING>> DEFAULT [];
FOR fill IN (
{write_fills()}
) DO
  BEGIN
    EXECUTE IMMEDIATE fill.statement;
    EXECUTE IMMEDIATE CONCAT(
      'SELECT ARRAY_AGG(STRUCT(unit, row_count)) FROM (SELECT {UNIT} AS unit, COUNT(*) AS row_count FROM ',
      fill.name, ' GROUP BY unit)') INTO counted;
    SET counts = ARRAY_CONCAT(counts, IFNULL(counted, []));
  EXCEPTION WHEN ERROR THEN
    SET failures = ARRAY_CONCAT(failures, [STRUCT(fill.buffer AS buffer, @@error.message AS error)]);
  END;
END FOR;
UPDATE {manifest} AS m
SET row_count = IF(filled.error IS NULL, IFNULL(filled.row_count, 0), NULL), error = filled.error
FROM (
  SELECT s.unit, c.row_count, f.error
  FROM {manifest} AS s
  LEFT JOIN UNNEST(counts) AS c ON c.unit = s.unit
  LEFT JOIN UNNEST(failures) AS f ON f.buffer = s.buffer
  WHERE {_SLICE.replace("buffer,", "s.buffer,")}
) AS filled
WHERE m.unit = filled.unit;
SELECT TO_JSON_STRING(STRUCT(ARRAY_LENGTH(counts) AS units, ARRAY_LENGTH(failures) AS failures)) AS answer;
"""


def count_staged() -> str:
    """What the source's side has ready to leave; the run carries these totals to the other side.

    The answer is one JSON text: ``units``, ``rows``, ``bytes`` and ``buffers`` that are good, ``unstaged`` (units that
    no slice wrote to), ``failed`` units and the first ``error`` among them. What a failed buffer left is dropped.
    """
    manifest = quote_name(STAGING, MANIFEST)
    name = quoted(f"CONCAT({quote_string(STAGING + '.')}, {buffer_name('failed.buffer')})")
    return f"""\
FOR failed IN (SELECT DISTINCT buffer FROM {manifest} WHERE error IS NOT NULL) DO
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
