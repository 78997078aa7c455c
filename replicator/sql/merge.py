"""How a batch's rows become part of the target: what each strategy deletes, inserts or merges.

Each function gives SQL that stands in the script that writes the commit, and sets ``body``: the text of the
statements between the checks of the fence and the rows of the ledger. There ``landed``, the batch's table, ``kind``
(the type of the target's partition column) and ``@run`` are.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from replicator.names import TableRef
from replicator.sql.placeholders import dataset_view
from replicator.sql.projection import ROW, UNIT
from replicator.sql.quoting import quote_name, quote_string, quote_table, quoted
from replicator.sql.units import literal

MOST_LITERALS: Final = 500
"""Values of the partition column that an upsert names one by one; more are told by the first and the last."""


class Replacing(StrEnum):
    """The strategies that insert, and what they delete before."""

    PARTITIONS = "replace_partitions"
    TABLE = "replace_table"
    NOTHING = "append"


_OLD: Final = "replicator_old"
_NEW: Final = "replicator_new"
"""Aliases of a target's row and of the one that comes; in SET the target's columns stand without one."""


@dataclass(frozen=True, slots=True)
class Upserting:
    """Rows are matched by key within their owner.

    Attributes:
        keys: Columns of the target.
        newest_by: Of two rows with one key the one with the larger value here wins, or None.
        mirror_deletions: Rows of an owner of the batch that are not staged are deleted.
    """

    keys: tuple[str, ...]
    newest_by: str | None
    mirror_deletions: bool


Strategy = Replacing | Upserting


def replace_rows(
    strategy: Replacing, *, target: TableRef, batch: str, partition_column: str, source_column: str
) -> str:
    """Delete exactly what the batch's units had put there before, and insert what has landed.

    The DELETE names the ranges of units that were ever committed before: adjacent ranges of an owner are one, and
    owners with the very same range share its condition, never a cross product. A unit that is new deletes nothing.
    An append deletes only what was asked for again, since nothing else was committed before.
    """
    owner, day = quote_name(source_column), quote_name(partition_column)
    if strategy is Replacing.TABLE:
        condition = "''"
    else:
        ranged = quote_string(f"{day} >= %s AND {day} < %s AND ")
        condition = (
            f"CASE covers WHEN 'null' THEN {quote_string(f'{day} IS NULL AND ')} WHEN 'all' THEN '' "
            f"ELSE FORMAT({ranged}, {literal('kind', 'first_start')}, {literal('kind', 'last_end')}) END"
        )
    insert = (
        f"INSERT INTO {quote_table(target)} (%s)\nSELECT %s FROM %s AS {ROW}\n"
        f"WHERE EXISTS (SELECT 1 FROM {batch} AS b WHERE b.source = %T AND b.number = {ROW}.{UNIT});\n"
        f"SELECT IF(@@row_count = %d, 1, ERROR(%T));\n"
    )
    return f"""\
