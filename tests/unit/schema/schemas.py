"""Schemas for tests: made by hand, and made at random."""

from __future__ import annotations

from hypothesis import strategies as st

from replicator.schema.fields import Field, Mode

SCALARS = ("STRING", "INTEGER", "NUMERIC", "FLOAT", "DATE")


def scalar(name: str, kind: str = "STRING", mode: Mode = Mode.NULLABLE) -> Field:
    return Field(name, kind, mode)


def record(name: str, *fields: Field, mode: Mode = Mode.NULLABLE) -> Field:
    return Field(name, "RECORD", mode, fields)


def _distinct(fields: list[Field]) -> tuple[Field, ...]:
    return tuple({field.name.lower(): field for field in fields}.values())


_names = st.sampled_from(["a", "b", "c", "d", "e"])
_modes = st.sampled_from(Mode)
_scalars = st.builds(Field, _names, st.sampled_from(SCALARS), _modes)
fields = st.recursive(
    _scalars,
    lambda inner: st.builds(
        lambda name, mode, below: Field(name, "RECORD", mode, _distinct(below)),
        _names,
        _modes,
        st.lists(inner, min_size=1, max_size=3),
    ),
    max_leaves=5,
)
schemas = st.lists(fields, max_size=3).map(_distinct)
