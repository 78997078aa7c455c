"""What has to change so that what is there is what is wanted, what stands in the way, and what is worth a word."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from replicator.deploy.resources import (
    Dataset,
    Found,
    FoundDataset,
    FoundTransfer,
    Job,
    Memory,
    Resource,
    Transfer,
    Use,
    Wanted,
    from_words,
    is_ours,
)


class Verb(StrEnum):
    """What is done."""

    CREATE = "create"
    CHANGE = "change"
    REMOVE = "remove"


@dataclass(frozen=True, slots=True)
class Change:
    """One change.

    Attributes:
        verb: What is done.
        resource: To what, as it is wanted.
        details: What differs, one line each.
        existing: The service's own name of what is there, where it is not ours to choose: a transfer config's.
    """

    verb: Verb
    resource: Resource
    details: tuple[str, ...] = ()
    existing: str = ""

    def __str__(self) -> str:
        return f"{self.verb} {self.resource}"


@dataclass(frozen=True, slots=True)
class Refusal:
    """What stands in the way: nothing is changed while there is one."""

    sentence: str


@dataclass(frozen=True, slots=True)
class Note:
    """What is left as it is, and should be known."""

    sentence: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """The outcome; changes in an order in which each finds what it needs, so that a part of them can be completed."""

    changes: tuple[Change, ...]
    refusals: tuple[str, ...]
    notes: tuple[str, ...]


def compare(wanted: Wanted, found: Found) -> Comparison:
    """What a deployment changes: datasets, ledger, configs, then the workflow, and last what starts it."""
    return collected(_compare(wanted, found))


def collected(told: Iterator[Change | Refusal | Note]) -> Comparison:
    """Changes, refusals and notes, each in the order in which they were told."""
    changes, refusals, notes = [], [], []
    for one in told:
        match one:
            case Change():
                changes.append(one)
            case Refusal(sentence):
                refusals.append(sentence)
            case Note(sentence):
                notes.append(sentence)
    return Comparison(tuple(changes), tuple(refusals), tuple(notes))


def _compare(wanted: Wanted, found: Found) -> Iterator[Change | Refusal | Note]:
    yield from _target(wanted, found.target)
    for dataset in wanted.datasets:
        yield from _dataset(dataset, found.datasets.get(dataset.ref))
        if dataset.use is Use.STATE:
            yield from _memory(wanted.memory, found.tables)
    for transfer in wanted.transfers:
        yield from _transfer(transfer, found.transfers)
    yield from _leftovers(wanted, found.transfers)
    yield from _workflow(wanted, found)
    yield from _job(wanted, found)


def _target(wanted: Wanted, found: FoundDataset | None) -> Iterator[Refusal | Note]:
    """The target's dataset is its owner's: a run makes the table in it and never the dataset."""
    if found is None:
        fact = f"the target's dataset {wanted.target.parent} does not exist, and no run makes it"
        yield Note(f"{fact}: create it in {wanted.location} before the first run")
    elif found.location.lower() != wanted.location.lower():
        fact = f"the target's dataset {wanted.target.parent} lies in {found.location} and not in {wanted.location}"
        yield Refusal(f"{fact}; correct target.location, or name a table of another dataset in target.table")


def _dataset(dataset: Dataset, found: FoundDataset | None) -> Iterator[Change | Refusal | Note]:
    if found is None:
        yield Change(Verb.CREATE, dataset)
        return
    if found.location.lower() != dataset.location.lower():
        fact = f"dataset {dataset.ref} lies in {found.location} and not in {dataset.location}, and cannot be moved"
        yield Refusal(f"{fact}; delete it, or name another in {_key(dataset)}")
        return
    if not is_ours(found.labels):
        fact = f"dataset {dataset.ref} does not carry the label managed-by=replicator"
        yield Note(f"{fact}: it is used as it is, and 'replicator destroy' leaves it")
        return
    other, own = found.labels.get("pipeline"), dataset.options.labels.get("pipeline")
    if own is not None and other not in (None, own):
        yield Refusal(f"dataset {dataset.ref} belongs to the pipeline '{other}'; name another in {_key(dataset)}")
        return
    details = [*_labels(dataset.options.labels, found.labels)]
    if found.description != dataset.options.description:
        details.append(_becomes("description", found.description, dataset.options.description))
    if found.expiration_days != dataset.options.expiration_days:
        days = (found.expiration_days, dataset.options.expiration_days)
        details.append(_becomes("tables expire after days", *("never" if each is None else each for each in days)))
    if details:
        yield Change(Verb.CHANGE, dataset, tuple(details))


def _key(dataset: Dataset) -> str:
    match dataset.use:
        case Use.STATE:
            return "state.dataset"
        case Use.STAGING:
            return f"staging.dataset of source '{dataset.source}'"
        case Use.LANDING:
            return f"landing of source '{dataset.source}'"


def _memory(memory: Memory, tables: Mapping[str, Mapping[str, str]]) -> Iterator[Change | Refusal]:
    strange = [name for name in memory.ledger if name in tables and tables[name].get("version") != memory.version]
    if strange:
        fact = f"the ledger in {memory.state} was made by another version ({', '.join(strange)})"
        yield Refusal(f"{fact}, and this one knows version {memory.version}; name another dataset in state.dataset")
        return
    if missing := [name for name in (*memory.ledger, memory.fence) if name not in tables]:
        yield Change(Verb.CREATE, memory, (f"tables {', '.join(missing)}",))


def _transfer(transfer: Transfer, known: tuple[FoundTransfer, ...]) -> Iterator[Change | Refusal]:
    own = own_transfer(transfer, known)
    if own is None:
        strangers = [each for each in known if each.destination == transfer.destination.dataset]
        for each in strangers:
            whose = f", which {each.owner} owns," if each.owner else ""
            fact = f"transfer config {each.name} ('{each.title}'){whose} copies {each.origin} into"
            yield Refusal(
                f"{fact} {transfer.destination}, where only '{transfer.title}' may; delete it, or name another "
                f"landing of source '{transfer.source}'"
            )
        if not strangers:
            yield Change(Verb.CREATE, transfer)
        return
    details = []
    if own.owner is not None and own.owner != transfer.account:
        details.append(_becomes("owner", own.owner, transfer.account))
    if not own.on_demand:
        details.append(_becomes("schedule", "by itself", "on demand only"))
    if details:
        yield Change(Verb.CHANGE, transfer, tuple(details), own.name)


def _leftovers(wanted: Wanted, known: tuple[FoundTransfer, ...]) -> Iterator[Note]:
    """Configs of sources that the pipeline's file has no more; on demand only, they do nothing."""
    (before, behind), titles = wanted.titles, {transfer.title for transfer in wanted.transfers}
    for each in known:
        if each.title.startswith(before) and each.title.endswith(behind) and each.title not in titles:
            fact = f"transfer config {each.name} ('{each.title}') is of a source that the pipeline has no more"
            yield Note(f"{fact}; delete it, and its datasets {each.origin} and {each.destination}")


