"""A projection as text, written by SQL from the field paths that a run finds: excluded, hashed, renamed at any depth.

A nested projection is a tree. Written flat it is a list of tokens in the tree's order: what opens a node, what closes
it. The order of the tokens is the order of their keys: a path with its dots replaced by a character that sorts before
all others keeps a node's descendants right behind it, and the key of its closing token sorts right behind those. So
one STRING_AGG writes any depth, without recursion, and the statement does not grow with the schema.
"""

from __future__ import annotations

from typing import Final

from replicator.sql.quoting import quoted

ROW: Final = "replicator_row"
"""The alias of whatever a source's or a target's columns are read from without a qualifier.

An alias, and a table's own name where it has none, wins over a column of the same name: the whole row would be read.
"""

UNIT: Final = "replicator_unit"
"""The column that says which unit of the manifest a staged row belongs to."""

RULES: Final = """\
DECLARE dropped ARRAY<STRING> DEFAULT ARRAY(
  SELECT LOWER(path) FROM UNNEST(JSON_VALUE_ARRAY(@source, '$.drop')) AS path);
DECLARE hashed ARRAY<STRING> DEFAULT ARRAY(
  SELECT LOWER(path) FROM UNNEST(JSON_VALUE_ARRAY(@source, '$.hash')) AS path);
DECLARE renamed ARRAY<STRUCT<path STRING, name STRING>> DEFAULT ARRAY(
  SELECT AS STRUCT LOWER(JSON_VALUE(rule, '$[0]')) AS path, JSON_VALUE(rule, '$[1]') AS name
  FROM UNNEST(JSON_QUERY_ARRAY(@source, '$.rename')) AS rule);
"""
"""The source's ``columns`` as variables, which a subquery may read row by row: BigQuery refuses a correlated one over a
table without an equality (subqueries#correlated_subqueries)."""

_RELATIVE: Final = f"""(
        SELECT STRING_AGG({quoted("part")}, '.' ORDER BY place)
        FROM UNNEST(n.parts) AS part WITH OFFSET AS place WHERE place >= n.base)"""


