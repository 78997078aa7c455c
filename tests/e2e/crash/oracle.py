"""What a target and its ledger may hold after any history of changes, runs and crashes: the oracle, in plain Python.

The oracle knows versions: each time that a shard is written it becomes another version of its unit. A run *brings* a
unit: it reads the rows that the shard holds then, under the stamp that the inventory saw. From the order in which the
versions of a unit were brought follow the rows of the target and of the ledger:

- ``replace_partitions``: the rows that were brought last. A late rewrite replaces what was there.
- ``upsert``: of each key the row that was brought last; keys that a later version lacks stay.
- ``append``: the rows that were brought first; what changes afterwards is not taken.
- A shard that was deleted is not deleted data: the rows that were brought of it stay.
- The ledger has one row for each time, with the stamp and the number of rows; a stamp is there twice only where a
  lookback takes the unit again.

A run that was killed, or lost its lease, may have committed a unit or not. The oracle keeps both for possible until
the ledger tells which it was, and then the target has to hold exactly that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final, NamedTuple, TypeAlias

TODAY: Final = date(2030, 1, 15)
"""The day on which every history happens, by the cloud's clock."""


class Unit(NamedTuple):
    """A shard: of which source and dataset, and how many days ago its day was."""

    source: str
    dataset: str
    days_ago: int

    @property
    def day(self) -> date:
        """What the partition column of its rows holds."""
        return TODAY - timedelta(days=self.days_ago)

    @property
    def table(self) -> str:
        """The shard's whole name."""
        return f"acme-{self.source}.{self.dataset}.events_{self.day:%Y%m%d}"

    @property
    def owner(self) -> str:
        """What the source column of its rows holds."""
        return f"acme-{self.source}.{self.dataset}"


class Row(NamedTuple):
    """A row without the target's own two columns; what a version lacks is None."""

    id: int
    note: str | None
    tag: str | None
    left: str | None
    right: str | None


@dataclass(frozen=True)
class Version:
    """What a shard held from one write to the next.

    Attributes:
        stamp: Milliseconds since 1970 at which it was written, as the cloud says.
        rows: All of them.
    """

    stamp: int
    rows: tuple[Row, ...]


class Brought(NamedTuple):
    """A unit that was brought once: under which stamp, and which rows."""

    stamp: int
    rows: tuple[Row, ...]


History: TypeAlias = tuple[Brought, ...]
"""All times that a unit was brought, in order."""


@dataclass(frozen=True)
class Found:
    """What target and ledger hold of one unit.

    Attributes:
        rows: Of the target, sorted.
        ledger: Stamp and number of rows, in the order of the commits.
    """

    rows: tuple[Row, ...]
    ledger: tuple[tuple[int, int], ...]


@dataclass
class Oracle:
    """What the shards hold, and what may have been brought of them.

    Attributes:
        merge: ``replace_partitions``, ``upsert`` or ``append``.
        lookback: Days.
        now: What each shard holds now; one that was deleted is not in it.
        listed: What the metadata tells where it is late; None where it is not.
        possible: Of every unit that there ever was, the histories that may have happened.
    """

    merge: str
    lookback: int = 0
    now: dict[Unit, Version] = field(default_factory=dict)
    listed: dict[Unit, Version] | None = None
    possible: dict[Unit, frozenset[History]] = field(default_factory=dict)

    def write(self, unit: Unit, version: Version) -> None:
        """A shard was made, or written anew."""
        self.now[unit] = version
        self.possible.setdefault(unit, frozenset({()}))

    def seen(self) -> dict[Unit, Version]:
        """The shards with the stamps that an inventory sees at this moment."""
        return dict(self.now if self.listed is None else self.listed)

    def ran(self, seen: Mapping[Unit, Version]) -> None:
        """A run did all it had to do: its inventory saw this, and its fills read what is there now."""
        self._change(lambda unit, history: {self._after(unit, history, seen, self.now)})

    def may_have_run(self, seen: Mapping[Unit, Version], held: Mapping[Unit, Version]) -> None:
        """A run began when there was this, the shards may have changed meanwhile, and nobody knows how far it came.

        What it brought under a stamp is never older than the stamp: it may have read what is there now under a stamp
        that it saw before, and such a unit is due again, but never the other way round.
        """
        now, seen_now = dict(self.now), self.seen()
        at = ((seen, held), (seen, now), (seen_now, now))
        self._change(lambda unit, history: {history, *(self._after(unit, history, *each) for each in at)})

    def told(self, found: Mapping[Unit, Found]) -> list[str]:
        """Compare with what is there, and forget what did not happen; what is wrong."""
        nothing = Found((), ())
        wrong = [f"{unit}: nobody wrote it, and there is {found[unit]}" for unit in found.keys() - self.possible.keys()]
        for unit, histories in self.possible.items():
            there = found.get(unit, nothing)
            left = {history for history in histories if self._ledger(history) == there.ledger}
            if not left:
                expected = " or ".join(sorted(str(self._ledger(history)) for history in histories))
                wrong.append(f"{unit}: the ledger has {there.ledger}, expected {expected}")
                continue
            expected_rows = sorted({self._rows(history) for history in left})
            if there.rows not in expected_rows:
                wrong.append(f"{unit}: the target has {there.rows}, expected {expected_rows}")
            self.possible[unit] = frozenset(left)
        return wrong

    def _change(self, after: Callable[[Unit, History], Iterable[History]]) -> None:
        for unit, histories in self.possible.items():
            self.possible[unit] = frozenset(each for history in histories for each in after(unit, history))

    def _after(
        self, unit: Unit, history: History, seen: Mapping[Unit, Version], held: Mapping[Unit, Version]
    ) -> History:
        if unit not in seen or unit not in held:
            return history
        stamp, rows = seen[unit].stamp, held[unit].rows
        known = any(brought.stamp == stamp for brought in history)
        # A day that ends after the first one of the lookback is within it.
        again = unit.days_ago <= self.lookback if self.lookback else False
        due = not history if self.merge == "append" else not known or again
        return (*history, Brought(stamp, rows)) if due else history

    def _rows(self, history: History) -> tuple[Row, ...]:
        if not history:
            return ()
        match self.merge:
            case "append":
                return tuple(sorted(history[0].rows))
            case "upsert":
                return tuple(sorted({row.id: row for brought in history for row in brought.rows}.values()))
            case _:
                return tuple(sorted(history[-1].rows))

    @staticmethod
    def _ledger(history: History) -> tuple[tuple[int, int], ...]:
        return tuple((brought.stamp, len(brought.rows)) for brought in history)
