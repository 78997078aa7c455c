"""From what was found and what a person wishes to the drafts of sources, each choice with its reason."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from replicator.onboard import guesses
from replicator.onboard.conflicts import conflicts
from replicator.onboard.drafts import SourceDraft
from replicator.onboard.layout import Layout, renames
from replicator.onboard.metadata import Described
from replicator.onboard.naming import name_of, unique
from replicator.onboard.patterns import Patterns, dataset_patterns
from replicator.onboard.personal import Personal, personal
from replicator.onboard.survey import Kind, Place, Subject, Survey
from replicator.onboard.writing import scalar

_PERSONAL: Final = (
    "A proposal, made from names alone: what looks personal never leaves its location (exclude), or only as its "
    "SHA-256 (hash). Remove a line to bring the column as it is."
)
_NO_ID: Final = re.compile(r"[^\w.:/-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What a person says of the sources, beyond what they are.

    Attributes:
        source: The source's name; None makes one of the project's.
        staging_project: Runs and pays the source's jobs; None is its own.
        keep_personal: Bring what looks personal as it is, and only say so.
        taken: Names that other sources of the pipeline have.
    """

    source: str | None = None
    staging_project: str | None = None
    keep_personal: bool = False
    taken: Collection[str] = ()


def sources_for(
    found: Survey,
    subject: Subject,
    tables: Sequence[Described],
    older: Sequence[Described],
    layout: Layout,
    wishes: Wishes,
) -> tuple[SourceDraft, ...]:
    """One source for each location of shards, and for each table otherwise.

    Args:
        found: What the subject was found among.
        subject: What is brought.
        tables: Its newest table in each of its places.
        older: More of its tables, which only have to agree with those on their fields' types.
        layout: How it becomes partitions.
        wishes: What a person says.

    Raises:
        UsageError: The columns of a table do not fit the target's.
    """
    drafts: list[SourceDraft] = []
    disagreeing = conflicts([*tables, *older])
    for parts, draft in _parts(found, subject, tables, layout):
        taken = {*wishes.taken, *(each.name for each in drafts)}
        project = found.scope.project
        wished = (wishes.source, name_of(project, *parts), name_of(project, *parts, subject.name))
        names = [name for name in wished if name is not None]
        name = next((name for name in names if name not in taken), unique(names[0], taken))
        named = draft.named(name, staging=wishes.staging_project, kept=wishes.keep_personal)
        drafts.append(named.without(disagreeing))
    return tuple(drafts)


def _parts(
    found: Survey, subject: Subject, tables: Sequence[Described], layout: Layout
) -> Iterator[tuple[tuple[str, ...], SourceDraft]]:
    """Each source, and what its name needs beside the project's."""
    if subject.kind is not Kind.SHARDS:
        for place, table, brought in zip(subject.places, tables, layout.brought, strict=True):
            parts = (place.ref.dataset,) if len(subject.places) > 1 else ()
            yield parts, _of_table(subject, place, table, layout, brought)
        return
    locations = sorted({place.location for place in subject.places}, key=str.casefold)
    for location in locations:
        here = [
            (place, table) for place, table in zip(subject.places, tables, strict=True) if place.location == location
        ]
        yield (location,) if len(locations) > 1 else (), _of_shards(found, subject, here, layout)


def _of_shards(found: Survey, subject: Subject, here: Sequence[tuple[Place, Described]], layout: Layout) -> SourceDraft:
    places = [place for place, _ in here]
    location = places[0].location
    datasets = dataset_patterns(
        [place.ref.dataset for place in places], asked=found.scope.dataset, location=location, seen=found.datasets
    )
    count = sum(len(place.tables) for place in places)
    oldest, newest = min(place.tables[0] for place in places), max(place.tables[-1] for place in places)
    span = oldest if oldest == newest else f"{oldest} to {newest}"
    return SourceDraft(
        title=f"{_sentence(subject.title)}: {_counted(count, 'shard')} in {_counted(len(places), 'dataset')}, {span}.",
        name="",
        project=found.scope.project,
        location=location,
        datasets=datasets.patterns,
        tables=(("shards", subject.name), ("suffix", subject.suffix)),
        personal=_of_all([table for _, table in here]),
        rename=renames(here[0][1], layout, None),
        notes=_notes(datasets, _left_alone(found, subject, places)),
    )


