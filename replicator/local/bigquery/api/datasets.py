"""Datasets.

https://docs.cloud.google.com/bigquery/docs/reference/rest/v2/datasets
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from typing import Any

from replicator.local.bigquery.api.encryption import read_key
from replicator.local.bigquery.api.http import Answer, Call, Json, page_start, page_token
from replicator.local.bigquery.errors import refuse
from replicator.local.bigquery.members import required
from replicator.local.bigquery.storage.resources import (
    dataset_definition,
    dataset_definition_resource,
    dataset_list_resource,
    dataset_resource,
)
from replicator.local.bigquery.storage.store import Contents, OnExisting, Store
from replicator.names import DATASET, PROJECT, DatasetRef

_FIRST_NUMBER = 10**11

DEFAULT_LOCATION = "US"
"""Where a dataset is made when its request does not say (datasets.insert)."""


def project_of(call: Call) -> str:
    """The project in the path.

    Raises:
        BigQueryError: 400, it is no project's name.
    """
    project = call.path["project"]
    if not PROJECT.fullmatch(project):
        refuse("invalid", f"Invalid project ID '{project}'", location="projectId")
    return project


def dataset_of(call: Call) -> DatasetRef:
    """The dataset in the path.

    Raises:
        BigQueryError: 400, a part is no such name.
    """
    dataset = call.path["dataset"]
    if not DATASET.fullmatch(dataset):
        msg = f'Invalid dataset ID "{dataset}". Dataset IDs must be alphanumeric (plus underscores)'
        refuse("invalid", f"{msg} and must be at most 1024 characters long.", location="datasetId")
    return DatasetRef(project_of(call), dataset)


def _project_resource(project: str) -> Json:
    return {
        "kind": "bigquery#project",
        "id": project,
        "numericId": str(_FIRST_NUMBER + zlib.crc32(project.encode())),
        "projectReference": {"projectId": project},
        "friendlyName": project,
    }


def merged(resource: Mapping[str, Any], patch: Mapping[str, Any]) -> Json:
    """A resource with a patch laid over it: null removes, objects are merged, all else is replaced."""
    result = dict(resource)
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        elif isinstance(value, Mapping) and isinstance(result.get(name), Mapping):
            result[name] = merged(result[name], value)
        else:
            result[name] = value
    return result


class Datasets:
    """datasets.* over a store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def projects(self, call: Call) -> Answer:
        """projects.list: those that are there. A project's number is made of its id, since nobody else gives it one."""
        start, size = page_start(call), call.integer("maxResults", 50) or 50
        found = self._store.projects()
        listed = [_project_resource(project) for project in found[start : start + size]]
        body: Json = {"kind": "bigquery#projectList", "projects": listed, "totalItems": len(found)}
        if start + size < len(found):
            body["nextPageToken"] = page_token(start + size)
        return Answer(body)

    def insert(self, call: Call) -> Answer:
        """datasets.insert.

        It makes the project as well if that is not there: projects are made elsewhere in Google's cloud, and a local
        cloud that is new has none. Everything else that names a project which is not there is refused: jobs in it,
        queries that name it, CREATE SCHEMA.
        """
        resource = call.json()
        reference = required(resource, "datasetReference", dict)
        name = str(required(reference, "datasetId", str, where="datasetReference"))
        ref = dataset_of(Call({**call.path, "dataset": name}, call.query, call.headers, b"", call.base, {}))
        with self._store.statement() as transaction:
            read_key(resource, "defaultEncryptionConfiguration")
            definition = dataset_definition(resource, location=DEFAULT_LOCATION)
            transaction.create_dataset(ref, definition, OnExisting.REFUSE)
            transaction.commit()
        return self._resource(ref)

    def get(self, call: Call) -> Answer:
        """datasets.get."""
        return self._resource(dataset_of(call))

    def list(self, call: Call) -> Answer:
        """datasets.list, with ``filter`` on labels, ``maxResults`` and ``pageToken``."""
        project = project_of(call)
        with self._store.statement() as transaction:
            if not transaction.has_project(project):
                refuse("notFound", f"Not found: Project {project}")
            found = transaction.datasets(project)
        if call.query.get("filter"):
            found = [each for each in found if _has_labels(each.definition.labels, call.query["filter"])]
        start, size = page_start(call), call.integer("maxResults", 1000) or 1000
        body: Json = {
            "kind": "bigquery#datasetList",
            "datasets": [dataset_list_resource(d) for d in found[start : start + size]],
        }
        if start + size < len(found):
            body["nextPageToken"] = page_token(start + size)
        return Answer(body)

    def patch(self, call: Call) -> Answer:
        """datasets.patch."""
        ref = dataset_of(call)
        with self._store.statement() as transaction:
            dataset = transaction.dataset(ref)
            call.only_if(dataset.etag)
            resource = merged(dataset_definition_resource(dataset.definition), call.json())
            definition = dataset_definition(resource, location=dataset.definition.location)
            transaction.update_dataset(ref, definition, etag=dataset.etag)
            transaction.commit()
        return self._resource(ref)

    def update(self, call: Call) -> Answer:
        """datasets.update."""
        ref = dataset_of(call)
        with self._store.statement() as transaction:
            dataset = transaction.dataset(ref)
            call.only_if(dataset.etag)
            definition = dataset_definition(call.json(), location=dataset.definition.location)
            transaction.update_dataset(ref, definition, etag=dataset.etag)
            transaction.commit()
        return self._resource(ref)

    def delete(self, call: Call) -> Answer:
        """datasets.delete."""
        ref = dataset_of(call)
        with self._store.statement() as transaction:
            call.only_if(transaction.dataset(ref).etag)
            contents = Contents.DROP if call.boolean("deleteContents") else Contents.REFUSE
            transaction.drop_dataset(ref, contents)
            transaction.commit()
        return Answer(None, 204)

    def _resource(self, ref: DatasetRef) -> Answer:
        with self._store.statement() as transaction:
            return Answer(dataset_resource(transaction.dataset(ref)))


def _has_labels(labels: Mapping[str, str], text: str) -> bool:
    # datasets.list: "labels.<name>[:<value>]", several of them separated by spaces are all to hold.
    for condition in text.split():
        prefix, _, rest = condition.partition(".")
        if prefix != "labels" or not rest:
            refuse("invalid", f"Invalid filter '{text}'; write labels.<name>[:<value>]", location="filter")
        name, colon, value = rest.partition(":")
        if name not in labels or (colon and labels[name] != value):
            return False
    return True
