"""Rows that are newer by a column: of a unit that has changed only those above what was committed of it.

What was committed is the largest value of the column, kept with the stamp as the literal that GoogleSQL writes it as
(``TIMESTAMP "2026-11-20 08:00:00+00"``), so that it prunes where the source is partitioned or clustered by the column.
A unit whose stamp has not moved is not looked into: a run that finds nothing new reads metadata only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from replicator.sql.placeholders import region_view, source_value
from replicator.sql.quoting import quote_name, quote_string

_KINDS: Final = "DATE|DATETIME|TIMESTAMP|INT64|NUMERIC|BIGNUMERIC|STRING"
_TIMES: Final = "DATE|DATETIME|TIMESTAMP"


@dataclass(frozen=True, slots=True)
class Newer:
    """What makes a row newer.

    Attributes:
        column: A column of every source; it arrives in the target under its own name.
        once: A row is taken once (append). Then a row that comes later with the largest value that was committed is
            none that is newer; otherwise (upsert) the rows with that value are taken again, which changes nothing.
    """

    column: str
    once: bool


JOIN_MARKS: Final = "\nLEFT JOIN marks AS m ON m.dataset = u.dataset AND m.name = u.name"


def marks() -> str:
    """A WITH item: the largest value that was committed of each unit, ``high``, by its newest receipt that has one."""
    return """, marks AS (
  SELECT dataset, name, ARRAY_AGG(high IGNORE NULLS ORDER BY committed_at DESC LIMIT 1)[SAFE_OFFSET(0)] AS high
  FROM receipts GROUP BY dataset, name
)"""


def newer_filter(newer: Newer, again: str) -> str:
    """``filter`` of a unit: its own condition and, unless it is taken ``again``, that its rows are newer.

    Rows without a value are always taken: an upsert finds them again by their key, an append refuses them.
    """
    column = quote_name(newer.column)
    kind = f"REGEXP_EXTRACT(m.high, r'^({_TIMES}) ')"
    days = source_value("lookback")
    below = f"IF({days} IS NULL, m.high, FORMAT('%s_SUB(%s, INTERVAL %s DAY)', {kind}, m.high, {days}))"
    condition = quote_string(f"({column} IS NULL OR {column} {'>' if newer.once else '>='} ")
    return (
        f"IF({again} OR m.high IS NULL, u.filter,\n"
        f"    CONCAT(IFNULL(CONCAT(u.filter, ' AND '), ''), {condition}, {below}, ')')) AS filter"
    )


def refuse_column_that_does_not_grow(newer: Newer) -> str:
    """Stop before anything is staged when a due table lacks the column, or its type has no order that could grow."""
    return f"""\
SET missing = (
  SELECT STRING_AGG(DISTINCT CONCAT(dataset, '.', origin), ', ') FROM due
  WHERE CONCAT(dataset, '.', origin) NOT IN (
    SELECT CONCAT(table_schema, '.', table_name) FROM {region_view("COLUMNS")}
    WHERE STARTS_WITH(table_name, {source_value("prefix")}) AND LOWER(column_name) = {
        quote_string(newer.column.lower())
    }
      AND REGEXP_CONTAINS(data_type, IF({source_value("lookback")} IS NULL,
        r'^({_KINDS})(\\(|$)', r'^({_TIMES})$')))
);
IF missing IS NOT NULL THEN
  RAISE USING MESSAGE = FORMAT(
    'incremental goes by the column %s, and %s has none of a type that it can go by (%s); name another', {
        quote_string(newer.column)
    }, missing,
    IF({source_value("lookback")} IS NULL, '{_KINDS}', '{_TIMES}, which a lookback needs'));
END IF;
"""


def count_unseen(newer: Newer) -> str:
    """Columns of the query that counts a buffer ``b``: ``outside``, rows that an append could not know again; ``high``.

    ``%T`` prints the literal; without any value there is none.
    """
    column = f"b.{quote_name(newer.column)}"
    outside = f"COUNTIF({column} IS NULL)" if newer.once else "0"
    return f"{outside} AS outside, IF(COUNT({column}) = 0, NULL, FORMAT('%T', MAX({column}))) AS high"


def refuse_other_mark(batch: str) -> str:
    """Stop an append before it is written when a unit was not read from where the ledger says that it was left.

    Stands where the batch's table and ``committed`` are. Receipts that are older than the ledger, and units that were
    committed before they went by a column, would bring rows a second time.
    """
    return f"""\
IF EXISTS (
  SELECT 1 FROM {batch} AS b JOIN (
    SELECT owner, unit, SUM(row_count) AS row_count,
      ARRAY_AGG(high IGNORE NULLS ORDER BY committed_at DESC LIMIT 1)[SAFE_OFFSET(0)] AS high
    FROM committed GROUP BY owner, unit) AS c ON c.owner = b.owner AND c.unit = b.unit
  WHERE NOT b.again AND c.row_count > 0 AND (b.low IS NULL OR b.low IS DISTINCT FROM c.high)
) THEN
  RAISE USING MESSAGE =
    'what was read does not begin where the ledger ends; pass rebuild_receipts, or again to replace all of it';
END IF;
"""
