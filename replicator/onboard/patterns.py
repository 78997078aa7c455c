"""Which ``datasets`` a source of shards names: those that hold them now, or a pattern that finds tomorrow's as well."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from replicator.config.globs import GlobSet
from replicator.names import DatasetRef

# A beginning this short would take in what nobody meant.
_SHORTEST: Final = 3


@dataclass(frozen=True, slots=True)
class Patterns:
    """What to write, and why."""

    patterns: tuple[str, ...]
    because: str


def dataset_patterns(
    found: Sequence[str], *, asked: str | None, location: str, seen: Sequence[tuple[DatasetRef, str]]
) -> Patterns:
    """The names of the datasets, or one pattern for them where it means no dataset of another location.

    Args:
        found: The datasets of one location that hold the subject.
        asked: The name or pattern that a person gave, if any.
        location: Where they lie.
        seen: Every dataset of the project that is known, with its location.
    """
    if asked is not None and "*" not in asked:
        return Patterns((asked,), "")
    pattern = asked or _beginning(found)
    if pattern is not None and all(
        place == location for ref, place in seen if GlobSet((pattern,)).matches(ref.dataset)
    ):
        return Patterns((pattern,), "Looked for on every run: a dataset that appears tomorrow is replicated tomorrow.")
    because = "A dataset that appears later has to be added here." if asked is None or len(found) > 1 else ""
    return Patterns(tuple(sorted(found)), because)


def _beginning(found: Sequence[str]) -> str | None:
    """What all of them begin with, up to an underscore, as a pattern; None where that is too little."""
    alike = itertools.takewhile(lambda letters: len(set(letters)) == 1, zip(*found, strict=False))
    stem = "".join(letters[0] for letters in alike).rpartition("_")[0]
    return f"{stem}_*" if len(stem) >= _SHORTEST else None
