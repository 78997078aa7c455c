"""The scope of the token that a call is made with, as the service that makes tokens is asked for it."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from urllib.parse import parse_qs

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from replicator.gcp.clients import SCOPE, Clients
from replicator.gcp.endpoints import Endpoints
from replicator.gcp.transport import ClientTransport
from replicator.runtime.connectors import METHODS, ScopedTransport
from replicator.runtime.errors import AuthFailed
from replicator.runtime.values import Value
from tests.unit.gcp.conftest import Answer, Request, Web

ONE = "https://www.googleapis.com/auth/pubsub"
TWO = f"https://www.googleapis.com/auth/bigquery.readonly {ONE}"
CALLS: dict[str, dict[str, Value]] = {
    "bigquery.v2.jobs.get": {"projectId": "acme-x", "jobId": "j"},
    "pubsub.v1.projects.topics.get": {"topic": "projects/acme-x/topics/t"},
    "bigquerydatatransfer.v1.projects.locations.transferConfigs.get": {
        "name": "projects/acme-x/locations/eu/transferConfigs/c"
    },
    "workflowexecutions.v1.projects.locations.workflows.executions.get": {
        "name": "projects/acme-x/locations/europe-west1/workflows/w/executions/e"
    },
}


@pytest.fixture
def google(web: Web, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Clients:
    """Google's addresses, for a service account whose tokens are made by ``web``, which refuses to: no call leaves."""
    web.answer = lambda _request: Answer(400, {"error": "invalid_scope"})
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    key = {
        "type": "service_account",
        "client_email": "someone@acme-x.iam.gserviceaccount.com",
        "private_key": private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(),
        "token_uri": f"{web.url}/token",
    }
    (tmp_path / "key.json").write_text(json.dumps(key), encoding="utf-8")
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "key.json"))
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "acme-x")
    return Clients(Endpoints.google())


def asked(request: Request) -> str:
    """The scope that a request for a token names."""
    [assertion] = parse_qs(request.body.decode())["assertion"]
    claims = assertion.split(".")[1]
    return str(json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))["scope"])


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("scope", [ONE, TWO])
def test_a_token_is_asked_for_with_the_scope_of_the_call(web: Web, google: Clients, name: str, scope: str) -> None:
    """Whatever service the call is for, and whichever way it is called without a scope."""
    with pytest.raises(AuthFailed, match="invalid_scope"):
        ClientTransport(google).scoped(scope)(METHODS[f"googleapis.{name}"], CALLS[name], deadline=5)

    assert {asked(request) for request in web.requests} == {scope}


def test_a_call_that_says_none_has_the_scope_of_a_workflow(web: Web, google: Clients) -> None:
    """And a call with a scope leaves the others theirs."""
    transport: ScopedTransport = ClientTransport(google)
    name = "pubsub.v1.projects.topics.get"

    for each in (transport.scoped(ONE), transport):
        with pytest.raises(AuthFailed):
            each(METHODS[f"googleapis.{name}"], CALLS[name], deadline=5)

    assert list(dict.fromkeys(map(asked, web.requests))) == [ONE, SCOPE]
