"""Statements over literal rows: what stands for tables, parameters and variables when GoogleSQL evaluates them.

The reference evaluator reads no tables and runs no scripts, so a table's name is replaced by a query of
literals, a parameter by its text, and one query is cut out of its script.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from replicator.sql.quoting import quote_string
from tests.googlesql import evaluate

Row = tuple[Any, ...]

TODAY = date(2026, 11, 21)


def literal(value: Any) -> str:
    """A value as GoogleSQL writes it."""
    match value:
        case None:
            return "NULL"
        case bool() | int():
            return str(value).upper()
        case str():
            return quote_string(value)
        case datetime():
            return f"TIMESTAMP '{value.isoformat()}'"
        case date():
            return f"DATE '{value.isoformat()}'"
    msg = f"{value!r} has no literal here"
    raise TypeError(msg)


def rows(columns: Mapping[str, str], *values: Row) -> str:
    """A query of these rows, in parentheses; ``columns`` are names and types."""
    kind = f"STRUCT<{', '.join(f'{name} {type_}' for name, type_ in columns.items())}>"
    listed = ", ".join(f"({', '.join(map(literal, row))})" for row in values)
    return f"(SELECT * FROM UNNEST(ARRAY<{kind}>[{listed}]))"


def cut(script: str, begin: str, end: str) -> str:
    """What stands in ``script`` from ``begin``, which is there once, up to the next ``end``."""
    assert script.count(begin) == 1, f"{begin!r} stands {script.count(begin)} times in the script"
    start = script.index(begin)
    return script[start : script.index(end, start)]


def answer(
    query: str,
    *,
    tables: Mapping[str, str] | None = None,
    run: Mapping[str, Any] | None = None,
    source: Mapping[str, Any] | None = None,
) -> Sequence[Row]:
    """The rows of a query, with queries for its tables and JSON for its parameters, as of ``TODAY``."""
    for name, content in (tables or {}).items():
        assert name in query, f"{name} is not in the query"
        query = query.replace(name, content)
    query = query.replace("@run", quote_string(json.dumps(run))).replace("@source", quote_string(json.dumps(source)))
    return evaluate(query.replace("CURRENT_DATE()", literal(TODAY)))
