"""COLUMNS and COLUMN_FIELD_PATHS within one table; whose table it is stands beside.

Below docs.cloud.google.com/bigquery/docs/: information-schema-{columns, column-field-paths}.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from replicator.local.bigquery.storage.definitions import TableDefinition
from replicator.local.bigquery.storage.partitions import ingestion_partitioned, partition_column
from replicator.schema.fields import Mode, walk


def column_rows(definition: TableDefinition) -> Iterator[Mapping[str, Any]]:
    """A row per column; the pseudo columns of ingestion time come last."""
    partitioned = (partition_column(definition) or "").casefold()
    clustering = {name.casefold(): place for place, name in enumerate(definition.clustering, start=1)}
    rest = {"is_generated": "NEVER", "policy_tags": []}
    for position, field in enumerate(definition.fields, start=1):
        yield {
            **rest,
            "column_name": field.name,
            "ordinal_position": position,
            "is_nullable": _yes(field.mode is Mode.NULLABLE),
            "data_type": field.googlesql,
            "is_hidden": "NO",
            "is_system_defined": "NO",
            "is_partitioning_column": _yes(field.name.casefold() == partitioned),
            "clustering_ordinal_position": clustering.get(field.name.casefold()),
        }
    if ingestion_partitioned(definition):
        for name, kind in (("_PARTITIONTIME", "TIMESTAMP"), ("_PARTITIONDATE", "DATE")):
            yield {
                **rest,
                "column_name": name,
                "is_nullable": "YES",
                "data_type": kind,
                "is_hidden": "YES",
                "is_system_defined": "YES",
                "is_partitioning_column": _yes(name == "_PARTITIONTIME"),
            }


def field_path_rows(definition: TableDefinition) -> Iterator[Mapping[str, Any]]:
    """A row per column and per field nested in it."""
    for path, field in walk(definition.fields):
        yield {
            "column_name": path[0],
            "field_path": ".".join(path),
            "data_type": field.googlesql,
            "description": field.description,
            "policy_tags": [],
        }


def _yes(condition: object) -> str:
    return "YES" if condition else "NO"
