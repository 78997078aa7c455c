"""``http.*``: what is sent, and what a document gets."""

from __future__ import annotations

import pytest

from replicator.runtime.connectors import HttpResponse
from replicator.runtime.errors import WorkflowFailed
from replicator.runtime.values import Value
from tests.unit.runtime.running import Web, environment, run

JSON = {"Content-Type": "application/json; charset=utf-8"}
AGENT = {"User-Agent": "GoogleCloudWorkflows; (+https://cloud.google.com/workflows/docs)"}


def call(args: str, *, function: str = "http.request") -> str:
    return f"- a: {{call: {function}, args: {args}, result: r}}\n- b: {{return: '${{r}}'}}"


def test_json_is_encoded_and_decoded() -> None:
    """A map goes out as JSON with its content type, and JSON comes back as a map with code and headers."""
    web = Web(HttpResponse(201, JSON, b'{"id": 7}'))

    result = run(call("{url: 'http://x/y', body: {a: [1]}}", function="http.post"), around=environment(web=web))

    assert result == {"code": 201, "headers": JSON, "body": {"id": 7}}
    request = web.requests[0]
    assert (request.method, request.body, request.headers) == ("POST", b'{"a":[1]}', {**JSON, **AGENT})


def test_the_query_is_put_into_the_address() -> None:
    """Values of a list are repeated; everything is encoded."""
    web = Web(HttpResponse(200, {}, b""))

    run(
        call("{url: 'http://x/y?z=1', query: {q: 'a b', n: [1, true]}}", function="http.get"),
        around=environment(web=web),
    )

    assert web.requests[0].url == "http://x/y?z=1&q=a+b&n=1&n=true"


@pytest.mark.parametrize(
    ("kind", "given", "kind_sent", "sent"),
    [
        (None, "'a b'", "application/json; charset=utf-8", b'"a b"'),
        (None, "'${text.encode(\"é\")}'", "application/octet-stream", b"\xc3\xa9"),
        ("application/vnd.x+json; v=1", "{a: 1}", "application/vnd.x+json; v=1", b'{"a":1}'),
        ("text/csv", "'a,b'", "text/csv", b"a,b"),
        ("application/x-www-form-urlencoded", "a=b", "application/x-www-form-urlencoded", b"a=b"),
        ("image/png", "'${text.encode(\"x\")}'", "image/png", b"x"),
    ],
)
def test_a_body_is_sent_as_its_content_type_says(kind: str | None, given: str, kind_sent: str, sent: bytes) -> None:
    """Without a type bytes are bytes and everything else is JSON; with one the body is encoded as that."""
    web = Web(HttpResponse(200, {}, b""))
    headers = f"headers: {{content-type: '{kind}'}}, " if kind else ""

    run(call(f"{{url: 'http://x', {headers}body: {given}}}", function="http.post"), around=environment(web=web))

    request = web.requests[0]
    assert request.body == sent
    assert {name.lower(): value for name, value in request.headers.items()}["content-type"] == kind_sent


def test_the_service_is_named_behind_ones_own_user_agent() -> None:
    """What the document says of itself comes first."""
    web = Web(HttpResponse(200, {}, b""))

    run(call("{url: 'http://x', headers: {user-agent: mine}}", function="http.get"), around=environment(web=web))

    assert web.requests[0].headers == {"user-agent": f"mine {AGENT['User-Agent']}"}


@pytest.mark.parametrize(
    ("kind", "sent", "got"), [("text/plain", b"hi", "hi"), ("application/json", b"[1]", [1]), ("", b"", None)]
)
def test_the_body_is_what_its_type_says(kind: str, sent: bytes, got: Value) -> None:
    """Text is text, JSON is a value, nothing is null."""
    result = run(
        call("{url: 'http://x', method: get}"),
        around=environment(web=Web(HttpResponse(200, {"content-type": kind}, sent))),
    )

    assert isinstance(result, dict)
    assert result["body"] == got


def test_a_status_that_is_no_success_is_an_http_error() -> None:
    """With the code, the headers and the decoded body."""
    with pytest.raises(WorkflowFailed) as failed:
        run(call("{url: 'http://x', method: GET}"), around=environment(web=Web(HttpResponse(404, JSON, b'{"e": 1}'))))

    assert failed.value.error == {
        "tags": ["HttpError"],
        "message": "HTTP server responded with error code 404",
        "code": 404,
        "headers": JSON,
        "body": {"e": 1},
    }


@pytest.mark.parametrize(
    ("args", "tag"),
    [
        ("{url: 'file:///etc/passwd', method: GET}", "ValueError"),
        ("{url: x, method: GET}", "ValueError"),
        ("{url: 'http://x', method: SPY}", "ValueError"),
        ("{url: 'http://x', method: GET, timeout: 0}", "ValueError"),
        ("{url: 'http://x', method: TRACE}", "ValueError"),
        ("{url: 'http://x', method: GET, timeout: 1801}", "ValueError"),
        ("{url: 'http://x', method: GET, headers: {a: [1]}}", "TypeError"),
        ("{url: 'http://x', method: GET, headers: {a: \"x\\r\\nb: y\"}}", "ValueError"),
        ("{url: 'http://x', method: GET, headers: {\"a\\r\\nb\": y}}", "ValueError"),
        ("{url: 'http://x', method: GET, headers: {a: €}}", "ValueError"),
        ("{url: 'http://x', method: GET, auth: {type: Basic}}", "ValueError"),
        ("{url: 'http://x', method: GET, auth: {type: OIDC, token: x}}", "ValueError"),
        ("{url: 'http://x', method: POST, body: [1], headers: {Content-Type: application/json}}", "TypeError"),
        ("{url: 'http://x', method: POST, body: {a: 1}, headers: {Content-Type: text/plain}}", "TypeError"),
        ("{url: 'http://x', method: POST, body: x, headers: {Content-Type: image/png}}", "ValueError"),
        ("{url: 'http://x', method: GET, private_service_name: x}", "ValueError"),
        ("{url: 'http://x', method: GET, query: {a: {b: 1}}}", "TypeError"),
    ],
)
def test_a_request_that_cannot_be_made_is_not_sent(args: str, tag: str) -> None:
    """Addresses of other kinds, unknown methods and headers that are no text are errors."""
    web = Web(HttpResponse(200, {}, b""))

    with pytest.raises(WorkflowFailed, match=tag):
        run(call(args), around=environment(web=web))
    assert web.requests == []


def test_a_response_beyond_the_limit_ends_the_execution() -> None:
    """2 MB are the most."""
    web = Web(HttpResponse(200, {}, b"x" * (2 * 1024 * 1024 + 1)))

    with pytest.raises(WorkflowFailed, match="ResourceLimitError"):
        run(call("{url: 'http://x', method: GET}"), around=environment(web=web))


def test_an_execution_without_a_network_says_so() -> None:
    """Where no HTTP is given, a request never gets a connection."""
    with pytest.raises(WorkflowFailed, match="ConnectionFailedError"):
        run(call("{url: 'http://x', method: GET}"))
