"""Rows of what landed as the target's: the explicit projection, by name at every depth, which a wildcard cannot do.

Written by SQL from the temporary table ``sides`` (``sql.drift``), once for each schema that landed and not for each
buffer. A record that is not already as in the target is rebuilt from an empty one of the target's own type, whose
fields are replaced by those that the source has: the order, the spelling and the type of what is missing are then the
target's.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from replicator.names import TableRef
from replicator.sql.datasets import STAGING_DAYS
from replicator.sql.placeholders import ALIGNED, LANDING, MANIFEST, dataset_view
from replicator.sql.projection import UNIT
from replicator.sql.quoting import quote_name, quote_string, quoted, quoted_fields

EXPIRES: Final = f"OPTIONS (expiration_timestamp = TIMESTAMP_ADD(CURRENT_TIMESTAMP(), INTERVAL {STAGING_DAYS} DAY))"

_TABLES: Final = 200
"""Buffers that one statement reads at the most; a query may name 1,000 tables."""

_CHARACTERS: Final = 300_000
"""Bound on the text that names their columns; a statement may have 1,024k characters, and holds the projection too."""


_FLOAT: Final = (
    "IF(SAFE_CAST(CAST(% AS FLOAT64) AS INT64) = %, CAST(% AS FLOAT64), "
    "ERROR(CONCAT('FLOAT64 does not hold ', CAST(% AS STRING))))"
)
"""``%`` stands for the value."""


class Alignment(StrEnum):
    """How rows are brought to the target's schema."""

    WILDCARD = "wildcard"
    PROJECTION = "projection"


def make_aligned(target: TableRef, *, partition_column: str, source_column: str) -> str:
    """Statements that make the empty aligned table, as the target is but for REQUIRED, and set two texts.

    ``statement`` makes the table once more. ``selection`` is the query of its rows, as a format: its arguments are the
    expressions of what the sources bring, each behind a comma, and a query that is read as ``s0``. They stand where
    ``dated`` is set: whether the units' own starts are the values of the partition column.
    """
    columns = dataset_view(str(target.parent), "COLUMNS")
    named = f"table_name = {quote_string(target.table)}"
    owner, partition = quote_name(source_column), quote_name(partition_column)
    read = f"%s FROM (%s) AS s0 JOIN {quote_name(LANDING, MANIFEST)} AS m ON m.unit = s0.{UNIT} WHERE m.error IS NULL"
    return f"""\
SET statement = (
  SELECT CONCAT({quote_string(f"CREATE OR REPLACE TABLE {quote_name(LANDING, ALIGNED)} (")},
    STRING_AGG(CONCAT({quoted("column_name")}, ' ', {quoted_fields("data_type")}), ', ' ORDER BY ordinal_position),
    {quote_string(f", {UNIT} INT64) {EXPIRES}")})
  FROM {columns} WHERE {named});
EXECUTE IMMEDIATE statement;
SET selection = (
  SELECT CONCAT({quote_string(f"SELECT m.owner AS {owner}, s0.{UNIT}")},
    IF(dated, CONCAT(', CAST(m.range_start AS ', data_type, {quote_string(f") AS {partition}")}), ''),
    {quote_string(read)})
  FROM {columns} WHERE {named} AND LOWER(column_name) = {quote_string(partition_column.lower())});
"""


