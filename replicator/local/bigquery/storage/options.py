"""A table's options as GoogleSQL writes them, and the statement that would make the table again.

https://docs.cloud.google.com/bigquery/docs/information-schema-table-options
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

from replicator.local.bigquery.storage.definitions import (
    DatasetDefinition,
    Kind,
    RangePartitioning,
    TimePartitioning,
    Unit,
)
from replicator.local.bigquery.storage.projection import find
from replicator.local.bigquery.storage.states import Dataset, Table
from replicator.schema.fields import Field, Mode
from replicator.schema.identifiers import identifier

_DAY: Final = timedelta(days=1)


def quoted(text: str) -> str:
    """A GoogleSQL string literal."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def table_options(table: Table) -> list[tuple[str, str, str]]:
    """(name, type, value) of each option that is set, the value as a GoogleSQL literal."""
    definition, found = table.definition, []
    if isinstance(definition.partitioning, TimePartitioning) and definition.partitioning.expiration is not None:
        days = definition.partitioning.expiration / _DAY
        found.append(("partition_expiration_days", "FLOAT64", repr(float(days))))
    if definition.expires is not None:
        found.append(("expiration_timestamp", "TIMESTAMP", f'TIMESTAMP "{_instant(definition.expires)}"'))
    if definition.require_partition_filter:
        found.append(("require_partition_filter", "BOOL", "true"))
    if definition.kms_key_name is not None:
        found.append(("kms_key_name", "STRING", quoted(definition.kms_key_name)))
    if definition.friendly_name is not None:
        found.append(("friendly_name", "STRING", quoted(definition.friendly_name)))
    if definition.description is not None:
        found.append(("description", "STRING", quoted(definition.description)))
    return [*found, *_labels(definition.labels)]


def _labels(labels: Mapping[str, str]) -> list[tuple[str, str, str]]:
    if not labels:
        return []
    pairs = ", ".join(f"STRUCT({quoted(key)}, {quoted(value)})" for key, value in labels.items())
    return [("labels", "ARRAY<STRUCT<STRING, STRING>>", f"[{pairs}]")]


def dataset_options(definition: DatasetDefinition) -> list[tuple[str, str, str]]:
    """The same of a dataset; its location is no option that can be set."""
    found = []
    for name, duration in (
        ("default_table_expiration_days", definition.default_table_expiration),
        ("default_partition_expiration_days", definition.default_partition_expiration),
    ):
        if duration is not None:
            found.append((name, "FLOAT64", repr(float(duration / _DAY))))
    for name, text in (
        ("default_kms_key_name", definition.default_kms_key_name),
        ("friendly_name", definition.friendly_name),
        ("description", definition.description),
    ):
        if text is not None:
            found.append((name, "STRING", quoted(text)))
    return [*found, *_labels(definition.labels)]


def create_schema_statement(dataset: Dataset) -> str:
    """The DDL that makes the dataset again, without its tables."""
    options = [f"location={quoted(dataset.definition.location)}"]
    options += [f"{name}={value}" for name, _, value in dataset_options(dataset.definition)]
    return f"CREATE SCHEMA `{dataset.ref}`\nOPTIONS(\n  " + ",\n  ".join(options) + "\n);"


def create_statement(table: Table) -> str:
    """The DDL that makes the table or view again, without its rows."""
    definition = table.definition
    options = [f"{name}={value}" for name, _, value in table_options(table)]
    listed = "\nOPTIONS(\n  " + ",\n  ".join(options) + "\n)" if options else ""
    if definition.kind.has_query:
        return f"CREATE {definition.kind.replace('_', ' ')} `{table.ref}`{listed}\nAS {definition.query};"
    if definition.origin is not None:
        made = "SNAPSHOT TABLE" if definition.kind is Kind.SNAPSHOT else "TABLE"
        return f"CREATE {made} `{table.ref}`\nCLONE `{definition.origin.base}`{listed};"
    columns = ",\n  ".join(f"{identifier(field.name)} {column_ddl(field)}" for field in definition.fields)
    text = f"CREATE TABLE `{table.ref}`\n(\n  {columns}\n)"
    clause = _partition_clause(table)
    if clause:
        text += f"\nPARTITION BY {clause}"
    if definition.clustering:
        text += f"\nCLUSTER BY {', '.join(map(identifier, definition.clustering))}"
    return f"{text}{listed};"


def column_ddl(field: Field) -> str:
    """A column's or a nested field's type, NOT NULL and description, as CREATE TABLE has them."""
    kind = field.googlesql
    if field.type == "RECORD":
        kind = f"STRUCT<{', '.join(f'{identifier(child.name)} {column_ddl(child)}' for child in field.fields)}>"
        kind = f"ARRAY<{kind}>" if field.mode is Mode.REPEATED else kind
    required = " NOT NULL" if field.mode is Mode.REQUIRED else ""
    described = f" OPTIONS(description={quoted(field.description)})" if field.description is not None else ""
    return f"{kind}{required}{described}"


def _partition_clause(table: Table) -> str | None:
    match table.definition.partitioning:
        case None:
            return None
        case RangePartitioning(column, start, end, interval):
            return f"RANGE_BUCKET({identifier(column)}, GENERATE_ARRAY({start}, {end}, {interval}))"
        case TimePartitioning(unit, None, _):
            return "_PARTITIONDATE" if unit is Unit.DAY else f"TIMESTAMP_TRUNC(_PARTITIONTIME, {unit})"
        case TimePartitioning(unit, column, _):
            name, field = identifier(str(column)), find(table.definition.fields, str(column))
            kind = field.type if field is not None else ""
            if kind == "DATE":
                return name if unit is Unit.DAY else f"DATE_TRUNC({name}, {unit})"
            return f"DATE({name})" if unit is Unit.DAY else f"{kind}_TRUNC({name}, {unit})"


def _instant(instant: datetime) -> str:
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{instant.microsecond // 1000:03}Z"