SET body = (
  WITH units AS (
    SELECT DISTINCT owner, covers, range_start, range_end FROM {batch}
    WHERE committed_before{" AND again" if strategy is Replacing.NOTHING else ""}
  ), steps AS (
    SELECT *, IFNULL(
      LAG(range_end) OVER (PARTITION BY owner, covers ORDER BY SAFE_CAST(range_start AS INT64), range_start)
        = range_start, FALSE) AS adjacent
    FROM units
  ), islands AS (
    SELECT *, COUNTIF(NOT adjacent) OVER (
      PARTITION BY owner, covers ORDER BY SAFE_CAST(range_start AS INT64), range_start) AS island
    FROM steps
  ), ranges AS (
    SELECT owner, covers,
      ARRAY_AGG(range_start IGNORE NULLS ORDER BY SAFE_CAST(range_start AS INT64), range_start LIMIT 1)[SAFE_OFFSET(0)]
        AS first_start,
      ARRAY_AGG(range_end IGNORE NULLS ORDER BY SAFE_CAST(range_end AS INT64) DESC, range_end DESC LIMIT 1)
        [SAFE_OFFSET(0)]
        AS last_end
    FROM islands GROUP BY owner, covers, island
  ), conditions AS (
    SELECT DISTINCT {condition} AS condition, owner FROM ranges
  ), pairs AS (
    SELECT condition, STRING_AGG(FORMAT('%T', owner), ', ' ORDER BY owner) AS owners
    FROM conditions GROUP BY condition
  )
  SELECT CONCAT({quote_string(f"DELETE FROM {quote_table(target)} WHERE ")},
    STRING_AGG(
      FORMAT({quote_string(f"(%s{owner} IN (%s))")}, condition, owners), '\\n  OR ' ORDER BY condition), ';\\n')
  FROM pairs
);
SET body = (
  WITH totals AS (
    SELECT source, SUM(row_count) AS row_count FROM {batch} GROUP BY source
  )
  SELECT CONCAT(IFNULL(body, ''), STRING_AGG(
    FORMAT({quote_string(insert)}, list, list, {quoted("JSON_VALUE(part, '$.aligned')")}, source, row_count,
      FORMAT('not every row of %s was inserted', source)), '' ORDER BY source))
  FROM UNNEST(JSON_QUERY_ARRAY(@run, '$.batch')) AS part
  JOIN totals ON totals.source = JSON_VALUE(part, '$.source')
);
"""


def merge_rows(strategy: Upserting, *, target: TableRef, batch: str, partition_column: str, source_column: str) -> str:
    """Check the keys of what has landed, then merge what is new or differs, in one MERGE for the whole batch.

    Rows are read whole once, and so is the target: the MERGE itself compares. Behind it, by the key columns alone, the
    target has to have each key of the batch exactly once, and nothing else of an owner whose deletions are mirrored.
    A row of the target is matched within its owner only. Where the partition column is a key, literals of its values
    prune; elsewhere the whole target is read.
    """
    keys = [quote_name(key) for key in strategy.keys]
    owner, day, table = quote_name(source_column), quote_name(partition_column), quote_table(target)
    listed = ", ".join((owner, *keys))
    lacking = " OR ".join(f"{key} IS NULL" for key in keys)
    by = "" if strategy.newest_by is None else quote_name(strategy.newest_by)
    newest = f"\nQUALIFY RANK() OVER (PARTITION BY {listed} ORDER BY {by} DESC) = 1" if by else ""
    one_each = f"\nQUALIFY ROW_NUMBER() OVER (PARTITION BY {listed} ORDER BY {by} DESC) = 1" if by else ""
    pruned = partition_column.lower() in (key.lower() for key in strategy.keys)
    on = " AND ".join(f"{_OLD}.{column} = {_NEW}.{column}" for column in (owner, *keys))
    own = ", ".join(quote_string(name.lower()) for name in (source_column, *strategy.keys))
    newer = f"({_OLD}.{by} IS NULL OR {_NEW}.{by} >= {_OLD}.{by}) AND " if by else ""
    question = f"""\
WITH {ROW} AS (
%s), keyed AS (
  SELECT replicator_source, {owner} AS replicator_owner, TO_JSON_STRING(STRUCT({", ".join(keys)})) AS replicator_key,
    {lacking} AS replicator_lacking FROM {ROW}{newest}
), grouped AS (
  SELECT replicator_owner AS owner, replicator_key AS key, MIN(replicator_source) AS source, COUNT(*) AS row_count,
    LOGICAL_OR(replicator_lacking) AS lacking
  FROM keyed GROUP BY owner, key
)
SELECT COUNT(*), MIN(CASE
  WHEN lacking THEN FORMAT(
    '%%s: a row of %%s has no value in its key %%s; name columns that every row has', source, owner, key)
  WHEN row_count > 1 THEN FORMAT('%%s: %%d rows of %%s have the key %%s{
        "" if by == "" else " and no newest among them by " + by.replace("'", "")
    }; name columns that tell them apart', source, row_count, owner, key)
  END), {
        f'''(
    SELECT IF(COUNT(DISTINCT {day}) <= {MOST_LITERALS},
      CONCAT('{_OLD}.{day} IN (', STRING_AGG(DISTINCT FORMAT('%%T', {day}), ', '), ')'),
      FORMAT('{_OLD}.{day} BETWEEN %%T AND %%T', MIN({day}), MAX({day})))
    FROM {ROW})'''
        if pruned
        else "'TRUE'"
    }
