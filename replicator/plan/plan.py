"""A plan: everything about a pipeline that is known before a run looks at anything."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from replicator.names import DatasetRef, TableRef
from replicator.sql.datasets import OWN_LABEL
from replicator.sql.drift import Policies
from replicator.sql.newer import Newer
from replicator.sql.rebuild import Alignment
from replicator.sql.units import Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Statements:
    """The GoogleSQL of each stage; names in braces differ from source to source and from run to run.

    Attributes:
        take_fence: Look at the target, make the ledger, take the fence.
        renew_fence: Move the lease on.
        inventory: Write the manifest of what is due, next to the source.
        fill_slice: Fill the buffers of one slice.
        count_staged: What is ready to leave.
        create_landing: Make the dataset that copies arrive in.
        create_target: Make a missing target of what has landed.
        align: Check what has landed, and bring it to the target's schema.
        write_commit: Write the script that commits a batch.
        read_stamps: A page of the ledger's stamps of a source.
        restore_receipts: That page as receipts, at the source.
        write_receipts: Receipts at the source, and its tables of this run go.
        drop_landed: The landing dataset's tables of this run go.
        evolve: Write what gives the target the fields that it lacks, or None where it never gains any.
        finish: Write how the run ended, give the fence back.
    """

    take_fence: str
    renew_fence: str
    inventory: str
    fill_slice: str
    count_staged: str
    create_landing: str
    create_target: str
    align: str
    write_commit: str
    read_stamps: str
    restore_receipts: str
    write_receipts: str
    drop_landed: str
    finish: str
    evolve: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceRoute:
    """One source's way to the target.

    Attributes:
        name: The source's name in the pipeline.
        key: The plan's.
        id: What the source column holds, or None for ``<project>.<dataset>``.
        project: Holds the data.
        location: Of the data and of ``staging``.
        staging: The dataset that buffers are filled in; its project runs and pays the source's jobs.
        landing: The dataset that copies arrive in, in the target's location; ``staging`` itself where that is there.
        include: Regular expressions over dataset names.
        exclude: The same, for those to leave out.
        kind: What its units are.
        dataset: The dataset of its one table; empty for shards and queries.
        prefix: What stands before a shard's date, or the table's whole name.
        pattern: A regular expression over a shard's whole name; empty for others.
        query: The user's own, or None.
        by: The width of a query's windows, or None where it uses no window.
        always: Every unit is due in every run.
        newer: Of a unit only the rows that are newer by a column, or None.
        drop: Paths that never leave the source's dataset.
        hash: Paths of which only a hash leaves the source's location.
        rename: (path, new leaf name) pairs.
        where: A condition over the source's rows, or None.
        lookback_days: Units as young as this are due in every run; 0 for none.
        kms_key: Encrypts what is staged; None for the service's own keys.
        labels: Labels of the source's jobs.
        max_bytes_billed: Bound on each of the source's jobs, or None.
    """

    name: str
    key: str
    id: str | None
    project: str
    location: str
    staging: DatasetRef
    landing: DatasetRef
    include: tuple[str, ...]
    exclude: tuple[str, ...]
    kind: Kind
    prefix: str
    pattern: str = ""
    dataset: str = ""
    query: str | None = None
    by: str | None = None
    always: bool = False
    newer: Newer | None = None
    drop: tuple[str, ...] = ()
    hash: tuple[str, ...] = ()
    rename: tuple[tuple[str, str], ...] = ()
    where: str | None = None
    lookback_days: int = 0
    kms_key: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    max_bytes_billed: int | None = None

    @property
    def crosses(self) -> bool:
        """Whether a copy is needed: staging and landing are two datasets."""
        return self.staging != self.landing

    @property
    def names(self) -> Mapping[str, str]:
        """What stands in the braces of the source's statements, but for the epoch, which a run has."""
        return {
            "project": self.project,
            "location": self.location,
            "views": f"`{self.project}`.`region-{self.location.lower()}`.INFORMATION_SCHEMA.",
            "staging": str(self.staging),
            "landing": str(self.landing),
            "dataset": self.dataset,
            "key": self.key,
        }


def labels_of(pipeline: str, environment: str | None) -> Mapping[str, str]:
    """What everything carries that is made for a pipeline alone."""
    own = {**OWN_LABEL, "pipeline": pipeline}
    return own if environment is None else {**own, "environment": environment}


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a pipeline will own and do.

    Attributes:
        pipeline: The pipeline's name.
        environment: The environment that the pipeline is one of, or None.
        key: Six hexadecimal digits of the target's name: part of every name that is derived, so that two pipelines of
            one name that feed two targets (dev and prod) never share a dataset, a job or a transfer config.
        target: The table that the rows go to.
        location: The target's location, where its jobs run.
        partition_column: The target's partition column.
        partition_by: ``hour``, ``day``, ``month`` or ``year``.
        source_column: The target's column for the source value.
        state: The dataset of ledger and fence; its project runs the target's jobs and holds the landing datasets.
        fence: The table with the fence of this target.
        lease_seconds: How long a run that died keeps others out.
        sources: The routes, in the order of the file.
        policies: What is done about schemas that are not the target's.
        alignment: How rows are brought to the target's schema; where a wildcard is refused, by projection all the same.
        statements: What is sent.
    """

    pipeline: str
    environment: str | None
    key: str
    target: TableRef
    location: str
    partition_column: str
    partition_by: str
    source_column: str
    state: DatasetRef
    fence: TableRef
    lease_seconds: int
    sources: tuple[SourceRoute, ...]
    policies: Policies
    alignment: Alignment
    statements: Statements

    @property
    def labels(self) -> Mapping[str, str]:
        """What everything carries that is made for this pipeline alone."""
        return labels_of(self.pipeline, self.environment)

    def transfer_title(self, source: str) -> str:
        """The display name of a source's transfer config, by which it is found: configs have no labels."""
        return f"replicator {self.pipeline} {source} {self.key}"

    def derived(self, source: str) -> str:
        """What the names of a source's datasets begin with, where its file gives them none."""
        return f"replicator_{self.pipeline}__{source}__{self.key}"
