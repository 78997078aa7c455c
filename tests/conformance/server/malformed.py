"""Requests that no client would send, by chance: nonsense, and bodies that are almost valid."""

from __future__ import annotations

import json
import random
from typing import Any

from tests.conformance.server.clients import PARENT

BIGQUERY = "/bigquery/v2/projects/acme-analytics"
PATHS = (
    f"{BIGQUERY}/datasets",
    f"{BIGQUERY}/datasets/landing",
    f"{BIGQUERY}/datasets/landing/tables",
    f"{BIGQUERY}/datasets/landing/tables/t",
    f"{BIGQUERY}/datasets/landing/tables/t/data",
    f"{BIGQUERY}/datasets/landing/tables/t/insertAll",
    f"{BIGQUERY}/datasets/landing/routines",
    f"{BIGQUERY}/datasets/landing/routines/r",
    "/bigquery/v2/projects",
    "/discovery/v1/apis/bigquery/v2/rest",
    f"{BIGQUERY}/jobs",
    f"{BIGQUERY}/jobs/j",
    f"{BIGQUERY}/jobs/j/cancel",
    f"{BIGQUERY}/queries",
    f"{BIGQUERY}/queries/j",
    "/upload/bigquery/v2/projects/acme-analytics/jobs?uploadType=multipart",
    "/upload/bigquery/v2/projects/acme-analytics/jobs?uploadType=resumable",
    f"/v1/{PARENT}/transferConfigs",
    "/v1/projects/acme-analytics/locations/eu/transferConfigs/c",
    "/v1/projects/acme-analytics/locations/eu/transferConfigs/c:startManualRuns",
    "/v1/projects/acme-analytics/locations/eu/transferConfigs/c/runs/r/transferLogs",
    f"/v1/{PARENT}/workflows?workflowId=w",
    f"/v1/{PARENT}/workflows/w",
    f"/v1/{PARENT}/workflows/w/executions",
    f"/v1/{PARENT}/workflows/w/executions/e:cancel",
    f"/v1/{PARENT}/operations",
    f"/v1/{PARENT}/jobs",
    f"/v1/{PARENT}/jobs/night",
    f"/v1/{PARENT}/jobs/night:run",
    "/v1/projects/acme-analytics/topics/events",
    "/v1/projects/acme-analytics/topics/events:publish",
    "/v1/projects/acme-analytics/subscriptions/reader",
    "/v1/projects/acme-analytics/subscriptions/reader:pull",
    "/storage/v1/b?project=acme-analytics",
    "/storage/v1/b/acme-files",
    "/storage/v1/b/acme-files/o",
    "/storage/v1/b/acme-files/o/a%2Fb",
    "/storage/v1/b/acme-files/o/a%2Fb?alt=media",
    "/upload/storage/v1/b/acme-files/o?uploadType=media&name=a%2Fb",
    "/upload/storage/v1/b/acme-files/o?uploadType=multipart",
    "/upload/storage/v1/b/acme-files/o?uploadType=resumable",
    "/control/faults",
    "/control/holds",
    "/control/transfer",
    "/control/unsettled",
    "/control/clock",
    "/control/projects",
    "/nowhere",
)
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD", "BREW")
NAMES = (
    "datasetReference", "tableReference", "datasetId", "tableId", "projectId", "location", "jobReference", "jobId",
    "configuration", "query", "copy", "load", "sourceTables", "destinationTable", "schema", "fields", "rows", "json",
    "name", "type", "mode", "labels", "timePartitioning", "clustering", "view", "queryParameters", "parameterType",
    "parameterValue", "maxResults", "timeoutMs", "params", "dataSourceId", "destinationDatasetId", "scheduleOptions",
    "requestedRunTime", "requestedTimeRange", "startTime", "endTime", "sourceContents", "argument", "callLogLevel",
    "schedule", "timeZone", "httpTarget", "uri", "body", "headers", "retryConfig", "messages", "data", "attributes",
    "topic", "ackIds", "maxMessages", "kind", "match", "times", "when", "seconds", "outcome", "tables", "offset",
    "future_run_times", "project", "expirationTime", "etag", "dryRun", "useLegacySql", "defaultDataset", "nullMarker",
)  # fmt: skip
VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 1.5, 10**30, -(2**63), 2**64, "", "x", "t", "landing", "acme-analytics", "EU",
    "SELECT 1", "SELECT", "\u0000", "\ud800", "\U0001f600", "a" * 5_000, "../../etc/passwd", "2026-11-01T00:00:00Z",
    "9999-12-31T23:59:59Z", "RECORD", "REPEATED", "'; DROP TABLE t; --", "every", "500", "before", [], {}, [[]], [None],
)  # fmt: skip
RAW = (
    b"", b"{", b"[]", b"null", b"1", b'"text"', b"\xff\xfe", b'{"a": "\xff"}', b"[" * 100_000, b'{"a":' * 5_000, b"NaN",
    b'{"timeoutMs": NaN}', b'{"timeoutMs": 1e999}', b'{"a": ' + b"9" * 5_000 + b"}", b"\x1f\x8b",
    b"--x\r\n\r\n{}\r\n--x--",
    b'{"query": "\\ud800"}', b'{"labels": {"\\udfff": "\\ud800"}}',
)  # fmt: skip
TYPES = (
    "application/json", "text/plain", "multipart/related", 'multipart/related; boundary="x"',
    "multipart/related; boundary=", "\xff",
)  # fmt: skip


