"""A long span cut into windows: each is one run's work, and no unit is cut in two."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Self

from replicator import limits
from replicator.forecast.due import DueUnit, Span
from replicator.sql.inventory import BUFFERS_PER_COPY, UNITS_PER_BUFFER, UNITS_PER_COPY

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Window:
    """Days that one run takes, and what is due in them.

    Attributes:
        span: The days.
        units: Units of all sources.
        rows: By the sources' metadata.
        bytes: Logical bytes, by the sources' metadata.
        sources: The sources that have some of them.
    """

    span: Span
    units: int
    rows: int
    bytes: int
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Block:
    """Units whose days overlap, which no cut may part, or several such blocks.

    Attributes:
        start: The first day.
        end: The day after the last.
        sizes: Units, rows and bytes.
        partitions: How many starts of ranges each source has.
        held: How many units each source has in each dataset.
    """

    start: date
    end: date
    sizes: tuple[int, int, int]
    partitions: Counter[str]
    held: Counter[tuple[str, str]]

    @classmethod
    def of(cls, start: date, end: date, units: Sequence[tuple[str, DueUnit]]) -> Self:
        """The block of these units, each with its source."""
        sizes = (len(units), sum(unit.rows for _, unit in units), sum(unit.bytes for _, unit in units))
        starts = {(source, unit.range_start) for source, unit in units}
        return cls(
            start, end, sizes,
            Counter(source for source, _ in starts), Counter((source, unit.dataset) for source, unit in units),
        )  # fmt: skip

    def joined(self, older: _Block) -> _Block:
        """This and an older block, which has no day in common with it."""
        units, rows, size = (mine + its for mine, its in zip(self.sizes, older.sizes, strict=True))
        return _Block(
            older.start, self.end, (units, rows, size), self.partitions + older.partitions, self.held + older.held
        )

    def fits(self, days: int | None) -> bool:
        """Whether one run can take it, and it is no longer than is asked for."""
        buffers: Counter[str] = Counter()
        units: Counter[str] = Counter()
        for (source, _), count in self.held.items():
            buffers[source] += math.ceil(count / UNITS_PER_BUFFER)
            units[source] += count
        return (
            max(self.partitions.values()) <= limits.PARTITIONS_PER_JOB.value
            and max(buffers.values()) <= BUFFERS_PER_COPY
            and max(units.values()) <= UNITS_PER_COPY
            and (days is None or (self.end - self.start).days <= days)
        )


def cut_span(
    units: Mapping[str, Sequence[DueUnit]], *, days: int | None = None, oldest_first: bool = False
) -> tuple[Window, ...]:
    """The windows of what is due; days on which nothing is due are in none.

    A window has at most 4,000 partitions of a source (one job may modify no more, quotas), and as many buffers as a
    copy carries, counted as if no schema had changed: where one has, its run says what is left, and is repeated.
    Nor has it more units of a source than a run stages.

    Args:
        units: By source; units without days (whole tables, whole numbers) are passed over.
        days: A window's length at most, but where one unit is longer.
        oldest_first: Otherwise the newest window comes first.
    """
    windows: list[_Block] = []
    for block in _blocks(units):
        joined = windows[-1].joined(block) if windows else block
        if windows and joined.fits(days):
            windows[-1] = joined
        else:
            windows.append(block)
    return tuple(map(_window, reversed(windows) if oldest_first else windows))


def _blocks(units: Mapping[str, Sequence[DueUnit]]) -> list[_Block]:
    """Newest first."""
    found = [(*bounds, source, unit) for source, listed in units.items() for unit in listed for bounds in _days(unit)]
    blocks: list[_Block] = []
    together: list[tuple[str, DueUnit]] = []
    first = last = date.max
    for start, end, source, unit in sorted(found, key=lambda one: (one[1], one[0]), reverse=True):
        if together and end <= first:
            blocks.append(_Block.of(first, last, together))
            together, first = [], date.max
        if not together:
            last = end
        first = min(first, start)
        together.append((source, unit))
    return [*blocks, _Block.of(first, last, together)] if together else blocks


def _days(unit: DueUnit) -> Iterable[tuple[date, date]]:
    """Its first day and the day after its last; nothing where it has no days."""
    try:
        start, end = datetime.fromisoformat(unit.range_start or ""), datetime.fromisoformat(unit.range_end or "")
    except ValueError:
        return
    yield start.date(), end.date() if end.time() == time.min else end.date() + _DAY


def _window(block: _Block) -> Window:
    units, rows, size = block.sizes
    return Window(Span(block.start, block.end), units, rows, size, tuple(sorted(block.partitions)))
