"""The target's side before the commit: is everything here, what does the target look like, bring it to its schema."""

from __future__ import annotations

from typing import Final

from replicator.names import DatasetRef, TableRef
from replicator.sql.datasets import STAGING_DAYS, DatasetOptions, create_landing
from replicator.sql.drift import Policies, find_differences, tell_differences
from replicator.sql.inventory import buffer_name, drop_dead_tables
from replicator.sql.placeholders import (
    ALIGNED,
    BUFFER_PREFIX,
    LANDING,
    MANIFEST,
    REFERENCE,
    dataset_view,
    run_value,
)
from replicator.sql.projection import UNIT
from replicator.sql.quoting import quote_name, quote_string, quote_table, quoted
from replicator.sql.rebuild import Alignment, make_aligned, rebuild_rows
from replicator.sql.wildcard import read_wildcard

_EXPIRES: Final = f"OPTIONS (expiration_timestamp = TIMESTAMP_ADD(CURRENT_TIMESTAMP(), INTERVAL {STAGING_DAYS} DAY))"


def create_target(*, target: TableRef, partition_column: str, partition_by: str, source_column: str,
                  labels: str) -> str:  # fmt: skip
    """Make a missing target from the union of the landed sources' schemas, by name at every depth.

    Arguments in ``@run``: ``landings``, the landing datasets (``project.dataset``) of what has landed.
    The target's own two columns come first, the sources' columns behind them in the order of their names: field
    paths have no other order that two sources share. Two types under one path are refused with both.
    The text is written token by token, as in ``projection``.

    Args:
        target: The table to make.
        partition_column: Its partition column. Where the sources bring it, it has their type; else it is a DATE, and
            a TIMESTAMP for hours.
        partition_by: ``hour``, ``day``, ``month`` or ``year``.
        source_column: Its column for the source value.
        labels: The table's labels, as an array of GoogleSQL.
    """
    partition, width = quote_name(partition_column), partition_by.upper()
    own = "TIMESTAMP" if partition_by == "hour" else "DATE"
    layouts = {
        "DATE": partition if partition_by == "day" else f"DATE_TRUNC({partition}, {width})",
        "TIMESTAMP": f"TIMESTAMP_TRUNC({partition}, {width})",
        "DATETIME": f"DATETIME_TRUNC({partition}, {width})",
    }
    layout = " ".join(f"WHEN '{kind}' THEN {quote_string(text)}" for kind, text in layouts.items())
    head = f"CREATE TABLE IF NOT EXISTS {quote_table(target)} (\n  {partition} "
    middle = f", {quote_name(source_column)} STRING NOT NULL"
    tail = f"\nCLUSTER BY {quote_name(source_column)}\nOPTIONS (labels = {labels})"
    fields = f"INFORMATION_SCHEMA.COLUMN_FIELD_PATHS WHERE STARTS_WITH(table_name, '{BUFFER_PREFIX}')"
    return f"""\
DECLARE conflict STRING;
DECLARE partition_kind STRING;
DECLARE statement STRING DEFAULT (
  SELECT STRING_AGG(
    CONCAT('SELECT field_path, data_type FROM ', {quoted("landing")}, {quote_string("." + fields)}), '\\nUNION ALL ')
  FROM UNNEST(JSON_VALUE_ARRAY(@run, '$.landings')) AS landing);
EXECUTE IMMEDIATE CONCAT('CREATE TEMP TABLE landed AS ', statement);
CREATE TEMP TABLE fields AS
SELECT DISTINCT field_path AS path, LOWER(field_path) AS lower_path,
  IFNULL(REGEXP_EXTRACT(data_type, r'^(?:ARRAY<)?STRUCT<'), data_type) AS kind
FROM landed
WHERE LOWER(field_path) != {quote_string(UNIT)};
SET conflict = (
  SELECT STRING_AGG(FORMAT('%s is %s', lower_path, kinds), '; ' ORDER BY lower_path)
  FROM (
    SELECT lower_path, STRING_AGG(DISTINCT TRIM(kind, '<'), ' and ') AS kinds
    FROM fields GROUP BY lower_path HAVING COUNT(DISTINCT kind) > 1)
);
IF conflict IS NOT NULL THEN
  RAISE USING MESSAGE = FORMAT({
        quote_string(
            f"the target {target} does not exist and the sources do not agree on its schema: %s; "
            f"exclude the field where it is wrong, or create the target yourself"
        )
    }, conflict);
END IF;
SET partition_kind = (SELECT MIN(kind) FROM fields WHERE lower_path = {quote_string(partition_column.lower())});
IF partition_kind NOT IN ({", ".join(f"'{kind}'" for kind in layouts)})
  OR ({quote_string(partition_by)} = 'hour' AND partition_kind = 'DATE')
THEN
  RAISE USING MESSAGE = FORMAT({
        quote_string(
            f"the target {target} does not exist, and a column {partition_column} of type %s cannot be partitioned by "
            f"{partition_by}; create the target yourself"
        )
    }, partition_kind);
END IF;
SET statement = (
  WITH nodes AS (
    SELECT lower_path, MIN(path) AS path, MIN(kind) AS kind, REPLACE(lower_path, '.', CHR(1)) AS sort_key,
      REGEXP_REPLACE(lower_path, r'[^.]+$', '') AS parent
    FROM fields WHERE lower_path != {quote_string(partition_column.lower())} GROUP BY lower_path
  ), tokens AS (
    SELECT sort_key, CONCAT(
      IF(parent != '' AND ROW_NUMBER() OVER (PARTITION BY parent ORDER BY sort_key) = 1, '', ', '),
      {quoted("REGEXP_EXTRACT(path, r'[^.]+$')")}, ' ', kind) AS token
    FROM nodes
    UNION ALL
    SELECT CONCAT(sort_key, CHR(2)), IF(STARTS_WITH(kind, 'ARRAY<'), '>>', '>')
    FROM nodes WHERE ENDS_WITH(kind, 'STRUCT<')
  )
  SELECT CONCAT({quote_string(head)}, IFNULL(partition_kind, '{own} NOT NULL'), {quote_string(middle)},
    STRING_AGG(token, '' ORDER BY sort_key), ')\\nPARTITION BY ',
    CASE IFNULL(partition_kind, '{own}') {layout} END, {quote_string(tail)})
  FROM tokens
);
EXECUTE IMMEDIATE statement;
SELECT TO_JSON_STRING(STRUCT(TRUE AS created)) AS answer;
"""


