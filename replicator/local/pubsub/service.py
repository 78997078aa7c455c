"""The methods of Pub/Sub over HTTP, and ``/control/messages``.

cloud.google.com/pubsub/docs/reference/rest
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from replicator.local.clock import ServerClock
from replicator.local.pubsub.store import Message, Store, Subscription, Topic
from replicator.local.rest import ApiError, Call, Json, endpoint, invalid, page, timestamp, unmodelled

if TYPE_CHECKING:
    from starlette.routing import BaseRoute

# pubsub/docs/pubsub-basics#resource_names and pubsub/quotas#resource_limits
_ID: Final = re.compile(r"(?!goog)[A-Za-z][A-Za-z0-9._~%+-]{2,254}")
_TOPIC: Final = re.compile(r"projects/[^/]+/topics/[^/]+")
_MOST_MESSAGES: Final = 1_000
_MOST_BYTES: Final = 10_000_000
_ACK_SECONDS: Final = 10
_PAGE: Final = 100
_LARGEST_PAGE: Final = 1_000


class PubSubService:
    """Topics whose messages can be read."""

    def __init__(self, file: Path, clock: ServerClock) -> None:
        """Open the state in ``file``, which is made if it is missing."""
        self._store = Store(file)
        self._clock = clock

    def close(self) -> None:
        """Close the file, when nothing is asked any more."""
        self._store.close()

    @property
    def routes(self) -> list[BaseRoute]:
        """Every method, and what was published for whoever looks at the control port."""
        from starlette.routing import Route

        topics, subscriptions = "/v1/projects/{project}/topics", "/v1/projects/{project}/subscriptions"
        methods: list[tuple[str, str, Callable[[Call], Json]]] = [
            ("POST", f"{topics}/{{id}}:publish", self._publish),
            ("PUT", f"{topics}/{{id}}", self._create_topic),
            ("GET", f"{topics}/{{id}}", lambda call: _shown_topic(self._topic(_name(call, "topics")))),
            ("DELETE", f"{topics}/{{id}}", self._delete_topic),
            ("GET", topics, self._list_topics),
            ("POST", f"{subscriptions}/{{id}}:pull", self._pull),
            ("POST", f"{subscriptions}/{{id}}:acknowledge", self._acknowledge),
            ("PUT", f"{subscriptions}/{{id}}", self._create_subscription),
            ("GET", f"{subscriptions}/{{id}}", lambda call: _shown_subscription(self._subscription(call))),
            ("DELETE", f"{subscriptions}/{{id}}", self._delete_subscription),
            ("GET", subscriptions, self._list_subscriptions),
            ("GET", "/control/messages", self._messages),
            ("DELETE", "/control/messages", self._clear),
        ]
        return [Route(path, endpoint(answer), methods=[verb]) for verb, path, answer in methods]

    def _create_topic(self, call: Call) -> Json:
        topic = Topic(_name(call, "topics"), _read(call.body, {"labels": dict}))
        with self._store.together():
            if self._store.topic(topic.name) is not None:
                raise _exists(topic.name)
            self._store.add_topic(topic)
        return _shown_topic(topic)

    def _delete_topic(self, call: Call) -> Json:
        self._store.delete_topic(self._topic(_name(call, "topics")).name)
        return {}

    def _list_topics(self, call: Call) -> Json:
        found = self._store.topics(call.path["project"])
        chosen, token = page(found, call, key=lambda one: one.name, size=_PAGE, largest=_LARGEST_PAGE)
        return _listed("topics", [_shown_topic(one) for one in chosen], token)

    def _publish(self, call: Call) -> Json:
        given = call.body.get("messages")
        if not isinstance(given, list) or not 1 <= len(given) <= _MOST_MESSAGES:
            message = f"Invalid value at 'messages': a list of 1 to {_MOST_MESSAGES} messages"
            raise invalid(message)
        messages = [_read_message(each) for each in given]
        if sum(len(str(each)) for each in messages) > _MOST_BYTES:
            message = f"Request payload size exceeds the limit: {_MOST_BYTES} bytes."
            raise invalid(message)
        with self._store.together():
            topic = self._topic(_name(call, "topics"))
            ids = self._store.publish(topic.name, messages, self._clock.now())
        return {"messageIds": [str(each) for each in ids]}

    def _create_subscription(self, call: Call) -> Json:
        body = _read(call.body, {"topic": str, "labels": dict, "ackDeadlineSeconds": int})
        topic = body.pop("topic", "")
        if not _TOPIC.fullmatch(topic):
            message = f"Invalid resource name given (name={topic}): a topic is projects/PROJECT/topics/TOPIC"
            raise invalid(message)
        seconds = body.get("ackDeadlineSeconds") or _ACK_SECONDS
        if not 10 <= seconds <= 600:
            message = f"Invalid ack deadline given: (ackDeadlineSeconds={seconds}); it is 10 to 600 seconds"
            raise invalid(message)
        subscription = Subscription(_name(call, "subscriptions"), topic, {**body, "ackDeadlineSeconds": seconds})
        with self._store.together():
            self._topic(topic)
            if self._store.subscription(subscription.name) is not None:
                raise _exists(subscription.name)
            self._store.add_subscription(subscription)
        return _shown_subscription(subscription)

    def _delete_subscription(self, call: Call) -> Json:
        self._store.delete_subscription(self._subscription(call).name)
        return {}

    def _list_subscriptions(self, call: Call) -> Json:
        found = self._store.subscriptions(call.path["project"])
        chosen, token = page(found, call, key=lambda one: one.name, size=_PAGE, largest=_LARGEST_PAGE)
        return _listed("subscriptions", [_shown_subscription(one) for one in chosen], token)

    def _pull(self, call: Call) -> Json:
        """What waits; nothing when nothing does, which the service answers after a while."""
        most = call.body.get("maxMessages")
        if isinstance(most, bool) or not isinstance(most, int) or most < 1:
            message = "Invalid value at 'max_messages': a whole number from 1"
            raise invalid(message)
        subscription = self._subscription(call)
        pulled = self._store.pull(
            subscription.name,
            most=min(most, _MOST_MESSAGES),
            now=self._clock.now(),
            seconds=subscription.body["ackDeadlineSeconds"],
        )
        received = [{"ackId": ack, "message": _shown_message(message)} for ack, message in pulled]
        return {"receivedMessages": received} if received else {}

    def _acknowledge(self, call: Call) -> Json:
        acks = call.body.get("ackIds")
        if not isinstance(acks, list) or not acks or not all(isinstance(ack, str) for ack in acks):
            message = "Invalid value at 'ack_ids': a list of texts"
            raise invalid(message)
        self._store.acknowledge(self._subscription(call).name, acks)
        return {}

    def _messages(self, call: Call) -> Json:
        found = self._store.messages(call.one("topic") or None)
        return {"messages": [{"topic": message.topic, **_shown_message(message)} for message in found]}

    def _clear(self, _call: Call) -> Json:
        self._store.clear()
        return {}

    def _topic(self, name: str) -> Topic:
        topic = self._store.topic(name)
        if topic is None:
            code, message = "NOT_FOUND", f"Resource not found (resource={name.rpartition('/')[2]})."
            raise ApiError(code, message)
        return topic

    def _subscription(self, call: Call) -> Subscription:
        name = _name(call, "subscriptions")
        subscription = self._store.subscription(name)
        if subscription is None:
            code, message = "NOT_FOUND", f"Resource not found (resource={name.rpartition('/')[2]})."
            raise ApiError(code, message)
        return subscription


def _name(call: Call, collection: str) -> str:
    name = f"projects/{call.path['project']}/{collection}/{call.path['id']}"
    if not _ID.fullmatch(call.path["id"]):
        message = f"Invalid resource name given (name={name})."
        raise invalid(message)
    return name


def _exists(name: str) -> ApiError:
    return ApiError("ALREADY_EXISTS", f"Resource already exists in the project (resource={name.rpartition('/')[2]}).")


def _read(body: Mapping[str, Any], fields: Mapping[str, type]) -> Json:
    """The fields that are modelled, each of its kind.

    Raises:
        ApiError: Another field has a value, or one is of another kind.
    """
    for name, value in body.items():
        if name == "name" or value is None:
            continue
        if name not in fields:
            what = f"'{name}' of a topic or a subscription"
            raise unmodelled(what)
        if not isinstance(value, fields[name]) or isinstance(value, bool):
            message = f"Invalid value at '{name}': {fields[name].__name__} is expected"
            raise invalid(message)
    return {name: body[name] for name in fields if body.get(name) is not None}


def _read_message(given: object) -> Json:
    if not isinstance(given, dict):
        message = "Invalid value at 'messages': each is an object"
        raise invalid(message)
    body = _read(given, {"data": str, "attributes": dict, "orderingKey": str})
    if not all(isinstance(value, str) for value in body.get("attributes", {}).values()):
        message = "Invalid value at 'messages.attributes': values are texts"
        raise invalid(message)
    try:
        base64.b64decode(body.get("data", ""), validate=True)
    except (binascii.Error, ValueError) as error:
        message = "Invalid value at 'messages[].data' (TYPE_BYTES), Base64 decoding failed"
        raise invalid(message) from error
    if not body.get("data") and not body.get("attributes"):
        message = (
            "One or more messages in the publish request is empty. Each message must contain data or an attribute."
        )
        raise invalid(message)
    return body


def _shown_topic(topic: Topic) -> Json:
    return {"name": topic.name, **topic.body}


def _shown_subscription(subscription: Subscription) -> Json:
    return {"name": subscription.name, "topic": subscription.topic, **subscription.body, "state": "ACTIVE"}


def _shown_message(message: Message) -> Json:
    return {**message.body, "messageId": str(message.id), "publishTime": timestamp(message.at)}


def _listed(field: str, items: list[Json], token: str) -> Json:
    return {field: items, "nextPageToken": token} if token else {field: items}
