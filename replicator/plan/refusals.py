"""What a valid pipeline file may ask for and this version does not do: said by place, before anything is rendered."""

from __future__ import annotations

from collections.abc import Iterator

from replicator.config.drift import Transport
from replicator.config.googlesql import uses_window
from replicator.config.incremental import Always, ByColumn, ByQuery
from replicator.config.merge import Append, ReplacePartitions, ReplaceTable, Upsert
from replicator.config.pipeline import Pipeline
from replicator.config.sources import Source
from replicator.config.tables import Partitioned, Query, Shards, WholeTable
from replicator.config.target import Granularity
from replicator.errors import Problem


def refusals(pipeline: Pipeline) -> tuple[Problem, ...]:
    """Every reason why no plan can be made, each at its place in the file."""
    return tuple(_refusals(pipeline))


def _refusals(pipeline: Pipeline) -> Iterator[Problem]:
    if isinstance(pipeline.incremental, ByColumn):
        yield from _column_refusals(pipeline, pipeline.incremental)
    if isinstance(pipeline.incremental, Always) and isinstance(pipeline.merge, Append):
        yield pipeline.problem(("incremental",), "takes again what is appended once", "use another merge")
    if pipeline.transport is not Transport.DATASET_COPY:
        yield pipeline.problem(("transport",), "is not supported yet", "use 'dataset_copy'")
    for index, source in enumerate(pipeline.sources):
        yield from _source_refusals(pipeline, index, source)
        yield from _strategy_refusals(pipeline, index, source)


def _column_refusals(pipeline: Pipeline, incremental: ByColumn) -> Iterator[Problem]:
    """Rows that are newer by a column are a part of their unit, whatever the unit is."""
    place, merge, column = ("incremental", "column"), pipeline.merge, incremental.column
    if isinstance(merge, ReplacePartitions | ReplaceTable) or (isinstance(merge, Upsert) and merge.mirror_deletions):
        fact = "brings the rows that are newer, and the merge deletes the others of their unit"
        yield pipeline.problem(place, fact, "use 'merge: {upsert: {keys: [...]}}', or 'append'")
    if isinstance(merge, Append) and incremental.lookback:
        fact = "takes rows again, and 'append' has no key to find them by"
        yield pipeline.problem(("incremental", "lookback"), fact, "leave it out, or use 'upsert' with keys")
    for index, source in enumerate(pipeline.sources):
        if not isinstance(source.tables, Partitioned | WholeTable):
            fact = "is no table that grows by a column"
            yield pipeline.problem(("sources", index, "tables"), fact, "write {table: ...} or {partitioned: ...}")
        columns = source.columns
        for use, paths in (("exclude", columns.exclude), ("hash", columns.hash), ("rename", tuple(columns.rename))):
            if column.lower() in (path.lower() for path in paths):
                fact = f"takes away '{column}', by which a run knows what is newer"
                yield pipeline.problem(("sources", index, "columns", use), fact, "leave that column as it is")


def _source_refusals(pipeline: Pipeline, index: int, source: Source) -> Iterator[Problem]:
    place = ("sources", index, "tables")
    if isinstance(source.tables, Shards):
        width, by = source.tables.granularity, pipeline.target.partition.by
        if width is Granularity.HOUR and by is not width:
            yield pipeline.problem(
                (*place, "suffix"), f"an hour has no place in a {by}", "write 'by: hour' in target.partition"
            )
        if isinstance(pipeline.incremental, ByQuery):
            yield pipeline.problem(place, "a query of incremental does not read shards", "write {table: ...}")
    if isinstance(source.tables, Query):
        windowed = uses_window(source.tables.sql)
        if isinstance(pipeline.incremental, ByQuery):
            yield pipeline.problem(place, "has a query, and incremental another", "remove one of them")
        elif not windowed and not isinstance(pipeline.incremental, Always):
            remedy = "use @window_start and @window_end in it, or write 'incremental: always'"
            yield pipeline.problem(place, "asks for no window, so nothing says when it is due", remedy)


def _strategy_refusals(pipeline: Pipeline, index: int, source: Source) -> Iterator[Problem]:
    """A strategy that the source's units do not fit."""
    place, merge = ("sources", index, "tables"), pipeline.merge
    by_query = isinstance(pipeline.incremental, ByQuery) or isinstance(source.tables, Query)
    windowed = by_query and not (isinstance(source.tables, Query) and not uses_window(source.tables.sql))
    whole = (isinstance(source.tables, WholeTable) and not by_query) or (by_query and not windowed)
    match merge:
        case ReplacePartitions() if whole:
            fact = "is one unit, which fills no partition that could be replaced"
            yield pipeline.problem(place, fact, "use 'merge: replace_table', or 'upsert' with keys")
        case ReplaceTable() if not whole:
            fact = "changes by parts, and 'replace_table' replaces all rows of a source"
            yield pipeline.problem(place, fact, "use 'merge: replace_partitions', or 'upsert' with keys")
        case Upsert(mirror_deletions=True) if not whole or by_query:
            fact = "changes by parts, which do not say what was deleted in others"
            yield pipeline.problem(place, fact, "write {table: ...}, or remove mirror_deletions")
        case _:
            pass
