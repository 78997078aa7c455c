"""The refusals that several places share, in the service's words."""

from __future__ import annotations

from typing import NoReturn

from replicator.local.bigquery.errors import BigQueryError
from replicator.names import DatasetRef, TableRef


def project_unknown(project: str) -> BigQueryError:
    """No such project, where a job runs in it or a statement names it.

    The service says so of projects that do not exist as well: spotify/flo-runner's test of one, and queries whose
    dataset was taken for a project. Reading over the API is answered with a plain 404.
    """
    here = "a project is there once a dataset was made in it, or POST /control/projects has named it"
    return BigQueryError("invalid", f"The project {project} has not enabled BigQuery. (In a local cloud {here})")


def dataset_not_found(ref: DatasetRef, location: str | None = None) -> BigQueryError:
    """No such dataset, or none in the job's location."""
    where = f" was not found in location {location}" if location is not None else ""
    return BigQueryError("notFound", f"Not found: Dataset {ref.project}:{ref.dataset}{where}")


def table_not_found(ref: TableRef, location: str | None = None) -> BigQueryError:
    """No such table, or none in the job's location."""
    where = f" was not found in location {location}" if location is not None else ""
    return BigQueryError("notFound", f"Not found: Table {_name(ref)}{where}")


def duplicate_dataset(ref: DatasetRef) -> BigQueryError:
    """The name is taken."""
    return BigQueryError("duplicate", f"Already Exists: Dataset {ref.project}:{ref.dataset}")


def duplicate_table(ref: TableRef) -> BigQueryError:
    """The name is taken."""
    return BigQueryError("duplicate", f"Already Exists: Table {_name(ref)}")


def aborted(ref: TableRef, transaction_id: str) -> BigQueryError:
    """Another transaction updated or deleted rows of the same table (transactions, concurrency)."""
    fact = f"Transaction is aborted due to concurrent update against table {_name(ref)}"
    return BigQueryError("invalidQuery", f"{fact}. Transaction ID: {transaction_id}")


def precondition(what: str) -> BigQueryError:
    """The etag that a client handed back is not the one in force."""
    return BigQueryError("conditionNotMet", f"Precondition check failed: {what} was changed since it was read")


def refuse(fact: str, *, reason: str = "invalid") -> NoReturn:
    """Raise the error that is about this request alone."""
    raise BigQueryError(reason, fact)


def _name(ref: TableRef) -> str:
    return f"{ref.project}:{ref.dataset}.{ref.table}"
