"""What happens to columns before anything is copied: left out, hashed, renamed."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from typing import Self

from pydantic import Field, model_validator

from replicator.config.section import Section, refuse
from replicator.config.words import ColumnName, ColumnPath


class Columns(Section):
    """Paths are those of the source, at any depth and through arrays; case does not matter, as in BigQuery."""

    exclude: tuple[ColumnPath, ...] = Field(
        default=(), description="Columns that never leave the source's own dataset.", examples=["[user_id, geo.city]"]
    )
    hash: tuple[ColumnPath, ...] = Field(
        default=(),
        description="Columns of which only the SHA-256, in lower-case hex, leaves the source's location.",
        examples=["[user_pseudo_id]"],
    )
    rename: Mapping[ColumnPath, ColumnName] = Field(
        default={},
        description="New names of columns: the path as the source has it, and the column's own new name.",
        examples=["{geo.region: state}"],
    )

    @model_validator(mode="after")
    def _agree(self) -> Self:
        _refuse_repeated("exclude", self.exclude)
        _refuse_repeated("hash", self.hash)
        _refuse_repeated("rename", self.rename)
        for use, paths in (("hash", self.hash), ("rename", tuple(self.rename))):
            for path, excluded in itertools.product(paths, self.exclude):
                if _holds(excluded, path):
                    whole = "" if excluded.lower() == path.lower() else f", with all of '{excluded}'"
                    refuse(f"'{path}' is in {use} and excluded{whole}", "keep it in one of the two")
        for path, other in itertools.product(self.hash, (*self.exclude, *self.hash, *self.rename)):
            if _holds(path, other) and path.lower() != other.lower():
                refuse(
                    f"'{path}' is hashed, and '{other}' inside it is named too", "a record has no hash: name columns"
                )
        self._refuse_collisions()
        return self

    def _refuse_collisions(self) -> None:
        taken: dict[str, str] = {}
        for path, name in self.rename.items():
            parent, _, own = path.rpartition(".")
            if own.lower() == name.lower():
                refuse(f"'{path}' is renamed to what it is called", "remove it from rename")
            other = taken.setdefault(f"{parent}.{name}".lower(), path)
            if other != path:
                refuse(f"'{other}' and '{path}' are both renamed to '{name}'", "give each its own name")


def _refuse_repeated(use: str, paths: Iterable[str]) -> None:
    seen: dict[str, str] = {}
    for path in paths:
        other = seen.setdefault(path.lower(), path)
        if other is not path:
            refuse(f"{use} names '{path}' twice", "remove one; case makes no difference")


def _holds(outer: str, path: str) -> bool:
    """Whether ``path`` is ``outer`` or a column inside it."""
    return f"{path}.".lower().startswith(f"{outer}.".lower())
