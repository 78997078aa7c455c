"""Random targets and randomly drifted sources: nothing swapped, nothing lost that the policy keeps, all of it told.

Every statement that is sent, and those that are written by what was found, is GoogleSQL to Google's own analyzer.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any, Final

import pytest
from google.api_core.exceptions import BadRequest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from replicator.demo.comparison import compare as compare_rows
from replicator.schema.compare import CASTS, Change, Difference, compare
from replicator.schema.fields import Field
from replicator.sql.projection import UNIT
from tests.e2e.clouds import settle
from tests.e2e.drift.aligning import Aligning, expected
from tests.e2e.drift.exports import conflicts, rows_of
from tests.e2e.drift.random_schemas import drifted, targets

pytestmark = pytest.mark.slow

ALIGN: Final = ("align: wildcard", "align: projection")
POLICIES: Final = ("report", "evolve", "fail", "convert")
TYPES: Final = frozenset({Change.KIND, Change.WIDENED, Change.NARROWED, Change.TYPE})
UNSEEN: Final = frozenset({Change.REORDERED, Change.MODE})
"""Metadata tells no order of siblings, and no buffer has a REQUIRED column."""

Told = tuple[str, str, str | None, str | None]
Fields = tuple[Field, ...]


@st.composite
def nights(draw: st.DrawFn) -> tuple[Fields, list[Fields], str, str, bool]:
    """A target, what its sources have become, the policy, how rows are aligned, and what a wildcard does."""
    target = draw(targets())
    policy = draw(st.sampled_from(POLICIES))
    clashes = policy == "convert" or not draw(st.integers(0, 4))
    sources = draw(st.lists(drifted(target, clashes=clashes), min_size=1, max_size=3))
    return target, sources, policy, draw(st.sampled_from(ALIGN)), draw(st.booleans())


def check(aligning: Aligning, night: tuple[Fields, list[Fields], str, str, bool]) -> None:
    """Let the target evolve if it may, align, and compare rows and what was told with plain Python."""
    target, sources, policy, align, fills = night
    table = aligning.target(target)
    # An array of two has no place where the target has one value, which is a test of its own.
    longest = 1 if policy == "convert" else 2
    landed = aligning.landed([
        (f"shop_{number}", fields, rows_of(fields, random.Random(number), longest=longest))
        for number, fields in enumerate(sources, 1)
    ])  # fmt: skip
    plan = aligning.plan(table, f"drift: {_policy(policy, target)}\n{align}\n")
    settle(aligning.cloud, wildcards_fill_nested_fields=fills)
    *stages, grown = aligning.evolved(plan, landed)
    assert {one.change for one in compare(target, grown)} <= {Change.ADDED}
    # Datasets of one schema have one example among them.
    schemas = {_print(fields): (dataset, fields) for dataset, fields, _ in reversed(landed.buffers)}
    found = [(dataset, one) for dataset, fields in schemas.values() for one in compare(grown, fields)]
    kept_out = {_named(dataset, one) for dataset, one in found if _keeps_out(one, policy)}

    if kept_out:
        with pytest.raises(BadRequest) as refusal:
            aligning.answer(plan.statements.align, landed)
        named = conflicts(refusal.value.message)
        assert len(named) == min(5, len(kept_out)), refusal.value.message
        assert kept_out.issuperset(named)
    else:
        aligning.answer(plan.statements.align, landed)
        compared = compare_rows(expected(grown, landed), aligning.aligned(landed), identity=(UNIT,))
        assert compared.equal, "\n".join(map(str, compared.differences))
    told = aligning.told(table)
    true = {_told(one) for _, one in found if one.change not in UNSEEN}
    # A record is gained as one source has it, and what others have in it when that has been gained.
    gained = {
        _told(one) for had in stages for fields in sources for one in compare(had, fields) if one.change is Change.ADDED
    }
    assert true <= told <= true | gained
    assert not aligning.refused()
    aligning.forget(table, landed)


def _print(fields: Fields) -> tuple[str, ...]:
    """What makes two buffers one schema."""
    return tuple(sorted(f"{field.name} {field.googlesql}" for field in fields))


def _policy(policy: str, target: Sequence[Field]) -> str:
    if policy == "convert":
        names = ", ".join(f"'{field.name}'" for field in target)
        return f"{{cast: [{names}], reshape: [{names}]}}"
    return policy


def _keeps_out(one: Difference, policy: str) -> bool:
    """Whether a source with this difference fails; what two sources do not agree on no target gains."""
    if one.change is Change.ADDED:
        return policy in {"fail", "evolve"}
    if one.change not in TYPES or one.target is None or one.source is None:
        return False
    return policy != "convert" or one.target.type not in {one.source.type, *CASTS.get(one.source.type, ())}


def _named(dataset: str, one: Difference) -> tuple[str, str, str, str]:
    return (
        dataset, ".".join(one.path), "missing" if one.source is None else one.source.googlesql[:99],
        "missing" if one.target is None else one.target.googlesql[:99],
    )  # fmt: skip


def _told(one: Difference) -> Told:
    kinds = (None if side is None else side.googlesql for side in (one.source, one.target))
    return (".".join(one.path), one.change.value, *kinds)  # type: ignore[return-value]  # two of them


@settings(max_examples=8, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
@given(nights())
def test_a_few_random_nights_lose_and_swap_nothing(aligning: Aligning, night: Any) -> None:
    """Each value under its own name, NULL or empty where there is none; each difference told once, and no other."""
    check(aligning, night)


@pytest.mark.drift_everywhere
@pytest.mark.parametrize("hundred", range(10))
@settings(max_examples=100, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
@given(night=nights())
def test_a_thousand_random_nights_lose_and_swap_nothing(aligning: Aligning, hundred: int, night: Any) -> None:
    """The same of many; two minutes a hundred on one idle core."""
    assert hundred < 10
    check(aligning, night)
