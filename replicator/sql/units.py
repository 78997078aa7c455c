"""The units of each kind of source, with their stamps: one read-only query of metadata for each kind.

A unit covers rows of one owner in the target: ``range`` (its partition column is in ``[range_start, range_end)``),
``null`` (its partition column is NULL) or ``all``. Ranges are canonical text: a date, a date and an hour in UTC, or a
whole number; adjacent ones are found by the equality of one's end with the next one's start.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from replicator.sql.newer import JOIN_MARKS, Newer, marks, newer_filter
from replicator.sql.placeholders import (
    DATASET,
    QUERY,
    RECEIPTS,
    STAGING,
    dataset_view,
    region_view,
    source_value,
)
from replicator.sql.quoting import quote_name, quote_string, quoted


class Kind(StrEnum):
    """What a source's units are."""

    SHARDS = "shards"
    PARTITIONED = "partitioned"
    TABLE = "table"
    QUERY = "query"


NO_RECEIPTS: Final = """\
SELECT CAST(NULL AS STRING) AS dataset, CAST(NULL AS STRING) AS name, CAST(NULL AS TIMESTAMP) AS modified,
    CAST(NULL AS INT64) AS source_rows, CAST(NULL AS INT64) AS source_bytes, CAST(NULL AS STRING) AS high,
    CAST(NULL AS TIMESTAMP) AS committed_at
  FROM UNNEST(CAST([] AS ARRAY<INT64>))"""
"""What a source without a receipts table has of them: nothing, in the right columns."""

RECEIPTS_OF_TARGET: Final = f"""\
SELECT dataset, name, modified, source_rows, source_bytes, high, committed_at
  FROM {quote_name(STAGING, RECEIPTS)}"""

UNPARTITIONED: Final = "__UNPARTITIONED__"
"""The id of rows that are not in their partition yet (information-schema-partitions)."""


def due_units(kind: Kind, receipts: str, newer: Newer | None = None) -> str:
    """The units that are due: one row per unit, read-only and without any table's data.

    The columns are ``owner``, ``dataset``, ``name``, ``origin`` (the table that is read), ``covers``, ``range_start``,
    ``range_end``, ``filter`` (a condition over the source's rows, or NULL), ``dated`` (the target's partition column
    is the unit's start and no column of the row), ``modified``, ``source_rows``, ``source_bytes``, ``again`` (it is
    taken although it is known), ``known`` (it was committed before, whatever its stamp was), and with ``newer`` also
    ``low`` (the literal of what was committed of its column; NULL where all rows are taken).

    Args:
        kind: What the units are.
        receipts: ``RECEIPTS_OF_TARGET``, or ``NO_RECEIPTS`` where a source has none yet.
        newer: Of a unit only the rows that are newer by a column, or None.

    Arguments in ``@source``: ``project``, ``id`` (or absent), ``prefix``, ``lookback`` (days), ``always``, ``again``,
    ``from`` and ``to`` (dates); for shards ``include`` and ``exclude`` (regular expressions over dataset names) and
    ``pattern`` (over table names). Views are not in TABLE_STORAGE, so a view that looks like a shard is none; nor is a
    snapshot, which no wildcard reads.
    """
    return _due((kind,), receipts, newer, f", {_UNITS[kind]}")


def find_units(kind: Kind) -> str:
    """A statement that makes the temporary table ``units``, for ``due_of_units``."""
    return f"CREATE TEMP TABLE units AS\nWITH {_UNITS[kind]}\nSELECT * FROM units;\n"


def due_of_units(kinds: tuple[Kind, ...], receipts: str, newer: Newer | None) -> str:
    """What ``due_units`` answers with, for units of any of these kinds in the temporary table ``units``."""
    return _due(kinds, receipts, newer, "")


