"""The services that are defined by protocol buffers, called with JSON as their REST API takes and gives it.

https://protobuf.dev/programming-guides/json: fields that hold their default are left out, enums are names, 64-bit
integers are texts. That is what a document sees in Cloud Workflows.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from google.protobuf import json_format

from replicator.gcp import rest
from replicator.gcp.clients import Clients
from replicator.runtime.connectors import Method
from replicator.runtime.errors import HttpError
from replicator.runtime.values import Value

_TRANSFER: Final = "googleapis.bigquerydatatransfer.v1."
_EXECUTIONS: Final = "googleapis.workflowexecutions.v1.projects.locations.workflows.executions."


@dataclass(frozen=True, slots=True)
class Rpc:
    """How one REST method is called by the client.

    Attributes:
        function: Of the client.
        request: Name of its request message.
        body: Field of the request that is the body; ``*`` where the body's fields are the request's own.
    """

    function: str
    request: str
    body: str = "*"

    @property
    def pages(self) -> bool:
        """Whether the client would turn pages by itself; a document turns them itself."""
        return self.function.startswith("list_")


# https://github.com/googleapis/googleapis/blob/master/google/cloud/bigquery/datatransfer/v1/datatransfer.proto
_TRANSFER_RPCS: Final[Mapping[str, Rpc]] = {
    "dataSources.checkValidCreds": Rpc("check_valid_creds", "CheckValidCredsRequest"),
    "dataSources.get": Rpc("get_data_source", "GetDataSourceRequest"),
    "dataSources.list": Rpc("list_data_sources", "ListDataSourcesRequest"),
    "enrollDataSources": Rpc("enroll_data_sources", "EnrollDataSourcesRequest"),
    "transferConfigs.create": Rpc("create_transfer_config", "CreateTransferConfigRequest", "transferConfig"),
    "transferConfigs.delete": Rpc("delete_transfer_config", "DeleteTransferConfigRequest"),
    "transferConfigs.get": Rpc("get_transfer_config", "GetTransferConfigRequest"),
    "transferConfigs.list": Rpc("list_transfer_configs", "ListTransferConfigsRequest"),
    "transferConfigs.patch": Rpc("update_transfer_config", "UpdateTransferConfigRequest", "transferConfig"),
    "transferConfigs.runs.delete": Rpc("delete_transfer_run", "DeleteTransferRunRequest"),
    "transferConfigs.runs.get": Rpc("get_transfer_run", "GetTransferRunRequest"),
    "transferConfigs.runs.list": Rpc("list_transfer_runs", "ListTransferRunsRequest"),
    "transferConfigs.runs.transferLogs.list": Rpc("list_transfer_logs", "ListTransferLogsRequest"),
    "transferConfigs.scheduleRuns": Rpc("schedule_transfer_runs", "ScheduleTransferRunsRequest"),
    "transferConfigs.startManualRuns": Rpc("start_manual_transfer_runs", "StartManualTransferRunsRequest"),
    "unenrollDataSources": Rpc("unenroll_data_sources", "UnenrollDataSourcesRequest"),
}
# https://github.com/googleapis/googleapis/blob/master/google/cloud/workflows/executions/v1/executions.proto
_EXECUTION_RPCS: Final[Mapping[str, Rpc]] = {
    "cancel": Rpc("cancel_execution", "CancelExecutionRequest"),
    "create": Rpc("create_execution", "CreateExecutionRequest", "execution"),
    "get": Rpc("get_execution", "GetExecutionRequest"),
    "list": Rpc("list_executions", "ListExecutionsRequest"),
}


def call(clients: Clients, method: Method, arguments: Mapping[str, Value], deadline: float) -> Value:
    """Call a method of the transfer service or of Executions, once.

    Args:
        clients: Where the client comes from.
        method: What to call.
        arguments: By the names of the table of methods.
        deadline: Seconds from now after which to give up.

    Raises:
        HttpError: The arguments fit no request of the method, which the service would answer with 400 too.
    """
    rpc = rpc_of(method)
    if rpc is None:
        # Locations have no method in the client.
        return rest.call(clients, method, arguments, deadline)
    module, client = _service(clients, method)
    request = request_of(module, rpc, json_of(method, rpc, arguments))
    answer = getattr(client, rpc.function)(request=request, retry=None, timeout=deadline)
    if answer is None:
        return {}
    page = next(iter(answer.pages)) if rpc.pages else answer
    return to_json(page)


def rpc_of(method: Method) -> Rpc | None:
    """How the client calls a method, or None where it does not have it."""
    if method.name.startswith(_TRANSFER):
        # A resource without a location is one in the location US; the client takes both.
        name = method.name.removeprefix(_TRANSFER).removeprefix("projects.").removeprefix("locations.")
        return _TRANSFER_RPCS.get(name)
    return _EXECUTION_RPCS.get(method.name.removeprefix(_EXECUTIONS))


def _service(clients: Clients, method: Method) -> tuple[Any, Any]:
    """The module of the service's messages, and its client."""
    if method.name.startswith(_TRANSFER):
        from google.cloud.bigquery_datatransfer_v1 import types as transfer_types

        return transfer_types, clients.transfers()
    from google.cloud.workflows.executions_v1 import types as execution_types

    return execution_types, clients.executions()


def json_of(method: Method, rpc: Rpc, arguments: Mapping[str, Value]) -> dict[str, Value]:
    """The request message in JSON: the parts of the path, the query, and the body in its place."""
    known: dict[str, Value] = {name: value for name, value in arguments.items() if name != "body" and value is not None}
    body = arguments.get("body") if method.body else None
    content = dict(body) if isinstance(body, dict) else {}
    if rpc.body == "*":
        return content | known
    if method.verb == "PATCH":
        # A resource that is changed carries its own name: /v1/{transfer_config.name=…}.
        content["name"] = known.pop("name")
        known["updateMask"] = _camel(str(known["updateMask"]))
    return known | {rpc.body: content}


def _camel(mask: str) -> str:
    """A field mask as JSON has it; over HTTP the service takes ``schedule_options`` and ``scheduleOptions`` alike."""
    return re.sub(r"_([a-z0-9])", lambda match: match[1].upper(), mask)


def request_of(module: Any, rpc: Rpc, content: Mapping[str, Value]) -> Any:
    """The request message.

    Raises:
        HttpError: 400: the content has fields or values that the message does not have.
    """
    kind = getattr(module, rpc.request)
    try:
        return kind.wrap(json_format.ParseDict(dict(content), kind.pb()()))
    except json_format.ParseError as error:
        message = f"Invalid JSON payload received. {error}"
        raise HttpError(400, message, body=error_body(400, message, "INVALID_ARGUMENT")) from error


def to_json(message: Any) -> dict[str, Value]:
    """A message as the REST API writes it."""
    found: dict[str, Value] = json_format.MessageToDict(type(message).pb(message))
    return found


def error_body(code: int, message: str, status: str) -> dict[str, Value]:
    """The body of an error answer of the REST API (https://cloud.google.com/apis/design/errors)."""
    return {"error": {"code": code, "message": message, "status": status}}
