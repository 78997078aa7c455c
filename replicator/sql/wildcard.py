"""Rows of what landed as the target's, read through a wildcard: by name at every depth, by the service itself."""

from __future__ import annotations

from replicator.names import TableRef
from replicator.sql.datasets import STAGING_DAYS
from replicator.sql.placeholders import ALIGNED, BUFFER_PREFIX, LANDING, MANIFEST, REFERENCE, dataset_view
from replicator.sql.projection import UNIT
from replicator.sql.quoting import quote_name, quote_string, quoted, quoted_fields


def read_wildcard(target: TableRef, *, buffers: str, partition_column: str, source_column: str) -> str:
    """Statements that fill the aligned table; they use the variables ``statement``, ``made_at`` and ``dated``.

    A wildcard reads every buffer by name into the schema of the table that was made last (querying-wildcard-tables),
    which is an empty one with the target's own schema and no REQUIRED field. Whether a copied table keeps its time of
    creation no page says; so the reference is made here, after the copy, and asserted to be the newest.
    """
    columns = dataset_view(str(target.parent), "COLUMNS")
    owner, day = quote_string(source_column.lower()), quote_string(partition_column.lower())
    own = f"LOWER(column_name) IN ({day}, {owner})"
    manifest = quote_name(LANDING, MANIFEST)
    expires = f"OPTIONS (expiration_timestamp = TIMESTAMP_ADD(CURRENT_TIMESTAMP(), INTERVAL {STAGING_DAYS} DAY))"
    create_head = f"CREATE OR REPLACE TABLE {quote_name(LANDING, REFERENCE)} ("
    create_tail = f", {UNIT} INT64) {expires}"
    select_head = (
        f"CREATE OR REPLACE TABLE {quote_name(LANDING, ALIGNED)} {expires} AS\n"
        f"SELECT %s AS {quote_name(partition_column)}, m.owner AS {quote_name(source_column)}, b.{UNIT}"
    )
    select_tail = (
        f"\nFROM {quote_name(LANDING, f'{BUFFER_PREFIX}*')} AS b JOIN {manifest} AS m ON m.unit = b.{UNIT}"
        f"\nWHERE b._TABLE_SUFFIX != 'DONOTUSE' AND m.error IS NULL"
    )
    return f"""\
SET statement = (
  SELECT CONCAT({quote_string(create_head)},
    STRING_AGG(CONCAT({quoted("column_name")}, ' ', {quoted_fields("data_type")}), ', ' ORDER BY ordinal_position),
    {quote_string(create_tail)})
  FROM {columns}
  WHERE table_name = {quote_string(target.table)}
    AND LOWER(column_name) != {owner} AND NOT (dated AND LOWER(column_name) = {day})
);
EXECUTE IMMEDIATE statement;
SET made_at = (
  SELECT creation_time FROM {dataset_view(LANDING, "TABLES")} WHERE table_name = {quote_string(REFERENCE)});
IF made_at IS NULL
  OR EXISTS (SELECT 1 FROM {dataset_view(LANDING, "TABLES")} WHERE {buffers} AND creation_time >= made_at)
THEN
  RAISE USING MESSAGE = {quote_string(f"the reference table {REFERENCE} is not the newest of its wildcard")};
END IF;
SET statement = (
  SELECT CONCAT(
    FORMAT({quote_string(select_head)},
      IF(dated,
        FORMAT('CAST(m.range_start AS %s)', MAX(IF(LOWER(column_name) = {day}, data_type, NULL))),
        {quote_string("b." + quote_name(partition_column))})),
    IFNULL(STRING_AGG(IF({own}, NULL, CONCAT(', b.', {quoted("column_name")})), '' ORDER BY ordinal_position), ''),
    {quote_string(select_tail)})
  FROM {columns}
  WHERE table_name = {quote_string(target.table)}
);
EXECUTE IMMEDIATE statement;
"""
