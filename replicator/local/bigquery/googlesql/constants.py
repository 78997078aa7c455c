"""What an expression without columns comes to, where the analysis itself must know."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from replicator.local.bigquery.googlesql.catalog import Constant
from replicator.local.bigquery.googlesql.values import BOOL, Value, settled

if TYPE_CHECKING:
    import duckdb

_LOCK: Final = threading.Lock()
_FOLDED: Final = frozenset(
    {"BOOL", "INT64", "FLOAT64", "NUMERIC", "STRING", "BYTES", "DATE", "DATETIME", "TIME", "TIMESTAMP"}
)


def constant_of(value: Value) -> Constant | None:
    """The value itself; None for NULL, and where it is not the same for every row or cannot be computed."""
    if value.constant is not None:
        return value.constant
    if not value.fixed or value.type.name not in _FOLDED or "\x01" in value.sql:
        return None
    import duckdb

    stamp = value.type.name == "TIMESTAMP"
    sql = settled(f"epoch_us({value.sql})" if stamp else value.sql)
    with _LOCK:
        try:
            found: Any = _connection().execute(f"SELECT {sql}").fetchone()
        except duckdb.Error:
            # What fails here fails again, with its message, when the statement runs.
            return None
    constant: Constant | None = found[0] if found is not None else None
    if stamp and isinstance(constant, int):
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=constant)
    return constant


def is_null(value: Value) -> bool:
    """Whether the value is NULL in every row, and computing it does not fail."""
    if constant_of(value) is not None or not value.fixed or value.type.name not in _FOLDED or "\x01" in value.sql:
        return False
    return constant_of(replace(value, sql=f"({value.sql} IS NULL)", type=BOOL)) is True


@cache
def _connection() -> duckdb.DuckDBPyConnection:
    import duckdb

    connection = duckdb.connect(config={"threads": 1, "autoinstall_known_extensions": False})
    connection.execute("SET TimeZone = 'UTC'")
    return connection
