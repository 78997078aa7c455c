"""One change of a deployment, made through Google's clients; each can be repeated by the next deployment."""

from __future__ import annotations

from typing import Any, Final, assert_never

from replicator.deploy.compare import Change, Verb
from replicator.deploy.resources import Dataset, Job, Memory, Target, Transfer, Use, Workflow
from replicator.gcp.clients import Clients
from replicator.gcp.deploy.reading import DATA_SOURCE
from replicator.gcp.deploy.scheduling import change_job, create_job, delete_job
from replicator.gcp.deploy.sentences import deploying
from replicator.sql.datasets import create_dataset

_CALL_SECONDS: Final = 60.0
_OPERATION_SECONDS: Final = 300.0
_DAY_MILLISECONDS: Final = 86_400_000
_DOING: Final = {Verb.CREATE: "creating", Verb.CHANGE: "changing", Verb.REMOVE: "removing"}


def make_change(clients: Clients, change: Change) -> None:
    """Make one change. Nothing is repeated: whoever deploys again finds what is there by then.

    Raises:
        FailedError: The service refuses it, or does not answer; the sentence says what would help.
    """
    with deploying(f"{_DOING[change.verb]} {change.resource}"):
        match change.resource:
            case Dataset():
                _dataset(clients, change.verb, change.resource)
            case Memory():
                _memory(clients, change.verb, change.resource)
            case Transfer():
                _transfer(clients, change, change.resource)
            case Workflow():
                _workflow(clients, change.verb, change.resource)
            case Job():
                _job(clients, change.verb, change.resource)
            case Target(ref=ref):
                clients.bigquery(ref.project).delete_table(str(ref), not_found_ok=True, retry=None)
            case _:
                assert_never(change.resource)


def _dataset(clients: Clients, verb: Verb, dataset: Dataset) -> None:
    client, options = clients.bigquery(dataset.ref.project), dataset.options
    match verb:
        case Verb.CREATE:
            statement = create_dataset(str(dataset.ref), location=dataset.location, options=options)
            _run(client, statement, dataset.location)
        case Verb.CHANGE:
            found = client.get_dataset(str(dataset.ref), retry=None)
            found.description = options.description
            found.labels = {**found.labels, **options.labels}
            days = options.expiration_days
            found.default_table_expiration_ms = None if days is None else days * _DAY_MILLISECONDS
            # Sent with the etag that was read: a change in between is not undone.
            client.update_dataset(found, ["description", "labels", "default_table_expiration_ms"], retry=None)
        case Verb.REMOVE:
            # A state dataset goes only when it is empty: a table that somebody else put there stops this.
            contents = dataset.use is not Use.STATE
            client.delete_dataset(str(dataset.ref), delete_contents=contents, not_found_ok=True, retry=None)


def _memory(clients: Clients, verb: Verb, memory: Memory) -> None:
    client = clients.bigquery(memory.state.project)
    if verb is Verb.REMOVE:
        for table in (memory.fence, *memory.ledger):
            client.delete_table(str(memory.state.table(table)), not_found_ok=True, retry=None)
    else:
        _run(client, memory.statement, memory.location)


def _run(client: Any, statement: str, location: str) -> None:
    """Run one of the document's own statements, which do nothing where everything is there."""
    client.query(statement, location=location, retry=None, job_retry=None).result(retry=None, job_retry=None)


def _transfer(clients: Clients, change: Change, transfer: Transfer) -> None:
    from google.cloud.bigquery_datatransfer_v1 import TransferConfig

    client = clients.transfers()
    config = TransferConfig(
        display_name=transfer.title,
        data_source_id=DATA_SOURCE,
        destination_dataset_id=transfer.destination.dataset,
        params={
            "source_project_id": transfer.origin.project,
            "source_dataset_id": transfer.origin.dataset,
            "overwrite_destination_table": True,
        },
        schedule_options={"disable_auto_scheduling": True},
    )
    match change.verb:
        case Verb.CREATE:
            request: dict[str, Any] = {
                "parent": transfer.parent, "transfer_config": config, "service_account_name": transfer.account,
            }  # fmt: skip
            client.create_transfer_config(request, retry=None, timeout=_CALL_SECONDS)
        case Verb.CHANGE:
            config.name = change.existing
            # Who owns a config is changed by whom it copies as (use-service-accounts#update_data_transfer_credentials).
            request = {
                "transfer_config": config, "service_account_name": transfer.account,
                "update_mask": {"paths": ["service_account_name", "schedule_options"]},
            }  # fmt: skip
            client.update_transfer_config(request, retry=None, timeout=_CALL_SECONDS)
        case Verb.REMOVE:
            client.delete_transfer_config(name=change.existing, retry=None, timeout=_CALL_SECONDS)


def _workflow(clients: Clients, verb: Verb, workflow: Workflow) -> None:
    from google.cloud.workflows_v1 import Workflow as Resource

    client = clients.workflows()
    wanted = Resource(
        name=workflow.name,
        description=workflow.description,
        labels=dict(workflow.labels),
        source_contents=workflow.source,
        service_account=workflow.account,
    )
    match verb:
        case Verb.CREATE:
            parent, _, name = workflow.name.partition("/workflows/")
            request: dict[str, Any] = {"parent": parent, "workflow": wanted, "workflow_id": name}
            operation = client.create_workflow(request, timeout=_CALL_SECONDS)
        case Verb.CHANGE:
            found = client.get_workflow(name=workflow.name, retry=None, timeout=_CALL_SECONDS)
            wanted.labels = {**found.labels, **workflow.labels}
            # A revision is made where source or account differ from the newest one's (workflows.proto: revision_id).
            mask = {"paths": ["description", "labels", "source_contents", "service_account"]}
            operation = client.update_workflow({"workflow": wanted, "update_mask": mask}, timeout=_CALL_SECONDS)
        case Verb.REMOVE:
            operation = client.delete_workflow(name=workflow.name, timeout=_CALL_SECONDS)
    operation.result(timeout=_OPERATION_SECONDS)


def _job(clients: Clients, verb: Verb, job: Job) -> None:
    match verb:
        case Verb.CREATE:
            create_job(clients, job)
        case Verb.CHANGE:
            change_job(clients, job)
        case Verb.REMOVE:
            delete_job(clients, job.name)
