"""Two sets of rows, compared leaf by leaf: order does not matter between rows, and does within arrays."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from replicator.demo.rows import Row, Value

_SHOWN: Final = 20
_MISSING: Final = "no such field"


@dataclass(frozen=True, slots=True)
class Difference:
    """One leaf that is not what it should be, or one row too many or too few.

    Attributes:
        row: Enough of the row to find it.
        path: The leaf, as in ``items[0].item_params[1].key``; empty for a whole row.
        expected: What should be there, as text.
        actual: What is there, as text.
    """

    row: str
    path: str
    expected: str
    actual: str

    def __str__(self) -> str:
        where = f"{self.row}: {self.path}" if self.path else self.row
        return f"{where}: expected {self.expected}, found {self.actual}"


@dataclass(frozen=True, slots=True)
class Comparison:
    """What comparing came to.

    Attributes:
        expected: Number of rows that should be there.
        actual: Number of rows that are there.
        wrong: Number of rows on either side without an equal on the other, counted once a pair.
        differences: The first of them, leaf by leaf.
    """

    expected: int
    actual: int
    wrong: int
    differences: tuple[Difference, ...]

    @property
    def equal(self) -> bool:
        """Whether both sides hold the same rows, each as often."""
        return self.wrong == 0


def compare(expected: Sequence[Row], actual: Sequence[Row], *, identity: Sequence[str]) -> Comparison:
    """Compare as multisets of rows.

    Args:
        expected: What should be there.
        actual: What is there.
        identity: Columns whose values show which of the leftover rows belong together.
    """
    left, right = Counter(map(_canonical, expected)), Counter(map(_canonical, actual))
    if left == right:
        return Comparison(len(expected), len(actual), 0, ())
    missing, surplus = _leftover(expected, left - right), _leftover(actual, right - left)
    found = list(_explain(missing, surplus, identity))
    return Comparison(len(expected), len(actual), max(len(missing), len(surplus)), tuple(found[:_SHOWN]))


def _canonical(value: Value) -> str:
    """A text that two values share only if they are the same value of the same type."""
    return json.dumps(value, sort_keys=True, default=_encoded, ensure_ascii=False)


def _encoded(value: object) -> object:
    if isinstance(value, date):
        return {"\0date": value.isoformat()}
    if isinstance(value, Decimal):
        # 1.50 and 1.5 are one NUMERIC.
        return {"\0numeric": str(value.normalize())}
    # Bytes, times of day: told apart by their type and the way Python writes them.
    return {f"\0{type(value).__name__}": repr(value)}


def _leftover(rows: Iterable[Row], counts: Counter[str]) -> list[Row]:
    remaining = Counter(counts)
    left = []
    for row in rows:
        text = _canonical(row)
        if remaining[text]:
            remaining[text] -= 1
            left.append(row)
    return left


def _explain(missing: Sequence[Row], surplus: Sequence[Row], identity: Sequence[str]) -> Iterator[Difference]:
    unpaired = list(surplus)
    for row in missing:
        label = ", ".join(f"{column}={_short(row.get(column))}" for column in identity)
        twin = next((other for other in unpaired if all(other.get(c) == row.get(c) for c in identity)), None)
        if twin is None:
            yield Difference(label, "", "a row", "none")
            continue
        unpaired.remove(twin)
        yield from _leaves(label, "", row, twin)
    for row in unpaired:
        label = ", ".join(f"{column}={_short(row.get(column))}" for column in identity)
        yield Difference(label, "", "no such row", "one")


def _leaves(label: str, path: str, expected: Value, actual: Value) -> Iterator[Difference]:
    if isinstance(expected, dict) and isinstance(actual, dict):
        for name in [*expected, *(name for name in actual if name not in expected)]:
            below = f"{path}.{name}" if path else name
            if name not in actual or name not in expected:
                yield Difference(label, below, _present(expected, name), _present(actual, name))
            else:
                yield from _leaves(label, below, expected[name], actual[name])
    elif isinstance(expected, list) and isinstance(actual, list) and len(expected) == len(actual):
        for index, (left, right) in enumerate(zip(expected, actual, strict=True)):
            yield from _leaves(label, f"{path}[{index}]", left, right)
    elif _canonical(expected) != _canonical(actual):
        yield Difference(label, path, _short(expected), _short(actual))


def _present(row: Mapping[str, Value], name: str) -> str:
    return _short(row[name]) if name in row else _MISSING


def _short(value: Value) -> str:
    text = "NULL" if value is None else value.isoformat() if isinstance(value, date) else repr(value)
    longest = 80
    return text if len(text) <= longest else f"{text[:longest]}…"
