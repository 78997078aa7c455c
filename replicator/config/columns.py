"""What happens to columns before anything is copied: left out, hashed, renamed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from pydantic import Field

from replicator.config.section import Section
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


@dataclass(frozen=True, slots=True)
class Disagreement:
    """Two wishes for one column.

    Attributes:
        use: The key whose entry is one too many: ``exclude``, ``hash`` or ``rename``.
        entry: The entry's index, or its path where ``use`` is a map.
    """

    use: str
    entry: str | int
    fact: str
    remedy: str


def disagreements(columns: Columns) -> Iterator[Disagreement]:
    """Everything in ``columns`` that cannot be done together."""
    yield from _repeated("exclude", enumerate(columns.exclude))
    yield from _repeated("hash", enumerate(columns.hash))
    yield from _repeated("rename", ((path, path) for path in columns.rename))
    yield from _excluded(columns)
    yield from _inside_hashed(columns)
    yield from _collisions(columns)


def _repeated(use: str, entries: Iterable[tuple[str | int, str]]) -> Iterator[Disagreement]:
    seen: set[str] = set()
    for entry, path in entries:
        if path.lower() in seen:
            yield Disagreement(use, entry, f"'{path}' is named twice", "remove one; case makes no difference")
        seen.add(path.lower())


def _excluded(columns: Columns) -> Iterator[Disagreement]:
    uses: tuple[tuple[str, Iterable[tuple[str | int, str]]], ...] = (
        ("hash", enumerate(columns.hash)),
        ("rename", ((path, path) for path in columns.rename)),
    )
    for use, entries in uses:
        for entry, path in entries:
            outer = next((excluded for excluded in columns.exclude if _holds(excluded, path)), None)
            if outer is not None:
                whole = "" if outer.lower() == path.lower() else f", with all of '{outer}'"
                yield Disagreement(use, entry, f"'{path}' is excluded too{whole}", "keep it in one of the two")


def _inside_hashed(columns: Columns) -> Iterator[Disagreement]:
    for index, path in enumerate(columns.hash):
        others = (*columns.exclude, *columns.hash, *columns.rename)
        inner = next((other for other in others if _holds(path, other) and other.lower() != path.lower()), None)
        if inner is not None:
            fact = f"'{path}' is hashed as one value, and '{inner}' is named inside it"
            yield Disagreement("hash", index, fact, "a record has no hash: name the columns in it")


def _collisions(columns: Columns) -> Iterator[Disagreement]:
    taken: dict[str, str] = {}
    for path, name in columns.rename.items():
        parent, _, own = path.rpartition(".")
        if own.lower() == name.lower():
            yield Disagreement("rename", path, f"'{path}' has that name already", "remove it from rename")
        other = taken.setdefault(f"{parent}.{name}".lower(), path)
        if other != path:
            fact = f"'{name}' is what '{other}' is renamed to as well"
            yield Disagreement("rename", path, fact, "give each its own name")


def _holds(outer: str, path: str) -> bool:
    """Whether ``path`` is ``outer`` or a column inside it."""
    return f"{path}.".lower().startswith(f"{outer}.".lower())
