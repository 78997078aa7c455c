"""The planner: a pipeline becomes a plan, or is refused with every reason at once."""

from __future__ import annotations

import hashlib

from replicator.config.columns import Columns
from replicator.config.globs import pattern
from replicator.config.googlesql import uses_window
from replicator.config.incremental import Always, ByColumn, ByQuery
from replicator.config.merge import Append, ReplacePartitions, ReplaceTable, Upsert
from replicator.config.pipeline import Pipeline
from replicator.config.sources import Source
from replicator.config.tables import Partitioned, Query, Shards, WholeTable
from replicator.errors import ConfigError
from replicator.names import DatasetRef, TableRef
from replicator.plan.plan import Plan, SourceRoute, Statements, labels_of
from replicator.plan.refusals import refusals
from replicator.sql import align, commit, evolve, fence, inventory, receipts, stage
from replicator.sql.datasets import label_array, landing_options, staging_options
from replicator.sql.drift import Policies
from replicator.sql.merge import Replacing, Strategy, Upserting
from replicator.sql.newer import Newer
from replicator.sql.placeholders import QUERY, bind
from replicator.sql.rebuild import Alignment
from replicator.sql.units import Kind


def build_plan(pipeline: Pipeline) -> Plan:
    """Plan a pipeline; reads nothing but its argument.

    Raises:
        ConfigError: The pipeline asks for what is not known yet, or cannot be.
    """
    if problems := refusals(pipeline):
        raise ConfigError(problems)
    target = pipeline.target.table
    key = hashlib.sha256(str(target).encode()).hexdigest()[:6]
    state = pipeline.state.dataset
    guard = state.table(fence.fence_name(target, key))
    return Plan(
        pipeline=pipeline.name,
        environment=pipeline.environment,
        key=key,
        target=target,
        location=pipeline.target.location,
        partition_column=pipeline.target.partition.column,
        partition_by=pipeline.target.partition.by.value,
        source_column=pipeline.target.source_column,
        state=state,
        fence=guard,
        lease_seconds=int(pipeline.lease.total_seconds()),
        sources=tuple(_route(pipeline, source, key) for source in pipeline.sources),
        policies=_policies(pipeline),
        alignment=_alignment(pipeline),
        statements=_statements(pipeline, target, state, guard, key),
    )


def _route(pipeline: Pipeline, source: Source, key: str) -> SourceRoute:
    incremental = pipeline.incremental
    kind, dataset, prefix, pattern_, query = _tables(pipeline, source, key)
    derived = f"replicator_{pipeline.name}__{source.name}__{key}"
    staging = DatasetRef(source.staging.project, source.staging.dataset or f"{derived}_staging")
    landing = DatasetRef(pipeline.state.dataset.project, source.landing or f"{derived}_landing")
    if source.location.lower() == pipeline.target.location.lower():
        landing = staging
    return SourceRoute(
        name=source.name,
        key=key,
        id=_owner_of_rows(source, kind),
        # A query's columns are those of a view in the staging dataset.
        project=source.staging.project if kind is Kind.QUERY else source.project,
        location=source.location,
        staging=staging,
        landing=landing,
        include=tuple(pattern(glob) for glob in source.datasets.include),
        exclude=tuple(pattern(glob) for glob in source.datasets.exclude),
        kind=kind,
        dataset=dataset,
        prefix=prefix,
        pattern=pattern_,
        query=query,
        by=pipeline.target.partition.by.value if query is not None and uses_window(query) else None,
        always=isinstance(incremental, Always),
        newer=_newer(pipeline),
        drop=source.columns.exclude,
        hash=source.columns.hash,
        rename=tuple(source.columns.rename.items()),
        where=source.where,
        lookback_days=0 if isinstance(incremental, Always) else incremental.lookback.days,
        kms_key=source.staging.kms_key,
        labels=dict(source.labels),
        max_bytes_billed=source.max_bytes_billed,
    )


def _tables(pipeline: Pipeline, source: Source, key: str) -> tuple[Kind, str, str, str, str | None]:
    """A source's kind, its one dataset, the beginning of its tables' names, their pattern, and its query."""
    match source.tables:
        case Shards():
            return Kind.SHARDS, "", source.tables.prefix, source.tables.pattern, None
        case Query():
            return Kind.QUERY, "", bind(QUERY, {"key": key}), "", source.tables.sql
        case Partitioned() | WholeTable():
            if isinstance(pipeline.incremental, ByQuery):
                return Kind.QUERY, "", bind(QUERY, {"key": key}), "", pipeline.incremental.sql
            kind = Kind.PARTITIONED if isinstance(source.tables, Partitioned) else Kind.TABLE
            return kind, source.tables.table.dataset, source.tables.table.table, "", None


