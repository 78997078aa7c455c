"""What is wrong between the parts of a pipeline that are right by themselves."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from replicator.config.columns import disagreements
from replicator.config.merge import ReplacePartitions
from replicator.config.owners import common_value
from replicator.config.pipeline import Pipeline
from replicator.config.sources import Source
from replicator.config.tables import Query, Shards
from replicator.config.target import Granularity
from replicator.names import DatasetRef
from replicator.source.paths import FieldPath


@dataclass(frozen=True, slots=True)
class Finding:
    """A mistake whose place is not looked up yet."""

    path: FieldPath
    fact: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Draft:
    """A pipeline, and which of its values stand in for ones that were refused.

    Attributes:
        pipeline: Complete; what is under ``broken`` means nothing.
        broken: Paths of the values that only fill a gap.
    """

    pipeline: Pipeline
    broken: frozenset[FieldPath] = frozenset()

    def sound(self, *path: str | int) -> bool:
        """Whether the value at ``path`` is, as a whole, what the file says."""
        return not any(path[: len(gap)] == gap[: len(path)] for gap in self.broken)

    def sources(self, *keys: str) -> Iterator[tuple[int, Source]]:
        """The sources whose values under ``keys`` are what the file says, each with its index."""
        for index, source in enumerate(self.pipeline.sources):
            if all(self.sound("sources", index, key) for key in keys):
                yield index, source


def findings(draft: Draft) -> Iterator[Finding]:
    """Everything that the checks below find."""
    for check in _CHECKS:
        yield from check(draft)


def _names_are_unique(draft: Draft) -> Iterator[Finding]:
    first: dict[str, int] = {}
    for index, source in draft.sources("name"):
        other = first.setdefault(source.name, index)
        if other != index:
            fact = f"'{source.name}' is the name of sources[{other}] already"
            yield Finding(("sources", index, "name"), fact, "give each source its own")


def _values_have_one_owner(draft: Draft) -> Iterator[Finding]:
    known = draft.sources("project", "tables", "datasets", "id")
    for (index, source), (later, other) in itertools.combinations(known, 2):
        value = common_value(source, other)
        if value is not None:
            fact = f"owns '{value}', which sources[{index}] owns too"
            yield Finding(("sources", later), fact, "give one an 'id' or exclude the dataset")


def _an_id_stands_for_one_dataset(draft: Draft) -> Iterator[Finding]:
    for index, source in draft.sources("tables", "datasets", "id"):
        if isinstance(source.tables, Query):
            if source.id is None:
                fact = "reads a query, which says of no dataset where its rows came from"
                yield Finding(("sources", index), fact, "add 'id', which source_column will hold")
        elif source.id is not None and source.datasets.single is None:
            fact = f"'{source.id}' would be the value of several datasets, which would replace each other's rows"
            yield Finding(("sources", index, "id"), fact, "name one dataset, or remove 'id'")


def _own_columns_differ(draft: Draft) -> Iterator[Finding]:
    target = draft.pipeline.target
    known = draft.sound("target", "source_column") and draft.sound("target", "partition", "column")
    if known and target.source_column.lower() == target.partition.column.lower():
        fact = f"'{target.source_column}' is the partition column already"
        yield Finding(("target", "source_column"), fact, "name another: it says which source a row came from")


def _columns_agree(draft: Draft) -> Iterator[Finding]:
    for index, source in draft.sources():
        for found in disagreements(source.columns):
            yield Finding(("sources", index, "columns", found.use, found.entry), found.fact, found.remedy)


def _shards_fill_partitions(draft: Draft) -> Iterator[Finding]:
    if not draft.sound("target", "partition", "by") or not draft.sound("merge"):
        return
    by = draft.pipeline.target.partition.by
    for index, source in draft.sources("tables"):
        if not isinstance(source.tables, Shards):
            continue
        width = source.tables.granularity
        path = ("sources", index, "tables", "suffix")
        if width.rank > by.rank:
            fact = f"a shard of one {width} does not say which {by} its rows belong to"
            yield Finding(path, fact, f"write 'by: {width}' in target.partition")
        elif width is Granularity.HOUR and by is not width and isinstance(draft.pipeline.merge, ReplacePartitions):
            fact = f"a shard of one hour does not fill the {by} that would be replaced"
            yield Finding(path, fact, "write 'by: hour' in target.partition, or another merge")


def _own_columns_stay(draft: Draft) -> Iterator[Finding]:
    target = draft.pipeline.target
    for index, source in draft.sources("tables"):
        own = {}
        if draft.sound("target", "source_column"):
            own[target.source_column.lower()] = "source column"
        if draft.sound("target", "partition", "column") and isinstance(source.tables, Shards):
            own[target.partition.column.lower()] = "partition column"
        for path, name in source.columns.rename.items():
            if "." not in path and (kind := own.get(name.lower())):
                fact = f"'{name}' is the target's {kind}, which is filled by each run"
                yield Finding(("sources", index, "columns", "rename", path), fact, "choose another name")


def _partition_column_arrives(draft: Draft) -> Iterator[Finding]:
    if not draft.sound("target", "partition", "column"):
        return
    column = draft.pipeline.target.partition.column
    for index, source in draft.sources("tables", "columns"):
        if isinstance(source.tables, Shards):
            continue
        columns = source.columns
        arrives = column.lower() in (name.lower() for path, name in columns.rename.items() if "." not in path)
        for use, paths in (("exclude", columns.exclude), ("hash", columns.hash), ("rename", tuple(columns.rename))):
            if column.lower() in (path.lower() for path in paths) and not arrives:
                fact = f"takes away '{column}', by which the target is partitioned"
                yield Finding(("sources", index, "columns", use), fact, "leave that column as it is")


def _datasets_are_not_shared(draft: Draft) -> Iterator[Finding]:
    """Staging and landing tables expire; nothing else may live beside them, and no two sources may meet there."""
    taken: dict[DatasetRef, str] = {}
    if draft.sound("target", "table"):
        taken[draft.pipeline.target.table.parent] = "the target's dataset"
    if draft.sound("state"):
        taken[draft.pipeline.state.dataset] = "the ledger's dataset"
    for index, source in draft.sources("staging", "project"):
        if source.staging.dataset is not None:
            dataset = DatasetRef(source.staging.project, source.staging.dataset)
            yield from _claim(
                taken, dataset, ("sources", index, "staging", "dataset"), f"the staging of sources[{index}]"
            )
    for index, source in draft.sources("landing"):
        if source.landing is not None and draft.sound("state"):
            dataset = DatasetRef(draft.pipeline.state.dataset.project, source.landing)
            yield from _claim(taken, dataset, ("sources", index, "landing"), f"the landing of sources[{index}]")


def _claim(taken: dict[DatasetRef, str], dataset: DatasetRef, path: FieldPath, use: str) -> Iterator[Finding]:
    other = taken.setdefault(dataset, use)
    if other != use:
        fact = f"'{dataset}' is {other} already, and what is staged there expires"
        yield Finding(path, fact, "name a dataset of its own, or leave the name to be derived")


def _keys_are_where_the_data_is(draft: Draft) -> Iterator[Finding]:
    """customer-managed-encryption#encryption_and_location: a key serves the datasets of its own location."""
    for index, source in draft.sources("location", "staging"):
        if source.staging.kms_key is None:
            continue
        location = source.location.lower()
        wanted = "europe" if location == "eu" else location
        lies_in = source.staging.kms_key.split("/")[3]
        if lies_in != wanted:
            fact = f"the key lies in {lies_in} and the source in {source.location}"
            yield Finding(("sources", index, "staging", "kms_key"), fact, f"name a key in {wanted}")


_CHECKS: Final[tuple[Callable[[Draft], Iterator[Finding]], ...]] = (
    _own_columns_differ,
    _columns_agree,
    _names_are_unique,
    _values_have_one_owner,
    _an_id_stands_for_one_dataset,
    _shards_fill_partitions,
    _own_columns_stay,
    _partition_column_arrives,
    _datasets_are_not_shared,
    _keys_are_where_the_data_is,
)
