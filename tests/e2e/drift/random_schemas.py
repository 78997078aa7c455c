"""Schemas made at random, to five levels, and what drift makes of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from hypothesis import strategies as st

from replicator.schema.fields import Field, Mode

DEPTH: Final = 5
"""Records in one another, and the field in the innermost."""

_NAMES: Final = ("id", "Key", "order", "end", "geo", "items", "value", "b2")
_ADDED: Final = ("new", "Other", "from")
_TYPES: Final = ("STRING", "INTEGER", "NUMERIC", "FLOAT", "DATE")


@st.composite
def targets(draw: st.DrawFn, depth: int = DEPTH) -> tuple[Field, ...]:
    """A record's fields, two in three of which are records down to ``depth`` levels if they stand first."""
    names = draw(st.lists(st.sampled_from(_NAMES), min_size=1, max_size=4, unique=True))
    return tuple(draw(_fields(name, depth, deep=place == 0)) for place, name in enumerate(names))


@st.composite
def _fields(draw: st.DrawFn, name: str, depth: int, *, deep: bool) -> Field:
    mode = draw(st.sampled_from((Mode.NULLABLE, Mode.NULLABLE, Mode.REPEATED)))
    if depth > 1 and draw(st.integers(0, 2)) < (2 if deep else 1):
        return Field(name, "RECORD", mode, draw(targets(depth - 1)))
    return Field(name, draw(st.sampled_from(_TYPES)), mode)


@st.composite
def drifted(draw: st.DrawFn, fields: Sequence[Field], *, clashes: bool, depth: int = DEPTH) -> tuple[Field, ...]:
    """The same fields in another order and spelling, some gone, some new, and with ``clashes`` of another type or mode.

    At least one is left: there is no record without a field.
    """
    kept = [one for one in fields if draw(st.integers(0, 4))] or [fields[0]]
    found = [draw(_drifted(one, depth, clashes=clashes)) for one in draw(st.permutations(kept))]
    if not draw(st.integers(0, 2)):
        new = draw(_fields(draw(st.sampled_from(_ADDED)), depth, deep=False))
        found.insert(draw(st.integers(0, len(found))), new)
    return tuple(found)


@st.composite
def _drifted(draw: st.DrawFn, field: Field, depth: int, *, clashes: bool) -> Field:
    name = draw(st.sampled_from((field.name, field.name, field.name.upper())))
    if clashes and not draw(st.integers(0, 5)):
        if draw(st.booleans()):
            return replace(field, name=name, mode=Mode.NULLABLE if field.mode is Mode.REPEATED else Mode.REPEATED)
        return Field(name, draw(st.sampled_from(_TYPES)), field.mode)
    inner = draw(drifted(field.fields, clashes=clashes, depth=depth - 1)) if field.fields else ()
    return replace(field, name=name, fields=inner)
