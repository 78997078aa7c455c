"""Where sources' schemas are not as the target's, and the exact change that accepts it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, assert_never

from replicator.ledger.fate import Fate, fate
from replicator.ledger.history import DriftedField
from replicator.report.tables import print_table
from replicator.schema.compare import CASTS, Change
from replicator.schema.growth import field_of
from replicator.sql.drift import Policies


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


def as_json(drift: Sequence[DriftedField], policies: Policies) -> list[dict[str, Any]]:
    """The same as plain values; times as ISO 8601 text."""
    return [
        {
            "source": one.source, "dataset": one.dataset, "path": one.path, "change": one.change.value,
            "source_type": one.data_type, "target_type": one.target_type, "first_seen": one.first_seen.isoformat(),
            "last_seen": one.last_seen.isoformat(), "absorbed": one.absorbed, "next_run": fate(one, policies).value,
            "accept": _remedy(one, policies) or None,
        }
        for one in drift
    ]  # fmt: skip


def print_drift(drift: Sequence[DriftedField], policies: Policies) -> None:
    """Print what was seen and what becomes of it on stdout, and below it what else would accept it, each once."""
    print_table(
        ["source", "field", "drift", "its type", "target's type", "example", "next run", "first seen", "last seen"],
        [
            [
                one.source, one.path, one.change.value, _short(one.data_type), _short(one.target_type), one.dataset,
                fate(one, policies).value, f"{one.first_seen:%Y-%m-%d %H:%M}", f"{one.last_seen:%Y-%m-%d %H:%M}",
            ]
            for one in drift
        ],
    )  # fmt: skip
    changes = {one.path: remedy for one in drift if (remedy := _remedy(one, policies))}
    if changes:
        print()  # the answer goes to stdout
    for path, change in changes.items():
        print(f"{path}: {change}")  # as above


def told(drift: Sequence[DriftedField], policies: Policies) -> list[str]:
    """Of each source one line: what is not as in the target, and what the next run does about it."""
    lines: dict[str, list[str]] = {}
    for one in drift:
        fates = lines.setdefault(one.source, [])
        if (fact := f"{one.path} {one.change.value}: {fate(one, policies).value}") not in fates:
            fates.append(fact)
    return [f"{source}: {'; '.join(fates)}" for source, fates in lines.items()]


def _remedy(drifted: DriftedField, policies: Policies) -> str:
    """What to change, where the next run would lose the field's values or its source."""
    return acceptance(drifted) if fate(drifted, policies) in {Fate.LEFT_OUT, Fate.FAILS} else ""


def _short(kind: str | None) -> str:
    """A record's type without its fields."""
    return "-" if kind is None else kind.partition("STRUCT<")[0] + ("STRUCT" if "STRUCT<" in kind else "")
