"""INFORMATION_SCHEMA and ``__TABLES__``: which views there are, their columns in the documented order, their rows.

Below docs.cloud.google.com/bigquery/docs/: information-schema-{datasets-schemata, datasets-schemata-options, tables,
views, columns, column-field-paths, partitions, table-options, table-storage, jobs}.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from replicator.local.bigquery.errors import unmodelled
from replicator.local.bigquery.storage.commit import REPLACED
from replicator.local.bigquery.storage.definitions import Kind, Origin
from replicator.local.bigquery.storage.instants import from_micros, micros, millis_text
from replicator.local.bigquery.storage.metadata_fields import column_rows, field_path_rows
from replicator.local.bigquery.storage.metadata_jobs import ERROR, JOB_COLUMNS, job_rows
from replicator.local.bigquery.storage.metadata_routines import (
    PARAMETER_COLUMNS,
    ROUTINE_COLUMNS,
    parameter_rows,
    routine_rows,
)
from replicator.local.bigquery.storage.metadata_scope import FieldsView, Qualifier, Row, Scope, View, columns, named
from replicator.local.bigquery.storage.options import (
    create_schema_statement,
    create_statement,
    dataset_options,
    table_options,
)
from replicator.local.bigquery.storage.partitions import WHOLE
from replicator.local.bigquery.storage.refusals import refuse
from replicator.local.bigquery.storage.states import Table

# "INFORMATION_SCHEMA.PARTITIONS": a query reads at most 1,000 tables (information-schema-partitions, scope).
_MOST_TABLES_OF_PARTITIONS: Final = 1_000
# Time travel and fail-safe: for so long a dropped table is still listed (information-schema-table-storage).
_REMEMBERED: Final = timedelta(days=14)
_STORAGE: Final = f"""
SELECT name, created, rows, bytes, storage_modified, deleted, deletion, partitions, kind FROM storage_states AS s
WHERE project = ? AND dataset = ? AND deletion IS NOT '{REPLACED}'
  AND since = (SELECT max(since) FROM storage_states WHERE table_id = s.table_id AND since <= ?)
  AND (deleted IS NULL OR deleted > ?)
