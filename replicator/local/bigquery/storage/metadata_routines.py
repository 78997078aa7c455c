"""ROUTINES and PARAMETERS: functions of the user's, as rows.

Below docs.cloud.google.com/bigquery/docs/: information-schema-{routines, parameters}.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from replicator.local.bigquery.errors import unmodelled
from replicator.local.bigquery.storage.instants import from_millis
from replicator.local.bigquery.storage.metadata_scope import Row, Scope, columns
from replicator.local.bigquery.storage.options import quoted
from replicator.local.bigquery.storage.routines import read_data_type, routines
from replicator.schema.identifiers import identifier

_SPECIFIC: Final = "specific_catalog STRING, specific_schema STRING, specific_name STRING,"
ROUTINE_COLUMNS: Final = columns(
    f"{_SPECIFIC} routine_catalog STRING, routine_schema STRING, routine_name STRING, routine_type STRING, "
    "data_type STRING, routine_body STRING, routine_definition STRING, external_language STRING, "
    "is_deterministic STRING, security_type STRING, created TIMESTAMP, last_altered TIMESTAMP, ddl STRING, "
    "connection STRING"
)
PARAMETER_COLUMNS: Final = columns(
    # STRING, as the page has it.
    f"{_SPECIFIC} ordinal_position STRING, parameter_mode STRING, is_result STRING, parameter_name STRING, "
    "data_type STRING, parameter_default STRING, is_aggregate STRING"
)
_TYPES: Final = {"SCALAR_FUNCTION": "FUNCTION", "TABLE_VALUED_FUNCTION": "TABLE FUNCTION"}


def routine_rows(scope: Scope) -> Iterator[Row]:
    """A row per routine; whether one is deterministic nobody looks at, and the column is NULL."""
    for resource in _routines(scope):
        named = resource["routineReference"]
        if "data_type" in scope.columns:
            _check_typed(resource, "ROUTINES")
        yield {
            **_specific(resource),
            "routine_catalog": named["projectId"],
            "routine_schema": named["datasetId"],
            "routine_name": named["routineId"],
            "routine_type": _TYPES[resource["routineType"]],
            "data_type": _type(resource.get("returnType")),
            "routine_body": "SQL",
            "routine_definition": resource["definitionBody"],
            "created": from_millis(resource["creationTime"]).isoformat(),
            "last_altered": from_millis(resource["lastModifiedTime"]).isoformat(),
            "ddl": _statement(resource),
        }


def parameter_rows(scope: Scope) -> Iterator[Row]:
    """A row per parameter, and one for what a function returns; a function of ANY TYPE returns none that is known."""
    for resource in _routines(scope):
        _check_typed(resource, "PARAMETERS")
        if resource.get("returnType"):
            yield {
                **_specific(resource),
                "ordinal_position": "0",
                "is_result": "YES",
                "data_type": _type(resource["returnType"]),
            }
        for position, argument in enumerate(resource["arguments"], start=1):
            yield {
                **_specific(resource),
                "ordinal_position": str(position),
                "is_result": "NO",
                "parameter_name": argument["name"],
                "data_type": _type(argument.get("dataType")) or "ANY TYPE",
            }


def _routines(scope: Scope) -> Iterator[Mapping[str, Any]]:
    for dataset in scope.datasets:
        yield from routines(scope.overlay, dataset.ref)


def _check_typed(resource: Mapping[str, Any], view: str) -> None:
    """Refuse a routine whose type only its body tells; the service finds it out when the routine is made."""
    open_typed = any(argument.get("argumentKind") == "ANY_TYPE" for argument in resource["arguments"])
    if not resource.get("returnType") and not open_typed:
        named = resource["routineReference"]
        name = f"{named['projectId']}.{named['datasetId']}.{named['routineId']}"
        what = f"INFORMATION_SCHEMA.{view} with the type that {name} returns, which its text does not state,"
        raise unmodelled(what)


def _specific(resource: Mapping[str, Any]) -> Row:
    named = resource["routineReference"]
    return {
        "specific_catalog": named["projectId"],
        "specific_schema": named["datasetId"],
        "specific_name": named["routineId"],
    }


def _type(stated: Any) -> str | None:
    return str(read_data_type(stated, "dataType")) if stated else None


def _statement(resource: Mapping[str, Any]) -> str:
    """The DDL that makes the routine again."""
    named = resource["routineReference"]
    tabular = resource["routineType"] == "TABLE_VALUED_FUNCTION"
    listed = ", ".join(
        f"{identifier(each['name'])} {_type(each.get('dataType')) or 'ANY TYPE'}" for each in resource["arguments"]
    )
    returns = _type(resource.get("returnType"))
    text = f"CREATE {'TABLE ' if tabular else ''}FUNCTION "
    text += f"`{named['projectId']}`.{identifier(named['datasetId'])}.{identifier(named['routineId'])}({listed})"
    text += f" RETURNS {returns}" if returns else ""
    described = resource.get("description")
    options = f"\nOPTIONS(\n  description={quoted(described)})" if described is not None else ""
    body = resource["definitionBody"]
    return f"{text}{options}\nAS {body};" if tabular else f"{text}\nAS (\n{body}\n){options};"