FROM grouped"""
    wins = f"SELECT * FROM (\n%s\n) AS {ROW} WHERE TRUE{one_each}" if by else "%s"
    merge = f"""\
MERGE {table} AS {_OLD} USING (
{wins}
) AS {_NEW} ON %s AND {on}
WHEN NOT MATCHED BY TARGET THEN INSERT (%s) VALUES (%s)"""
    rewrite = f"\nWHEN MATCHED AND {newer}(%s) THEN UPDATE SET %s"
    check = f""";
SELECT IF(COUNT(*) = %d AND COUNT({_OLD}.{owner}) = %d, 1,
  ERROR('the target has not one row of each key; correct it, or choose other keys'))
FROM (SELECT DISTINCT {listed} FROM (
%s
)) AS {_NEW}
LEFT JOIN (SELECT {listed} FROM {table} AS {_OLD} WHERE %s) AS {_OLD} ON {on};
"""
    delete = f"\nWHEN NOT MATCHED BY SOURCE AND {_OLD}.{owner} IN (%s) THEN DELETE"
    check_deleted = f"""\
SELECT IF(COUNT(*) = %d, 1, ERROR('rows are left of a source whose deletions are mirrored'))
FROM {table} WHERE {owner} IN (%s);
"""
    delete_text, check_deleted_text = "''", "''"
    if strategy.mirror_deletions:
        owners = f"(SELECT STRING_AGG(DISTINCT FORMAT('%T', owner), ', ') FROM {batch})"
        delete_text = f"FORMAT({quote_string(delete)}, {owners})"
        check_deleted_text = f"FORMAT({quote_string(check_deleted)}, key_count, {owners})"
    column = quoted("column_name")
    return f"""\
SET rows_text = (
  SELECT STRING_AGG(
    FORMAT({
        quote_string(
            f"  SELECT %T AS replicator_source, %s FROM %s AS {ROW} WHERE EXISTS ("
            f"SELECT 1 FROM {batch} AS b WHERE b.source = %T AND b.number = {ROW}.{UNIT})"
        )
    }, source, list, {quoted("JSON_VALUE(part, '$.aligned')")}, source), '\\n  UNION ALL\\n' ORDER BY source)
  FROM UNNEST(JSON_QUERY_ARRAY(@run, '$.batch')) AS part
  JOIN (SELECT DISTINCT source FROM {batch}) AS sources ON source = JSON_VALUE(part, '$.source')
);
IF rows_text IS NOT NULL THEN
  EXECUTE IMMEDIATE FORMAT({quote_string(question)}, rows_text) INTO key_count, wrong, pruning;
END IF;
IF wrong IS NOT NULL THEN
  RAISE USING MESSAGE = wrong;
END IF;
SET pruning = IFNULL(pruning, 'FALSE');
SET body = (
  SELECT CONCAT(
    FORMAT({quote_string(merge)}, rows_text, pruning,
      list, STRING_AGG(CONCAT('{_NEW}.', {column}), ', ' ORDER BY ordinal_position)),
    IFNULL(FORMAT({quote_string(rewrite)},
      STRING_AGG(CASE
        WHEN LOWER(column_name) IN ({own}) THEN NULL
        WHEN REGEXP_CONTAINS(data_type, r'^(ARRAY|STRUCT|JSON|GEOGRAPHY)') THEN
          FORMAT('TO_JSON_STRING({_NEW}.%s) IS DISTINCT FROM TO_JSON_STRING({_OLD}.%s)', {column}, {column})
        ELSE FORMAT('{_NEW}.%s IS DISTINCT FROM {_OLD}.%s', {column}, {column}) END, ' OR '),
      STRING_AGG(IF(LOWER(column_name) IN ({own}), NULL, FORMAT('%s = {_NEW}.%s', {column}, {column})), ', ')), ''),
    {delete_text}, FORMAT({quote_string(check)}, key_count, key_count, rows_text, pruning), {check_deleted_text})
  FROM {dataset_view(str(target.parent), "COLUMNS")}
  WHERE table_name = {quote_string(target.table)}
);
"""
