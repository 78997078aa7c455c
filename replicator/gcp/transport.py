"""The runtime's port to Google's APIs: one call, through the client of its service, nothing repeated."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Self

from replicator.errors import FailedError
from replicator.gcp import rest
from replicator.gcp.clients import SCOPE, Clients
from replicator.runtime.connectors import Method
from replicator.runtime.errors import AuthFailed, ConnectionBroken
from replicator.runtime.values import Value, from_json, to_json

_BIGQUERY_BASE: Final = "/bigquery/v2"


class ClientTransport:
    """Calls any method of the table; may be used from any thread."""

    def __init__(self, clients: Clients, scope: str = SCOPE) -> None:
        """Call by ``clients``, with tokens of ``scope``: one or more OAuth scopes, separated by blanks."""
        self._clients = clients
        self._scope = scope

    def scoped(self, scope: str) -> Self:
        """The same with tokens of another scope; a local cloud, which asks nobody for one, does not see it."""
        return type(self)(self._clients, scope)

    def __call__(self, method: Method, arguments: Mapping[str, Value], *, deadline: float) -> Value:
        """Make the call and return the decoded body.

        Args:
            method: What to call.
            arguments: By the names of the table of methods; ``body`` is the JSON body.
            deadline: Seconds from now after which to give up.

        Raises:
            HttpError: The service answered with a status that is not 2xx.
            ConnectionFailed: The call never reached the service.
            ConnectionBroken: It may have; ask before calling again.
            TimedOut: ``deadline`` seconds have passed.
            AuthFailed: There are no credentials for it.
        """
        from replicator.gcp.failures import FAMILIES, call_failed

        try:
            if self._scope != SCOPE and not self._clients.endpoints.local:
                # The clients have tokens of one scope; what they would send is the same request.
                return rest.call(self._clients, method, arguments, deadline, self._scope)
            match method.service:
                case "bigquery":
                    return self._bigquery(method, arguments, deadline)
                case "bigquerydatatransfer" | "workflowexecutions":
                    from replicator.gcp import messages

                    return messages.call(self._clients, method, arguments, deadline)
                case _:
                    return rest.call(self._clients, method, arguments, deadline)
        except FAMILIES as error:
            raise call_failed(error) from error
        except FailedError as error:
            raise AuthFailed(str(error)) from error

    def _bigquery(self, method: Method, arguments: Mapping[str, Value], deadline: float) -> Value:
        """JSON in and out over the client's connection: the document's own bodies, not the client's idea of them."""
        client = self._clients.bigquery(str(arguments.get("projectId") or ""))
        body = to_json(arguments.get("body") or {}) if method.body else None
        content: bytes = client._connection.api_request(  # noqa: SLF001  the only way to send what a document wrote
            method.verb,
            rest.path_of(method, arguments).removeprefix(_BIGQUERY_BASE),
            query_params=rest.query_of(method, arguments),
            data=body,
            content_type="application/json" if body is not None else None,
            expect_json=False,
            timeout=deadline,
        )
        if not content:
            return None
        try:
            return from_json(content)
        except ValueError as error:
            msg = f"{method.name} was answered with something that is not JSON: {error}"
            raise ConnectionBroken(msg) from error