def projections(fields: str) -> str:
    """The WITH items that end in ``projections(buffer, projection)``: what to select from a row named ``ROW``.

    Stands where ``RULES`` were declared. A column that no rule touches is taken as it is. A record that loses a field
    is rebuilt by name: NULL stays NULL, an array keeps its order. A record that loses all of its fields goes, for
    there is no empty STRUCT.

    Args:
        fields: A query of ``buffer``, ``path`` (a field path) and ``data_type``, one row per field of each buffer.
    """
    return f"""\
fields AS (
  {fields}
), typed AS (
  SELECT buffer, path, LOWER(path) AS lower_path, SPLIT(path, '.') AS parts, data_type,
    ARRAY_LENGTH(SPLIT(path, '.')) AS depth,
    STARTS_WITH(data_type, 'ARRAY<') AS repeated,
    REGEXP_CONTAINS(data_type, r'^(ARRAY<)?STRUCT<') AS record
  FROM fields
), kept AS (
  SELECT * FROM typed
  WHERE NOT EXISTS (
    SELECT 1 FROM UNNEST(dropped) AS path WHERE lower_path = path OR STARTS_WITH(lower_path, CONCAT(path, '.')))
), ancestry AS (
  SELECT buffer, lower_path, record, ARRAY_TO_STRING(ARRAY(
    SELECT part FROM UNNEST(SPLIT(lower_path, '.')) AS part WITH OFFSET AS place WHERE place < length ORDER BY place),
    '.') AS ancestor
  FROM kept CROSS JOIN UNNEST(GENERATE_ARRAY(1, depth)) AS length
), living AS (
  SELECT DISTINCT buffer, ancestor AS lower_path FROM ancestry WHERE NOT record
), bases AS (
  SELECT a.buffer, a.lower_path, MAX(k.depth) AS base
  FROM ancestry AS a JOIN kept AS k ON k.buffer = a.buffer AND k.lower_path = a.ancestor
  WHERE k.repeated AND k.record AND a.ancestor != a.lower_path
  GROUP BY a.buffer, a.lower_path
), nodes AS (
  SELECT k.*, IFNULL(b.base, 0) AS base,
    REPLACE(k.lower_path, '.', CHR(1)) AS sort_key,
    REGEXP_REPLACE(k.lower_path, r'[^.]+$', '') AS parent,
    EXISTS (
      SELECT 1 FROM UNNEST(ARRAY_CONCAT(dropped, hashed, ARRAY(SELECT r.path FROM UNNEST(renamed) AS r))) AS path
      WHERE REGEXP_EXTRACT(path, r'^[^.]+') = LOWER(k.parts[OFFSET(0)])) AS rebuilt,
    k.lower_path IN UNNEST(hashed) AS concealed,
    IFNULL(
      (SELECT MIN(r.name) FROM UNNEST(renamed) AS r WHERE r.path = k.lower_path),
      k.parts[ORDINAL(k.depth)]) AS name
  FROM kept AS k
  JOIN living AS l ON l.buffer = k.buffer AND l.lower_path = k.lower_path
  LEFT JOIN bases AS b ON b.buffer = k.buffer AND b.lower_path = k.lower_path
), referred AS (
  SELECT n.*, {quoted("n.name")} AS alias,
    ROW_NUMBER() OVER (PARTITION BY n.buffer, n.parent ORDER BY n.sort_key) = 1 AS first,
    CONCAT(
      IF(n.base = 0, '{ROW}', FORMAT('replicator_e%d', n.base)), '.', {_RELATIVE}) AS reference
  FROM nodes AS n
  WHERE n.rebuilt OR n.depth = 1
), tokens AS (
  SELECT buffer, sort_key, CONCAT(
    IF(first, '', ', '),
    CASE
      WHEN concealed AND record THEN ERROR(FORMAT('columns.hash names the record %s; name its fields', lower_path))
      WHEN concealed AND repeated THEN CONCAT(
        'ARRAY(SELECT ', {_concealed("'replicator_v'")}, ' FROM UNNEST(', reference,
        ') AS replicator_v WITH OFFSET AS replicator_o ORDER BY replicator_o) AS ', alias)
      WHEN concealed THEN CONCAT({_concealed("reference")}, ' AS ', alias)
      WHEN rebuilt AND record AND repeated THEN 'ARRAY(SELECT AS STRUCT '
      WHEN rebuilt AND record THEN CONCAT('IF(', reference, ' IS NULL, NULL, STRUCT(')
      ELSE CONCAT(reference, ' AS ', alias)
    END) AS token
  FROM referred
  UNION ALL
  SELECT buffer, CONCAT(sort_key, CHR(2)), IF(
    repeated,
    CONCAT(
      ' FROM UNNEST(', reference,
      FORMAT(') AS replicator_e%d WITH OFFSET AS replicator_o%d ORDER BY replicator_o%d) AS ', depth, depth, depth),
      alias),
    CONCAT(')) AS ', alias))
  FROM referred
  WHERE rebuilt AND record
), projections AS (
  SELECT buffer, STRING_AGG(token, '' ORDER BY sort_key) AS projection FROM tokens GROUP BY buffer
)"""


def _concealed(reference: str) -> str:
    """An SQL expression: the text of the lower-case hex SHA-256 of what the text ``reference`` refers to."""
    kind = r"REGEXP_EXTRACT(REPLACE(data_type, 'ARRAY<', ''), r'^\w+')"
    return (
        f"CONCAT('TO_HEX(SHA256(', "
        f"CASE {kind} WHEN 'STRING' THEN '' WHEN 'BYTES' THEN '' WHEN 'JSON' THEN 'TO_JSON_STRING(' ELSE 'CAST(' END, "
        f"{reference}, "
        f"CASE {kind} WHEN 'STRING' THEN '' WHEN 'BYTES' THEN '' WHEN 'JSON' THEN ')' ELSE ' AS STRING)' END, '))')"
    )