ORDER BY name"""
_TABLE_TYPES: Final = {"TABLE": "BASE TABLE", "MATERIALIZED_VIEW": "MATERIALIZED VIEW"}


def _yes(condition: object) -> str:
    return "YES" if condition else "NO"


def _schemata(scope: Scope) -> Iterator[Row]:
    for dataset in scope.datasets:
        yield {
            "catalog_name": dataset.ref.project,
            "schema_name": dataset.ref.dataset,
            "creation_time": dataset.created.isoformat(),
            "last_modified_time": dataset.modified.isoformat(),
            "location": dataset.definition.location,
            "ddl": create_schema_statement(dataset) if "ddl" in scope.columns else None,
        }


def _schemata_options(scope: Scope) -> Iterator[Row]:
    for dataset in scope.datasets:
        for name, kind, value in dataset_options(dataset.definition):
            yield {
                "catalog_name": dataset.ref.project,
                "schema_name": dataset.ref.dataset,
                "option_name": name,
                "option_type": kind,
                "option_value": value,
            }


def _views(scope: Scope) -> Iterator[Row]:
    for table in scope.tables():
        if table.definition.kind is Kind.VIEW:
            yield {**named(table), "view_definition": table.definition.query, "use_standard_sql": "YES"}


def _jobs(scope: Scope) -> Iterator[Row]:
    if scope.overlay.jobs is None:
        what = "INFORMATION_SCHEMA.JOBS of a store without jobs"
        raise unmodelled(what)
    return job_rows(scope.overlay.jobs(scope.project, scope.location), scope.overlay.now)


def _tables(scope: Scope) -> Iterator[Row]:
    for table in scope.tables():
        definition = table.definition
        yield {
            **named(table),
            **_origin(definition.origin, "snapshot_time_ms"),
            "table_type": _TABLE_TYPES.get(definition.stored_as, definition.stored_as),
            "managed_table_type": "NATIVE" if definition.kind.holds_rows else None,
            "is_insertable_into": _yes(definition.kind is Kind.TABLE),
            "is_fine_grained_mutations_enabled": "NO",
            "is_typed": "NO",
            "is_change_history_enabled": "NO",
            "creation_time": table.created.isoformat(),
            "ddl": create_statement(table) if "ddl" in scope.columns else None,
        }


def _origin(origin: Origin | None, time: str) -> Row:
    """What a snapshot or a clone was taken of."""
    if origin is None:
        return {}
    return {
        "base_table_catalog": origin.base.project,
        "base_table_schema": origin.base.dataset,
        "base_table_name": origin.base.table,
        time: origin.time.isoformat(),
    }


def _table_snapshots(scope: Scope) -> Iterator[Row]:
    for table in scope.tables():
        if table.definition.kind is Kind.SNAPSHOT:
            yield {**named(table), **_origin(table.definition.origin, "snapshot_time")}


def _materialized_views(scope: Scope) -> Iterator[Row]:
    for table in scope.tables():
        if table.definition.kind is Kind.MATERIALIZED_VIEW:
            yield named(table)


def _partitions(scope: Scope) -> Iterator[Row]:
    tables = [table for table in scope.tables() if table.definition.kind.holds_rows]
    if len(tables) > _MOST_TABLES_OF_PARTITIONS:
        refuse(
            "INFORMATION_SCHEMA.PARTITIONS query attempted to read too many tables. "
            "Please add more restrictive filters.",
            reason="invalidQuery",
        )
    for table in tables:
        for partition in scope.overlay.partitions(table.ref):
            yield {
                **named(table),
                "partition_id": None if partition.id == WHOLE else partition.id,
                "total_rows": partition.rows,
                "total_logical_bytes": partition.bytes,
                "total_billable_bytes": partition.bytes,
                "last_modified_time": partition.modified.isoformat(),
                "storage_tier": "ACTIVE",
            }


def _options(scope: Scope) -> Iterator[Row]:
    for table in scope.tables():
        for name, kind, value in table_options(table):
            yield {**named(table), "option_name": name, "option_type": kind, "option_value": value}


def _storage(scope: Scope) -> Iterator[Row]:
    """As it was a while ago, of dropped tables too; straight from the catalog, without reading a schema."""
    seen = micros(scope.overlay.now - timedelta(seconds=scope.overlay.lags.table_storage_seconds))
    forgotten = micros(scope.overlay.now - _REMEMBERED)
    for dataset in scope.datasets:
        schema = dataset.ref.dataset
        if not scope.wanted({"table_schema": schema}):
            continue
        for row in scope.overlay.snapshot.query(_STORAGE, (scope.project, schema, seen, forgotten)):
            name, created, rows, size, stored, deleted, why, partitions, kind = row
            if scope.wanted({"table_name": name}):
                yield {
                    "project_id": scope.project,
                    "table_catalog": scope.project,
                    "table_schema": schema,
                    "table_name": name,
                    "creation_time": from_micros(created).isoformat(),
                    "total_rows": rows,
                    "total_partitions": partitions,
                    "total_logical_bytes": size,
                    "active_logical_bytes": size,
                    "long_term_logical_bytes": 0,
                    "storage_last_modified_time": None if deleted else from_micros(stored).isoformat(),
                    "deleted": deleted is not None,
                    "table_type": _TABLE_TYPES.get(kind, kind),
                    "managed_table_type": "NATIVE",
                    "table_deletion_reason": why,
                    "table_deletion_time": from_micros(deleted).isoformat() if deleted else None,
                }


def _old_tables(scope: Scope) -> Iterator[Row]:
    for table in scope.tables():
        yield {
            "project_id": table.ref.project,
            "dataset_id": table.ref.dataset,
            "table_id": table.ref.table,
            "creation_time": int(millis_text(table.created)),
            "last_modified_time": int(millis_text(table.modified)),
            "row_count": table.rows,
            "size_bytes": table.bytes,
            "type": _old_type(table) if "type" in scope.columns else None,
        }


def _old_type(table: Table) -> int:
    if table.definition.kind not in (Kind.TABLE, Kind.VIEW):
        what = f"__TABLES__ of a dataset with {table.ref}, a {table.definition.kind}"
        raise unmodelled(what)
    return 1 if table.definition.kind is Kind.TABLE else 2


_TABLE_NAME: Final = "table_catalog STRING, table_schema STRING, table_name STRING,"

VIEWS: Final[dict[str, View | FieldsView]] = {
    "SCHEMATA": View(
        columns(
            "catalog_name STRING, schema_name STRING, schema_owner STRING, creation_time TIMESTAMP, "
            "last_modified_time TIMESTAMP, location STRING, ddl STRING, default_collation_name STRING, "
            "sync_status JSON"
        ),
        Qualifier.REGION,
        _schemata,
    ),
    "SCHEMATA_OPTIONS": View(
        columns("catalog_name STRING, schema_name STRING, option_name STRING, option_type STRING, option_value STRING"),
        Qualifier.REGION,
        _schemata_options,
    ),
    "VIEWS": View(
        columns(f"{_TABLE_NAME} view_definition STRING, check_option STRING, use_standard_sql STRING"),
        Qualifier.DATASET | Qualifier.REGION,
        _views,
    ),
    "JOBS": View(JOB_COLUMNS, Qualifier.REGION, _jobs),
    "JOBS_BY_PROJECT": View(JOB_COLUMNS, Qualifier.REGION, _jobs),
    "JOBS_BY_USER": View(JOB_COLUMNS, Qualifier.REGION, _jobs),
    "TABLES": View(
        columns(
            f"{_TABLE_NAME} table_type STRING, managed_table_type STRING, is_insertable_into STRING, "
            "is_fine_grained_mutations_enabled STRING, is_typed STRING, is_change_history_enabled STRING, "
            "creation_time TIMESTAMP, base_table_catalog STRING, base_table_schema STRING, base_table_name STRING, "
            "snapshot_time_ms TIMESTAMP, replica_source_catalog STRING, replica_source_schema STRING, "
            "replica_source_name STRING, replication_status STRING, replication_error STRING, ddl STRING, "
            "default_collation_name STRING, sync_status JSON, upsert_stream_apply_watermark TIMESTAMP"
        ),
        Qualifier.DATASET | Qualifier.REGION,
        _tables,
    ),
    "TABLE_SNAPSHOTS": View(
        columns(
            f"{_TABLE_NAME} base_table_catalog STRING, base_table_schema STRING, base_table_name STRING, "
            "snapshot_time TIMESTAMP"
        ),
        Qualifier.DATASET | Qualifier.REGION,
        _table_snapshots,
    ),
    "MATERIALIZED_VIEWS": View(
        (
            *columns(f"{_TABLE_NAME} last_refresh_time TIMESTAMP, refresh_watermark TIMESTAMP"),
            ("last_refresh_status", ERROR),
        ),
        Qualifier.DATASET | Qualifier.REGION,
        _materialized_views,
    ),
    "ROUTINES": View(ROUTINE_COLUMNS, Qualifier.DATASET | Qualifier.REGION, routine_rows),
    "PARAMETERS": View(PARAMETER_COLUMNS, Qualifier.DATASET | Qualifier.REGION, parameter_rows),
    "COLUMNS": FieldsView(
        columns(
            f"{_TABLE_NAME} column_name STRING, ordinal_position INT64, is_nullable STRING, data_type STRING, "
            "is_generated STRING, generation_expression STRING, is_stored STRING, is_hidden STRING, "
            "is_updatable STRING, is_system_defined STRING, is_partitioning_column STRING, "
            "clustering_ordinal_position INT64, collation_name STRING, column_default STRING, rounding_mode STRING, "
            "policy_tags ARRAY"
        ),
        Qualifier.DATASET | Qualifier.REGION,
        column_rows,
    ),
    "COLUMN_FIELD_PATHS": FieldsView(
        columns(
            f"{_TABLE_NAME} column_name STRING, field_path STRING, data_type STRING, description STRING, "
            "collation_name STRING, rounding_mode STRING, policy_tags ARRAY"
        ),
        Qualifier.DATASET | Qualifier.REGION,
        field_path_rows,
    ),
    "PARTITIONS": View(
        columns(
            f"{_TABLE_NAME} partition_id STRING, total_rows INT64, total_logical_bytes INT64, "
            "total_billable_bytes INT64, last_modified_time TIMESTAMP, storage_tier STRING"
        ),
        Qualifier.DATASET,
        _partitions,
    ),
    "TABLE_OPTIONS": View(
        columns(f"{_TABLE_NAME} option_name STRING, option_type STRING, option_value STRING"),
        Qualifier.DATASET | Qualifier.REGION,
        _options,
    ),
    "TABLE_STORAGE": View(
        columns(
            f"project_id STRING, project_number INT64, {_TABLE_NAME} creation_time TIMESTAMP, total_rows INT64, "
            "total_partitions INT64, total_logical_bytes INT64, active_logical_bytes INT64, "
            "long_term_logical_bytes INT64, current_physical_bytes INT64, total_physical_bytes INT64, "
            "active_physical_bytes INT64, long_term_physical_bytes INT64, time_travel_physical_bytes INT64, "
            "storage_last_modified_time TIMESTAMP, deleted BOOL, table_type STRING, managed_table_type STRING, "
            "fail_safe_physical_bytes INT64, last_metadata_index_refresh_time TIMESTAMP, "
            "table_deletion_reason STRING, table_deletion_time TIMESTAMP"
        ),
        Qualifier.REGION,
        _storage,
    ),
}

TABLES_META: Final = View(
    columns(
        "project_id STRING, dataset_id STRING, table_id STRING, creation_time INT64, last_modified_time INT64, "
        "row_count INT64, size_bytes INT64, type INT64"
    ),
    Qualifier.DATASET,
    _old_tables,
)
