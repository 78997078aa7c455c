"""Every ordered pair and mixture of published schemas, with a value in every leaf, against plain Python.

Every statement is analyzed by GoogleSQL with the schemas of its pair.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum
from functools import cache
from itertools import combinations
from typing import Any, Final

import pytest
from google.api_core.exceptions import BadRequest

from replicator.demo.comparison import compare as compare_rows
from replicator.names import TableRef
from replicator.schema.compare import Change, compare
from replicator.sql.projection import UNIT
from tests.e2e.clouds import settle
from tests.e2e.drift.aligning import Aligning, Landed, expected
from tests.e2e.drift.exports import FOLDER, Export, conflicts, exports

pytestmark = pytest.mark.slow

_SEED: Final = 7
_TYPES: Final = frozenset({Change.KIND, Change.WIDENED, Change.NARROWED, Change.TYPE})


class Way(Enum):
    """How rows are brought to the target's schema, as keys of a pipeline file."""

    WILDCARD = ""
    FALLBACK = "align: wildcard\n"
    PROJECTION = "align: projection\n"
    CAST = "drift: {cast: [user_properties, device, stream_id, privacy_info]}\n"


@dataclass(frozen=True)
class Case:
    """What lands for which target, and how it is aligned."""

    target: Export
    sources: tuple[Export, ...]
    way: Way

    def __str__(self) -> str:
        """Short enough for a test's name."""
        return f"{self.way.name.lower()}: {'+'.join(one.name for one in self.sources)} into {self.target.name}"


@cache
def cases() -> tuple[Case, ...]:
    """Every target with every schema of any family, and with every mixture of its own; each way."""
    found = []
    for target in exports():
        alone = [(source,) for source in exports()]
        family = [one for one in exports() if one.family == target.family]
        mixed = [some for count in range(2, len(family) + 1) for some in combinations(family, count)]
        for sources in (*alone, *mixed):
            clash = any(one.change in _TYPES for source in sources for one in compare(target.fields, source.fields))
            found += [Case(target, sources, way) for way in Way if way is not Way.CAST or clash]
    return tuple(found)


def sample(count: int) -> tuple[Case, ...]:
    """A few of each way, always the same; each with schemas that differ."""
    chance = random.Random(_SEED)
    ways = {way: [one for one in cases() if one.way is way and one.sources != (one.target,)] for way in Way}
    return tuple(one for some in ways.values() for one in chance.sample(some, min(count, len(some))))


@dataclass
class Pairs:
    """Published schemas with their rows in a local cloud, and how much of them was compared."""

    aligning: Aligning
    targets: dict[str, TableRef] = field(default_factory=dict)
    landings: dict[tuple[Export, ...], Landed] = field(default_factory=dict)
    aligned: int = 0
    refused: int = 0
    leaves: int = 0

    def check(self, some: Sequence[Case], capsys: pytest.CaptureFixture[str]) -> None:
        """Align each, and compare with plain Python; or find each conflict named. Says how much that was."""
        self.aligned = self.refused = self.leaves = 0
        wrong = [problem for case in some for problem in (*self._problems(case), *self.aligning.refused())]
        with capsys.disabled():
            print(
                f"\n{self.aligned} aligned, {self.refused} refused by name; {self.leaves} leaves compared, "
                f"{self.aligning.analyzed} statements analyzed"
            )
        assert not wrong, "\n".join(wrong)

    def _problems(self, case: Case) -> Iterator[str]:
        target, landed = self._target(case.target), self._landed(case.sources)
        statement = self.aligning.plan(target, case.way.value).statements.align
        settle(self.aligning.cloud, wildcards_fill_nested_fields=case.way is not Way.FALLBACK)
        clashes = _clashes(case)
        try:
            self.aligning.answer(statement, landed)
        except BadRequest as error:
            self.refused += 1
            named = conflicts(error.message)
            if not named or len(named) != min(5, len(clashes)) or not clashes.issuperset(named):
                yield f"{case}: {error.message}"
            return
        self.aligned += 1
        rows = expected(case.target.fields, landed)
        self.leaves += sum(map(_leaves, rows))
        compared = compare_rows(rows, self.aligning.aligned(landed), identity=(UNIT,))
        yield from (f"{case}: not refused for {clash}" for clash in clashes)
        yield from (f"{case}: {difference}" for difference in compared.differences)

    def _target(self, export: Export) -> TableRef:
        if export.name not in self.targets:
            self.targets[export.name] = self.aligning.target(export.fields)
        return self.targets[export.name]

    def _landed(self, sources: tuple[Export, ...]) -> Landed:
        if sources not in self.landings:
            self.landings[sources] = self.aligning.landed([(one.name, one.fields, one.rows) for one in sources])
        return self.landings[sources]


def _clashes(case: Case) -> set[tuple[str, str, str, str]]:
    """What no alignment of the case can bring: dataset, path, the source's type, the target's."""
    return {
        (source.name, ".".join(one.path), one.source.googlesql, one.target.googlesql)
        for source in case.sources
        for one in compare(case.target.fields, source.fields)
        if one.source is not None and one.target is not None and one.change in _TYPES
        if case.way is not Way.CAST or not one.castable
    }


def _leaves(value: Any) -> int:
    if isinstance(value, dict):
        return sum(map(_leaves, value.values()))
    return sum(map(_leaves, value)) if isinstance(value, list) else 1


@pytest.fixture(scope="module")
def pairs(aligning: Aligning) -> Pairs:
    """The schemas, each loaded when it is first needed."""
    if not FOLDER.is_dir():
        pytest.skip(f"no published schemas in {FOLDER}")
    return Pairs(aligning)


def test_no_value_of_a_few_pairs_stands_under_another_name(pairs: Pairs, capsys: pytest.CaptureFixture[str]) -> None:
    """Whichever way rows are aligned, each leaf is as plain Python has it, or the conflict is named with both types."""
    pairs.check(sample(3), capsys)


@pytest.mark.drift_everywhere
@pytest.mark.parametrize("way", Way, ids=lambda way: way.name.lower())
def test_no_value_of_any_pair_or_mixture_stands_under_another_name(
    pairs: Pairs, capsys: pytest.CaptureFixture[str], way: Way
) -> None:
    """The same of all of them."""
    pairs.check([case for case in cases() if case.way is way], capsys)
