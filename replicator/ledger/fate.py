"""What the next run does about a difference that earlier ones saw, by what the pipeline's file says."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import assert_never

from replicator.ledger.history import DriftedField
from replicator.schema.compare import CASTS, Change
from replicator.schema.growth import field_of
from replicator.sql.drift import Policies


class Fate(StrEnum):
    """What becomes of the field.

    Attributes:
        LEFT_OUT: The target lacks it, and stays without it.
        GAINED: The target gains it.
        NULL: The source lacks it; its rows have no value there.
        SAME: Its values arrive as they are.
        CONVERTED: Its values arrive in the target's type and shape.
        FAILS: Its source stays out, and no other.
    """

    LEFT_OUT = "left out"
    GAINED = "added to the target"
    NULL = "NULL"
    SAME = "arrives"
    CONVERTED = "converted"
    FAILS = "fails its source"


def fate(drifted: DriftedField, policies: Policies) -> Fate:
    """What becomes of the field where it still is as it was seen; a run decides the same by ``sql.drift``.

    Whether the target requires what the source lacks the ledger does not tell: then its source fails.
    """
    match drifted.change:
        case Change.ADDED:
            return {"report": Fate.LEFT_OUT, "evolve": Fate.GAINED, "fail": Fate.FAILS}[policies.of(drifted.path)]
        case Change.REMOVED:
            return Fate.NULL
        case Change.CASE | Change.REORDERED | Change.MODE:
            return Fate.SAME
        case Change.KIND | Change.WIDENED | Change.NARROWED | Change.TYPE:
            return Fate.CONVERTED if _converts(drifted, policies) else Fate.FAILS
    assert_never(drifted.change)


def unabsorbed(drift: Iterable[DriftedField], policies: Policies) -> tuple[DriftedField, ...]:
    """Those of which there is something to tell: they are neither ignored nor absorbed by every way to align."""
    return tuple(one for one in drift if not one.absorbed and not policies.names(policies.ignore, one.path))


def _converts(drifted: DriftedField, policies: Policies) -> bool:
    target, source = (field_of("", kind or "STRING") for kind in (drifted.target_type, drifted.data_type))
    cast = target.type == source.type or (
        target.type in CASTS.get(source.type, ()) and policies.names(policies.cast, drifted.path)
    )
    return cast and (target.mode is source.mode or policies.names(policies.reshape, drifted.path))
