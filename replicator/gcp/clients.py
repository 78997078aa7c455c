"""One client for each of Google's services, made when it is first needed."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, Final, TypeVar, cast

from replicator.errors import FailedError
from replicator.gcp.endpoints import Endpoints
from replicator.limits import PARALLEL_CONCURRENCY

SCOPE: Final = "https://www.googleapis.com/auth/cloud-platform"

Client = TypeVar("Client")


class Clients:
    """The clients of one process for one cloud; may be used from any thread.

    Nothing is imported, and no credentials are looked for, before a client is asked for.
    """

    def __init__(self, endpoints: Endpoints) -> None:
        self.endpoints = endpoints
        self._made: dict[str, Any] = {}
        self._lock = threading.RLock()

    def credentials(self, scope: str = SCOPE) -> Any:
        """Application default credentials with ``scope``; anonymous ones for a local cloud.

        Args:
            scope: One or more OAuth scopes, separated by blanks.

        Raises:
            FailedError: There are none on this machine.
        """
        return self._once(f"credentials {scope}", lambda: self._credentials(scope))

    def session(self, scope: str = SCOPE) -> Any:
        """A ``requests`` session that authorizes what it sends. It repeats nothing but a 401 with a new token.

        Raises:
            FailedError: There are no credentials on this machine.
        """
        return self._once(f"session {scope}", lambda: self._session(scope))

    def plain_session(self) -> Any:
        """A ``requests`` session that sends no credentials."""
        return self._once("plain session", self._plain_session)

    def bigquery(self, project: str) -> Any:
        """``google.cloud.bigquery.Client`` whose jobs run in ``project`` unless a call names another one.

        Raises:
            FailedError: There are no credentials on this machine.
        """
        return self._once(f"bigquery {project}", lambda: self._bigquery(project))

    def transfers(self) -> Any:
        """``DataTransferServiceClient``.

        Raises:
            FailedError: There are no credentials on this machine.
        """
        return self._once("transfers", self._transfers)

    def workflows(self) -> Any:
        """``WorkflowsClient``.

        Raises:
            FailedError: There are no credentials on this machine.
        """
        return self._once("workflows", self._workflows)

    def executions(self) -> Any:
        """``ExecutionsClient``, which speaks gRPC only.

        Raises:
            FailedError: There are no credentials on this machine.
        """
        return self._once("executions", self._executions)

    def _once(self, key: str, make: Callable[[], Client]) -> Client:
        with self._lock:
            if key not in self._made:
                self._made[key] = make()
            return cast("Client", self._made[key])

    def _credentials(self, scope: str) -> Any:
        from google.auth import default
        from google.auth.credentials import AnonymousCredentials
        from google.auth.exceptions import DefaultCredentialsError

        if self.endpoints.local:
            return AnonymousCredentials()
        try:
            found, _project = default(scopes=scope.split())
        except DefaultCredentialsError as error:
            msg = (
                "no Google credentials on this machine; run 'gcloud auth application-default login', "
                "or name a local cloud with --cloud"
            )
            raise FailedError(msg) from error
        return found

    def _session(self, scope: str) -> Any:
        from google.auth.transport.requests import AuthorizedSession

        return self._pooled(AuthorizedSession(self.credentials(scope)))

    def _plain_session(self) -> Any:
        from requests import Session

        return self._pooled(Session())

    def _pooled(self, session: Any) -> Any:
        from requests.adapters import HTTPAdapter

        # As many connections as an execution has branches; an adapter repeats nothing by itself.
        for scheme in ("http://", "https://"):
            session.mount(scheme, HTTPAdapter(pool_maxsize=PARALLEL_CONCURRENCY.value, max_retries=0))
        # Proxies of the environment are for the way to Google.
        session.trust_env = not self.endpoints.local
        return session

    def _bigquery(self, project: str) -> Any:
        from google.cloud.bigquery import Client as BigQueryClient

        options = {"api_endpoint": self.endpoints.http} if self.endpoints.local else None
        session = self.session()
        return BigQueryClient(project=project, credentials=self.credentials(), client_options=options, _http=session)

    def _transfers(self) -> Any:
        from google.cloud.bigquery_datatransfer_v1 import DataTransferServiceClient
        from google.cloud.bigquery_datatransfer_v1.services.data_transfer_service.transports.rest import (
            DataTransferServiceRestTransport,
        )

        if not self.endpoints.local:
            return DataTransferServiceClient(credentials=self.credentials())
        return DataTransferServiceClient(transport=self._rest(DataTransferServiceRestTransport))

    def _workflows(self) -> Any:
        from google.cloud.workflows_v1 import WorkflowsClient
        from google.cloud.workflows_v1.services.workflows.transports.rest import WorkflowsRestTransport

        if not self.endpoints.local:
            return WorkflowsClient(credentials=self.credentials())
        return WorkflowsClient(transport=self._rest(WorkflowsRestTransport))

    def _rest(self, transport: Any) -> Any:
        scheme, _, host = str(self.endpoints.http).partition("://")
        made = transport(host=host, url_scheme=scheme, credentials=self.credentials())
        made._session.trust_env = False  # noqa: SLF001  the transport makes its session itself, without an option for proxies
        return made

    def _executions(self) -> Any:
        from google.cloud.workflows.executions_v1 import ExecutionsClient
        from google.cloud.workflows.executions_v1.services.executions.transports.grpc import ExecutionsGrpcTransport

        if not self.endpoints.local:
            return ExecutionsClient(credentials=self.credentials())
        import grpc

        channel = grpc.insecure_channel(str(self.endpoints.executions), options=[("grpc.enable_http_proxy", 0)])
        return ExecutionsClient(transport=ExecutionsGrpcTransport(channel=channel))
