"""OPTIONS of tables, views, schemas and columns: evaluated, checked, laid over a definition.

https://docs.cloud.google.com/bigquery/docs/reference/standard-sql/data-definition-language#table_option_list
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final, TypeAlias

from replicator.local.bigquery.errors import refuse, unmodelled
from replicator.local.bigquery.keys import check_key_name
from replicator.local.bigquery.statements.cursor import Source
from replicator.local.bigquery.statements.frame import BOOL, STRING
from replicator.local.bigquery.statements.types_parser import ColumnOption
from replicator.local.bigquery.storage.definitions import DatasetDefinition, Kind, TableDefinition, TimePartitioning
from replicator.local.bigquery.storage.time_travel import checked_time_travel
from replicator.local.bigquery.types import Type, array, struct
from replicator.schema.fields import Field

Evaluate: TypeAlias = Callable[[Source, Type], Any]
_LABELS: Final = array(struct(("key", STRING), ("value", STRING)))
_FLOAT64: Final = Type("FLOAT64")
_TABLE: Final[Mapping[str, Type]] = {
    "expiration_timestamp": Type("TIMESTAMP"),
    "partition_expiration_days": _FLOAT64,
    "require_partition_filter": BOOL,
    "friendly_name": STRING,
    "description": STRING,
    "labels": _LABELS,
}
OWNED: Final = frozenset({"expiration_timestamp", "friendly_name", "description", "labels"})
"""The options that everything in a dataset has: views of both kinds, and snapshots."""
_DATASET: Final[Mapping[str, Type]] = {
    "max_time_travel_hours": Type("INT64"),
    "location": STRING,
    "default_table_expiration_days": _FLOAT64,
    "default_partition_expiration_days": _FLOAT64,
    "default_kms_key_name": STRING,
    "friendly_name": STRING,
    "description": STRING,
    "labels": _LABELS,
}


def option_values(
    options: Sequence[tuple[str, Source]], known: Mapping[str, Type], owner: str, evaluate: Evaluate
) -> dict[str, Any]:
    """The values of options, each of its own type.

    Raises:
        BigQueryError: An option is unknown, there twice, or of a wrong type.
    """
    values: dict[str, Any] = {}
    for name, source in options:
        if name not in known:
            what = f"the option {name} of a {owner}"
            raise unmodelled(what)
        if name in values:
            msg = f"Duplicate option specified: {name}"
            refuse("invalidQuery", msg, location="query")
        values[name] = evaluate(source, known[name])
    return values


def table_options(
    definition: TableDefinition, options: Sequence[tuple[str, Source]], evaluate: Evaluate
) -> TableDefinition:
    """The definition with the options laid over it; an option that is NULL clears.

    Raises:
        BigQueryError: An option is unknown, of a wrong type, or does not fit the table.
    """
    known = _TABLE if definition.kind is not Kind.SNAPSHOT else {name: _TABLE[name] for name in OWNED}
    for name, value in option_values(options, known, definition.kind.lower(), evaluate).items():
        match name:
            case "expiration_timestamp":
                definition = replace(definition, expires=_instant(value))
            case "partition_expiration_days":
                if not isinstance(definition.partitioning, TimePartitioning):
                    msg = "partition_expiration_days can only be set on a time-partitioned table"
                    refuse("invalidQuery", msg, location="query")
                partitioning = replace(definition.partitioning, expiration=_days(value))
                definition = replace(definition, partitioning=partitioning)
            case "require_partition_filter":
                definition = replace(definition, require_partition_filter=bool(value))
            case "labels":
                definition = replace(definition, labels=_labels(value))
            case "description":
                definition = replace(definition, description=value)
            case _:
                definition = replace(definition, friendly_name=value)
    return definition


def dataset_options(
    definition: DatasetDefinition, options: Sequence[tuple[str, Source]], evaluate: Evaluate
) -> DatasetDefinition:
    """The same of a schema.

    Raises:
        BigQueryError: As above.
    """
    for name, value in option_values(options, _DATASET, "schema", evaluate).items():
        match name:
            case "max_time_travel_hours":
                definition = replace(definition, time_travel=None if value is None else checked_time_travel(value))
            case "location":
                definition = replace(definition, location=str(value or definition.location))
            case "default_table_expiration_days":
                definition = replace(definition, default_table_expiration=_days(value))
            case "default_partition_expiration_days":
                definition = replace(definition, default_partition_expiration=_days(value))
            case "default_kms_key_name":
                if value is not None:
                    check_key_name(str(value), where=name)
                definition = replace(definition, default_kms_key_name=value)
            case "labels":
                definition = replace(definition, labels=_labels(value))
            case "description":
                definition = replace(definition, description=value)
            case _:
                definition = replace(definition, friendly_name=value)
    return definition


def column_options(fields: Sequence[Field], options: Sequence[ColumnOption], evaluate: Evaluate) -> tuple[Field, ...]:
    """The columns with their options.

    Raises:
        BigQueryError: As above.
    """
    described = dict[tuple[str, ...], str | None]()
    for option in options:
        if option.name != "description":
            what = f"the option {option.name} of a column"
            raise unmodelled(what)
        described[option.path] = evaluate(option.value, STRING)
    return _described(fields, (), described)


def _described(
    fields: Sequence[Field], parent: tuple[str, ...], described: Mapping[tuple[str, ...], str | None]
) -> tuple[Field, ...]:
    return tuple(
        replace(
            field,
            description=described.get((*parent, field.name), field.description),
            fields=_described(field.fields, (*parent, field.name), described),
        )
        for field in fields
    )


def _instant(value: Any) -> datetime | None:
    return value if isinstance(value, datetime) else None


def _days(value: Any) -> timedelta | None:
    return None if value is None else timedelta(days=float(value))


def _labels(value: Any) -> dict[str, str]:
    return {str(key): str(text) for key, text in (value or ())}
