"""Names with ``*`` in them, and whether two sets of such names have a name in common."""

from __future__ import annotations

import itertools
import re
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

# Stands for every character that no pattern names; a digit is what a property's dataset most likely has there.
_SPARE: Final = "1023456789_abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


def pattern(glob: str) -> str:
    """``glob`` as an anchored RE2 expression: ``*`` is any number of characters other than a dot."""
    return f"^{'[^.]*'.join(re.escape(part) for part in glob.split('*'))}$"


@dataclass(frozen=True, slots=True)
class GlobSet:
    """The names that match one of ``include`` and none of ``exclude``."""

    include: tuple[str, ...]
    exclude: tuple[str, ...] = ()

    def prefixed(self, prefix: str) -> GlobSet:
        """The same names with ``prefix`` before each; the prefix holds no ``*``."""
        return GlobSet(tuple(prefix + g for g in self.include), tuple(prefix + g for g in self.exclude))

    def matches(self, name: str) -> bool:
        """Whether ``name`` is one of the set."""
        return any(_matches(g, name) for g in self.include) and not any(_matches(g, name) for g in self.exclude)


def common_name(one: GlobSet, other: GlobSet) -> str | None:
    """The shortest name that is in both sets, or None when no name can be.

    The sets are read side by side, character by character, as automata whose states are positions in
    their patterns. That decides it exactly, exclusions included; lengths are those of a config.
    """
    if not any(_may_meet(*pair) for pair in itertools.product(one.include, other.include)):
        return None
    if all("*" not in glob for glob in one.include):
        return next((name for name in one.include if one.matches(name) and other.matches(name)), None)
    if all("*" not in glob for glob in other.include):
        return common_name(other, one)
    alphabet = _alphabet(one, other)
    # The start is not seen yet: no name is empty, so its state counts only when a character leads back to it.
    seen: set[tuple[_State, _State]] = set()
    queue = deque([("", (_start(one), _start(other)))])
    while queue:
        name, (left, right) = queue.popleft()
        if name and left.accepts and right.accepts:
            return name
        for character in alphabet:
            step = (left.after(character), right.after(character))
            if step not in seen and step[0].included and step[1].included:
                seen.add(step)
                queue.append((name + character, step))
    return None


def _may_meet(glob: str, other: str) -> bool:
    """Whether what stands before the first stars, and behind the last, is no contradiction; most sets differ here."""
    heads = glob.partition("*")[0], other.partition("*")[0]
    tails = glob.rpartition("*")[2], other.rpartition("*")[2]
    return (heads[0].startswith(heads[1]) or heads[1].startswith(heads[0])) and (
        tails[0].endswith(tails[1]) or tails[1].endswith(tails[0])
    )


def _matches(glob: str, name: str) -> bool:
    return re.fullmatch(pattern(glob), name) is not None


def _alphabet(*sets: GlobSet) -> str:
    named = {character for s in sets for glob in (*s.include, *s.exclude) for character in glob} - {"*"}
    spare = next(character for character in _SPARE if character not in named)
    return spare + "".join(sorted(named))


@dataclass(frozen=True, slots=True)
class _State:
    """Positions reached in each pattern; a position is (pattern, characters of it that are used up)."""

    included: frozenset[tuple[str, int]]
    excluded: frozenset[tuple[str, int]]

    @property
    def accepts(self) -> bool:
        return _complete(self.included) and not _complete(self.excluded)

    def after(self, character: str) -> _State:
        return _State(_step(self.included, character), _step(self.excluded, character))


def _start(globs: GlobSet) -> _State:
    return _State(_closed((g, 0) for g in globs.include), _closed((g, 0) for g in globs.exclude))


def _closed(positions: Iterable[tuple[str, int]]) -> frozenset[tuple[str, int]]:
    """With each position before a ``*``, the one behind it: a star may be empty."""
    closed = set()
    for glob, position in positions:
        at = position
        closed.add((glob, at))
        while at < len(glob) and glob[at] == "*":
            at += 1
            closed.add((glob, at))
    return frozenset(closed)


def _step(positions: frozenset[tuple[str, int]], character: str) -> frozenset[tuple[str, int]]:
    moves = ((glob, _moved(glob, at, character)) for glob, at in positions if at < len(glob))
    return _closed((glob, to) for glob, to in moves if to is not None)


def _moved(glob: str, at: int, character: str) -> int | None:
    if glob[at] == "*":
        return at if character != "." else None
    return at + 1 if glob[at] == character else None


def _complete(positions: frozenset[tuple[str, int]]) -> bool:
    return any(position == len(glob) for glob, position in positions)
