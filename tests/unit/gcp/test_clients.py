"""How the clients are made; none of them calls anything here."""

from __future__ import annotations

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from replicator.errors import FailedError
from replicator.gcp.clients import Clients
from replicator.gcp.endpoints import Endpoints
from replicator.gcp.transport import ClientTransport
from replicator.runtime.connectors import METHODS
from replicator.runtime.errors import AuthFailed


@pytest.fixture
def nobody(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine on which nobody has logged in, and which is not one of Google's."""
    monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS", raising=False)
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path))
    monkeypatch.setenv("NO_GCE_CHECK", "true")


@pytest.fixture
def somebody(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine with application default credentials of a person."""
    key = {"type": "authorized_user", "client_id": "i", "client_secret": "s", "refresh_token": "t"}
    (tmp_path / "key.json").write_text(json.dumps(key), encoding="utf-8")
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "key.json"))
    monkeypatch.setenv("GOOGLE_CLOUD_QUOTA_PROJECT", "acme-x")


@pytest.mark.usefixtures("nobody")
def test_missing_credentials_are_one_sentence_with_the_remedy() -> None:
    """For a person's command, and for a document, which sees an AuthError."""
    clients = Clients(Endpoints.google())

    with pytest.raises(FailedError, match="run 'gcloud auth application-default login'"):
        clients.bigquery("acme-x")
    with pytest.raises(AuthFailed, match="run 'gcloud auth application-default login'"):
        ClientTransport(clients)(METHODS["googleapis.bigquery.v2.projects.list"], {}, deadline=1)


@pytest.mark.usefixtures("somebody")
def test_googles_clients_speak_to_google() -> None:
    """Their own addresses and transports, with application default credentials."""
    clients = Clients(Endpoints.google())

    assert clients.bigquery("acme-x").project == "acme-x"
    assert clients.transfers().transport.kind == "grpc"
    assert clients.workflows().transport.kind == "grpc"
    assert clients.executions().transport.kind == "grpc"
    assert clients.transfers().api_endpoint.startswith("bigquerydatatransfer.googleapis.com")


@pytest.mark.usefixtures("nobody")
def test_a_local_cloud_needs_no_credentials_and_no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the environment says about the way to Google does not concern it."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:2")
    clients = Clients(Endpoints(http="http://127.0.0.1:1", executions="127.0.0.1:1"))

    assert clients.transfers().transport.kind == "rest"
    assert clients.workflows().transport.kind == "rest"
    assert not clients.session().trust_env


def test_a_client_is_made_once(clients: Clients) -> None:
    """Also when branches of an execution ask at the same moment; one for each project."""
    with ThreadPoolExecutor(8) as branches:
        made = set(branches.map(lambda _number: id(clients.bigquery("acme-x")), range(8)))

    assert made == {id(clients.bigquery("acme-x"))}
    assert clients.bigquery("acme-y").project == "acme-y"


def test_nothing_of_google_is_imported_before_it_is_needed() -> None:
    """What the command line imports to start an execution, or to say where a cloud is, stays light."""
    check = (
        "import sys, replicator.gcp.inprocess, replicator.gcp.query, replicator.gcp.endpoints, replicator.cli.execute; "
        "print(sorted(name for name in sys.modules if name.split('.')[0] in {'google', 'grpc', 'requests'}))"
    )
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"
