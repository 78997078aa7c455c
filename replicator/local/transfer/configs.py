"""Transfer configs as resources: how one is made, changed and shown.

docs.cloud.google.com/bigquery/docs/reference/datatransfer/rest/v1/projects.locations.transferConfigs
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from replicator.local.rest import Json, invalid, mask_paths, timestamp, unmodelled
from replicator.local.transfer.runs import STATES
from replicator.local.transfer.settings import DATA_SOURCE
from replicator.local.transfer.store import Config

_SETTABLE: Final = frozenset(
    {"destinationDatasetId", "displayName", "dataSourceId", "params", "schedule", "scheduleOptions",
     "scheduleOptionsV2", "disabled", "emailPreferences", "dataRefreshWindowDays"}
)  # fmt: skip
_OUTPUT: Final = frozenset(
    {"name", "updateTime", "nextRunTime", "state", "userId", "datasetRegion", "ownerInfo", "error"}
)
_UNMODELLED: Final = frozenset({"notificationPubsubTopic", "encryptionConfiguration", "managedTableType"})
OWNER: Final = "ownerInfo"
"""Told of a config that is asked for by itself (datatransfer.proto: owner_info)."""
_ACCOUNT: Final = "serviceAccountName"
"""What a mask calls the owner: not a field of a config, but of the request (use-service-accounts)."""

_FIXED: Final = frozenset({"dataSourceId", "name"})


def read_config(body: Mapping[str, Any]) -> Json:
    """What a client says about a config, without what only the service may say.

    Raises:
        ApiError: A field that does not exist, or one that is not modelled.
    """
    for field, value in body.items():
        if field in _UNMODELLED and value:
            what = f"transfer_config.{field}"
            raise unmodelled(what)
        if field not in _SETTABLE | _OUTPUT | _UNMODELLED:
            message = (
                f"Invalid JSON payload received. Unknown name \"{field}\" at 'transfer_config': Cannot find field."
            )
            raise invalid(message)
    return {field: value for field, value in body.items() if field in _SETTABLE}


def check_on_demand(body: Json) -> None:
    """Refuse configs that would start runs by themselves.

    Raises:
        ApiError: It is scheduled, or disabled.
    """
    options, options2 = body.get("scheduleOptions") or {}, body.get("scheduleOptionsV2") or {}
    if not isinstance(options, dict) or not isinstance(options2, dict):
        message = "Invalid value at 'transfer_config.schedule_options', it must be an object"
        raise invalid(message)
    if options.get("disableAutoScheduling") is not True and "manualSchedule" not in options2:
        what = "a transfer config that starts runs by itself (set schedule_options.disable_auto_scheduling)"
        raise unmodelled(what)
    if body.get("disabled"):
        what = "a disabled transfer config"
        raise unmodelled(what)


def patched(body: Json, changes: Json, update_mask: str, *, now: float) -> Json:
    """A config's body after ``patch``: the fields of the mask take the values of ``changes``, or go.

    Raises:
        ApiError: There is no mask, or it names a field that cannot be changed.
    """
    paths = mask_paths(update_mask)
    if not paths:
        message = "update_mask must be set"
        raise invalid(message)
    result = {**body, "updateTime": timestamp(now)}
    for path in paths:
        top, _, inner = path.partition(".")
        if top == _ACCOUNT:
            result = _with_value(result, (OWNER,), changes)
            continue
        if top in _UNMODELLED:
            what = f"transfer_config.{top}"
            raise unmodelled(what)
        if top not in _SETTABLE - _FIXED:
            message = f"Invalid update_mask: '{path}' is no field of a transfer config that can be changed"
            raise invalid(message)
        result = _with_value(result, (top, *inner.split(".")) if inner else (top,), changes)
    return result


def _with_value(body: Json, path: tuple[str, ...], changes: Any) -> Json:
    """``body`` with the value at ``path`` taken from ``changes``, or without it where they have none."""
    head, *rest = path
    value = changes.get(head) if isinstance(changes, dict) else None
    if rest:
        inside = body.get(head)
        return {**body, head: _with_value(inside if isinstance(inside, dict) else {}, tuple(rest), value)}
    if value is None:
        return {field: kept for field, kept in body.items() if field != head}
    return {**body, head: value}


def show_config(config: Config, latest: str | None, *, numeric: bool, owned: bool) -> Json:
    """The resource, as ``transferConfigs.get`` answers it (``owned``: with its owner), or as a list does.

    ``latest`` is the state of its newest run.
    """
    shown = {"name": config.name, "datasetRegion": config.location, **config.body}
    if not owned:
        shown.pop(OWNER, None)
    if latest is not None:
        shown["state"] = STATES[latest] if numeric else latest
    return shown


def show_data_source(parent: str) -> Json:
    """The one data source that is known, with its parameters and its 12 h between scheduled runs."""
    # ParameterType of datatransfer.proto as numbers, which clients of both encodings read: STRING 1, BOOLEAN 4.
    parameters = (("source_project_id", 1), ("source_dataset_id", 1), ("overwrite_destination_table", 4))
    return {
        "name": f"{parent}/dataSources/{DATA_SOURCE}",
        "dataSourceId": DATA_SOURCE,
        "displayName": "Dataset Copy",
        "updateDeadlineSeconds": 43_200,
        "minimumScheduleInterval": "43200s",
        "parameters": [
            {"paramId": name, "displayName": name.replace("_", " ").capitalize(), "type": kind, "required": kind == 1}
            for name, kind in parameters
        ],
    }