def _due(kinds: tuple[Kind, ...], receipts: str, newer: Newer | None, units: str) -> str:
    kind = source_value("kind")
    table = f", '.', {source_value('prefix')}"
    if Kind.SHARDS in kinds:
        table = "" if len(kinds) == 1 else f", IF({kind} IS NULL, '', CONCAT('.', {source_value('prefix')}))"
    owner = f"CONCAT({source_value('project')}, '.', u.dataset{table})"
    dates = "SAFE_CAST(u.range_start AS INT64) IS NULL"
    lookback = f"""
    OR (u.range_end > CAST(DATE_SUB(CURRENT_DATE(), INTERVAL CAST({source_value("lookback")} AS INT64) DAY) AS STRING)
      AND {dates}{f" AND {kind} IS DISTINCT FROM '{Kind.QUERY}'" if Kind.QUERY in kinds else ""})"""
    again = f"'true' IN (IFNULL({source_value('again')}, ''), IFNULL({source_value('always')}, ''))"
    if newer is not None or not {Kind.SHARDS, Kind.PARTITIONED}.intersection(kinds):
        lookback = ""
    return f"""\
WITH receipts AS (
  {receipts}
){units}{"" if newer is None else marks()}
SELECT
  IFNULL({source_value("id")}, {owner}) AS owner,
  u.dataset, u.name, u.origin, u.covers, u.range_start, u.range_end,
  {"u.filter" if newer is None else newer_filter(newer, again)}, u.dated,
  u.modified, u.source_rows, u.source_bytes,
  r.dataset IS NOT NULL OR {again} AS again,
  k.dataset IS NOT NULL AS known{"" if newer is None else f", IF({again}, NULL, m.high) AS low"}
FROM units AS u
LEFT JOIN (SELECT DISTINCT dataset, name, modified, source_rows, source_bytes FROM receipts) AS r
  ON r.dataset = u.dataset AND r.name = u.name AND {same_stamp("r", "u")}
LEFT JOIN (SELECT DISTINCT dataset, name FROM receipts) AS k ON k.dataset = u.dataset AND k.name = u.name{
        "" if newer is None else JOIN_MARKS
    }
WHERE (
    r.dataset IS NULL OR {again}{lookback})
  AND (
    {source_value("from")} IS NULL
    OR (u.range_start < {source_value("to")} AND u.range_end > {source_value("from")} AND {dates}))
"""


def same_stamp(one: str, other: str) -> str:
    """A condition: two stamps are equal.

    A time that is not known yet equals nothing, so that the unit stays due; only a table without rows, which may
    never get a time, is told by having none (information-schema-table-storage: times can be NULL).
    """
    return (
        f"({one}.modified = {other}.modified OR ({one}.source_rows = 0 AND {one}.modified IS NULL "
        f"AND {other}.modified IS NULL)) "
        f"AND {one}.source_rows = {other}.source_rows AND {one}.source_bytes = {other}.source_bytes"
    )


def below(one: str, other: str) -> str:
    """A condition: one end of a range lies before another; numbers are compared as numbers."""
    return f"COALESCE(SAFE_CAST({one} AS INT64) < SAFE_CAST({other} AS INT64), {one} < {other})"


def overlaps(one: str, other: str) -> str:
    """A condition: two units of one owner cover some row both."""
    ranges = (
        f"{below(f'{one}.range_start', f'{other}.range_end')} AND {below(f'{other}.range_start', f'{one}.range_end')}"
    )
    alike = f"({one}.covers = {other}.covers AND ({one}.covers = 'null' OR ({ranges})))"
    return f"('all' IN ({one}.covers, {other}.covers) OR {alike})"


def literal(kind: str, text: str) -> str:
    """An SQL expression: the literal of the type that ``kind`` yields, from the canonical text that ``text`` yields.

    Only literals prune. ``%T`` quotes, so nothing gets out of a literal; a number is read as one before it is written.
    """
    return f"IF({kind} = 'INT64', CAST(SAFE_CAST({text} AS INT64) AS STRING), FORMAT('%s %T', {kind}, {text}))"


def window_text(start: str, end: str) -> str:
    """An SQL expression: the source's own query with the literals of a window in place of its parameters.

    The file's reader refuses a query that has their names anywhere else (``config.googlesql``).
    """
    query = source_value("query")
    for name, value in (("start", start), ("end", end)):
        moment = f"FORMAT('TIMESTAMP \\'%s\\'', IFNULL({value}, ''))"
        query = f"REPLACE({query}, '@window_{name}', {moment})"
    return query


def _hour(digits: str) -> str:
    """The first hour of what 4, 6, 8 or 10 digits name: a year, a month, a day or an hour."""
    return f"CONCAT({digits}, SUBSTR('0000010100', LENGTH({digits}) + 1))"


_BEGINNING: Final = "SAFE.PARSE_TIMESTAMP('%Y%m%d%H', hour)"


