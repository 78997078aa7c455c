"""The one way a name or a text gets into a statement, when it is rendered and when a run finds it.

A statement of the document holds names in braces (``{staging}``) where sources differ; the document puts a
source's own names there (they were validated when the config was read). Names that only a run can find
(datasets, tables, columns) are quoted by SQL itself, by the same rule: ``quoted``.
"""

from __future__ import annotations

from replicator.names import TableRef

# The escapes of a quoted identifier are those of a string literal (lexical, quoted identifiers).
_ESCAPES = str.maketrans({"\\": "\\\\", "`": "\\`", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"})


def quote_name(*parts: str) -> str:
    """``parts`` as one backquoted path: a column, a dataset, a table.

    Raises:
        ValueError: A part is empty, which no name may be.
    """
    if not all(parts):
        msg = f"a name has an empty part: {parts!r}"
        raise ValueError(msg)
    return f"`{'.'.join(parts).translate(_ESCAPES)}`"


def quote_table(table: TableRef) -> str:
    """The table's full path."""
    return quote_name(table.project, table.dataset, table.table)


def quote_string(text: str) -> str:
    """``text`` as a string literal."""
    return f'"{text.translate(_ESCAPES)}"'


def quoted(expression: str) -> str:
    r"""An SQL expression: the backquoted form of the name that ``expression`` yields.

    The same escapes as ``quote_name``, in SQL, for names that a run finds. Line breaks and tabs cannot stand
    in a BigQuery name (tables#table_naming, schemas#column_names), backslashes and backquotes are escaped all the same.
    """
    return f"CONCAT('`', REPLACE(REPLACE({expression}, '\\\\', '\\\\\\\\'), '`', '\\\\`'), '`')"


def quoted_fields(expression: str) -> str:
    r"""An SQL expression: the type that ``expression`` yields, with the names of its fields in backquotes.

    Whether INFORMATION_SCHEMA prints a field's name that is a reserved word in backquotes no page says, so a name
    is taken with or without them. In a type only a name has a blank right behind it.
    """
    return f"REGEXP_REPLACE({expression}, r'([<,] *)(?:`([^`]*)`|([^ <>,()`]+)) ', r'\\1`\\2\\3` ')"
