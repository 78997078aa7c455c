"""What becomes of a difference is said as a run decides it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from replicator.ledger.fate import Fate, fate, unabsorbed
from replicator.ledger.history import DriftedField
from replicator.schema.compare import Change
from replicator.sql.drift import Policies

AT = datetime(2026, 11, 5, 5, 30, tzinfo=UTC)


def drifted(change: Change, source: str | None = None, target: str | None = None) -> DriftedField:
    """One difference of the field ``Items.N``."""
    return DriftedField("japan", "shop_1", "Items.N", change, source, target, AT, AT)


@pytest.mark.parametrize(
    ("policies", "expected"),
    [
        (Policies(), Fate.LEFT_OUT),
        (Policies(policy="fail"), Fate.FAILS),
        (Policies(policy="evolve"), Fate.GAINED),
        (Policies(policy="fail", ignore=("items",)), Fate.LEFT_OUT),
        (Policies(policy="fail", paths={"items": "report", "items.n": "evolve"}), Fate.GAINED),
        (Policies(paths={"item": "evolve"}), Fate.LEFT_OUT),
    ],
)
def test_the_longest_path_says_what_becomes_of_a_field_that_the_target_lacks(
    policies: Policies, expected: Fate
) -> None:
    """In any case, for the path and all below it."""
    assert fate(drifted(Change.ADDED, "STRING"), policies) is expected


@pytest.mark.parametrize(
    ("change", "source", "target", "policies", "expected"),
    [
        (Change.REMOVED, None, "STRING", Policies(), Fate.NULL),
        (Change.CASE, "STRING", "STRING", Policies(), Fate.SAME),
        (Change.TYPE, "INT64", "STRING", Policies(), Fate.FAILS),
        (Change.TYPE, "INT64", "STRING", Policies(cast=("items",)), Fate.CONVERTED),
        (Change.TYPE, "STRING", "INT64", Policies(cast=("items",)), Fate.FAILS),
        (Change.KIND, "INT64", "ARRAY<STRING>", Policies(cast=("items.n",)), Fate.FAILS),
        (Change.KIND, "INT64", "ARRAY<STRING>", Policies(cast=("items.n",), reshape=("items",)), Fate.CONVERTED),
        (Change.KIND, "STRUCT<a STRING>", "ARRAY<STRUCT<b DATE>>", Policies(reshape=("items",)), Fate.CONVERTED),
    ],
)
def test_a_type_fails_its_source_unless_a_rule_converts_it(
    change: Change, source: str | None, target: str | None, policies: Policies, expected: Fate
) -> None:
    """By the pairs of types that lose no value, and for the paths that the rules name."""
    assert fate(drifted(change, source, target), policies) is expected


def test_only_what_is_neither_absorbed_nor_ignored_is_told() -> None:
    """NULL for what is gone asks for no one's attention."""
    found = [drifted(Change.ADDED, "STRING"), drifted(Change.REMOVED, None, "STRING")]

    assert unabsorbed(found, Policies()) == (found[0],)
    assert unabsorbed(found, Policies(ignore=("items.n",))) == ()
