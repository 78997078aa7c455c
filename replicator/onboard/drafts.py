"""What is going to be written: a pipeline and its sources as values, each choice with the reason for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from replicator.config.target import Granularity
from replicator.names import DatasetRef, TableRef
from replicator.onboard.conflicts import Conflict
from replicator.onboard.personal import Personal


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceDraft:
    """One source.

    Attributes:
        title: What it is, in a line.
        name: Its name in the pipeline.
        id: What the source column holds, or None for what a run finds.
        project: Holds the data.
        location: Where it lies.
        datasets: Names and patterns of datasets; empty where ``tables`` names its own.
        tables: Keys and values of ``tables``.
        personal: What looks personal, with what is proposed for it.
        kept: Whether that is only told, and nothing is done about it.
        conflicts: Fields that cannot be brought, since tables disagree on their types.
        rename: New names by path.
        staging_project: Runs and pays the source's jobs, or None for its own.
        notes: Why a key is as it is, by key.
    """

    title: str
    name: str
    project: str
    location: str
    tables: tuple[tuple[str, str], ...]
    datasets: tuple[str, ...] = ()
    id: str | None = None
    personal: tuple[Personal, ...] = ()
    kept: bool = False
    conflicts: tuple[Conflict, ...] = ()
    rename: Mapping[str, str] = field(default_factory=dict)
    staging_project: str | None = None
    notes: Mapping[str, str] = field(default_factory=dict)

    def named(self, name: str, *, staging: str | None, kept: bool) -> SourceDraft:
        """The same source under a name, with what a person wishes of it."""
        return replace(self, name=name, staging_project=staging, kept=kept)

    @property
    def proposed(self) -> tuple[Personal, ...]:
        """What is done about columns that look personal."""
        return () if self.kept else self.personal

    @property
    def left_out(self) -> tuple[Conflict, ...]:
        """The conflicts that are left: a hash is a text whatever it is made of, so what is hashed agrees."""
        settled = {each.path.lower() for each in self.proposed}
        return tuple(each for each in self.conflicts if each.path.lower() not in settled)

    def without(self, conflicts: tuple[Conflict, ...]) -> SourceDraft:
        """The same source without fields that its tables disagree on."""
        return replace(self, conflicts=conflicts)


@dataclass(frozen=True, slots=True, kw_only=True)
class PipelineDraft:
    """A whole pipeline.

    Attributes:
        title: What it is, in a line.
        name: Its name.
        target: The table that everything is brought into.
        location: Where the target's dataset lies.
        partition_column: The target's.
        by: The width of one partition.
        source_column: The target's.
        state: The dataset of ledger and fence.
        incremental: A word.
        merge: A word, or the long form as it is written.
        sources: Its sources.
        notes: Why a key is as it is, by key; ``merge`` may have several lines.
    """

    title: str
    name: str
    target: TableRef
    location: str
    partition_column: str
    by: Granularity
    source_column: str
    state: DatasetRef
    incremental: str
    merge: str
    sources: tuple[SourceDraft, ...]
    notes: Mapping[str, str] = field(default_factory=dict)
