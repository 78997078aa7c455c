"""BigQuery: docs.cloud.google.com/workflows/docs/reference/googleapis/bigquery/Overview."""

from __future__ import annotations

from typing import Final

from replicator.runtime.apis.method import Wait, methods

_PROJECT: Final = "/bigquery/v2/projects/{projectId}"
_DATASET: Final = f"{_PROJECT}/datasets/{{datasetId}}"
_TABLE: Final = f"{_DATASET}/tables/{{tableId}}"
_POLICIES: Final = f"{_TABLE}/rowAccessPolicies"
_ROUTINE: Final = f"{_DATASET}/routines/{{routineId}}"
_MODEL: Final = f"{_DATASET}/models/{{modelId}}"
_JOB: Final = f"{_PROJECT}/jobs/{{jobId}}"
_RESOURCE: Final = "/bigquery/v2/{+resource}"
_PAGE: Final = "maxResults pageToken"
_ROWS: Final = f"startIndex formatOptions.useInt64Timestamp {_PAGE}"
_JOBS: Final = f"allUsers maxCreationTime minCreationTime parentJobId projection stateFilter {_PAGE}"

BIGQUERY: Final = methods(
    "bigquery.v2",
    (
        ("datasets.delete", "DELETE", _DATASET, "deleteContents"),
        ("datasets.get", "GET", _DATASET, "datasetView accessPolicyVersion"),
        ("datasets.insert", "POST", f"{_PROJECT}/datasets", "body accessPolicyVersion"),
        ("datasets.list", "GET", f"{_PROJECT}/datasets", f"all filter {_PAGE}"),
        ("datasets.patch", "PATCH", _DATASET, "body updateMode accessPolicyVersion"),
        ("datasets.undelete", "POST", f"{_DATASET}:undelete", "body"),
        ("datasets.update", "PUT", _DATASET, "body updateMode accessPolicyVersion"),
        ("jobs.cancel", "POST", f"{_JOB}/cancel", "location"),
        ("jobs.delete", "DELETE", f"{_JOB}/delete", "location"),
        ("jobs.get", "GET", _JOB, "location"),
        ("jobs.getQueryResults", "GET", f"{_PROJECT}/queries/{{jobId}}", f"location timeoutMs {_ROWS}"),
        ("jobs.insert", "POST", f"{_PROJECT}/jobs", "body"),
        ("jobs.list", "GET", f"{_PROJECT}/jobs", _JOBS),
        ("jobs.query", "POST", f"{_PROJECT}/queries", "body"),
        ("models.delete", "DELETE", _MODEL, ""),
        ("models.get", "GET", _MODEL, ""),
        ("models.list", "GET", f"{_DATASET}/models", _PAGE),
        ("models.patch", "PATCH", _MODEL, "body"),
        ("projects.getServiceAccount", "GET", f"{_PROJECT}/serviceAccount", ""),
        ("projects.list", "GET", "/bigquery/v2/projects", _PAGE),
        ("routines.delete", "DELETE", _ROUTINE, ""),
        ("routines.get", "GET", _ROUTINE, "readMask"),
        ("routines.getIamPolicy", "POST", f"{_RESOURCE}:getIamPolicy", "body"),
        ("routines.insert", "POST", f"{_DATASET}/routines", "body"),
        ("routines.list", "GET", f"{_DATASET}/routines", f"filter readMask {_PAGE}"),
        ("routines.setIamPolicy", "POST", f"{_RESOURCE}:setIamPolicy", "body"),
        ("routines.update", "PUT", _ROUTINE, "body"),
        ("rowAccessPolicies.batchDelete", "POST", f"{_POLICIES}:batchDelete", "body"),
        ("rowAccessPolicies.delete", "DELETE", f"{_POLICIES}/{{policyId}}", "force"),
        ("rowAccessPolicies.get", "GET", f"{_POLICIES}/{{policyId}}", ""),
        ("rowAccessPolicies.getIamPolicy", "POST", f"{_RESOURCE}:getIamPolicy", "body"),
        ("rowAccessPolicies.insert", "POST", _POLICIES, "body"),
        ("rowAccessPolicies.list", "GET", _POLICIES, "pageSize pageToken"),
        ("rowAccessPolicies.testIamPermissions", "POST", f"{_RESOURCE}:testIamPermissions", "body"),
        ("rowAccessPolicies.update", "PUT", f"{_POLICIES}/{{policyId}}", "body"),
        ("tabledata.insertAll", "POST", f"{_TABLE}/insertAll", "body"),
        ("tabledata.list", "GET", f"{_TABLE}/data", f"selectedFields {_ROWS}"),
        ("tables.delete", "DELETE", _TABLE, ""),
        ("tables.get", "GET", _TABLE, "selectedFields view"),
        ("tables.getIamPolicy", "POST", f"{_RESOURCE}:getIamPolicy", "body"),
        ("tables.insert", "POST", f"{_DATASET}/tables", "body"),
        ("tables.list", "GET", f"{_DATASET}/tables", _PAGE),
        ("tables.patch", "PATCH", _TABLE, "body autodetect_schema"),
        ("tables.setIamPolicy", "POST", f"{_RESOURCE}:setIamPolicy", "body"),
        ("tables.testIamPermissions", "POST", f"{_RESOURCE}:testIamPermissions", "body"),
        ("tables.update", "PUT", _TABLE, "body autodetect_schema"),
    ),
    {"jobs.insert": Wait.BIGQUERY_JOB},
)