def rebuild_rows(*, partition_column: str, source_column: str) -> str:
    """Statements that insert the rows of all buffers into the aligned table, schema by schema.

    They stand where ``sides``, ``prints`` and the variable ``selection`` are. A value of another shape is read as an
    array: of no value, the one, or the many that it is. Where the target has one value and a row has two, the
    statement fails; so does a whole number that FLOAT64 does not hold.
    """
    element = "IF(many, SUBSTR(wanted, 7, LENGTH(wanted) - 7), wanted)"
    insert = f"INSERT INTO {quote_name(LANDING, ALIGNED)} ({quote_name(source_column)}, {UNIT}"
    return f"""\
FOR part IN (
  WITH matched AS (
    SELECT s.example, t.lower_path, t.parent, t.kind AS wanted, s.kind, t.repeated AS many, s.repeated, t.base,
      s.base AS given, t.name, ARRAY_LENGTH(SPLIT(t.path, '.')) AS depth,
      REPLACE(t.lower_path, '.', CHR(1)) AS sort_key, s.name AS origin
    FROM sides AS s JOIN sides AS t ON t.lower_path = s.lower_path AND t.example = '' AND s.example != ''
  ), visited AS (
    SELECT m.*, FORMAT('s%d.%s', m.depth - 1, m.origin) AS reference,
      ROW_NUMBER() OVER (PARTITION BY m.example, m.parent ORDER BY m.sort_key) = 1 AS first
    FROM matched AS m LEFT JOIN matched AS o ON o.example = m.example AND o.lower_path = m.parent
    WHERE m.depth = 1 OR o.wanted != o.kind
  ), tokens AS (
    SELECT example, sort_key, CONCAT(IF(depth > 1 AND first, ' REPLACE (', ', '), IF(wanted = kind,
      CONCAT(reference, ' AS ', name), CONCAT(IF(many, 'ARRAY', ''), '(SELECT ', CASE
        WHEN base = 'STRUCT' THEN FORMAT('AS STRUCT t%d.*', depth)
        WHEN base = given THEN FORMAT('s%d', depth)
        WHEN base = 'FLOAT64' THEN REPLACE({quote_string(_FLOAT)}, '%', FORMAT('s%d', depth))
        ELSE FORMAT('CAST(s%d AS %s)', depth, base) END))) AS token, IF(depth = 1, CONCAT(', ', name), '') AS name
    FROM visited
    UNION ALL
    SELECT example, CONCAT(REPLACE(parent, '.', CHR(1)), CHR(2)), ')', '' FROM visited WHERE depth > 1 AND first
    UNION ALL
    SELECT example, CONCAT(sort_key, CHR(3)), CONCAT(
      ' FROM UNNEST(', IF(repeated, reference, CONCAT('[', reference, ']')),
      FORMAT(') AS s%d WITH OFFSET AS o%d', depth, depth),
      IF(base = 'STRUCT', FORMAT(' CROSS JOIN UNNEST([CAST(NULL AS %s)]) AS t%d', {quoted_fields(element)}, depth), ''),
      FORMAT(' WHERE s%d IS NOT NULL ORDER BY o%d) AS %s', depth, depth, name)), ''
    FROM visited WHERE wanted != kind
  ), projections AS (
    SELECT example, STRING_AGG(token, '' ORDER BY sort_key) AS text, STRING_AGG(name, '' ORDER BY sort_key) AS names
    FROM tokens GROUP BY example
  ), selects AS (
    SELECT example, STRING_AGG(name, ', ' ORDER BY name) AS names FROM sides WHERE parent = '' GROUP BY example
  ), chunks AS (
    SELECT p.*, names, DIV(ROW_NUMBER() OVER (PARTITION BY p.example ORDER BY table_name) - 1,
      LEAST({_TABLES}, DIV({_CHARACTERS}, LENGTH(names) + 99) + 1)) AS chunk
    FROM prints AS p JOIN selects AS s ON s.example = p.example
  ), reads AS (
    SELECT example, chunk, STRING_AGG(FORMAT('SELECT {UNIT}, %s FROM %s', names,
      {quoted(f"CONCAT({quote_string(LANDING + '.')}, table_name)")}), ' UNION ALL ') AS text
    FROM chunks GROUP BY example, chunk
  )
  SELECT CONCAT({quote_string(insert)}, IF(dated, {quote_string(", " + quote_name(partition_column))}, ''),
    IFNULL(p.names, ''), ') ', FORMAT(selection, IFNULL(p.text, ''), r.text)) AS statement
  FROM reads AS r LEFT JOIN projections AS p ON p.example = r.example
  ORDER BY r.example, r.chunk
) DO
  EXECUTE IMMEDIATE part.statement;
END FOR;
"""
