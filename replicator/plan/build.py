"""The planner: a pipeline becomes a plan, or is refused with every reason at once."""

from __future__ import annotations

import hashlib

from replicator.config.globs import pattern
from replicator.config.incremental import LastModified
from replicator.config.pipeline import Pipeline
from replicator.config.sources import Source
from replicator.config.tables import Shards
from replicator.errors import ConfigError
from replicator.names import DatasetRef, TableRef
from replicator.plan.plan import Plan, SourceRoute, Statements
from replicator.plan.refusals import refusals
from replicator.sql import align, commit, fence, inventory, receipts, stage
from replicator.sql.quoting import quote_string


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
        statements=_statements(pipeline, target, state, guard, key),
    )


def _route(pipeline: Pipeline, source: Source, key: str) -> SourceRoute:
    assert isinstance(source.tables, Shards), "refusals() lets nothing else through"  # noqa: S101  # narrows the type
    assert isinstance(pipeline.incremental, LastModified), "refusals() lets nothing else through"  # noqa: S101  # as above
    derived = f"replicator_{pipeline.name}__{source.name}__{key}"
    staging = DatasetRef(source.staging.project, source.staging.dataset or f"{derived}_staging")
    landing = DatasetRef(pipeline.state.dataset.project, source.landing or f"{derived}_landing")
    if source.location.lower() == pipeline.target.location.lower():
        landing = staging
    return SourceRoute(
        name=source.name,
        key=key,
        id=source.id,
        project=source.project,
        location=source.location,
        staging=staging,
        landing=landing,
        include=tuple(pattern(glob) for glob in source.datasets.include),
        exclude=tuple(pattern(glob) for glob in source.datasets.exclude),
        prefix=source.tables.prefix,
        pattern=source.tables.pattern,
        drop=source.columns.exclude,
        hash=source.columns.hash,
        rename=tuple(source.columns.rename.items()),
        where=source.where,
        lookback_days=pipeline.incremental.lookback.days,
        labels=dict(source.labels),
        max_bytes_billed=source.max_bytes_billed,
    )


def _statements(pipeline: Pipeline, target: TableRef, state: DatasetRef, guard: TableRef, key: str) -> Statements:
    location = pipeline.target.location
    partition_column = pipeline.target.partition.column
    source_column = pipeline.target.source_column
    labels = f"[('managed-by', 'replicator'), ('pipeline', {quote_string(pipeline.name)})]"
    return Statements(
        take_fence=fence.take_fence(
            target=target, state=state, fence=guard, location=location,
            source_column=source_column, partition_column=partition_column,
        ),
        renew_fence=fence.renew_fence(guard),
        inventory=inventory.take_inventory(target=str(target), own_columns=(partition_column, source_column)),
        fill_slice=stage.fill_slice(),
        count_staged=stage.count_staged(),
        create_landing=align.create_landing(target=target, location=location),
        create_target=align.create_target(
            target=target, partition_column=partition_column, partition_by=pipeline.target.partition.by.value,
            source_column=source_column, labels=labels,
        ),
        align=align.align_source(
            target=target, state=state, partition_column=partition_column, source_column=source_column
        ),
        write_commit=commit.write_commit(
            target=target, state=state, fence=guard, key=key,
            partition_column=partition_column, source_column=source_column,
        ),
        write_receipts=receipts.write_receipts(),
        drop_landed=receipts.drop_landed(),
        finish=fence.finish_run(target=target, state=state, fence=guard),
    )  # fmt: skip
