"""Datasets and tables as the REST API writes them, both ways.

https://docs.cloud.google.com/bigquery/docs/reference/rest/v2/tables, …/v2/datasets
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from replicator.local.bigquery.errors import BigQueryError, unmodelled
from replicator.local.bigquery.storage.definitions import (
    DatasetDefinition,
    Kind,
    Partitioning,
    RangePartitioning,
    TableDefinition,
    TimePartitioning,
    Unit,
)
from replicator.local.bigquery.storage.instants import duration_millis, from_millis, millis_text
from replicator.local.bigquery.storage.states import Dataset, Table
from replicator.names import DatasetRef, TableRef
from replicator.schema.fields import Field

_API: Final = "https://bigquery.googleapis.com/bigquery/v2"
_TABLE_REFUSED: Final = (
    "biglakeConfiguration", "cloneDefinition", "defaultCollation", "externalDataConfiguration", "materializedView",
    "maxStaleness", "model", "resourceTags", "snapshotDefinition",
    "tableConstraints", "tableReplicationInfo",
)  # fmt: skip
_FIELD_REFUSED: Final = (
    "collation", "dataPolicies", "defaultValueExpression", "foreignTypeDefinition", "maxLength", "policyTags",
    "precision", "rangeElementType", "roundingMode", "scale",
)  # fmt: skip
_DATASET_REFUSED: Final = (
    "defaultCollation", "externalDatasetReference", "isCaseInsensitive",
    "linkedDatasetSource", "resourceTags",
)  # fmt: skip


def fields_of(schema: Sequence[Mapping[str, Any]]) -> tuple[Field, ...]:
    """Read a schema's ``fields``; BigQueryError for what is malformed or not modelled."""
    for resource in schema:
        _refuse(resource, _FIELD_REFUSED, "a column's")
        fields_of(resource.get("fields") or ())
    try:
        return tuple(Field.from_api(resource) for resource in schema)
    except KeyError as missing:
        reason = "required"
        raise BigQueryError(reason, f"Field schema is missing its {missing.args[0]}") from missing
    except ValueError as wrong:
        reason = "invalid"
        raise BigQueryError(reason, f"Invalid schema: {wrong}") from wrong


def table_definition(resource: Mapping[str, Any], *, fields: tuple[Field, ...] | None = None) -> TableDefinition:
    """Read what an owner states in a ``Table`` resource; what the service adds is passed over.

    Args:
        resource: The resource.
        fields: The schema, where it is known otherwise.
    """
    _refuse(resource, _TABLE_REFUSED, "a table's")
    view = resource.get("view")
    if view and view.get("useLegacySql"):
        what = "legacy SQL in a view"
        raise unmodelled(what)
    clustering = resource.get("clustering") or {}
    partitioning = _partitioning(resource)
    legacy_filter = (resource.get("timePartitioning") or {}).get("requirePartitionFilter", False)
    return TableDefinition(
        fields=fields_of((resource.get("schema") or {}).get("fields") or ()) if fields is None else fields,
        kind=Kind.VIEW if view else Kind.TABLE,
        query=str(view["query"]) if view else None,
        partitioning=partitioning,
        clustering=tuple(clustering.get("fields") or ()),
        require_partition_filter=bool(resource.get("requirePartitionFilter", legacy_filter)),
        expires=_instant(resource.get("expirationTime")),
        labels=dict(resource.get("labels") or {}),
        description=resource.get("description"),
        friendly_name=resource.get("friendlyName"),
        kms_key_name=_key(resource.get("encryptionConfiguration")),
    )


def definition_resource(definition: TableDefinition) -> dict[str, Any]:
    """What an owner states, its schema left out."""
    resource: dict[str, Any] = {"type": definition.kind.value}
    if definition.query is not None:
        resource["view"] = {"query": definition.query, "useLegacySql": False}
    resource |= _partitioning_resource(definition.partitioning)
    if definition.clustering:
        resource["clustering"] = {"fields": list(definition.clustering)}
    if definition.require_partition_filter:
        resource["requirePartitionFilter"] = True
    if definition.expires is not None:
        resource["expirationTime"] = millis_text(definition.expires)
    if definition.kms_key_name is not None:
        resource["encryptionConfiguration"] = {"kmsKeyName": definition.kms_key_name}
    return resource | _shown(definition)


def table_resource(table: Table) -> dict[str, Any]:
    """A whole ``Table`` resource."""
    resource = {
        "kind": "bigquery#table",
        "etag": table.etag,
        "id": _table_id(table.ref),
        "selfLink": f"{_API}/projects/{table.ref.project}/datasets/{table.ref.dataset}/tables/{table.ref.table}",
        "tableReference": table_reference(table.ref),
        "schema": {"fields": [field.to_api() for field in table.definition.fields]},
        "creationTime": millis_text(table.created),
        "lastModifiedTime": millis_text(table.modified),
        "location": table.location,
    }
    if table.definition.kind is Kind.TABLE:
        size = str(table.bytes)
        resource |= {
            "numRows": str(table.rows),
            "numBytes": size,
            "numLongTermBytes": "0",
            "numTotalLogicalBytes": size,
            "numActiveLogicalBytes": size,
            "numLongTermLogicalBytes": "0",
        }
    return resource | definition_resource(table.definition)


def table_list_resource(table: Table) -> dict[str, Any]:
    """A table as ``tables.list`` shows it: without schema, rows and last modification."""
    stated = definition_resource(table.definition)
    kept = ("type", "timePartitioning", "rangePartitioning", "clustering", "expirationTime", "labels", "friendlyName",
            "requirePartitionFilter")  # fmt: skip
    resource = {key: stated[key] for key in kept if key in stated}
    if table.definition.kind is Kind.VIEW:
        resource["view"] = {"useLegacySql": False}
    return resource | {
        "kind": "bigquery#table",
        "id": _table_id(table.ref),
        "tableReference": table_reference(table.ref),
        "creationTime": millis_text(table.created),
    }


