"""Where the rows shall go: a target that exists, one that a run will make, or that of a pipeline that exists."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from replicator.config.pipeline import Pipeline
from replicator.errors import FailedError, NotFoundError, UsageError
from replicator.names import DatasetRef, TableRef
from replicator.onboard.drafts import PipelineDraft, SourceDraft
from replicator.onboard.layout import Layout, Own
from replicator.onboard.metadata import ByNumber, ByTime, Described, Metadata
from replicator.onboard.proposal import strategy_notes, upsert_text
from replicator.onboard.survey import Kind, Subject, existing_table, location_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """A target that is decided.

    Attributes:
        table: The target.
        location: Where its dataset lies.
        state: The dataset of ledger and fence.
        own: The target's own two columns, as far as they are decided.
        exists: Whether the table is there.
    """

    table: TableRef
    location: str
    state: DatasetRef
    own: Own
    exists: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Merging:
    """How a person wishes rows to be merged: by key, or, without keys, as the units suggest."""

    keys: tuple[str, ...] = ()
    newest_by: str | None = None


def of_pipeline(pipeline: Pipeline) -> Own:
    """The own columns of the target that a pipeline has already."""
    partition = pipeline.target.partition
    return Own(partition_column=partition.column, by=partition.by, source_column=pipeline.target.source_column)


def destination(
    metadata: Metadata, table: TableRef, *, state: DatasetRef | None, wished: Own, known: Sequence[Pipeline]
) -> Destination:
    """Look at the target and at the dataset of the ledger.

    Args:
        metadata: Where they are looked up.
        table: The target.
        state: The ledger's dataset; None takes what the known pipelines use, or ``replicator`` beside the target.
        wished: What a person says of the target's own columns.
        known: The pipelines that there are.

    Raises:
        NotFoundError: The target's dataset is not there.
        UsageError: The target or the ledger's dataset cannot be used.
        FailedError: They cannot be read.
    """
    try:
        location = location_of(metadata, table.parent)
    except NotFoundError as error:
        msg = f"the target's dataset {table.parent} is not there, and a run leaves making it to its owners: {error}"
        raise NotFoundError(msg) from error
    ledger = state or _state_of(known, table, location)
    try:
        lies = location_of(metadata, ledger)
    except FailedError:
        # The first run makes it; where it may not be read, that run says so.
        lies = location
    if lies.casefold() != location.casefold():
        msg = f"the ledger's dataset {ledger} lies in {lies} and the target in {location}; name another with --state"
        raise UsageError(msg)
    found = existing_table(metadata, table)
    own = wished if found is None else _own_of(found, wished)
    return Destination(table=table, location=location, state=ledger, own=own, exists=found is not None)


def new_pipeline(
    name: str,
    subject: Subject,
    tables: Sequence[Described],
    layout: Layout,
    place: Destination,
    merging: Merging,
    sources: Sequence[SourceDraft],
) -> PipelineDraft:
    """A pipeline of these sources alone.

    Args:
        name: Its name.
        subject: What it brings.
        tables: The subject's newest tables.
        layout: How they become partitions.
        place: The target.
        merging: What a person says of the merge.
        sources: The sources.
    """
    made = "It exists, and is the reference." if place.exists else "The first run makes it, of the sources' columns."
    whole, table = layout.kind is Kind.TABLE, "" if subject.kind is Kind.SHARDS else ".<table>"
    notes = {
        "location": f"Where its dataset lies. {made}",
        "partition": layout.because,
        "source_column": f"Holds <project>.<dataset>{table}, so that a row can be followed back.",
        "state": "Ledger and fence. Its project runs the jobs that write the target.",
        "incremental": _why_due(layout),
        "merge": _why_merged(tables, layout, merging),
    }
    return PipelineDraft(
        title=f"{subject.title[:1].upper()}{subject.title[1:]}, into {place.table}.",
        name=name,
        target=place.table,
        location=place.location,
        partition_column=layout.partition_column,
        by=layout.by,
        source_column=layout.source_column,
        state=place.state,
        incremental="always" if layout.constant else "last_modified",
        merge=_merge(merging, "replace_table" if whole else "replace_partitions"),
        sources=tuple(sources),
        notes=notes,
    )


def _merge(merging: Merging, otherwise: str) -> str:
    return upsert_text(merging.keys, merging.newest_by) if merging.keys else otherwise


def _why_due(layout: Layout) -> str:
    if layout.constant:
        return "A query has no last-modified time, so its rows are taken in every run."
    what = {Kind.SHARDS: "shard", Kind.PARTITIONED: "partition", Kind.TABLE: "table"}[layout.kind]
    return f"A {what} is due when its last-modified time has no receipt: what is rewritten late is found by itself."


def _why_merged(tables: Sequence[Described], layout: Layout, merging: Merging) -> str:
    if merging.keys:
        return "Rows are matched by key within their source: changed ones are rewritten, new ones inserted."
    if layout.kind is not Kind.TABLE:
        return "A unit that changed replaces its own rows, and no other's."
    guessed = "" if layout.constant else strategy_notes(tables[0])
    return "All rows of the table are replaced when it changed, which is right whatever changed in it." + (
        f"\n{guessed}" if guessed else ""
    )


def _state_of(known: Sequence[Pipeline], table: TableRef, location: str) -> DatasetRef:
    """What the pipelines that share the target, or lie in its location, agree on."""
    sharing = {each.state.dataset for each in known if each.target.table == table}
    beside = {each.state.dataset for each in known if each.target.location.casefold() == location.casefold()}
    for agreed in (sharing, beside):
        if len(agreed) == 1:
            return next(iter(agreed))
    return DatasetRef(table.project, "replicator")


def _own_of(found: Described, wished: Own) -> Own:
    """What a target that exists decides."""
    text = {field.name for field in found.fields if field.type == "STRING"}
    owner = wished.source_column or next((name for name in found.clustering if name in text), None)
    if owner is None:
        msg = f"{found.ref} exists; name its column that says where a row came from with --source-column"
        raise UsageError(msg)
    match found.layout:
        case ByTime(str(column), by):
            return Own(partition_column=column, by=by, source_column=owner)
        case ByNumber(column):
            return Own(partition_column=column, source_column=owner, by_number=True)
        case _:
            msg = f"{found.ref} exists and is not partitioned by a column of its own; name another target"
            raise UsageError(msg)