def value(chance: random.Random, depth: int) -> Any:
    if depth and chance.random() < 0.5:
        if chance.random() < 0.3:
            return [value(chance, depth - 1) for _ in range(chance.randrange(3))]
        return {chance.choice(NAMES): value(chance, depth - 1) for _ in range(chance.randrange(5))}
    return chance.choice(VALUES)


def body(chance: random.Random) -> bytes:
    if chance.random() < 0.3:
        return chance.choice(RAW)
    members = {chance.choice(NAMES): value(chance, 4) for _ in range(chance.randrange(6))}
    return json.dumps(members).encode()


PROJECT = "acme-analytics"
QUERY = {"query": "SELECT 1 AS a", "useLegacySql": False, "location": "EU", "labels": {"a": "b"}}
VALID: tuple[tuple[str, str, Any], ...] = (
    ("POST", f"{BIGQUERY}/datasets", {"datasetReference": {"projectId": PROJECT, "datasetId": "d"}, "location": "EU",
        "labels": {"a": "b"}, "description": "x", "defaultTableExpirationMs": "3600000"}),
    ("PATCH", f"{BIGQUERY}/datasets/landing", {"description": "x", "labels": {"a": "b"}, "friendlyName": "y"}),
    ("POST", f"{BIGQUERY}/datasets/landing/tables", {"tableReference": {"projectId": PROJECT, "datasetId": "landing",
        "tableId": "t"}, "schema": {"fields": [{"name": "a", "type": "RECORD", "mode": "REPEATED", "description": "x",
        "fields": [{"name": "b", "type": "STRING"}]}, {"name": "d", "type": "DATE"}]}, "clustering": {"fields": ["d"]},
        "timePartitioning": {"type": "DAY", "field": "d", "expirationMs": "86400000"},
        "expirationTime": "9000000000000"}),
    ("PATCH", f"{BIGQUERY}/datasets/landing/tables/t", {"description": "x", "labels": {"a": "b"}}),
    ("POST", f"{BIGQUERY}/datasets/landing/tables/t/insertAll", {"rows": [{"insertId": "1", "json": {"a": [{"b": "x"}],
        "d": "2026-11-01"}}], "skipInvalidRows": True}),
    ("POST", f"{BIGQUERY}/queries", {**QUERY, "timeoutMs": 100, "maxResults": 5, "requestId": "r",
        "parameterMode": "NAMED",
        "queryParameters": [{"name": "p", "parameterType": {"type": "INT64"}, "parameterValue": {"value": "1"}}]}),
    ("POST", f"{BIGQUERY}/jobs", {"jobReference": {"projectId": PROJECT, "jobId": "j", "location": "EU"},
        "configuration": {"labels": {"a": "b"}, "jobTimeoutMs": "1000", "query": {"query": "SELECT 1 AS a",
        "useLegacySql": False, "maximumBytesBilled": "100000000", "defaultDataset": {"datasetId": "landing"},
        "destinationTable": {"projectId": PROJECT, "datasetId": "landing", "tableId": "made"}}}}),
    ("POST", f"{BIGQUERY}/jobs", {"configuration": {"copy": {"sourceTables": [{"projectId": PROJECT,
        "datasetId": "landing", "tableId": "t"}], "destinationTable": {"projectId": PROJECT, "datasetId": "landing",
        "tableId": "copied"}, "writeDisposition": "WRITE_TRUNCATE", "createDisposition": "CREATE_IF_NEEDED"}}}),
    ("POST", f"{BIGQUERY}/datasets/landing/routines", {"routineReference": {"projectId": PROJECT,
        "datasetId": "landing", "routineId": "r"}, "routineType": "SCALAR_FUNCTION",
        "language": "SQL", "definitionBody": "a + 1",
        "arguments": [{"name": "a", "dataType": {"typeKind": "INT64"}}], "returnType": {"typeKind": "INT64"}}),
    ("POST", f"{BIGQUERY}/jobs", {"configuration": {"extract": {"sourceTable": {"projectId": PROJECT,
        "datasetId": "landing", "tableId": "t"}, "destinationUris": ["gs://acme-files/t-*.csv"],
        "destinationFormat": "CSV", "printHeader": True, "fieldDelimiter": ",", "compression": "GZIP"}}}),
    ("POST", f"{BIGQUERY}/jobs", {"configuration": {"load": {"destinationTable": {"projectId": PROJECT,
        "datasetId": "landing", "tableId": "loaded"}, "sourceUris": ["gs://acme-files/t-*.csv"], "sourceFormat": "CSV",
        "schema": {"fields": [{"name": "a", "type": "STRING"}]}, "skipLeadingRows": 1, "maxBadRecords": 1,
        "nullMarker": "x", "quote": "'", "encoding": "UTF-8", "allowJaggedRows": True}}}),
    ("POST", "/v1/projects/acme-analytics/locations/eu/transferConfigs", {"destinationDatasetId": "landing",
        "displayName": "x", "dataSourceId": "cross_region_copy", "params": {"source_project_id": PROJECT,
        "source_dataset_id": "first", "overwrite_destination_table": True},
        "scheduleOptions": {"disableAutoScheduling": True}}),
    ("POST", f"/v1/{PARENT}/workflows?workflowId=w", {"sourceContents": "- done:\n    return: 1\n",
        "labels": {"a": "b"}, "description": "x", "callLogLevel": "LOG_ALL_CALLS", "userEnvVars": {"A": "b"}}),
    ("POST", f"/v1/{PARENT}/workflows/w/executions", {"argument": "{}", "labels": {"a": "b"}}),
    ("POST", f"/v1/{PARENT}/jobs", {"schedule": "15 5 * * *", "timeZone": "Europe/Paris", "description": "x",
        "httpTarget": {"uri": "https://workflows.googleapis.com/v1/x", "httpMethod": "POST", "headers": {"A": "b"},
        "body": "e30=", "oauthToken": {"serviceAccountEmail": "a@b", "scope": "s"}}, "attemptDeadline": "30s",
        "retryConfig": {"retryCount": 1, "minBackoffDuration": "5s", "maxDoublings": 2}}),
    ("PUT", "/v1/projects/acme-analytics/topics/events", {"labels": {"a": "b"}}),
    ("POST", "/v1/projects/acme-analytics/topics/events:publish", {"messages": [{"data": "e30=", "orderingKey": "k",
        "attributes": {"a": "b"}}]}),
    ("PUT", "/v1/projects/acme-analytics/subscriptions/reader", {"topic": "projects/acme-analytics/topics/events",
        "ackDeadlineSeconds": 10, "labels": {"a": "b"}}),
    ("POST", "/v1/projects/acme-analytics/subscriptions/reader:pull", {"maxMessages": 1}),
    ("POST", "/storage/v1/b?project=acme-analytics", {"name": "acme-files", "location": "EU", "labels": {"a": "b"}}),
    ("POST", "/upload/storage/v1/b/acme-files/o?uploadType=resumable", {"name": "a/b", "contentType": "text/csv"}),
    ("POST", "/control/faults", {"kind": "delay", "seconds": 0, "times": 1, "match": {"path": "x", "job": "y"}}),
    ("POST", "/control/holds", {"when": "before", "nth": 1_000, "times": 1, "match": {"path": "x"}}),
    ("POST", "/control/transfer", {"outcome": "fails", "tables": "x", "times": 1, "message": "m"}),
    ("POST", "/control/unsettled", {"future_run_times": "wait", "manual_runs_apart_seconds": 1}),
    ("POST", "/control/projects", {"project": "acme-other"}),
)  # fmt: skip