def dataset_definition(resource: Mapping[str, Any], *, location: str) -> DatasetDefinition:
    """Read what an owner states in a ``Dataset`` resource; ``location`` is used where it names none."""
    _refuse(resource, _DATASET_REFUSED, "a dataset's")
    return DatasetDefinition(
        location=str(resource.get("location") or location),
        labels=dict(resource.get("labels") or {}),
        description=resource.get("description"),
        friendly_name=resource.get("friendlyName"),
        default_table_expiration=_duration(resource.get("defaultTableExpirationMs")),
        default_partition_expiration=_duration(resource.get("defaultPartitionExpirationMs")),
        default_kms_key_name=_key(resource.get("defaultEncryptionConfiguration")),
    )


def dataset_definition_resource(definition: DatasetDefinition) -> dict[str, Any]:
    """What an owner states of a dataset."""
    resource: dict[str, Any] = {"location": definition.location}
    if definition.default_table_expiration is not None:
        resource["defaultTableExpirationMs"] = duration_millis(definition.default_table_expiration)
    if definition.default_partition_expiration is not None:
        resource["defaultPartitionExpirationMs"] = duration_millis(definition.default_partition_expiration)
    if definition.default_kms_key_name is not None:
        resource["defaultEncryptionConfiguration"] = {"kmsKeyName": definition.default_kms_key_name}
    return resource | _shown(definition)


def dataset_resource(dataset: Dataset) -> dict[str, Any]:
    """A whole ``Dataset`` resource."""
    return {
        "kind": "bigquery#dataset",
        "etag": dataset.etag,
        "selfLink": f"{_API}/projects/{dataset.ref.project}/datasets/{dataset.ref.dataset}",
        "creationTime": millis_text(dataset.created),
        "lastModifiedTime": millis_text(dataset.modified),
        "type": "DEFAULT",
        "access": [],
    } | dataset_list_resource(dataset) | dataset_definition_resource(dataset.definition)  # fmt: skip


def dataset_list_resource(dataset: Dataset) -> dict[str, Any]:
    """A dataset as ``datasets.list`` shows it."""
    ref = dataset.ref
    return {
        "kind": "bigquery#dataset",
        "id": f"{ref.project}:{ref.dataset}",
        "datasetReference": dataset_reference(ref),
        "location": dataset.definition.location,
    } | _shown(dataset.definition)


def table_reference(ref: TableRef) -> dict[str, str]:
    """A ``TableReference``."""
    return {"projectId": ref.project, "datasetId": ref.dataset, "tableId": ref.table}


def dataset_reference(ref: DatasetRef) -> dict[str, str]:
    """A ``DatasetReference``."""
    return {"projectId": ref.project, "datasetId": ref.dataset}


def _table_id(ref: TableRef) -> str:
    return f"{ref.project}:{ref.dataset}.{ref.table}"


def _shown(definition: TableDefinition | DatasetDefinition) -> dict[str, Any]:
    resource: dict[str, Any] = {}
    if definition.labels:
        resource["labels"] = dict(definition.labels)
    if definition.description is not None:
        resource["description"] = definition.description
    if definition.friendly_name is not None:
        resource["friendlyName"] = definition.friendly_name
    return resource


def _partitioning_resource(partitioning: Partitioning | None) -> dict[str, Any]:
    match partitioning:
        case TimePartitioning(unit, column, expiration):
            stated = {"type": unit.value}
            if expiration is not None:
                stated["expirationMs"] = duration_millis(expiration)
            if column is not None:
                stated["field"] = column
            return {"timePartitioning": stated}
        case RangePartitioning(column, start, end, interval):
            bounds = {"start": str(start), "end": str(end), "interval": str(interval)}
            return {"rangePartitioning": {"field": column, "range": bounds}}
        case None:
            return {}


def _partitioning(resource: Mapping[str, Any]) -> Partitioning | None:
    time, numbers = resource.get("timePartitioning"), resource.get("rangePartitioning")
    if time and numbers:
        reason = "invalid"
        raise BigQueryError(reason, "A table has either timePartitioning or rangePartitioning, and this one has both")
    try:
        if time:
            return TimePartitioning(
                Unit(str(time.get("type") or "DAY")), time.get("field"), _duration(time.get("expirationMs"))
            )
        if numbers:
            bounds = numbers["range"]
            return RangePartitioning(
                str(numbers["field"]), int(bounds["start"]), int(bounds["end"]), int(bounds["interval"])
            )
    except (KeyError, ValueError) as wrong:
        reason = "invalid"
        raise BigQueryError(reason, f"Invalid partitioning: {wrong}") from wrong
    return None


def _instant(value: Any) -> datetime | None:
    # Clients clear an expiration by null, the command line by 0.
    return from_millis(value) if value not in (None, "0", 0, "") else None


def _duration(value: Any) -> timedelta | None:
    return timedelta(milliseconds=int(value)) if value not in (None, "0", 0, "") else None


def _key(configuration: Any) -> str | None:
    return str(configuration["kmsKeyName"]) if configuration and configuration.get("kmsKeyName") else None


def _refuse(resource: Mapping[str, Any], keys: Sequence[str], owner: str) -> None:
    for key in keys:
        if resource.get(key):
            what = f"{owner} {key}"
            raise unmodelled(what)
