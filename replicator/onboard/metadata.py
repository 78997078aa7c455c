"""What BigQuery's metadata says of datasets and tables, and the port through which it is read.

Only resources of the REST API are read, never a row: datasets.list and .get, tables.list and .get need
``bigquery.metadataViewer`` on a dataset and nothing on its project.
https://docs.cloud.google.com/bigquery/docs/reference/rest/v2/tables
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from replicator.config.target import Granularity
from replicator.names import DatasetRef, TableRef
from replicator.schema.fields import Field, schema_from_api

Resource = Mapping[str, Any]
"""A resource as the REST API has it."""

BASE_TABLE = "TABLE"
"""The type of a table that holds rows of its own: no view, no external table, no snapshot."""


class Metadata(Protocol):
    """Where resources come from."""

    def datasets(self, project: str) -> Sequence[Resource]:
        """Every dataset of a project that the caller may see, as datasets.get has it.

        Raises:
            NotFoundError: There is no such project.
            FailedError: The service refuses, or does not answer.
        """
        ...

    def dataset(self, ref: DatasetRef) -> Resource:
        """One dataset.

        Raises:
            NotFoundError: There is none of that name.
            FailedError: The service refuses, or does not answer.
        """
        ...

    def tables(self, ref: DatasetRef) -> Sequence[Resource]:
        """Every table of a dataset as tables.list has it: without schema and rows.

        Raises:
            NotFoundError: There is no such dataset.
            FailedError: The service refuses, or does not answer.
        """
        ...

    def table(self, ref: TableRef) -> Resource:
        """One table.

        Raises:
            NotFoundError: There is none of that name.
            FailedError: The service refuses, or does not answer.
        """
        ...


@dataclass(frozen=True, slots=True)
class ByTime:
    """Partitions of time.

    Attributes:
        column: The partitioning column; None where it is the time of ingestion.
        by: The width of one partition.
    """

    column: str | None
    by: Granularity


@dataclass(frozen=True, slots=True)
class ByNumber:
    """Partitions of whole numbers of ``column``."""

    column: str


Layout = ByTime | ByNumber | None
"""How a table is partitioned, if it is."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A table as its dataset lists it.

    Attributes:
        name: Its own name.
        kind: The API's type.
        layout: Its partitions.
        made_here: Whether runs made it: a target, or something on its way to one.
    """

    name: str
    kind: str
    layout: Layout
    made_here: bool = False


@dataclass(frozen=True, slots=True)
class Described:
    """A table with its schema.

    Attributes:
        ref: Its name.
        kind: The API's type: ``TABLE``, ``VIEW``, ``EXTERNAL``, …
        fields: Its schema.
        layout: Its partitions.
        keys: The columns of its PRIMARY KEY, which BigQuery does not enforce.
        clustering: The columns it is clustered by.
        needs_filter: Whether every query has to name partitions.
    """

    ref: TableRef
    kind: str
    fields: tuple[Field, ...]
    layout: Layout
    keys: tuple[str, ...] = ()
    clustering: tuple[str, ...] = ()
    needs_filter: bool = False


def listed(resource: Resource) -> Listed:
    """Read one entry of tables.list."""
    return Listed(
        str(resource["tableReference"]["tableId"]),
        str(resource.get("type", BASE_TABLE)),
        _layout(resource),
        made_here(resource),
    )


def made_here(resource: Resource) -> bool:
    """Whether a dataset or a table carries the label of what runs and deployments make."""
    return (resource.get("labels") or {}).get("managed-by") == "replicator"


def described(resource: Resource) -> Described:
    """Read a table's resource."""
    reference = resource["tableReference"]
    time = resource.get("timePartitioning") or {}
    constraints = resource.get("tableConstraints") or {}
    return Described(
        ref=TableRef(str(reference["projectId"]), str(reference["datasetId"]), str(reference["tableId"])),
        kind=str(resource.get("type", BASE_TABLE)),
        fields=schema_from_api((resource.get("schema") or {}).get("fields") or ()),
        layout=_layout(resource),
        keys=tuple((constraints.get("primaryKey") or {}).get("columns") or ()),
        clustering=tuple((resource.get("clustering") or {}).get("fields") or ()),
        needs_filter=bool(resource.get("requirePartitionFilter") or time.get("requirePartitionFilter")),
    )


def _layout(resource: Resource) -> Layout:
    time, numbers = resource.get("timePartitioning"), resource.get("rangePartitioning")
    if time is not None:
        return ByTime(time.get("field"), Granularity(str(time.get("type", "DAY")).lower()))
    return ByNumber(str(numbers["field"])) if numbers is not None else None
