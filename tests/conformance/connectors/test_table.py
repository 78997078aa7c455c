"""The table of methods against Google's own description of the same APIs, as the gcloud command carries it."""

from __future__ import annotations

import ast
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from replicator.runtime.connectors import METHODS, Method

APIS = {
    "bigquery": "v2",
    "bigquerydatatransfer": "v1",
    "workflowexecutions": "v1",
    "storage": "v1",
    "pubsub": "v1",
}
NOT_OF_THE_REFERENCE = (
    # The page of the connector lists five methods of executions (workflowexecutions/Overview).
    "workflowexecutions.v1.projects.locations.workflows.executions.callbacks.",
    "workflowexecutions.v1.projects.locations.workflows.executions.stepEntries.",
    "workflowexecutions.v1.projects.locations.workflows.executions.deleteExecutionHistory",
    "workflowexecutions.v1.projects.locations.workflows.executions.exportData",
    "workflowexecutions.v1.projects.locations.workflows.triggerPubsubExecution",
    # Newer than the connector's page.
    "storage.v1.anywhereCaches.",
    "storage.v1.folders.",
    "storage.v1.managedFolders.",
    "storage.v1.buckets.operations.",
    "storage.v1.buckets.getStorageLayout",
    "storage.v1.buckets.relocate",
    "storage.v1.buckets.restore",
    "storage.v1.objects.bulkRestore",
    "storage.v1.objects.move",
    "storage.v1.objects.restore",
    "pubsub.v1.projects.testMessageTransforms",
    "pubsub.v1.projects.validateMessageTransform",
)
OF_THE_CONNECTOR = {"alt", "uploadType"}
"""Arguments of the connector that are parameters of every method, or of every upload, to the API."""

HELPER = "googleapis.workflowexecutions.v1.projects.locations.workflows.executions.run"


@dataclass(frozen=True)
class Described:
    """A method as Google describes it."""

    name: str
    verb: str
    path: str
    path_arguments: frozenset[str]
    query: frozenset[str]
    body: bool


def described() -> dict[str, Described]:
    """Every method of the five APIs, from gcloud's generated clients; none where gcloud is not installed."""
    gcloud = shutil.which("gcloud")
    if gcloud is None:
        return {}
    clients = Path(gcloud).resolve().parent.parent / "lib/googlecloudsdk/generated_clients/apis"
    found = [
        method
        for api, version in APIS.items()
        for file in (clients / api / version).glob("*_client.py")
        for method in _methods(file, version)
    ]
    return {method.name: method for method in found}


def _methods(file: Path, version: str) -> Iterator[Described]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        if node.func.attr == "ApiMethodInfo":
            yield _described({word.arg: _literal(word.value) for word in node.keywords if word.arg}, version)


def _literal(node: ast.expr) -> Any:
    try:
        return ast.literal_eval(node)
    except ValueError:
        return None


def _described(said: dict[str, Any], version: str) -> Described:
    api, _, name = said["method_id"].partition(".")
    return Described(
        name=f"{api}.{version}.{name}",
        verb=said["http_method"],
        path=said["relative_path"].replace("{+", "{"),
        path_arguments=frozenset(said["path_params"]),
        query=frozenset(_dotted(word) for word in said["query_params"]),
        body=bool(said["request_field"]),
    )


def _dotted(word: str) -> str:
    """A nested parameter as the API writes it."""
    group, _, rest = word.partition("_")
    return f"{group}.{rest}" if group in {"options", "formatOptions"} else word


GOOGLES = described()
pytestmark = pytest.mark.skipif(not GOOGLES, reason="gcloud is not installed here, and with it Google's descriptions")


def test_every_method_that_google_describes_is_in_the_table() -> None:
    """But for those that the connectors' pages do not list."""
    expected = {name for name in GOOGLES if not name.startswith(NOT_OF_THE_REFERENCE)}

    assert {name.removeprefix("googleapis.") for name in METHODS} == expected | {HELPER.removeprefix("googleapis.")}


@pytest.mark.parametrize(
    "method", [method for name, method in METHODS.items() if name != HELPER], ids=lambda method: method.name
)
def test_a_row_is_what_google_describes(method: Method) -> None:
    """Verb, path, its parts, the query and whether there is a body."""
    theirs = GOOGLES[method.name.removeprefix("googleapis.")]

    assert method.verb == theirs.verb
    assert method.path.replace("{+", "{").replace("{=", "{").endswith(f"/{theirs.path}")
    assert frozenset(method.path_arguments) == theirs.path_arguments
    assert method.query - OF_THE_CONNECTOR <= theirs.query
    assert method.body is theirs.body