def prepare_landing(*, landing: DatasetOptions, location: str) -> str:
    """Make the dataset that copies arrive in, since the transfer service makes none; what dead runs left there goes."""
    return f"""\
{create_landing(landing, location=location)}{drop_dead_tables(LANDING)}
SELECT TO_JSON_STRING(STRUCT(TRUE AS ready)) AS answer;
"""


def align_source(
    *, target: TableRef, state: DatasetRef, partition_column: str, source_column: str, policies: Policies,
    alignment: Alignment,
) -> str:  # fmt: skip
    """Check what has landed against what left, and bring it to the target's schema in one run-named table.

    Arguments in ``@run``: ``run``, ``epoch``, ``pipeline``, and the totals of the source's side: ``units``, ``rows``,
    ``buffers``. In ``@source``: ``name``. The answer is one JSON text: ``units``, ``rows``, ``fields`` (those that the
    target lacks and no run has told of), ``drift`` (how many these are), ``refusal`` (why no wildcard read it).

    Differences are told and judged before a row is read. Rows are projected where ``alignment`` asks for it, as
    policies that convert need it; else they are read through a wildcard, and projected only where that is refused.
    """
    owner, day = quote_string(source_column.lower()), quote_string(partition_column.lower())
    own_path = f"LOWER(field_path) = {owner} OR dated AND LOWER(field_path) = {day}"
    manifest = quote_name(LANDING, MANIFEST)
    aligned = quote_name(LANDING, ALIGNED)
    buffers = f"STARTS_WITH(table_name, {quote_string(BUFFER_PREFIX)}) AND table_name != {quote_string(REFERENCE)}"
    rows = rebuild_rows(partition_column=partition_column, source_column=source_column)
    if alignment is Alignment.WILDCARD:
        rows = read_wildcard(target, otherwise=rows)
    return f"""\
DECLARE statement, selection, wrong, refusal STRING;
DECLARE news ARRAY<STRING>;
DECLARE dated BOOL;

SET wrong = (
  SELECT FORMAT('%d units with %d rows in %d buffers', COUNTIF(error IS NULL), IFNULL(SUM(row_count), 0),
    COUNT(DISTINCT IF(error IS NULL, buffer, NULL)))
  FROM {manifest}
);
SET statement = FORMAT('%s units with %s rows in %s buffers', {run_value("units")}, {run_value("rows")},
  {run_value("buffers")});
IF wrong != statement THEN
  RAISE USING MESSAGE = FORMAT('the manifest that landed names %s, but %s had left', wrong, statement);
END IF;
SET wrong = (
  SELECT STRING_AGG(expected.name, ', ' ORDER BY expected.name LIMIT 5)
  FROM (SELECT DISTINCT {buffer_name("buffer")} AS name FROM {manifest} WHERE error IS NULL) AS expected
  LEFT JOIN {dataset_view(LANDING, "TABLES")} AS landed ON landed.table_name = expected.name
  WHERE landed.table_name IS NULL
);
IF wrong IS NOT NULL THEN
  RAISE USING MESSAGE = FORMAT('not every table that left has landed; missing are %s', wrong);
END IF;

-- Where the units' own starts are the partition values, the rows bring none.
SET dated = (SELECT LOGICAL_OR(m.dated) FROM {manifest} AS m);
{find_differences(target, buffers=buffers, own=own_path, policies=policies)}{
        tell_differences(target, state=state, policies=policies)
    }{make_aligned(target, partition_column=partition_column, source_column=source_column)}{rows}SET wrong = (
  SELECT STRING_AGG(
    FORMAT('%s has %d of %d rows', m.name, IFNULL(a.row_count, 0), m.row_count), ', ' ORDER BY m.name LIMIT 5)
  FROM {manifest} AS m
  LEFT JOIN (SELECT {UNIT} AS unit, COUNT(*) AS row_count FROM {aligned} GROUP BY unit) AS a ON a.unit = m.unit
  WHERE m.error IS NULL AND IFNULL(a.row_count, 0) != m.row_count
);
IF wrong IS NOT NULL THEN
  RAISE USING MESSAGE = FORMAT('not everything that landed was aligned: %s', wrong);
END IF;
SELECT TO_JSON_STRING(STRUCT(COUNT(DISTINCT {UNIT}) AS units, COUNT(*) AS `rows`, ARRAY_LENGTH(news) AS drift,
  ARRAY_TO_STRING(news, ', ') AS fields, refusal AS refusal)) AS answer
FROM {aligned};
"""
