"""Logical bytes: what BigQuery counts for a value, whatever its encoding on disk.

https://docs.cloud.google.com/bigquery/pricing#data (data type sizes): a NULL counts 0, an array the sum of its
elements, a STRUCT the sum of its fields.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from replicator.schema.fields import Field

_FIXED: Final = {
    "INTEGER": 8, "FLOAT": 8, "NUMERIC": 16, "BIGNUMERIC": 32, "BOOLEAN": 1, "DATE": 8, "DATETIME": 8, "TIME": 8,
    "TIMESTAMP": 8,
}  # fmt: skip
# What a text counts beside its bytes.
_OVERHEAD: Final = {"STRING": 2, "BYTES": 2, "JSON": 0}


@dataclass(frozen=True, slots=True)
class Leaf:
    """A field that holds values itself.

    Attributes:
        path: Its dotted path, folded to one case.
        width: The bytes of a value; None where they depend on its length.
        overhead: Bytes on top of the length of such a value.
    """

    path: str
    width: int | None
    overhead: int


@lru_cache(maxsize=2_000)
def leaves_of(fields: tuple[Field, ...]) -> tuple[Leaf, ...]:
    """Every leaf, in the schema's order, which is the order of a Parquet file's columns."""
    return tuple(_leaves(fields, ""))


@lru_cache(maxsize=2_000)
def leaves(fields: tuple[Field, ...]) -> tuple[str, ...]:
    """The dotted path of every leaf, in the schema's order, folded to one case."""
    return tuple(leaf.path for leaf in leaves_of(fields))


def _leaves(fields: Sequence[Field], prefix: str) -> Iterator[Leaf]:
    for field in fields:
        path = f"{prefix}{field.name.casefold()}"
        if field.type == "RECORD":
            yield from _leaves(field.fields, f"{path}.")
        else:
            yield Leaf(path, _FIXED.get(field.type), _OVERHEAD.get(field.type, 0))
