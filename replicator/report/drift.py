"""Where sources' schemas are not as the target's, and the exact change that accepts it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, assert_never

from replicator.ledger.history import DriftedField
from replicator.report.tables import print_table
from replicator.schema.compare import CASTS, Change
from replicator.schema.growth import field_of


def acceptance(drifted: DriftedField) -> str:
    """What to change so that the difference is accepted; empty where nothing has to be."""
    path = drifted.path
    match drifted.change:
        case Change.ADDED:
            return f"'replicator drift --apply' adds it to the target; or drift: {{paths: {{{path}: evolve}}}}"
        case Change.REMOVED | Change.CASE | Change.REORDERED | Change.MODE:
            return ""
        case Change.KIND | Change.WIDENED | Change.NARROWED | Change.TYPE:
            return _conversion(drifted)
    assert_never(drifted.change)


def _conversion(drifted: DriftedField) -> str:
    """The rules that bring the source's values to the target's type, or what is left to do where none does."""
    target, source = (field_of("", kind or "STRING") for kind in (drifted.target_type, drifted.data_type))
    rules = []
    if target.mode is not source.mode:
        rules.append(f"reshape: [{drifted.path}]")
    if target.type != source.type:
        if target.type not in CASTS.get(source.type, ()):
            return f"exclude {drifted.path} in the source's columns, or make the target anew with the other type"
        rules.append(f"cast: [{drifted.path}]")
    return f"drift: {{{', '.join(rules)}}}"


def as_json(drift: Sequence[DriftedField]) -> list[dict[str, Any]]:
    """The same as plain values; times as ISO 8601 text."""
    return [
        {
            "source": one.source, "dataset": one.dataset, "path": one.path, "change": one.change.value,
            "source_type": one.data_type, "target_type": one.target_type, "first_seen": one.first_seen.isoformat(),
            "last_seen": one.last_seen.isoformat(), "absorbed": one.absorbed, "accept": acceptance(one) or None,
        }
        for one in drift
    ]  # fmt: skip


def print_drift(drift: Sequence[DriftedField]) -> None:
    """Print what was seen on stdout, and below it what accepts it, each once."""
    print_table(
        ["source", "field", "drift", "source's type", "target's type", "example", "first seen", "last seen"],
        [
            [
                one.source, one.path, one.change.value, _short(one.data_type), _short(one.target_type), one.dataset,
                f"{one.first_seen:%Y-%m-%d %H:%M}", f"{one.last_seen:%Y-%m-%d %H:%M}",
            ]
            for one in drift
        ],
    )  # fmt: skip
    changes = {one.path: acceptance(one) for one in drift if acceptance(one)}
    if changes:
        print()  # the answer goes to stdout
    for path, change in changes.items():
        print(f"{path}: {change}")  # as above


def _short(kind: str | None) -> str:
    """A record's type without its fields."""
    return "-" if kind is None else kind.partition("STRUCT<")[0] + ("STRUCT" if "STRUCT<" in kind else "")
