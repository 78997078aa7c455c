"""Values as the REST API writes them, read back.

The engine renders rows in the API's own form; what a script keeps in its variables is read from there.

https://docs.cloud.google.com/bigquery/docs/reference/rest/v2/tabledata/list
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Final

from replicator.local.bigquery.types import Type

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_READERS: Final[Mapping[str, Callable[[Any], Any]]] = {
    "INT64": int,
    "FLOAT64": float,
    "BOOL": lambda cell: cell == "true",
    "NUMERIC": Decimal,
    "BIGNUMERIC": Decimal,
    "STRING": str,
    "JSON": str,
    "BYTES": base64.b64decode,
    "DATE": date.fromisoformat,
    "DATETIME": datetime.fromisoformat,
    "TIME": time.fromisoformat,
    "TIMESTAMP": lambda cell: _EPOCH + timedelta(microseconds=int(cell)),
}


def read_cell(cell: Any, kind: Type) -> Any:
    """The value of one ``v``."""
    if cell is None:
        return None
    if kind.element is not None:
        return tuple(read_cell(item["v"], kind.element) for item in cell)
    if kind.name == "STRUCT":
        return read_row(cell, kind)
    return _READERS[kind.name](cell)


def read_row(row: Any, kind: Type) -> tuple[Any, ...]:
    """The values of one row, or of one STRUCT."""
    return tuple(read_cell(item["v"], inner) for item, (_, inner) in zip(row["f"], kind.fields, strict=True))
