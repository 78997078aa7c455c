"""Any history of changes, runs, crashes and overlaps ends with the target and the ledger that the oracle expects."""

from __future__ import annotations

import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import ClassVar, Final

import pytest
from hypothesis import HealthCheck, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from tests.e2e.crash.histories import (
    EDITIONS,
    MERGES,
    PLACES_OF_A_RUN,
    Change,
    Deleted,
    Metadata,
    Passing,
    Shop,
    Written,
    history,
)
from tests.e2e.crash.oracle import Unit

pytestmark = [
    pytest.mark.slow,
    # An execution raises it, and it stays raised.
    pytest.mark.filterwarnings("ignore:The recursion limit will not be reset"),
]

STEPS: Final = 3
"""Rules of one history at most, without the runs that settle it."""

SAMPLE: Final = 2
"""Histories of the usual suite, the same each time; 200 of them with ``-m histories``."""

ALL: Final = 200
PARTS: Final = 20
BUDGET_SECONDS: Final = 5_400
"""What all of them may take with ``-n 2`` on two processors that do nothing else."""

UNITS: Final = st.builds(
    Unit, st.sampled_from(["japan", "home"]), st.sampled_from(["shop_1", "shop_1", "shop_2"]), st.integers(1, 3)
)


@st.composite
def changes_of(draw: st.DrawFn, kinds: tuple[type[Change], ...], most: int) -> list[Change]:
    """One change of these kinds or a few; a kind that is named more often comes more often."""
    return [draw(_ONE[kind]) for kind in draw(st.lists(st.sampled_from(kinds), min_size=1, max_size=most))]


_ONE: Final[dict[type[Change], st.SearchStrategy[Change]]] = {
    Written: st.builds(Written, UNITS, st.integers(1, 2), st.sampled_from([None, None, None, *EDITIONS])),
    Deleted: st.builds(Deleted, st.integers(0, 7)),
    Metadata: st.builds(Metadata, st.booleans()),
    Passing: st.builds(Passing),
}
CHANGES: Final = changes_of((Written, Written, Written, Written, Written, Deleted, Metadata, Passing), 4)
CHANGES_MEANWHILE: Final = changes_of((Written, Written, Written, Deleted), 2)
HELD: Final = PLACES_OF_A_RUN[1:-1]
"""Where a run holds the fence for sure: it has answered that it is taken, and nobody was asked to give it back."""

CALLS: Final = st.sampled_from(["before", "after"])
"""Where a run stands still: before the server acts, or after it has."""


class AnyHistory(RuleBasedStateMachine):
    """Two sources, and everything that happens to them and to the runs."""

    counted: ClassVar[Counter[str]] = Counter()

    def __init__(self) -> None:
        super().__init__()
        self._open = ExitStack()
        self._sound = False
        self.shop: Shop

    def teardown(self) -> None:
        """End the history with what everybody may expect of it."""
        with self._open:
            if self._sound:
                self._count("settle")
                self.shop.settle()

    def _count(self, what: str) -> None:
        self.counted[what] += 1

    @initialize(merge=st.sampled_from(sorted(MERGES)), lookback=st.sampled_from([0, 0, 2]))
    def begin(self, merge: str, lookback: int) -> None:
        """A pipeline that never ran; what is appended is taken once, so that nothing is looked back for."""
        self._count("histories")
        directory = self._open.enter_context(tempfile.TemporaryDirectory(prefix="history-"))
        self.shop = self._open.enter_context(history(Path(directory), merge, 0 if merge == "append" else lookback))
        self._sound = True

    @contextmanager
    def _after(self, changes: list[Change], what: str) -> Iterator[Shop]:
        """Change this, then do what stands in the block; what went wrong is not settled."""
        self._sound = False
        for change in changes:
            self._count(type(change).__name__.lower())
            self.shop.change(change)
        self._count(what)
        yield self.shop
        self._sound = True

    @rule(changes=CHANGES)
    def run(self, changes: list[Change]) -> None:
        """A run that nothing disturbs."""
        with self._after(changes, "run") as shop:
            shop.run()

    @rule(changes=CHANGES, place=st.sampled_from(PLACES_OF_A_RUN), when=CALLS)
    def crash(self, changes: list[Change], place: str, when: str) -> None:
        """A run dies."""
        with self._after(changes, "crash") as shop:
            shop.crash(place, when)

    @rule(changes=CHANGES, place=st.sampled_from(HELD), when=CALLS, meanwhile=CHANGES_MEANWHILE)
    def overlap(self, changes: list[Change], place: str, when: str, meanwhile: list[Change]) -> None:
        """A run stands still, the sources change, another run leaves, and the first goes on."""
        with self._after(changes, "overlap") as shop:
            shop.overlap(place, when, meanwhile)

    @rule(changes=CHANGES, place=st.sampled_from(PLACES_OF_A_RUN), when=CALLS, meanwhile=CHANGES)
    def take_over(self, changes: list[Change], place: str, when: str, meanwhile: list[Change]) -> None:
        """A run stands still until its lease has expired, and another one takes over."""
        with self._after(changes, "take over") as shop:
            shop.take_over(place, when, meanwhile)


def explore(histories: int, number: int) -> None:
    """Try so many histories, the same for the same number, and print what happened in them."""
    AnyHistory.counted.clear()
    begun = time.monotonic()
    run_state_machine_as_test(
        seed(number)(AnyHistory),
        settings=settings(
            max_examples=histories, stateful_step_count=STEPS, deadline=None, database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )  # fmt: skip
    happened = ", ".join(f"{many} {what}" for what, many in AnyHistory.counted.most_common())
    print(f"{time.monotonic() - begun:.0f} s: {happened}")


def test_a_few_histories_end_as_the_oracle_says() -> None:
    """The same few in every run of this test, by a number whose histories hold every strategy and many changes."""
    explore(SAMPLE, 59)


def test_a_table_that_gets_other_columns_while_it_is_staged_takes_none_from_others(tmp_path: Path) -> None:
    """Two shards are due together, and the newer one loses a column before they are read."""
    with history(tmp_path, "replace_partitions", 0) as shop:
        shop.run()
        older, newer = Unit("japan", "shop_1", 3), Unit("japan", "shop_1", 2)
        shop.write(older, 2)
        shop.write(newer, 2)

        shop.overlap("fill_japan_0", "before", [Written(newer, 1, "no tag")])

        shop.settle()


@pytest.mark.histories
@pytest.mark.parametrize("part", range(1, PARTS + 1))
def test_any_history_ends_as_the_oracle_says(part: int) -> None:
    """All of them, in parts that can run side by side; a part that takes longer than its share of time fails."""
    begun = time.monotonic()
    explore(ALL // PARTS, part)
    assert time.monotonic() - begun < BUDGET_SECONDS * 2 / PARTS