def own_transfer(transfer: Transfer, known: tuple[FoundTransfer, ...]) -> FoundTransfer | None:
    """The config that the document would find: the first with this name, destination and origin."""
    wanted = (transfer.title, transfer.destination.dataset, str(transfer.origin))
    return next((each for each in known if (each.title, each.destination, each.origin) == wanted), None)


def _workflow(wanted: Wanted, found: Found) -> Iterator[Change | Refusal]:
    workflow, there = wanted.workflow, found.workflow
    if there is None:
        yield Change(Verb.CREATE, workflow)
        return
    if not belongs(there.labels, wanted):
        yield Refusal(f"workflow {workflow.name} does not carry the labels of this pipeline; delete or rename it")
        return
    details = [*_labels(workflow.labels, there.labels)]
    if there.source != workflow.source:
        details.append("document")
    # The service answers with an account as projects/-/serviceAccounts/….
    if there.account.rpartition("/")[2] != workflow.account:
        details.append(_becomes("service account", there.account.rpartition("/")[2], workflow.account))
    if there.description != workflow.description:
        details.append(_becomes("description", there.description, workflow.description))
    if details:
        yield Change(Verb.CHANGE, workflow, tuple(details))


def _job(wanted: Wanted, found: Found) -> Iterator[Change | Refusal | Note]:
    job, there = wanted.job, found.job
    if there is None:
        if job is not None:
            yield Change(Verb.CREATE, job)
        return
    if not belongs(from_words(there.job.description), wanted):
        if job is not None:
            yield Refusal(f"schedule {job.name} is not described as one of this pipeline; delete or rename it")
        return
    if job is None:
        yield Change(Verb.REMOVE, there.job, ("the pipeline has no schedule any more",))
        return
    if there.paused:
        yield Note(f"schedule {job.name} is paused, and stays so until somebody resumes it")
    if details := tuple(_job_details(job, there.job)):
        yield Change(Verb.CHANGE, job, details)


def _job_details(job: Job, there: Job) -> Iterator[str]:
    for name, now, then in (
        ("description", there.description, job.description),
        ("cron", there.cron, job.cron),
        ("time zone", there.time_zone, job.time_zone),
        ("address", there.uri, job.uri),
        ("body", there.body, job.body),
        ("service account", there.account, job.account),
        ("retries", there.retries, job.retries),
    ):
        if now != then:
            yield _becomes(name, now, then)


def belongs(labels: Mapping[str, str], wanted: Wanted) -> bool:
    """Whether labels are those of the wanted pipeline; its environment may have got a name since."""
    return is_ours(labels) and labels.get("pipeline") == wanted.pipeline


def _labels(wanted: Mapping[str, str], found: Mapping[str, str]) -> Iterator[str]:
    """Labels that differ; those that others have added are theirs."""
    for key, value in wanted.items():
        if found.get(key) != value:
            yield _becomes(f"label {key}", found.get(key), value)


def _becomes(what: str, now: object, then: object) -> str:
    return f"{what}: {'nothing' if now in (None, '') else now} becomes {then}"