def _bounds(digits: str, start: str) -> str:
    """``range_start`` and ``range_end`` of a span whose name has so many digits and that begins at ``start``."""
    end = (
        f"CASE LENGTH({digits}) WHEN 10 THEN TIMESTAMP_ADD({start}, INTERVAL 1 HOUR) "
        f"WHEN 8 THEN TIMESTAMP_ADD({start}, INTERVAL 1 DAY) "
        f"ELSE TIMESTAMP(DATE_ADD(DATE({start}), INTERVAL IF(LENGTH({digits}) = 6, 1, 12) MONTH)) END"
    )

    def text(moment: str) -> str:
        return f"IF(LENGTH({digits}) = 10, FORMAT_TIMESTAMP('%F %T', {moment}), FORMAT_TIMESTAMP('%F', {moment}))"

    return f"{text(start)} AS range_start,\n    {text(end)} AS range_end"


_STORED: Final = f"""\
storage_last_modified_time AS modified,
    total_rows AS source_rows,
    total_logical_bytes AS source_bytes
  FROM {region_view("TABLE_STORAGE")}
  WHERE NOT deleted
    AND table_type IN ('BASE TABLE', 'CLONE')"""

_SHARDS: Final = f"""\
tables AS (
  SELECT
    table_schema AS dataset,
    table_name AS name,
    SUBSTR(table_name, LENGTH({source_value("prefix")}) + 1) AS suffix,
    {_STORED}
    AND STARTS_WITH(table_name, {source_value("prefix")})
    AND REGEXP_CONTAINS(table_name, {source_value("pattern")})
    AND EXISTS (
      SELECT 1 FROM UNNEST(JSON_VALUE_ARRAY(@source, '$.include')) AS pattern
      WHERE REGEXP_CONTAINS(table_schema, pattern))
    AND NOT EXISTS (
      SELECT 1 FROM UNNEST(JSON_VALUE_ARRAY(@source, '$.exclude')) AS pattern
      WHERE REGEXP_CONTAINS(table_schema, pattern))
), hours AS (
  SELECT *, {_hour("suffix")} AS hour FROM tables
), shards AS (
  SELECT *, {_BEGINNING} AS beginning FROM hours
), units AS (
  SELECT dataset, name, name AS origin, 'range' AS covers,
    {_bounds("suffix", "beginning")},
    CAST(NULL AS STRING) AS filter, TRUE AS dated, modified, source_rows, source_bytes
  FROM shards
  WHERE beginning IS NOT NULL
)"""

_TABLE: Final = f"""\
units AS (
  SELECT
    table_schema AS dataset,
    table_name AS name,
    table_name AS origin,
    'all' AS covers,
    CAST(NULL AS STRING) AS range_start,
    CAST(NULL AS STRING) AS range_end,
    CAST(NULL AS STRING) AS filter,
    FALSE AS dated,
    {_STORED}
    AND table_schema = {quote_string(DATASET)}
    AND table_name = {source_value("prefix")}
)"""


def layout() -> str:
    """A query of the partitioned table: ``ddl``, and its partitioning column, NULL where that is the ingestion time."""
    return f"""\
SELECT t.ddl, c.column_name, IFNULL(c.data_type, 'TIMESTAMP') AS kind
  FROM {dataset_view(DATASET_PATH, "TABLES")} AS t
  LEFT JOIN {dataset_view(DATASET_PATH, "COLUMNS")} AS c
    ON c.table_name = t.table_name AND c.is_partitioning_column = 'YES'
    AND NOT STARTS_WITH(c.column_name, '_PARTITION')
  WHERE t.table_name = {source_value("prefix")}"""


DATASET_PATH: Final = "{project}." + DATASET

_COLUMN: Final = f"IFNULL({quoted('column_name')}, '_PARTITIONTIME')"

