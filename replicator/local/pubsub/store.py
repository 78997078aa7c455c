"""Topics, subscriptions and messages in ``pubsub.sqlite``."""

from __future__ import annotations

import json
import sqlite3
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from replicator.local import database
from replicator.local.rest import Json

DELETED_TOPIC: Final = "_deleted-topic_"
"""The topic of a subscription whose topic has gone (pubsub.proto: Subscription.topic)."""

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS topics (name TEXT PRIMARY KEY, project TEXT NOT NULL, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS subscriptions (
  name TEXT PRIMARY KEY, project TEXT NOT NULL, topic TEXT NOT NULL, body TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS subscriptions_of_topic ON subscriptions (topic);
CREATE TABLE IF NOT EXISTS messages (
  id INTEGER PRIMARY KEY AUTOINCREMENT, topic TEXT NOT NULL, at REAL NOT NULL, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS pending (
  subscription TEXT NOT NULL, message INTEGER NOT NULL, ack TEXT, until REAL NOT NULL,
  PRIMARY KEY (subscription, message));
"""


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic; ``body`` is the resource without its name."""

    name: str
    body: Json


@dataclass(frozen=True, slots=True)
class Subscription:
    """One subscription; ``body`` is the resource without its name and its topic."""

    name: str
    topic: str
    body: Json


@dataclass(frozen=True, slots=True)
class Message:
    """One published message.

    Attributes:
        id: Given when it was published; ids grow.
        topic: The topic's name.
        at: When it was published, seconds since 1970.
        body: ``data`` in Base64, ``attributes``, ``orderingKey``, as far as there are any.
    """

    id: int
    topic: str
    at: float
    body: Json


class Store(database.Store):
    """The state of the service; what a method wrote survives the process."""

    SCHEMA = _SCHEMA

    def add_topic(self, topic: Topic) -> None:
        """Keep a new topic."""
        body = json.dumps(topic.body)
        self._database.write("INSERT INTO topics VALUES (?, ?, ?)", topic.name, _project(topic.name), body)

    def topic(self, name: str) -> Topic | None:
        """The topic of that name, or None."""
        found = self._database.row("SELECT * FROM topics WHERE name = ?", name)
        return None if found is None else Topic(found["name"], json.loads(found["body"]))

    def topics(self, project: str) -> Sequence[Topic]:
        """A project's topics, by name."""
        found = self._database.rows("SELECT * FROM topics WHERE project = ? ORDER BY name", project)
        return [Topic(row["name"], json.loads(row["body"])) for row in found]

    def delete_topic(self, name: str) -> None:
        """Forget a topic; its subscriptions keep what they have not delivered."""
        with self.together():
            self._database.write("DELETE FROM topics WHERE name = ?", name)
            self._database.write("UPDATE subscriptions SET topic = ? WHERE topic = ?", DELETED_TOPIC, name)

    def add_subscription(self, subscription: Subscription) -> None:
        """Keep a new subscription: it gets what is published from now on."""
        self._database.write(
            "INSERT INTO subscriptions VALUES (?, ?, ?, ?)",
            subscription.name,
            _project(subscription.name),
            subscription.topic,
            json.dumps(subscription.body),
        )

    def subscription(self, name: str) -> Subscription | None:
        """The subscription of that name, or None."""
        found = self._database.row("SELECT * FROM subscriptions WHERE name = ?", name)
        return None if found is None else _subscription(found)

    def subscriptions(self, project: str) -> Sequence[Subscription]:
        """A project's subscriptions, by name."""
        found = self._database.rows("SELECT * FROM subscriptions WHERE project = ? ORDER BY name", project)
        return [_subscription(row) for row in found]

    def delete_subscription(self, name: str) -> None:
        """Forget a subscription and what it has not delivered."""
        with self.together():
            self._database.write("DELETE FROM pending WHERE subscription = ?", name)
            self._database.write("DELETE FROM subscriptions WHERE name = ?", name)

    def publish(self, topic: str, bodies: Sequence[Json], at: float) -> list[int]:
        """Keep messages, for every subscription of the topic; their ids."""
        ids = []
        with self.together():
            for body in bodies:
                self._database.write(
                    "INSERT INTO messages (topic, at, body) VALUES (?, ?, ?)", topic, at, json.dumps(body)
                )
                row = self._database.row("SELECT last_insert_rowid()")
                ids.append(0 if row is None else int(row[0]))
                self._database.write(
                    "INSERT INTO pending SELECT name, ?, NULL, 0 FROM subscriptions WHERE topic = ?", ids[-1], topic
                )
        return ids

    def pull(self, subscription: str, *, most: int, now: float, seconds: float) -> list[tuple[str, Message]]:
        """Messages that wait, oldest first, each with the id by which it is acknowledged within ``seconds``."""
        with self.together():
            found = self._database.rows(
                "SELECT m.* FROM pending AS p JOIN messages AS m ON m.id = p.message "
                "WHERE p.subscription = ? AND p.until <= ? ORDER BY m.id LIMIT ?",
                subscription,
                now,
                most,
            )
            pulled = [(uuid.uuid4().hex, _message(row)) for row in found]
            for ack, message in pulled:
                self._database.write(
                    "UPDATE pending SET ack = ?, until = ? WHERE subscription = ? AND message = ?",
                    ack,
                    now + seconds,
                    subscription,
                    message.id,
                )
        return pulled

    def acknowledge(self, subscription: str, acks: Sequence[str]) -> None:
        """Deliver messages no more; an id that is no longer known is passed over."""
        with self.together():
            for ack in acks:
                self._database.write("DELETE FROM pending WHERE subscription = ? AND ack = ?", subscription, ack)

    def messages(self, topic: str | None) -> list[Message]:
        """What was published, to one topic or to all, oldest first."""
        rows = self._database.rows("SELECT * FROM messages WHERE ? IS NULL OR topic = ? ORDER BY id", topic, topic)
        return [_message(row) for row in rows]

    def clear(self) -> None:
        """Forget every message."""
        with self.together():
            self._database.write("DELETE FROM pending")
            self._database.write("DELETE FROM messages")


def _project(name: str) -> str:
    return name.split("/")[1]


def _subscription(row: sqlite3.Row) -> Subscription:
    return Subscription(row["name"], row["topic"], json.loads(row["body"]))


def _message(row: sqlite3.Row) -> Message:
    return Message(row["id"], row["topic"], row["at"], json.loads(row["body"]))
