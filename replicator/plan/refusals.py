"""What a valid pipeline file may ask for and this version does not do: said by place, before anything is rendered."""

from __future__ import annotations

from collections.abc import Iterator

from replicator.config.drift import Align, Policy, Transport
from replicator.config.incremental import LastModified
from replicator.config.merge import ReplacePartitions
from replicator.config.pipeline import Pipeline
from replicator.config.sources import Source
from replicator.config.tables import Shards
from replicator.config.target import Granularity
from replicator.errors import Problem


def refusals(pipeline: Pipeline) -> tuple[Problem, ...]:
    """Every reason why no plan can be made, each at its place in the file."""
    return tuple(_refusals(pipeline))


def _refusals(pipeline: Pipeline) -> Iterator[Problem]:
    if not isinstance(pipeline.incremental, LastModified):
        yield pipeline.problem(("incremental",), "is not supported yet", "use 'last_modified'")
    if not isinstance(pipeline.merge, ReplacePartitions):
        yield pipeline.problem(("merge",), "is not supported yet", "use 'replace_partitions'")
    if pipeline.drift.policy is not Policy.REPORT or pipeline.drift.paths or pipeline.drift.ignore:
        yield pipeline.problem(("drift",), "is not supported yet", "use 'report', without paths")
    if pipeline.align is not Align.WILDCARD:
        yield pipeline.problem(("align",), "is not supported yet", "use 'wildcard'")
    if pipeline.transport is not Transport.DATASET_COPY:
        yield pipeline.problem(("transport",), "is not supported yet", "use 'dataset_copy'")
    if pipeline.target.partition.by is Granularity.HOUR:
        # A DATE column, which date shards need, has no hours (partitioned-tables#date_timestamp_partitioned_tables).
        yield pipeline.problem(("target", "partition", "by"), "'hour' cuts days apart", "use 'day', 'month' or 'year'")
    for index, source in enumerate(pipeline.sources):
        yield from _source_refusals(pipeline, index, source)


def _source_refusals(pipeline: Pipeline, index: int, source: Source) -> Iterator[Problem]:
    if not isinstance(source.tables, Shards):
        yield pipeline.problem(("sources", index, "tables"), "is not supported yet", "use '{shards, suffix}'")
    elif source.tables.granularity is not Granularity.DAY:
        yield pipeline.problem(("sources", index, "tables", "suffix"), "is not supported yet", "use '%Y%m%d'")
    if source.staging.kms_key is not None:
        yield pipeline.problem(("sources", index, "staging", "kms_key"), "is not supported yet", "leave it out")
