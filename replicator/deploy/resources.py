"""The things that a deployment makes, each with all that is said of it, and the same things as they are found.

Transfer configs and Scheduler jobs have no labels. A config is known by its display name, its datasets and its
parameters, as the document knows it; a job by its description, which says in words what labels would.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from replicator.names import DatasetRef, TableRef
from replicator.sql.datasets import OWN_LABEL, DatasetOptions


class Use(StrEnum):
    """What a dataset is for."""

    STATE = "state"
    STAGING = "staging"
    LANDING = "landing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """A dataset. ``source`` is the one that it is for; empty for the state."""

    use: Use
    source: str = ""
    ref: DatasetRef
    location: str
    options: DatasetOptions

    def __str__(self) -> str:
        return f"{self.use} dataset {self.ref} in {self.location}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """The ledger's tables and the target's fence.

    Attributes:
        state: Their dataset.
        location: Of it.
        ledger: The ledger's tables, which carry ``version`` as a label.
        fence: The target's table.
        version: Of the ledger.
        statement: Makes what is missing of them.
    """

    state: DatasetRef
    location: str
    ledger: tuple[str, ...]
    fence: str
    version: str
    statement: str

    def __str__(self) -> str:
        return f"ledger and fence in {self.state}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """A source's transfer config, which copies on demand only.

    Attributes:
        source: Of the pipeline.
        parent: ``projects/P/locations/L``, the destination's.
        title: Its display name.
        origin: The staging dataset.
        destination: The landing dataset.
        account: Whose credentials it copies with.
    """

    source: str
    parent: str
    title: str
    origin: DatasetRef
    destination: DatasetRef
    account: str

    def __str__(self) -> str:
        return f"transfer config '{self.title}' to {self.destination}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Workflow:
    """The deployed document. ``name`` is the resource's, ``source`` the document's text."""

    name: str
    source: str = field(repr=False)
    account: str
    description: str
    labels: Mapping[str, str]

    def __str__(self) -> str:
        return f"workflow {self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """The Cloud Scheduler job that starts the workflow.

    Attributes:
        name: The resource's.
        description: Whose it is, in words; a job has no labels.
        cron: When, read in ``time_zone``.
        uri: Of the workflow's executions.
        body: What it posts.
        account: Whose OAuth token the request carries.
        retries: How often it is tried again when the answer is an error. A request that is repeated although it had
            arrived starts a second execution, which waits for the first and finds nothing due.
    """

    name: str
    description: str
    cron: str
    time_zone: str
    uri: str
    body: str
    account: str
    retries: int

    def __str__(self) -> str:
        return f"schedule {self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The target's table, which only 'destroy' ever names."""

    ref: TableRef

    def __str__(self) -> str:
        return f"target table {self.ref}"


Resource = Dataset | Memory | Transfer | Workflow | Job | Target


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Everything of one pipeline, in the order in which it has to be made.

    Attributes:
        pipeline: Its name.
        target: The target's table, which is nobody's to make here.
        location: Where the target's dataset has to lie.
        datasets: The state's first.
        memory: Ledger and fence.
        transfers: Of the sources whose rows cross locations.
        titles: What the display names of this pipeline's transfer configs begin and end with.
        workflow: The deployed document.
        job: Starts it; None where the pipeline has no schedule.
        job_name: What the job is called, or would be.
    """

    pipeline: str
    target: TableRef
    location: str
    datasets: tuple[Dataset, ...]
    memory: Memory
    transfers: tuple[Transfer, ...]
    titles: tuple[str, str]
    workflow: Workflow
    job: Job | None
    job_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundDataset:
    """A dataset that is there; ``expiration_days`` of its tables, None for never."""

    location: str
    description: str
    labels: Mapping[str, str]
    expiration_days: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundTransfer:
    """A dataset copy's config that is there; ``owner`` is None where the service does not tell it."""

    name: str
    title: str
    origin: str
    destination: str
    on_demand: bool
    owner: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundWorkflow:
    """A workflow that is there."""

    source: str = field(repr=False)
    account: str
    description: str
    labels: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundJob:
    """A Scheduler job that is there."""

    job: Job
    paused: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What is there of what is wanted.

    Attributes:
        target: The target's dataset.
        datasets: Those that are there.
        tables: The state dataset's tables, with their labels.
        transfers: All configs of dataset copies in the target's location.
        workflow: Under the wanted name.
        job: Under the wanted name.
    """

    target: FoundDataset | None
    datasets: Mapping[DatasetRef, FoundDataset]
    tables: Mapping[str, Mapping[str, str]]
    transfers: tuple[FoundTransfer, ...]
    workflow: FoundWorkflow | None
    job: FoundJob | None


def is_ours(labels: Mapping[str, str]) -> bool:
    """Whether what carries ``labels`` was made here, for whichever pipeline."""
    return labels.items() >= OWN_LABEL.items()


def in_words(labels: Mapping[str, str]) -> str:
    """Labels as a description says them: ``managed-by=replicator pipeline=orders``."""
    return " ".join(f"{key}={value}" for key, value in labels.items())


def from_words(description: str) -> Mapping[str, str]:
    """The labels that a description says; empty for one that says none."""
    pairs = (word.partition("=") for word in description.split())
    return {key: value for key, is_pair, value in pairs if is_pair}
