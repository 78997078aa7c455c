"""The parameters of a dataset copy, and which of them the service takes.

docs.cloud.google.com/bigquery/docs/managing-datasets#copy-datasets: two names and one flag, no table filter, no
partition filter, no append.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from replicator.local.rest import Json, invalid, unmodelled
from replicator.names import DATASET, PROJECT, DatasetRef

DATA_SOURCE: Final = "cross_region_copy"

_PARAMETERS: Final = ("source_project_id", "source_dataset_id", "overwrite_destination_table")


@dataclass(frozen=True, slots=True)
class CopySettings:
    """What one config copies where."""

    source: DatasetRef
    destination: DatasetRef
    overwrite: bool


def read_settings(project: str, body: Mapping[str, Any]) -> CopySettings:
    """What a config in ``project`` copies.

    Raises:
        ApiError: A parameter is missing, unknown or of the wrong kind.
    """
    source_id = body.get("dataSourceId")
    if source_id != DATA_SOURCE:
        what = f"data source '{source_id or ''}' (known is '{DATA_SOURCE}')"
        raise unmodelled(what)
    parameters = body.get("params") or {}
    if not isinstance(parameters, dict):
        message = "Invalid value at 'transfer_config.params', it must be an object"
        raise invalid(message)
    if unknown := sorted(set(parameters) - set(_PARAMETERS)):
        message = f"Data source {DATA_SOURCE} has no parameter '{unknown[0]}'; it has {', '.join(_PARAMETERS)}"
        raise invalid(message)
    source = DatasetRef(
        _name(parameters, "source_project_id", PROJECT.fullmatch),
        _name(parameters, "source_dataset_id", DATASET.fullmatch),
    )
    destination = body.get("destinationDatasetId")
    if not isinstance(destination, str) or not DATASET.fullmatch(destination):
        message = "Transfer config has no valid destination_dataset_id"
        raise invalid(message)
    settings = CopySettings(source, DatasetRef(project, destination), _overwrite(parameters))
    if settings.source == settings.destination:
        message = f"Dataset {settings.source} cannot be copied to itself"
        raise invalid(message)
    return settings


def _name(parameters: Json, name: str, valid: Any) -> str:
    value = parameters.get(name)
    if not isinstance(value, str) or not valid(value):
        message = f"Missing or invalid argument: '{name}'"
        raise invalid(message)
    return value


def _overwrite(parameters: Json) -> bool:
    match parameters.get("overwrite_destination_table"):
        case None | False | "false" | "":
            return False
        case True | "true":
            return True
        case other:
            message = f"Invalid argument: 'overwrite_destination_table' is {other!r}, neither true nor false"
            raise invalid(message)