_PARTITIONED: Final = f"""\
layout AS (
  {layout()}
), listed AS (
  SELECT p.partition_id AS id, p.last_modified_time AS modified, p.total_rows AS source_rows,
    p.total_logical_bytes AS source_bytes, l.column_name, l.kind,
    CAST(REGEXP_EXTRACT(l.ddl, r'GENERATE_ARRAY\\([^,]+,\\s*(-?[0-9]+)') AS INT64) AS last_end,
    CAST(REGEXP_EXTRACT(l.ddl, r'GENERATE_ARRAY\\([^,]+,[^,]+,\\s*([0-9]+)') AS INT64) AS width,
    IF(l.kind = 'INT64', '', {_hour("p.partition_id")}) AS hour
  FROM {dataset_view(DATASET_PATH, "PARTITIONS")} AS p CROSS JOIN layout AS l
  WHERE p.table_name = {source_value("prefix")} AND p.partition_id != {quote_string(UNPARTITIONED)}
), partitions AS (
  SELECT *, {_BEGINNING} AS beginning FROM listed
), ranges AS (
  SELECT *, {_bounds("id", "beginning")} FROM partitions WHERE beginning IS NOT NULL
  UNION ALL
  SELECT *, id AS range_start, CAST(LEAST(CAST(id AS INT64) + width, last_end) AS STRING) AS range_end
  FROM partitions WHERE kind = 'INT64' AND id != '__NULL__'
  UNION ALL
  SELECT *, CAST(NULL AS STRING) AS range_start, CAST(NULL AS STRING) AS range_end FROM partitions WHERE id = '__NULL__'
), units AS (
  SELECT {quote_string(DATASET)} AS dataset, CONCAT({source_value("prefix")}, '$', id) AS name,
    {source_value("prefix")} AS origin, IF(range_start IS NULL, 'null', 'range') AS covers, range_start, range_end,
    IF(range_start IS NULL, CONCAT({_COLUMN}, ' IS NULL'),
      FORMAT('%s >= %s AND %s < %s', {_COLUMN}, {literal("kind", "range_start")},
        {_COLUMN}, {literal("kind", "range_end")})) AS filter,
    column_name IS NULL AS dated, modified, source_rows, source_bytes
  FROM ranges
)"""


def _windows() -> str:
    """The windows of a query: without receipts they are due, from the oldest that is asked for to the last complete.

    Their width is ``by`` in ``@source``; a query that uses no window is one unit.
    """
    by, day = source_value("by"), "CURRENT_DATE()"
    width = f"CASE {by} WHEN 'month' THEN 31 WHEN 'year' THEN 366 ELSE 1 END"
    first = (
        f"IFNULL(CAST({source_value('from')} AS DATE), DATE_SUB({day}, INTERVAL "
        f"GREATEST(CAST(IFNULL({source_value('lookback')}, '1') AS INT64), {width}) DAY))"
    )
    last = f"IFNULL(LEAST(CAST({source_value('to')} AS DATE), {day}), {day})"
    spans = "\n  UNION ALL\n".join(
        f"  SELECT FORMAT_DATE('%F', d) AS range_start,\n"
        f"    FORMAT_DATE('%F', DATE_ADD(d, INTERVAL 1 {word})) AS range_end\n"
        f"  FROM span, UNNEST(GENERATE_DATE_ARRAY(first, DATE_SUB(DATE_TRUNC(last, {word}), INTERVAL 1 DAY))) AS d\n"
        f"  WHERE {by} = '{word.lower()}' AND d = DATE_TRUNC(d, {word})"
        for word in ("DAY", "MONTH", "YEAR")
    )
    begun = "TIMESTAMP_ADD(TIMESTAMP(d), INTERVAL {} HOUR)"
    ended = begun.format("h + 1")
    hour = (
        f"  SELECT FORMAT_TIMESTAMP('%F %T', {begun.format('h')}), FORMAT_TIMESTAMP('%F %T', {ended})\n"
        f"  FROM span, UNNEST(GENERATE_DATE_ARRAY(first, last)) AS d, UNNEST(GENERATE_ARRAY(0, 23)) AS h\n"
        f"  WHERE {by} = 'hour' AND {ended} <= LEAST(CURRENT_TIMESTAMP(), IFNULL(\n"
        f"    TIMESTAMP(CAST({source_value('to')} AS DATE)), CURRENT_TIMESTAMP()))"
    )
    return f"""\
span AS (
  SELECT {first} AS first, {last} AS last
), windows AS (
{spans}
  UNION ALL
{hour}
  UNION ALL
  SELECT CAST(NULL AS STRING), CAST(NULL AS STRING) FROM span WHERE {by} IS NULL
), units AS (
  SELECT REGEXP_EXTRACT({quote_string(STAGING)}, r'[^.]+$') AS dataset,
    CONCAT({quote_string(QUERY)}, IFNULL(CONCAT('$', range_start), '')) AS name, {quote_string(QUERY)} AS origin,
    IF(range_start IS NULL, 'all', 'range') AS covers, range_start, range_end, CAST(NULL AS STRING) AS filter,
    FALSE AS dated, CAST(range_end AS TIMESTAMP) AS modified, 0 AS source_rows, 0 AS source_bytes
  FROM windows
)"""


_UNITS: Final = {
    Kind.SHARDS: _SHARDS,
    Kind.PARTITIONED: _PARTITIONED,
    Kind.TABLE: _TABLE,
    Kind.QUERY: _windows(),
}
