"""JOBS: what jobs.list tells, as rows.

https://docs.cloud.google.com/bigquery/docs/information-schema-jobs. The page's columns in its order, but those about
how a query was carried out (stages, timelines, insights, BI Engine, search), which nothing here has: asking for one is
an error, and no NULL that could be taken for an answer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, Final, TypeAlias

from replicator.local.bigquery.storage.instants import from_millis
from replicator.local.bigquery.types import Type, array, struct

JobHistory: TypeAlias = Callable[[str, str], Iterable[Mapping[str, Any]]]
"""The ``Job`` resources of a project's jobs in a location, statements of scripts among them."""

# "Data retention" of the page.
_REMEMBERED: Final = timedelta(days=180)
_STRING, _INT64, _BOOL, _TIMESTAMP = Type("STRING"), Type("INT64"), Type("BOOL"), Type("TIMESTAMP")
_TABLE: Final = struct(("project_id", _STRING), ("dataset_id", _STRING), ("table_id", _STRING))
ERROR: Final = struct(("reason", _STRING), ("location", _STRING), ("debug_info", _STRING), ("message", _STRING))
_DML: Final = struct(("inserted_row_count", _INT64), ("deleted_row_count", _INT64), ("updated_row_count", _INT64))

JOB_COLUMNS: Final[tuple[tuple[str, Type], ...]] = (
    ("cache_hit", _BOOL),
    ("creation_time", _TIMESTAMP),
    ("destination_table", _TABLE),
    ("dml_statistics", _DML),
    ("end_time", _TIMESTAMP),
    ("error_result", ERROR),
    ("job_id", _STRING),
    ("job_type", _STRING),
    ("labels", array(struct(("key", _STRING), ("value", _STRING)))),
    ("parent_job_id", _STRING),
    ("priority", _STRING),
    ("project_id", _STRING),
    ("project_number", _INT64),
    ("query", _STRING),
    ("referenced_tables", array(_TABLE)),
    ("reservation_id", _STRING),
    ("edition", _STRING),
    ("session_info", struct(("session_id", _STRING))),
    ("start_time", _TIMESTAMP),
    ("state", _STRING),
    ("statement_type", _STRING),
    ("total_bytes_billed", _INT64),
    ("total_bytes_processed", _INT64),
    ("total_modified_partitions", _INT64),
    ("total_slot_ms", _INT64),
    ("transaction_id", _STRING),
    ("user_email", _STRING),
    ("principal_subject", _STRING),
    ("transferred_bytes", _INT64),
    ("query_dialect", _STRING),
    ("continuous", _BOOL),
)


def job_rows(jobs: Iterable[Mapping[str, Any]], now: datetime) -> Iterator[Mapping[str, Any]]:
    """A row per job that is not forgotten yet; a column that is left out is NULL."""
    for job in jobs:
        if from_millis(job["statistics"]["creationTime"]) > now - _REMEMBERED:
            yield _row(job)


def _row(job: Mapping[str, Any]) -> Mapping[str, Any]:
    statistics, status, configuration = job["statistics"], job["status"], job["configuration"]
    kind = str(configuration["jobType"])
    asked = configuration.get(kind.lower()) or {}
    query = statistics.get("query") or {}
    changes = query.get("dmlStats")
    error = status.get("errorResult")
    return {
        "cache_hit": query.get("cacheHit"),
        "creation_time": _time(statistics, "creationTime"),
        "destination_table": _table(asked.get("destinationTable")),
        "dml_statistics": changes
        and {
            "inserted_row_count": int(changes.get("insertedRowCount", 0)),
            "deleted_row_count": int(changes.get("deletedRowCount", 0)),
            "updated_row_count": int(changes.get("updatedRowCount", 0)),
        },
        "end_time": _time(statistics, "endTime"),
        "error_result": error and {"debug_info": None, **error},
        "job_id": job["jobReference"]["jobId"],
        "job_type": kind,
        "labels": [{"key": key, "value": value} for key, value in (configuration.get("labels") or {}).items()],
        "parent_job_id": statistics.get("parentJobId"),
        "priority": asked.get("priority", "INTERACTIVE"),
        "project_id": job["jobReference"]["projectId"],
        "query": asked.get("query"),
        "referenced_tables": [_table(each) for each in query.get("referencedTables", ())],
        "start_time": _time(statistics, "startTime"),
        "state": status["state"],
        "statement_type": query.get("statementType"),
        "total_bytes_billed": _count(query.get("totalBytesBilled")),
        "total_bytes_processed": _count(statistics.get("totalBytesProcessed")),
        "user_email": job["user_email"],
        "query_dialect": "GOOGLE_SQL" if kind == "QUERY" else None,
        "continuous": False if kind == "QUERY" else None,
    }


def _time(statistics: Mapping[str, Any], key: str) -> str | None:
    return from_millis(statistics[key]).isoformat() if key in statistics else None


def _count(value: Any) -> int | None:
    return None if value is None else int(value)


def _table(reference: Mapping[str, str] | None) -> Mapping[str, str] | None:
    if not reference:
        return None
    return {
        "project_id": reference["projectId"],
        "dataset_id": reference["datasetId"],
        "table_id": reference["tableId"],
    }