def _owner_of_rows(source: Source, kind: Kind) -> str | None:
    """What the source column holds where a run does not find it: the id, or the table that a query stands for."""
    if source.id is None and kind is Kind.QUERY and isinstance(source.tables, Partitioned | WholeTable):
        return f"{source.project}.{source.tables.table}"
    return source.id


def kinds_of(pipeline: Pipeline) -> tuple[Kind, ...]:
    """The kinds of the pipeline's sources, each once, in a fixed order."""
    found = {_tables(pipeline, source, "")[0] for source in pipeline.sources}
    return tuple(kind for kind in Kind if kind in found)


def _newer(pipeline: Pipeline) -> Newer | None:
    """The column by which rows are newer, where the pipeline goes by one."""
    if isinstance(pipeline.incremental, ByColumn):
        return Newer(pipeline.incremental.column, once=isinstance(pipeline.merge, Append))
    return None


def _strategy(pipeline: Pipeline) -> Strategy:
    match pipeline.merge:
        case ReplacePartitions():
            return Replacing.PARTITIONS
        case ReplaceTable():
            return Replacing.TABLE
        case Append():
            return Replacing.NOTHING
        case Upsert():
            return Upserting(pipeline.merge.keys, pipeline.merge.newest_by, pipeline.merge.mirror_deletions)


def _policies(pipeline: Pipeline) -> Policies:
    drift = pipeline.drift
    return Policies(
        policy=drift.policy.value,
        paths={path.lower(): policy.value for path, policy in drift.paths.items()},
        ignore=tuple(path.lower() for path in drift.ignore),
        cast=tuple(path.lower() for path in drift.cast),
        reshape=tuple(path.lower() for path in drift.reshape),
    )


def _alignment(pipeline: Pipeline) -> Alignment:
    """How rows are aligned: by projection also where a wildcard would not do.

    None reads a table with a key of its own (querying-wildcard-tables), nor one type as another.
    """
    home = pipeline.target.location.lower()
    keyed = any(one.staging.kms_key is not None and one.location.lower() == home for one in pipeline.sources)
    return Alignment.PROJECTION if keyed or _policies(pipeline).converts else Alignment(pipeline.align.value)


def _statements(pipeline: Pipeline, target: TableRef, state: DatasetRef, guard: TableRef, key: str) -> Statements:
    location = pipeline.target.location
    partition_column = pipeline.target.partition.column
    source_column = pipeline.target.source_column
    labels = labels_of(pipeline.name, pipeline.environment)
    kinds, strategy, newer = kinds_of(pipeline), _strategy(pipeline), _newer(pipeline)
    policies = _policies(pipeline)
    within = None if isinstance(strategy, Upserting) else partition_column
    return Statements(
        take_fence=fence.take_fence(
            target=target, state=state, fence=guard, location=location,
            source_column=source_column, partition_column=partition_column,
        ),
        renew_fence=fence.renew_fence(guard),
        inventory=inventory.take_inventory(
            staging=staging_options(target, labels),
            keyed=any(source.staging.kms_key is not None for source in pipeline.sources),
            ruled=any(source.columns != Columns() for source in pipeline.sources),
            own_columns=(partition_column, source_column),
            kinds=kinds, once=strategy is Replacing.NOTHING and newer is None, newer=newer,
        ),
        fill_slice=stage.fill_slice(kinds=kinds, within=within, newer=newer),
        count_staged=stage.count_staged(),
        create_landing=align.prepare_landing(landing=landing_options(target, labels), location=location),
        create_target=align.create_target(
            target=target, partition_column=partition_column, partition_by=pipeline.target.partition.by.value,
            source_column=source_column, labels=label_array(labels),
        ),
        align=align.align_source(
            target=target, state=state, partition_column=partition_column, source_column=source_column,
            policies=policies, alignment=_alignment(pipeline),
        ),
        evolve=evolve.write_evolution(target=target, state=state, policies=policies)
        if policies.evolves else None,
        write_commit=commit.write_commit(
            target=target, state=state, fence=guard, key=key,
            partition_column=partition_column, source_column=source_column, strategy=strategy,
            newer=newer,
        ),
        read_stamps=receipts.read_stamps(target, state),
        restore_receipts=receipts.restore_receipts(),
        write_receipts=receipts.write_receipts(),
        drop_landed=receipts.drop_landed(),
        finish=fence.finish_run(target=target, state=state, fence=guard),
    )  # fmt: skip
