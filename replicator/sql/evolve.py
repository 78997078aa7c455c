"""The target's evolution: a query of no rows whose columns are the target's, and those that it is to gain.

Sent as an append with ALLOW_FIELD_ADDITION it changes the schema and nothing else: fields that are there keep their
descriptions, policy tags and modes, and new ones stand at the end of their record, NULLABLE
(managing-table-schemas#add_a_nested_column_to_a_record_column). Sent twice it changes nothing the second time.
"""

from __future__ import annotations

from replicator import limits
from replicator.names import DatasetRef, TableRef
from replicator.sql.drift import Policies
from replicator.sql.inventory import buffer_name
from replicator.sql.ledger import DRIFT
from replicator.sql.placeholders import MANIFEST, dataset_view, run_value
from replicator.sql.projection import UNIT
from replicator.sql.quoting import quote_string, quote_table, quoted, quoted_fields


def write_evolution(*, target: TableRef, state: DatasetRef, policies: Policies) -> str:
    """Tell what the target gains from what has landed, and write the query that adds it.

    Arguments in ``@run``: ``pipeline``, ``run``, ``epoch``, and of the sources that have landed ``landed`` (names) and
    ``landings`` (datasets), in one order. The answer is one JSON text: ``fields``, or null when nothing is to be
    added; its second column is ``statement``.

    A record that is new is added as one schema has it, with all that is in it; what others have besides is added the
    next time. A field that they do not agree on is not added, nor a record with such a field in it: its sources then
    lack it, and fail. So they do where the target would have more columns than a table can.

    The statement rebuilds a record by its own ``.*``, which keeps its order whatever it is; it reads no table. Its
    tokens are in the order of their keys, as in ``projection``: in a record what is rebuilt stands before what is new.
    """
    kind = r"REGEXP_REPLACE(data_type, r' ?\([^)]*\)', '')"
    name = buffer_name("buffer").replace("%", "%%")
    select = (
        f"SELECT %T AS source, m.dataset, p.field_path AS path, LOWER(p.field_path) AS lower_path, p.data_type "
        f"FROM %s.INFORMATION_SCHEMA.COLUMN_FIELD_PATHS AS p "
        f"JOIN (SELECT DISTINCT {name} AS name, dataset FROM %s WHERE error IS NULL) AS m ON m.name = p.table_name"
    )
    return f"""\
DECLARE statement, gained STRING;
EXECUTE IMMEDIATE (
  SELECT CONCAT('CREATE TEMP TABLE landed AS ', STRING_AGG(
    FORMAT({quote_string(select)}, JSON_VALUE_ARRAY(@run, '$.landed')[OFFSET(place)], {quoted("landing")},
      {quoted(f"CONCAT(landing, {quote_string('.' + MANIFEST)})")}), '\\nUNION ALL '))
  FROM UNNEST(JSON_VALUE_ARRAY(@run, '$.landings')) AS landing WITH OFFSET AS place);
CREATE TEMP TABLE present AS
SELECT field_path AS path, LOWER(field_path) AS lower_path, STARTS_WITH(data_type, 'ARRAY<') AS repeated,
  REGEXP_CONTAINS(data_type, r'^(ARRAY<)?STRUCT<') AS record
FROM {dataset_view(str(target.parent), "COLUMN_FIELD_PATHS")} WHERE table_name = {quote_string(target.table)};
CREATE TEMP TABLE broken AS
SELECT lower_path FROM landed GROUP BY lower_path
HAVING COUNT(DISTINCT REGEXP_REPLACE(data_type, r'STRUCT<.*', '')) > 1;
CREATE TEMP TABLE gains AS
SELECT l.lower_path, CONCAT(IFNULL(CONCAT(o.path, '.'), ''), REGEXP_EXTRACT(MIN(l.path), r'[^.]+$')) AS path,
  MIN({quoted_fields(kind)}) AS kind, MIN(l.parent) AS parent,
  CONCAT(IF(l.parent = '', '', CHR(1)), REPLACE(l.parent, '.', CHR(1)), CHR(2), l.lower_path) AS sort_key
FROM (SELECT *, REGEXP_REPLACE(lower_path, r'\\.?[^.]+$', '') AS parent FROM landed) AS l
LEFT JOIN present AS o ON o.lower_path = l.parent
WHERE l.lower_path != '{UNIT}' AND l.lower_path NOT IN (SELECT p.lower_path FROM present AS p)
  AND (l.parent = '' OR o.record) AND {policies.adds("l.lower_path")}
  AND {limits.COLUMNS_PER_TABLE.value} >= (SELECT COUNT(DISTINCT one) FROM (
    SELECT p.lower_path AS one FROM present AS p
    UNION ALL SELECT n.lower_path FROM landed AS n WHERE n.lower_path != '{UNIT}' AND {policies.adds("n.lower_path")}))
  AND NOT EXISTS (
    SELECT 1 FROM UNNEST((SELECT ARRAY_AGG(b.lower_path) FROM broken AS b)) AS one
    WHERE one = l.lower_path OR STARTS_WITH(one, CONCAT(l.lower_path, '.')))
GROUP BY l.lower_path, l.parent, o.path;
SET gained = (SELECT STRING_AGG(path, ', ' ORDER BY path) FROM gains);
SET statement = (
  WITH touched AS (
    SELECT p.*, CONCAT(CHR(1), REPLACE(p.lower_path, '.', CHR(1))) AS sort_key,
      REGEXP_REPLACE(p.lower_path, r'\\.?[^.]+$', '') AS parent, ARRAY_LENGTH(SPLIT(p.path, '.')) AS depth,
      {quoted("REGEXP_EXTRACT(p.path, r'[^.]+$')")} AS name
    FROM present AS p
    WHERE EXISTS (
      SELECT 1 FROM UNNEST((SELECT ARRAY_AGG(g.lower_path) FROM gains AS g)) AS gain
      WHERE STARTS_WITH(gain, CONCAT(p.lower_path, '.')))
  ), tokens AS (
    SELECT sort_key, CONCAT(
      IF(ROW_NUMBER() OVER (PARTITION BY parent ORDER BY sort_key) = 1, ' REPLACE (', ', '), IF(repeated, 'ARRAY', ''),
      FORMAT('(SELECT AS STRUCT e%d.*', depth)) AS token
    FROM touched
    UNION ALL
    SELECT CONCAT(sort_key, CHR(3)), CONCAT(
      IF(repeated, FORMAT(' FROM UNNEST(e%d.%s)', depth - 1, name), FORMAT(' FROM UNNEST([e%d.%s])', depth - 1, name)),
      FORMAT(' AS e%d) AS %s', depth, name))
    FROM touched
    UNION ALL
    SELECT CONCAT(IF(parent = '', '', CHR(1)), REPLACE(parent, '.', CHR(1)), CHR(2)), ')'
    FROM touched GROUP BY parent
    UNION ALL
    SELECT sort_key, FORMAT(', CAST(NULL AS %s) AS %s', kind, {quoted("REGEXP_EXTRACT(path, r'[^.]+$')")}) FROM gains
  )
  SELECT CONCAT('SELECT e0.*', STRING_AGG(token, '' ORDER BY sort_key), '\\nFROM (SELECT ', (
    SELECT STRING_AGG(FORMAT('CAST(NULL AS %s) AS %s', {quoted_fields(kind)}, {quoted("column_name")}), ', '
      ORDER BY ordinal_position)
    FROM {dataset_view(str(target.parent), "COLUMNS")} WHERE table_name = {quote_string(target.table)}
  ), ') AS e0 WHERE FALSE')
  FROM tokens
);
INSERT INTO {quote_table(state.table(DRIFT))}
  (target, pipeline, source, dataset, path, kind, data_type, run, epoch, seen_at)
SELECT {quote_string(str(target))}, {run_value("pipeline")}, l.source, MIN(l.dataset), g.path, 'added', l.data_type,
  {run_value("run")}, CAST({run_value("epoch")} AS INT64), CURRENT_TIMESTAMP()
FROM gains AS g JOIN landed AS l ON l.lower_path = g.lower_path
GROUP BY l.source, g.path, l.data_type;
SELECT TO_JSON_STRING(STRUCT(gained AS fields)) AS answer, statement AS statement;
"""