def mutated(chance: random.Random, given: Any) -> Any:
    """A valid body in which one thing is another."""
    if isinstance(given, dict) and given and chance.random() < 0.85:
        name = chance.choice(list(given))
        if chance.random() < 0.1:
            return {key: kept for key, kept in given.items() if key != name}
        if chance.random() < 0.1:
            return {**given, chance.choice([*NAMES, "\ud800", ""]): chance.choice(VALUES)}
        return {**given, name: mutated(chance, given[name])}
    if isinstance(given, list) and given and chance.random() < 0.7:
        return [mutated(chance, given[0]), *given[1:]]
    return value(chance, 2)


def made(chance: random.Random, service: str) -> tuple[str, str, bytes]:
    """A method, a path and a body: half of them almost valid."""
    if chance.random() < 0.5:
        return chance.choice(METHODS), path(chance, service), body(chance)
    method, target, valid = chance.choice([one for one in VALID if of(service, one[1])])
    return method, target, json.dumps(mutated(chance, valid)).encode()


def of(service: str, target: str) -> bool:
    return ("bigquery" in target) == (service == "bigquery")


def path(chance: random.Random, service: str) -> str:
    found = chance.choice([one for one in PATHS if of(service, one)])
    match chance.randrange(8):
        case 0:
            parts = found.split("/")
            parts[chance.randrange(1, len(parts))] = chance.choice(
                ["", "%FF", "%00", "..", "a" * 3_000, "%F0%9F%98%80", "$", "t$2026"]
            )
            return "/".join(parts)
        case 1:
            name = chance.choice(
                [
                    "maxResults",
                    "pageToken",
                    "pageSize",
                    "startIndex",
                    "alt",
                    "updateMask",
                    "selectedFields",
                    "location",
                    "states",
                ]
            )
            joint = "&" if "?" in found else "?"
            return f"{found}{joint}{name}={chance.choice(['-1', '%FF', '9' * 400, 'x', '', '%00', 'EU'])}"
    return found
