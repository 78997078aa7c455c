"""Values that are known: parameters, variables, rows of a FOR loop."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from replicator.local.bigquery.types import Type


@dataclass(frozen=True, slots=True)
class Value:
    """A value with its type.

    Attributes:
        type: GoogleSQL's type.
        value: ``None``, a scalar as Python has it (a TIMESTAMP aware and in UTC, a DATETIME naive, JSON its text), or a
            tuple: an array's elements, a struct's fields in their order.
    """

    type: Type
    value: Any