def _of_table(subject: Subject, place: Place, table: Described, layout: Layout, brought: str | None) -> SourceDraft:
    full = f"{place.ref}.{table.ref.table}"
    renamed = renames(table, layout, brought)
    tables = ((layout.kind.value, f"{place.ref.dataset}.{table.ref.table}"),)
    why = {"rename": _why_renamed(layout, brought)} if renamed else {}
    owner = None
    if layout.kind is Kind.PARTITIONED:
        why["tables"] = "Replicated by partitions: only those that changed are brought again."
    elif layout.constant:
        constant = f"DATE '2000-01-01' AS {layout.partition_column}"
        tables = (("query", f"SELECT *, {constant} FROM `{full}`"),)  # noqa: S608  # a text of the user's file
        owner = _NO_ID.sub("_", full)
        why["id"] = "Rows of a query do not say which table they come from, so this does."
        why["tables"] = (
            "A query, for the table has no date or time: the target is partitioned, so all rows get one day."
        )
    else:
        why["tables"] = "Replicated as a whole whenever it changed, for it is not partitioned by time."
    return SourceDraft(
        title=f"{_sentence(subject.title)}: {full}.",
        name="",
        id=owner,
        project=place.ref.project,
        location=place.location,
        tables=tables,
        personal=tuple(
            each for each in personal(table.fields) if brought is None or each.path.lower() != brought.lower()
        ),
        rename=renamed,
        notes={"location": "Where BigQuery says that the dataset lies.", "columns": _PERSONAL, **why},
    )


def upsert_text(keys: Sequence[str], newest_by: str | None) -> str:
    """A merge by key, as a pipeline file writes it."""
    newest = f", newest_by: {scalar(newest_by)}" if newest_by is not None else ""
    return f"{{upsert: {{keys: [{', '.join(map(scalar, keys))}]{newest}}}}}"


def strategy_notes(table: Described) -> str:
    """What suggests that a whole table could be merged by key, as lines of a comment; empty where nothing does."""
    lines = []
    key, change = guesses.key(table), guesses.change_column(table.fields)
    if key is not None:
        lines.append(f"A guess: rows may be told apart by {', '.join(key.columns)} ({key.because}).")
    if change is not None:
        lines.append(f"A guess: {change.columns[0]} may grow whenever a row changes ({change.because}).")
    if key is not None:
        newest = change.columns[0] if change is not None else None
        lines.append("If that is so, this rewrites only rows that differ, and keeps those that have gone:")
        lines.append(f"  merge: {upsert_text(key.columns, newest)}")
        if newest is not None:
            lines.append("and with it this brings only rows that are newer than those committed:")
            lines.append(f"  incremental: {{by: column, column: {scalar(newest)}}}")
    return "\n".join(lines)


def _of_all(tables: Sequence[Described]) -> tuple[Personal, ...]:
    """What looks personal in each of the tables: a run refuses a path that none of the tables it takes has."""
    every = [{each.path.lower(): each for each in personal(table.fields)} for table in tables]
    return tuple(each for path, each in every[0].items() if all(path in other for other in every[1:]))


def _left_alone(found: Survey, subject: Subject, places: Sequence[Place]) -> str:
    here = {place.ref for place in places}
    others = sorted(
        other.pattern for other in found.subjects if other is not subject and here & {p.ref for p in other.places}
    )
    rest = f" Left alone: {', '.join(others[:6])}{' and more' if len(others) > 6 else ''}." if others else ""
    digits = {"%Y%m%d": "eight", "%Y%m%d%H": "ten", "%Y%m": "six", "%Y": "four"}[subject.suffix]
    return f"Only tables named {subject.name} and {digits} digits that are a date.{rest}"


def _notes(datasets: Patterns, tables: str) -> dict[str, str]:
    return {
        "location": "Where BigQuery says that the datasets lie.",
        "datasets": datasets.because,
        "tables": tables,
        "columns": _PERSONAL,
        "rename": "The target keeps these names for columns of its own.",
    }


def _why_renamed(layout: Layout, brought: str | None) -> str:
    if brought is not None and brought.lower() != layout.partition_column.lower():
        return f"The target is partitioned by {layout.partition_column}, which {brought} becomes."
    return "The target keeps these names for columns of its own."


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _counted(number: int, thing: str) -> str:
    return f"{number:,} {thing}{'' if number == 1 else 's'}"
