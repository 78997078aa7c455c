"""Datasets and tables as the REST API writes them, both ways.

https://docs.cloud.google.com/bigquery/docs/reference/rest/v2/tables, …/v2/datasets
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from replicator.local.bigquery.errors import BigQueryError, refuse, unmodelled
from replicator.local.bigquery.members import flag, member, number, objects, required, text_map, texts
from replicator.local.bigquery.storage.definitions import (
    DatasetDefinition,
    Kind,
    Origin,
    Partitioning,
    RangePartitioning,
    Refresh,
    TableDefinition,
    TimePartitioning,
    Unit,
)
from replicator.local.bigquery.storage.instants import duration_millis, from_millis, millis_text
from replicator.local.bigquery.storage.states import Dataset, Table
from replicator.local.bigquery.storage.time_travel import HOUR, MOST_TIME_TRAVEL, checked_time_travel
from replicator.names import DatasetRef, TableRef
from replicator.schema.fields import Field

_API: Final = "https://bigquery.googleapis.com/bigquery/v2"
# The end of the year 9999, the last that a TIMESTAMP can be in.
_LAST_MILLIS: Final = 253_402_300_799_999
_TABLE_REFUSED: Final = (
    "biglakeConfiguration", "defaultCollation", "externalDataConfiguration", "maxStaleness", "model", "resourceTags",
    "tableConstraints", "tableReplicationInfo",
)  # fmt: skip
_ORIGINS: Final = {Kind.SNAPSHOT: ("snapshotDefinition", "snapshotTime"), Kind.TABLE: ("cloneDefinition", "cloneTime")}
_FIELD_REFUSED: Final = (
    "collation", "dataPolicies", "defaultValueExpression", "foreignTypeDefinition", "maxLength", "policyTags",
    "precision", "rangeElementType", "roundingMode", "scale",
)  # fmt: skip
_DATASET_REFUSED: Final = (
    "defaultCollation", "externalDatasetReference", "isCaseInsensitive",
    "linkedDatasetSource", "resourceTags",
)  # fmt: skip


def fields_of(schema: Mapping[str, Any], *, where: str = "schema") -> tuple[Field, ...]:
    """Read the ``fields`` of a schema or of a record; BigQueryError for what is malformed or not modelled.

    Args:
        schema: What has the member ``fields``.
        where: Where that stands in the request, for errors.
    """
    listed = objects(schema, "fields", where=where)
    return tuple(_field(resource, f"{where}.fields[{at}]") for at, resource in enumerate(listed))


def _field(resource: Mapping[str, Any], where: str) -> Field:
    _refuse(resource, _FIELD_REFUSED, "a column's")
    stated = {
        "name": required(resource, "name", str, where=where),
        "type": required(resource, "type", str, where=where),
        "mode": member(resource, "mode", str, where=where),
        "description": member(resource, "description", str, where=where),
    }
    nested = fields_of(resource, where=where)
    try:
        return replace(Field.from_api(stated), fields=nested)
    except ValueError as wrong:
        reason = "invalid"
        raise BigQueryError(reason, f"Invalid schema: {wrong}", location=where) from wrong


def table_definition(resource: Mapping[str, Any], *, fields: tuple[Field, ...] | None = None) -> TableDefinition:
    """Read what an owner states in a ``Table`` resource; what the service adds is passed over.

    Args:
        resource: The resource.
        fields: The schema, where it is known otherwise.

    Raises:
        BigQueryError: 400 for a member of a wrong type, 501 for what is not modelled.
    """
    _refuse(resource, _TABLE_REFUSED, "a table's")
    view = member(resource, "view", dict)
    if view and flag(view, "useLegacySql", where="view"):
        what = "legacy SQL in a view"
        raise unmodelled(what)
    materialized = member(resource, "materializedView", dict)
    queries = [(each, name) for each, name in ((view, "view"), (materialized, "materializedView")) if each]
    if len(queries) > 1:
        refuse("invalid", "A table is either a view or a materialized view, and this one is both")
    origin, kind = _origin(resource)
    time = member(resource, "timePartitioning", dict) or {}
    legacy_filter = flag(time, "requirePartitionFilter", where="timePartitioning")
    schema = member(resource, "schema", dict) or {}
    return TableDefinition(
        fields=fields_of(schema) if fields is None else fields,
        kind=Kind.VIEW if view else Kind.MATERIALIZED_VIEW if materialized else kind,
        query=str(required(queries[0][0], "query", str, where=queries[0][1])) if queries else None,
        origin=origin,
        refresh=_refresh(materialized) if materialized else None,
        partitioning=_partitioning(resource),
        clustering=texts(member(resource, "clustering", dict) or {}, "fields", where="clustering"),
        require_partition_filter=flag(resource, "requirePartitionFilter", default=legacy_filter),
        expires=_instant(resource, "expirationTime"),
        labels=text_map(resource, "labels"),
        description=member(resource, "description", str),
        friendly_name=member(resource, "friendlyName", str),
        kms_key_name=_key(resource, "encryptionConfiguration"),
    )


def definition_resource(definition: TableDefinition) -> dict[str, Any]:
    """What an owner states, its schema left out."""
    resource: dict[str, Any] = {"type": definition.kind.value}
    if definition.refresh is not None:
        interval = duration_millis(definition.refresh.interval)
        resource["materializedView"] = {
            "query": definition.query, "enableRefresh": definition.refresh.enabled, "refreshIntervalMs": interval,
        }  # fmt: skip
    elif definition.query is not None:
        resource["view"] = {"query": definition.query, "useLegacySql": False}
    if definition.origin is not None:
        name, time = _ORIGINS[definition.kind]
        origin = definition.origin
        resource[name] = {"baseTableReference": table_reference(origin.base), time: _rfc3339(origin.time)}
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
    if table.definition.kind.holds_rows:
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
            "requirePartitionFilter", "snapshotDefinition", "cloneDefinition")  # fmt: skip
    resource = {key: stated[key] for key in kept if key in stated}
    if table.definition.kind is Kind.VIEW:
        resource["view"] = {"useLegacySql": False}
    if table.definition.kind is Kind.MATERIALIZED_VIEW:
        resource["materializedView"] = stated["materializedView"]
    return resource | {
        "kind": "bigquery#table",
        "id": _table_id(table.ref),
        "tableReference": table_reference(table.ref),
        "creationTime": millis_text(table.created),
    }


def dataset_definition(resource: Mapping[str, Any], *, location: str) -> DatasetDefinition:
    """Read what an owner states in a ``Dataset`` resource; ``location`` is used where it names none.

    Raises:
        BigQueryError: 400 for a member of a wrong type, 501 for what is not modelled.
    """
    _refuse(resource, _DATASET_REFUSED, "a dataset's")
    return DatasetDefinition(
        location=str(member(resource, "location", str) or location),
        labels=text_map(resource, "labels"),
        description=member(resource, "description", str),
        friendly_name=member(resource, "friendlyName", str),
        default_table_expiration=_duration(resource, "defaultTableExpirationMs"),
        default_partition_expiration=_duration(resource, "defaultPartitionExpirationMs"),
        default_kms_key_name=_key(resource, "defaultEncryptionConfiguration"),
        time_travel=_time_travel(resource),
    )


def dataset_definition_resource(definition: DatasetDefinition) -> dict[str, Any]:
    """What an owner states of a dataset."""
    resource: dict[str, Any] = {"location": definition.location}
    if definition.default_table_expiration is not None:
        resource["defaultTableExpirationMs"] = duration_millis(definition.default_table_expiration)
    if definition.default_partition_expiration is not None:
        resource["defaultPartitionExpirationMs"] = duration_millis(definition.default_partition_expiration)
    if definition.time_travel is not None:
        resource["maxTimeTravelHours"] = str(definition.time_travel // HOUR)
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
        "maxTimeTravelHours": str(MOST_TIME_TRAVEL // HOUR),
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
    time, numbers = member(resource, "timePartitioning", dict), member(resource, "rangePartitioning", dict)
    if time and numbers:
        reason = "invalid"
        raise BigQueryError(reason, "A table has either timePartitioning or rangePartitioning, and this one has both")
    if time:
        where = "timePartitioning"
        unit = str(member(time, "type", str, where=where) or "DAY")
        if unit not in list(Unit):
            refuse("invalid", f"Invalid value at '{where}.type': {unit!r} is no unit of partitions", location=where)
        expiration = _duration(time, "expirationMs", where=where)
        return TimePartitioning(Unit(unit), member(time, "field", str, where=where), expiration)
    if numbers:
        where = "rangePartitioning"
        bounds = required(numbers, "range", dict, where=where)
        start, end, interval = (_bound(bounds, name) for name in ("start", "end", "interval"))
        return RangePartitioning(str(required(numbers, "field", str, where=where)), start, end, interval)
    return None


def _bound(bounds: Mapping[str, Any], name: str) -> int:
    where = "rangePartitioning.range"
    found = number(bounds, name, where=where)
    if found is None:
        refuse("required", f"Required parameter is missing: {where}.{name}", location=f"{where}.{name}")
    return found


def _instant(resource: Mapping[str, Any], name: str) -> datetime | None:
    millis = _millis(resource, name, "")
    return None if millis is None else from_millis(millis)


def _duration(resource: Mapping[str, Any], name: str, *, where: str = "") -> timedelta | None:
    millis = _millis(resource, name, where)
    return None if millis is None else timedelta(milliseconds=millis)


def _origin(resource: Mapping[str, Any]) -> tuple[Origin | None, Kind]:
    """What the resource says it was taken of, and what it is then."""
    for kind, (name, time) in _ORIGINS.items():
        stated = member(resource, name, dict)
        if stated:
            base = required(stated, "baseTableReference", dict, where=name)
            ref = TableRef(
                *(str(required(base, part, str, where=name)) for part in ("projectId", "datasetId", "tableId"))
            )
            return Origin(ref, datetime.fromisoformat(str(required(stated, time, str, where=name)))), kind
    return None, Kind.TABLE


def _rfc3339(instant: datetime) -> str:
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _refresh(resource: Mapping[str, Any]) -> Refresh:
    where = "materializedView"
    for key in ("allowNonIncrementalDefinition", "maxStaleness"):
        if resource.get(key):
            what = f"a materialized view's {key}"
            raise unmodelled(what)
    interval = _duration(resource, "refreshIntervalMs", where=where)
    enabled = flag(resource, "enableRefresh", default=True, where=where)
    return Refresh(enabled, interval or Refresh().interval)


def _millis(resource: Mapping[str, Any], name: str, where: str) -> int | None:
    # Clients clear an expiration by null, the command line by 0.
    if resource.get(name) in (None, ""):
        return None
    millis = number(resource, name, where=where)
    if millis is not None and not 0 <= millis <= _LAST_MILLIS:
        place = f"{where}.{name}" if where else name
        refuse("invalid", f"Invalid value at '{place}': {millis} is out of range", location=place)
    return millis or None


def _time_travel(resource: Mapping[str, Any]) -> timedelta | None:
    hours = number(resource, "maxTimeTravelHours") if resource.get("maxTimeTravelHours") is not None else None
    return None if hours is None else checked_time_travel(hours)


def _key(resource: Mapping[str, Any], name: str) -> str | None:
    key = member(member(resource, name, dict) or {}, "kmsKeyName", str, where=name)
    return str(key) if key else None


def _refuse(resource: Mapping[str, Any], keys: Sequence[str], owner: str) -> None:
    for key in keys:
        if resource.get(key):
            what = f"{owner} {key}"
            raise unmodelled(what)
