"""What ``http.*`` steps send."""

from __future__ import annotations

import pytest

from replicator.gcp.clients import Clients
from replicator.gcp.endpoints import Endpoints
from replicator.gcp.http import ClientHttp
from replicator.runtime.connectors import HttpRequest, HttpResponse
from replicator.runtime.errors import AuthFailed, ConnectionBroken, ConnectionFailed, TimedOut
from replicator.runtime.values import Value
from tests.unit.gcp.conftest import Answer, Web

GOOGLE = Clients(Endpoints.google())


def _send(
    clients: Clients,
    url: str,
    *,
    method: str = "GET",
    body: bytes | None = None,
    auth: dict[str, Value] | None = None,
    deadline: float = 5,
) -> HttpResponse:
    return ClientHttp(clients)(HttpRequest(method, url, {"X-Mine": "1"}, body, auth), deadline=deadline)


def test_any_status_is_an_answer(web: Web) -> None:
    """The runtime decides what a status means; headers and body come as they were sent."""
    web.answer = lambda _request: Answer(418, b"\xff\x00", {"X-Theirs": "2"})

    answer = _send(GOOGLE, f"{web.url}/tea?x=1", method="POST", body=b"water")

    assert (answer.status, answer.body, answer.headers["X-Theirs"]) == (418, b"\xff\x00", "2")
    [request] = web.requests
    assert (request.verb, request.path, request.body, request.headers["x-mine"]) == ("POST", "/tea?x=1", b"water", "1")
    assert "authorization" not in request.headers


def test_failures_of_the_connection_are_told_apart(web: Web) -> None:
    """Refused, broken and slow are three different things to whoever may call again."""
    with pytest.raises(ConnectionFailed):
        _send(GOOGLE, "http://127.0.0.1:1/")
    web.answer = lambda _request: Answer(drop=True)
    with pytest.raises(ConnectionBroken):
        _send(GOOGLE, web.url)
    web.answer = lambda _request: Answer(hang=0.5)
    with pytest.raises(TimedOut):
        _send(GOOGLE, web.url, deadline=0.1)


def test_a_body_that_is_too_long_is_read_only_until_it_is(web: Web) -> None:
    """Workflows takes 2 MB; the runtime says so when it sees more, and no memory goes for the rest."""
    web.answer = lambda _request: Answer(200, b"x" * 8_000_000)

    assert 2 * 1024 * 1024 < len(_send(GOOGLE, web.url).body) < 3_000_000


@pytest.mark.parametrize(
    ("url", "auth"),
    [
        ("https://example.com/", "OAuth2"),
        ("https://example.com/", "OIDC"),
        ("http://bigquery.googleapis.com/", "OAuth2"),
        ("https://googleapis.com.example.com/", "OAuth2"),
        ("https://evilgoogleapis.com/", "OAuth2"),
        ("https://x.run.app/", "OAuth2"),
    ],
)
def test_a_token_goes_to_google_by_https_only(url: str, auth: str) -> None:
    """A person's own credentials are not shown to another host, nor to whoever listens on the way."""
    with pytest.raises(AuthFailed, match="not to http"):
        _send(GOOGLE, url, auth={"type": auth})


def test_an_unknown_kind_of_token_is_refused() -> None:
    """Workflows knows two kinds."""
    with pytest.raises(AuthFailed, match="'OAuth2' or 'OIDC'"):
        _send(GOOGLE, "https://bigquery.googleapis.com/", auth={"type": "Basic"})


def test_with_a_local_cloud_googles_apis_are_the_local_server(web: Web, clients: Clients) -> None:
    """The same document runs here and there; no credentials are looked for."""
    web.answer = lambda _request: Answer(200, "{}")

    answer = _send(clients, "https://bigquery.googleapis.com/bigquery/v2/projects/p?x=1", auth={"type": "OAuth2"})

    assert answer.status == 200
    [request] = web.requests
    assert request.path == "/bigquery/v2/projects/p?x=1"
    assert "authorization" not in request.headers


def test_with_a_local_cloud_no_request_leaves_it(web: Web, clients: Clients) -> None:
    """Neither to an address outside, nor after a redirect to one."""
    with pytest.raises(ConnectionFailed, match=r"example\.com is not part of the local cloud"):
        _send(clients, "https://example.com/")

    web.answer = lambda _request: Answer(302, "", {"Location": "http://127.0.0.1:1/away"})
    assert _send(clients, f"{web.url}/").status == 302


@pytest.mark.parametrize("allowed", ["127.0.0.1", "127.0.0.1:{port}", "LOCALHOST", "localhost:{port}"])
def test_a_host_that_the_operator_allows_is_reached(web: Web, allowed: str) -> None:
    """By its name in whatever case, with any port or with the one that is named."""
    web.answer = lambda _request: Answer(200, "there")
    clients = Clients(Endpoints(http="http://127.0.0.1:1", executions="127.0.0.1:1"))
    host = allowed.partition(":")[0].lower()
    request = HttpRequest("GET", f"http://{host}:{web.port}/x", {}, None, {"type": "OAuth2"})

    answer = ClientHttp(clients, allowed=[allowed.format(port=web.port)])(request, deadline=5)

    assert answer.body == b"there"
    assert "authorization" not in web.requests[0].headers


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:2/",
        "https://good.example:8443/",
        "http://good.example.evil.example/",
        "http://evil.example/good.example",
        "http://good.example@evil.example/",
        "http://good.example:notaport/",
    ],
)
def test_what_only_looks_allowed_is_refused(clients: Clients, url: str) -> None:
    """Another port, another host, a name as part of another: the message says how the operator allows it."""
    http = ClientHttp(clients, allowed=["127.0.0.1:3", "good.example:443"])

    with pytest.raises(
        ConnectionFailed, match=r"is not part of the local cloud, .*'replicator local serve --allow-http "
    ):
        http(HttpRequest("GET", url, {}, None, None), deadline=5)
