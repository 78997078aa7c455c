"""Cloud Storage and Pub/Sub, as their REST pages have them."""

from __future__ import annotations

import pytest

from replicator.gcp.clients import Clients
from replicator.gcp.transport import ClientTransport
from replicator.runtime.connectors import METHODS
from replicator.runtime.errors import ConnectionFailed, HttpError, TimedOut
from replicator.runtime.values import Value
from tests.unit.gcp.conftest import Answer, Web


def _call(clients: Clients, method: str, /, *, deadline: float = 5, **arguments: Value) -> Value:
    return ClientTransport(clients)(METHODS[f"googleapis.{method}"], arguments, deadline=deadline)


def test_a_message_is_published_as_the_document_wrote_it(web: Web, clients: Clients) -> None:
    """The topic's name keeps its slashes, the body its form."""
    web.answer = lambda _request: Answer(body={"messageIds": ["1"]})
    body: Value = {"messages": [{"data": "aGVsbG8=", "attributes": {"a": "é"}}]}

    assert _call(clients, "pubsub.v1.projects.topics.publish", topic="projects/p/topics/t", body=body) == {
        "messageIds": ["1"]
    }
    [request] = web.requests
    assert (request.verb, request.path) == ("POST", "/v1/projects/p/topics/t:publish")
    assert request.json == body
    assert request.headers["content-type"] == "application/json"


def test_a_body_that_is_left_out_is_an_empty_one(web: Web, clients: Clients) -> None:
    """A topic is created by its name alone (pubsub/Overview, the sample)."""
    web.answer = lambda _request: Answer(body={"name": "projects/p/topics/t"})

    _call(clients, "pubsub.v1.projects.topics.create", name="projects/p/topics/t")

    assert (web.requests[0].verb, web.requests[0].json) == ("PUT", {})


def test_a_query_has_what_was_given_each_value_of_a_list_by_itself(web: Web, clients: Clients) -> None:
    """Booleans are JSON's, numbers texts, and what was not given is not there."""
    web.answer = lambda _request: Answer(body={})

    _call(clients, "storage.v1.buckets.testIamPermissions", bucket="b", permissions=["x.get", "x.list"])
    _call(clients, "storage.v1.objects.list", bucket="b", versions=True, maxResults=3, prefix=None)

    assert [request.path for request in web.requests] == [
        "/storage/v1/b/b/iam/testPermissions?permissions=x.get&permissions=x.list",
        "/storage/v1/b/b/o?maxResults=3&versions=true",
    ]


def test_an_objects_name_is_sent_as_the_document_escaped_it(web: Web, clients: Clients) -> None:
    """Documents URL-encode names of objects (storage/Overview): nothing is encoded twice, nothing becomes a query."""
    web.answer = lambda _request: Answer(body={})

    _call(clients, "storage.v1.objects.get", bucket="b", object="a%2Fb c?d")
    _call(clients, "storage.v1.objects.insert", bucket="b", uploadType="media", name="a%2Fb&x", body="é")

    assert web.requests[0].path == "/storage/v1/b/b/o/a%2Fb%20c%3Fd"
    assert web.requests[1].path == "/upload/storage/v1/b/b/o?name=a%2Fb%26x&uploadType=media"


@pytest.mark.parametrize(
    ("body", "sent", "kind"),
    [
        ("é", "é".encode(), "text/plain; charset=utf-8"),
        (b"\x00\xff", b"\x00\xff", "application/octet-stream"),
        ({"a": [1]}, b'{"a":[1]}', "application/json"),
    ],
)
def test_data_is_uploaded_as_it_is(web: Web, clients: Clients, body: Value, sent: bytes, kind: str) -> None:
    """A text as UTF-8, bytes as bytes, a map or a list as JSON."""
    web.answer = lambda _request: Answer(body={"name": "n"})

    _call(clients, "storage.v1.objects.insert", bucket="b", uploadType="media", name="n", body=body)

    assert (web.requests[0].body, web.requests[0].headers["content-type"]) == (sent, kind)


@pytest.mark.parametrize(
    ("kind", "content", "expected"),
    [
        ("text/plain; charset=utf-8", "é".encode(), "é"),
        ("application/json", b'{"a": 1}', {"a": 1}),
        ("application/octet-stream", b"\x00", b"\x00"),
        ("application/json", b"{", b"{"),
        ("text/plain", b"\xff", b"\xff"),
        ("text/plain", b"", None),
    ],
)
def test_data_comes_back_by_its_type(web: Web, clients: Clients, kind: str, content: bytes, expected: Value) -> None:
    """JSON is decoded, text is text, and all else, also what is not what it says, is bytes."""
    web.answer = lambda _request: Answer(body=content, headers={"Content-Type": kind})

    assert _call(clients, "storage.v1.objects.get", bucket="b", object="o", alt="media") == expected
    assert web.requests[0].path.endswith("?alt=media")


def test_a_method_without_a_body_sends_none(web: Web, clients: Clients) -> None:
    """Also one that is a POST."""
    web.answer = lambda _request: Answer(204)

    _call(clients, "storage.v1.buckets.lockRetentionPolicy", bucket="b", ifMetagenerationMatch="1")

    assert (web.requests[0].body, web.requests[0].verb) == (b"", "POST")


def test_an_error_keeps_its_status_body_and_headers(web: Web, clients: Clients) -> None:
    """As the service sent them."""
    body = {"error": {"code": 404, "message": "Not Found", "status": "NOT_FOUND"}}
    web.answer = lambda _request: Answer(404, dict(body), {"X-Why": "gone"})

    with pytest.raises(HttpError) as failure:
        _call(clients, "pubsub.v1.projects.topics.get", topic="projects/p/topics/t")

    assert (failure.value.status, failure.value.body) == (404, body)
    assert failure.value.headers["X-Why"] == "gone"


def test_nobody_there_and_too_slow_are_told_apart(web: Web, clients: Clients) -> None:
    """One may be called again at once, the other has to be looked up."""
    web.answer = lambda _request: Answer(hang=0.5)
    with pytest.raises(TimedOut):
        _call(clients, "pubsub.v1.projects.topics.get", topic="projects/p/topics/t", deadline=0.1)

    web.stop()
    with pytest.raises(ConnectionFailed):
        _call(clients, "pubsub.v1.projects.topics.get", topic="projects/p/topics/t")
