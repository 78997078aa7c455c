"""Rows of what landed as the target's, read through a wildcard: by name at every depth, by the service itself."""

from __future__ import annotations

from replicator.names import TableRef
from replicator.sql.placeholders import ALIGNED, BUFFER_PREFIX, LANDING, REFERENCE, dataset_view
from replicator.sql.quoting import quote_name, quote_string
from replicator.sql.rebuild import EXPIRES


def read_wildcard(target: TableRef, *, otherwise: str) -> str:
    """Statements that fill the aligned table anew with the rows of all buffers.

    They stand where ``sides``, ``statement``, ``selection``, ``wrong`` and ``refusal`` are. A wildcard reads every
    buffer by name into the schema of the table that was made last (querying-wildcard-tables), which is an empty one
    with the target's own schema and no REQUIRED field. Whether a copied table keeps its time of creation no page says;
    so the reference is made here, after the copy, has to be the newest, and what was read has to have its types, but
    for the parameters of a type, as in STRING(10), which no result has (parameterized data types).

    Nor does a page say whether nested fields that a table lacks are NULL, and encrypted tables no wildcard reads. Why
    it does not read them is left in ``refusal``, and the rows come another way.

    Args:
        target: The target.
        otherwise: Statements that insert the rows into the empty aligned table.
    """
    aligned = quote_name(LANDING, ALIGNED)
    read = f"SELECT * FROM {quote_name(LANDING, f'{BUFFER_PREFIX}*')} WHERE _TABLE_SUFFIX != 'DONOTUSE'"
    return f"""\
BEGIN
  CREATE OR REPLACE TABLE {quote_name(LANDING, REFERENCE)} LIKE {aligned};
  IF IFNULL((
    SELECT table_name FROM {dataset_view(LANDING, "TABLES")}
    WHERE STARTS_WITH(table_name, {quote_string(BUFFER_PREFIX)})
    ORDER BY creation_time DESC, table_name LIMIT 1), '') != {quote_string(REFERENCE)}
  THEN
    RAISE USING MESSAGE = 'the reference table is not the newest of its wildcard';
  END IF;
  EXECUTE IMMEDIATE (
    SELECT CONCAT({quote_string(f"CREATE OR REPLACE TABLE {aligned} {EXPIRES} AS ")},
      FORMAT(selection, STRING_AGG(CONCAT(', s0.', name), '' ORDER BY name), {quote_string(read)}))
    FROM sides WHERE example = '' AND parent = '');
  SET wrong = (
    SELECT STRING_AGG(FORMAT('%s is %s and not %s', t.column_name, a.data_type, t.data_type), ', ' LIMIT 5)
    FROM {dataset_view(str(target.parent), "COLUMNS")} AS t
    JOIN {dataset_view(LANDING, "COLUMNS")} AS a ON a.column_name = t.column_name
    WHERE t.table_name = {quote_string(target.table)} AND a.table_name = {quote_string(ALIGNED)}
      AND a.data_type != REGEXP_REPLACE(t.data_type, r' ?\\([^)]*\\)', '')
  );
  IF wrong IS NOT NULL THEN
    RAISE USING MESSAGE = FORMAT('what was aligned differs from the target: %s', wrong);
  END IF;
EXCEPTION WHEN ERROR THEN
  SET refusal = @@error.message;
  EXECUTE IMMEDIATE statement;
{otherwise}END;
"""
