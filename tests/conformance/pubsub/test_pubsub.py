"""Topics, messages and subscriptions over REST."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from google.auth.credentials import AnonymousCredentials
from google.auth.transport.requests import AuthorizedSession

from replicator.local.server import Running, serve
from tests.conformance.server.serving import EXECUTOR

TOPIC = "v1/projects/acme-analytics/topics/replicator-events"
SUBSCRIPTION = "v1/projects/acme-analytics/subscriptions/reader"
DATA = base64.b64encode(b'{"event": "stage"}').decode()


class PubSub:
    def __init__(self, running: Running) -> None:
        self.running = running
        self._session: Any = AuthorizedSession(AnonymousCredentials())

    def ask(self, method: str, path: str, body: object = None) -> tuple[int, Any]:
        answer = self._session.request(method, f"{self.running.endpoints.http}/{path}", json=body)
        return answer.status_code, answer.json()

    def done(self, method: str, path: str, body: object = None) -> Any:
        status, told = self.ask(method, path, body)
        assert status == 200, told
        return told

    def subscribe(self) -> None:
        self.done("PUT", TOPIC, {})
        self.done("PUT", SUBSCRIPTION, {"topic": TOPIC.removeprefix("v1/"), "ackDeadlineSeconds": 60})

    def publish(self, *messages: dict[str, object]) -> list[str]:
        told: list[str] = self.done("POST", f"{TOPIC}:publish", {"messages": list(messages)})["messageIds"]
        return told

    def pull(self) -> list[dict[str, Any]]:
        told: list[dict[str, Any]] = self.done("POST", f"{SUBSCRIPTION}:pull", {"maxMessages": 10}).get(
            "receivedMessages", []
        )
        return told


@pytest.fixture
def pubsub(tmp_path: Path) -> Iterator[PubSub]:
    with serve(tmp_path / "cloud", executor=EXECUTOR) as running:
        yield PubSub(running)


def test_a_topic_is_made_read_listed_and_deleted(pubsub: PubSub) -> None:
    """A second one of its name is ALREADY_EXISTS, one that is gone NOT_FOUND."""
    name = TOPIC.removeprefix("v1/")
    assert pubsub.done("PUT", TOPIC, {"labels": {"a": "b"}}) == {"name": name, "labels": {"a": "b"}}
    assert pubsub.done("GET", TOPIC)["name"] == name
    assert pubsub.done("GET", "v1/projects/acme-analytics/topics")["topics"] == [{"name": name, "labels": {"a": "b"}}]
    assert pubsub.ask("PUT", TOPIC, {})[1]["error"]["status"] == "ALREADY_EXISTS"
    assert pubsub.done("DELETE", TOPIC) == {}
    assert pubsub.ask("GET", TOPIC)[1]["error"]["status"] == "NOT_FOUND"
    assert pubsub.ask("POST", f"{TOPIC}:publish", {"messages": [{"data": DATA}]})[0] == 404


def test_published_messages_can_be_read_at_the_control_port(pubsub: PubSub) -> None:
    """Without any subscription, oldest first, by topic, with the local time; until they are forgotten."""
    pubsub.done("PUT", TOPIC, {})
    pubsub.done("PUT", f"{TOPIC}-2", {})
    pubsub.running.clock.move(86_400)
    ids = pubsub.publish({"data": DATA, "attributes": {"run": "1"}}, {"attributes": {"run": "2"}})
    pubsub.done("POST", f"{TOPIC}-2:publish", {"messages": [{"data": DATA}]})

    told = pubsub.done("GET", f"control/messages?topic={TOPIC.removeprefix('v1/')}")["messages"]

    assert [message["messageId"] for message in told] == ids
    assert told[0]["data"] == DATA
    assert [message["attributes"] for message in told] == [{"run": "1"}, {"run": "2"}]
    assert len(pubsub.done("GET", "control/messages")["messages"]) == 3
    assert pubsub.done("DELETE", "control/messages") == {}
    assert pubsub.done("GET", "control/messages") == {"messages": []}


def test_a_subscription_gets_what_is_published_after_it_was_made(pubsub: PubSub) -> None:
    """Each message until it is acknowledged, again once its deadline has passed on the local clock."""
    pubsub.done("PUT", TOPIC, {})
    pubsub.publish({"data": DATA, "attributes": {"n": "before"}})
    pubsub.done("PUT", SUBSCRIPTION, {"topic": TOPIC.removeprefix("v1/"), "ackDeadlineSeconds": 60})
    pubsub.publish({"data": DATA, "attributes": {"n": "1"}}, {"data": DATA, "attributes": {"n": "2"}})

    first = pubsub.pull()
    assert [one["message"]["attributes"]["n"] for one in first] == ["1", "2"]
    assert pubsub.pull() == []
    pubsub.done("POST", f"{SUBSCRIPTION}:acknowledge", {"ackIds": [first[0]["ackId"]]})
    pubsub.running.clock.move(61)

    again = pubsub.pull()
    assert [one["message"]["attributes"]["n"] for one in again] == ["2"]
    pubsub.done("POST", f"{SUBSCRIPTION}:acknowledge", {"ackIds": [again[0]["ackId"]]})
    pubsub.running.clock.move(200)
    assert pubsub.pull() == []


def test_a_subscription_outlives_its_topic_and_is_deleted(pubsub: PubSub) -> None:
    """It delivers what it has, and says that its topic has gone."""
    pubsub.subscribe()
    pubsub.publish({"data": DATA})
    pubsub.done("DELETE", TOPIC)

    assert pubsub.done("GET", SUBSCRIPTION)["topic"] == "_deleted-topic_"
    assert len(pubsub.pull()) == 1
    assert pubsub.done("DELETE", SUBSCRIPTION) == {}
    assert pubsub.ask("POST", f"{SUBSCRIPTION}:pull", {"maxMessages": 1})[0] == 404


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("PUT", "v1/projects/p/topics/x", {}, 400),
        ("PUT", "v1/projects/p/topics/google-topic", {}, 400),
        ("PUT", TOPIC, {"kmsKeyName": "k"}, 501),
        ("POST", f"{TOPIC}:publish", {}, 400),
        ("POST", f"{TOPIC}:publish", {"messages": [{}]}, 400),
        ("POST", f"{TOPIC}:publish", {"messages": [{"data": "not base64!"}]}, 400),
        ("POST", f"{TOPIC}:publish", {"messages": [{"attributes": {"a": 1}}]}, 400),
        ("POST", f"{TOPIC}:publish", {"messages": "text"}, 400),
        ("PUT", SUBSCRIPTION, {"topic": "projects/p/topics/none"}, 404),
        ("PUT", SUBSCRIPTION, {"topic": "none"}, 400),
        ("PUT", SUBSCRIPTION, {"topic": "projects/p/topics/none", "pushConfig": {"pushEndpoint": "x"}}, 501),
        ("POST", f"{SUBSCRIPTION}:pull", {"maxMessages": 0}, 400),
        ("POST", f"{SUBSCRIPTION}:acknowledge", {"ackIds": [1]}, 400),
    ],
)
def test_what_is_wrong_or_not_modelled_is_refused(
    pubsub: PubSub, method: str, path: str, body: object, status: int
) -> None:
    """In the shape of Google's errors."""
    answered, told = pubsub.ask(method, path, body)

    assert answered == status
    assert told["error"]["code"] == status
