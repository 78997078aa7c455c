"""What stops a source before anything is staged: its tables are not what its file says of them.

Each function gives statements that stand in the inventory's script behind the temporary table ``due``; the script
declares ``missing``.
"""

from __future__ import annotations

from replicator.sql.placeholders import region_view, source_value
from replicator.sql.quoting import quote_string


def refuse_missing_paths() -> str:
    """Stop before anything is staged when a dataset that is due has a path of ``columns`` in no table that counts.

    A field that has gone, or was renamed, may carry on under a name that nobody excluded. What counts are the due
    tables and, among shards, the newest: an old shard that is due by itself may well lack what came later.
    """
    return f"""\
SET missing = (
  WITH rules AS (
    SELECT LOWER(path) AS path FROM UNNEST(ARRAY_CONCAT(
      IFNULL(JSON_VALUE_ARRAY(@source, '$.drop'), []),
      IFNULL(JSON_VALUE_ARRAY(@source, '$.hash'), []),
      ARRAY(
        SELECT JSON_VALUE(renamed, '$[0]')
        FROM UNNEST(JSON_QUERY_ARRAY(@source, '$.rename')) AS renamed))) AS path
  ), looked_into AS (
    SELECT dataset, origin FROM due
    UNION DISTINCT
    SELECT table_schema, MAX(table_name) FROM {region_view("TABLES")}
    WHERE REGEXP_CONTAINS(table_name, {source_value("pattern")}) AND table_schema IN (SELECT dataset FROM due)
    GROUP BY table_schema
  ), found AS (
    SELECT DISTINCT t.dataset, LOWER(p.field_path) AS path
    FROM {region_view("COLUMN_FIELD_PATHS")} AS p
    JOIN looked_into AS t ON t.dataset = p.table_schema AND t.origin = p.table_name
  )
  SELECT STRING_AGG(FORMAT('%s in %s', r.path, d.dataset), ', ' ORDER BY r.path, d.dataset LIMIT 5)
  FROM rules AS r CROSS JOIN (SELECT DISTINCT dataset FROM due) AS d
  LEFT JOIN found AS f ON f.dataset = d.dataset AND f.path = r.path
  WHERE f.path IS NULL
);
IF missing IS NOT NULL THEN
  RAISE USING MESSAGE = FORMAT('columns names what no table there has: %s; correct the path, or take the rule away',
    missing);
END IF;
"""


def refuse_own_columns(own_columns: tuple[str, str]) -> str:
    """Stop when a column of a due table has the name of one of the target's own two, unless a rule takes it away."""
    partition, owner = (quote_string(name.lower()) for name in own_columns)
    return f"""\
SET missing = (
  SELECT STRING_AGG(DISTINCT column_name, ', ') FROM {region_view("COLUMNS")} AS c
  JOIN due ON due.dataset = c.table_schema AND due.origin = c.table_name
  WHERE (LOWER(column_name) = {owner} OR (due.dated AND LOWER(column_name) = {partition}))
    AND NOT EXISTS (
      SELECT 1 FROM UNNEST(JSON_VALUE_ARRAY(@source, '$.drop')) AS path WHERE LOWER(path) = LOWER(column_name))
    AND NOT EXISTS (
      SELECT 1 FROM UNNEST(JSON_QUERY_ARRAY(@source, '$.rename')) AS rule
      WHERE LOWER(JSON_VALUE(rule, '$[0]')) = LOWER(column_name))
);
IF missing IS NOT NULL THEN
  RAISE USING MESSAGE = FORMAT(
    'the source has a column %s, which is the name of a column that the target keeps for itself; '
    'rename it or exclude it in columns', missing);
END IF;
"""


def refuse_other_partition(partition_column: str) -> str:
    """Stop when the rows of a due unit do not bring the target's partition column, or are partitioned by another."""
    return f"""\
SET missing = (
  SELECT MIN(CONCAT(due.dataset, '.', due.origin)) FROM due
  WHERE NOT dated AND CONCAT(due.dataset, '.', due.origin) NOT IN (
    SELECT CONCAT(c.table_schema, '.', c.table_name)
    FROM {region_view("COLUMNS")} AS c
    WHERE STARTS_WITH(c.table_name, {source_value("prefix")})
      AND (IFNULL({source_value("kind")}, '') != 'partitioned' OR c.is_partitioning_column = 'YES')
      AND LOWER(IFNULL((
        SELECT MIN(JSON_VALUE(rule, '$[1]')) FROM UNNEST(JSON_QUERY_ARRAY(@source, '$.rename')) AS rule
        WHERE LOWER(JSON_VALUE(rule, '$[0]')) = LOWER(c.column_name)), c.column_name))
        = {quote_string(partition_column.lower())})
);
IF missing IS NOT NULL THEN
  RAISE USING MESSAGE = FORMAT(
    IF({source_value("kind")} = 'partitioned',
      'the table %s is not partitioned by a column %s, by which the target is; rename its own to that in columns',
      '%s has no column %s, by which the target is partitioned; rename one to that in columns, or select it'),
    missing, {quote_string(partition_column)});
END IF;
"""
