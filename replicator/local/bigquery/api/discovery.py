"""What the service says of itself: the discovery document by which ``bq`` and Google's API clients build their calls.

https://docs.cloud.google.com/docs/discovery/v1/type-format (the format)
https://docs.cloud.google.com/bigquery/docs/reference/rest (the methods)

It names the methods that are served, so a client says of any other that it does not exist. Resources are plain
objects in it: what may be in one is checked where it is read.
"""

from __future__ import annotations

import re
from typing import Final

from replicator.local.bigquery.api.http import Answer, Call, Json
from replicator.local.bigquery.errors import refuse

PATHS: Final = ("/$discovery/rest", "/discovery/v1/apis/bigquery/v2/rest")
"""Where clients look for it: newer ones in the first place."""

_PROJECT: Final = "projects/{+projectId}"
_DATASET: Final = f"{_PROJECT}/datasets/{{+datasetId}}"
_TABLE: Final = f"{_DATASET}/tables/{{+tableId}}"
_PAGES: Final = "maxResults pageToken"
_METHODS: Final = f"""
projects.list GET projects {_PAGES}
datasets.list GET {_PROJECT}/datasets all filter {_PAGES}
datasets.insert POST {_PROJECT}/datasets accessPolicyVersion
datasets.get GET {_DATASET} accessPolicyVersion datasetView
datasets.patch PATCH {_DATASET} accessPolicyVersion updateMode
datasets.update PUT {_DATASET} accessPolicyVersion updateMode
datasets.delete DELETE {_DATASET} deleteContents
tables.list GET {_DATASET}/tables {_PAGES}
tables.insert POST {_DATASET}/tables
tables.get GET {_TABLE} selectedFields view
tables.patch PATCH {_TABLE} autodetect_schema
tables.update PUT {_TABLE} autodetect_schema
tables.delete DELETE {_TABLE}
routines.list GET {_DATASET}/routines filter {_PAGES}
routines.insert POST {_DATASET}/routines
routines.get GET {_DATASET}/routines/{{+routineId}}
routines.update PUT {_DATASET}/routines/{{+routineId}}
routines.delete DELETE {_DATASET}/routines/{{+routineId}}
tabledata.list GET {_TABLE}/data selectedFields startIndex {_PAGES}
tabledata.insertAll POST {_TABLE}/insertAll
jobs.list GET {_PROJECT}/jobs allUsers maxCreationTime minCreationTime parentJobId projection stateFilter {_PAGES}
jobs.insert POST {_PROJECT}/jobs
jobs.query POST {_PROJECT}/queries
jobs.get GET {_PROJECT}/jobs/{{+jobId}} location
jobs.cancel POST {_PROJECT}/jobs/{{+jobId}}/cancel location
jobs.delete DELETE {_PROJECT}/jobs/{{+jobId}}/delete location
jobs.getQueryResults GET {_PROJECT}/queries/{{+jobId}} location startIndex timeoutMs {_PAGES}
"""
"""Of each method its name, verb, path, and the parameters of its query."""

_KINDS: Final = {
    "all": "boolean", "allUsers": "boolean", "deleteContents": "boolean", "autodetect_schema": "boolean",
    "maxResults": "integer", "timeoutMs": "integer", "accessPolicyVersion": "integer",
}  # fmt: skip
"""Types of parameters; the others are texts."""

_REPEATED: Final = frozenset({"stateFilter"})
_UPLOAD: Final = "upload/bigquery/v2/projects/{+projectId}/jobs"


def discovery(call: Call) -> Answer:
    """The document, with the server's own address in it.

    Raises:
        BigQueryError: 404, another version than v2 is asked for.
    """
    version = call.query.get("version", "v2")
    if version != "v2":
        refuse("notFound", f"There is no discovery document of version {version}", location="version")
    resources: Json = {}
    for line in _METHODS.split("\n"):
        if line:
            name, verb, path, *parameters = line.split()
            resource, _, method = name.partition(".")
            members = resources.setdefault(resource, {"methods": {}})["methods"]
            members[method] = _method(name, verb, path, parameters)
    return Answer(
        {
            "kind": "discovery#restDescription",
            "discoveryVersion": "v1",
            "id": "bigquery:v2",
            "name": "bigquery",
            "version": "v2",
            "title": "BigQuery API",
            "protocol": "rest",
            "rootUrl": f"{call.base}/",
            "servicePath": "bigquery/v2/",
            "basePath": "/bigquery/v2/",
            "baseUrl": f"{call.base}/bigquery/v2/",
            "batchPath": "batch/bigquery/v2",
            "parameters": {
                "alt": {"type": "string", "location": "query", "default": "json"},
                "fields": {"type": "string", "location": "query"},
                "key": {"type": "string", "location": "query"},
                "prettyPrint": {"type": "boolean", "location": "query"},
                "quotaUser": {"type": "string", "location": "query"},
            },
            "schemas": {"Resource": {"id": "Resource", "type": "object", "additionalProperties": {"type": "any"}}},
            "resources": resources,
        }
    )


def _method(name: str, verb: str, path: str, parameters: list[str]) -> Json:
    parts = re.findall(r"\{\+(\w+)\}", path)
    made: Json = {
        "id": f"bigquery.{name}",
        "httpMethod": verb,
        "path": path,
        "parameterOrder": parts,
        "parameters": {
            **{part: {"type": "string", "location": "path", "required": True} for part in parts},
            **{one: _parameter(one) for one in parameters},
        },
    }
    if verb in {"POST", "PUT", "PATCH"} and name != "jobs.cancel":
        made["request"] = {"$ref": "Resource"}
    if verb != "DELETE":
        made["response"] = {"$ref": "Resource"}
    if name == "jobs.insert":
        protocols = {
            "simple": {"multipart": True, "path": f"/{_UPLOAD}"},
            "resumable": {"multipart": True, "path": f"/resumable/{_UPLOAD}"},
        }
        made |= {"supportsMediaUpload": True, "mediaUpload": {"accept": ["*/*"], "protocols": protocols}}
    return made


def _parameter(name: str) -> Json:
    made: Json = {"type": _KINDS.get(name, "string"), "location": "query"}
    return made | {"repeated": True} if name in _REPEATED else made
