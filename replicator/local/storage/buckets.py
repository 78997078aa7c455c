"""Buckets and objects: what is known of them in ``storage.sqlite``, what they hold in files below ``buckets``.

A file is called by its object's generation, a number that no other object ever had, so that nobody's choice of a name
is ever part of a path. It is written whole before the object is told of.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

import google_crc32c

from replicator.local import database
from replicator.local.storage.errors import refuse
from replicator.local.storage.names import check_bucket, check_object

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS buckets (
  name TEXT PRIMARY KEY, project TEXT NOT NULL, location TEXT NOT NULL, labels TEXT NOT NULL, created REAL NOT NULL,
  updated REAL NOT NULL, metageneration INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS objects (
  bucket TEXT NOT NULL, name TEXT NOT NULL, generation INTEGER NOT NULL, metageneration INTEGER NOT NULL,
  size INTEGER NOT NULL, md5 TEXT NOT NULL, crc32c TEXT NOT NULL, stated TEXT NOT NULL, created REAL NOT NULL,
  updated REAL NOT NULL, PRIMARY KEY (bucket, name)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS numbers (name TEXT PRIMARY KEY, value INTEGER NOT NULL);
"""


@dataclass(frozen=True, slots=True)
class Bucket:
    """One bucket.

    Attributes:
        name: Unique among all projects.
        project: Whose it is.
        location: Where it lies, as BigQuery writes it.
        labels: Keys and values.
        created: Seconds since 1970.
        updated: The same, of its last change.
        metageneration: How often it was changed, from 1.
    """

    name: str
    project: str
    location: str
    labels: Mapping[str, str]
    created: float
    updated: float
    metageneration: int = 1


@dataclass(frozen=True, slots=True)
class Blob:
    """One object, without what it holds.

    Attributes:
        bucket: The bucket's name.
        name: Its own.
        generation: Of what it holds; a number that grows.
        metageneration: How often what is stated of it was changed, from 1.
        size: Bytes.
        md5: In base64.
        crc32c: In base64, big-endian.
        stated: ``contentType``, ``metadata`` and whatever else its writer said, in the API's names.
        created: Seconds since 1970.
        updated: The same, of its last change.
    """

    bucket: str
    name: str
    generation: int
    metageneration: int
    size: int
    md5: str
    crc32c: str
    stated: Mapping[str, object]
    created: float
    updated: float


@dataclass(frozen=True, slots=True)
class Conditions:
    """What has to hold of an object before it is touched; what is None does not matter.

    Attributes:
        generation: It is this one; 0: there is none.
        not_generation: It is another one; 0: there is one.
        metageneration: The same of its metageneration.
        not_metageneration: The same.
    """

    generation: int | None = None
    not_generation: int | None = None
    metageneration: int | None = None
    not_metageneration: int | None = None

    def hold(self, found: Blob | None) -> bool:
        """Whether they hold of what is there."""
        generation = 0 if found is None else found.generation
        metageneration = 0 if found is None else found.metageneration
        return (
            self.generation in (None, generation)
            and (self.not_generation is None or self.not_generation != generation)
            and self.metageneration in (None, metageneration)
            and (self.not_metageneration is None or self.not_metageneration != metageneration)
        )


ALWAYS: Final = Conditions()


@dataclass(frozen=True, slots=True)
class Content:
    """What an object is to hold, and what is stated of it."""

    data: bytes
    stated: Mapping[str, object] = field(default_factory=dict)

    @property
    def md5(self) -> str:
        """In base64."""
        return base64.b64encode(hashlib.md5(self.data, usedforsecurity=False).digest()).decode()

    @property
    def crc32c(self) -> str:
        """In base64, big-endian."""
        return base64.b64encode(google_crc32c.value(self.data).to_bytes(4, "big")).decode()


class Buckets(database.Store):
    """Every bucket of a local cloud; safe to use from threads."""

    SCHEMA = _SCHEMA

    def __init__(self, directory: Path, now: Callable[[], float]) -> None:
        """Open the buckets of a folder.

        Args:
            directory: Of the local cloud; it exists.
            now: The clock: seconds since 1970.
        """
        super().__init__(directory / "storage.sqlite")
        self._root = directory / "buckets"
        self._root.mkdir(exist_ok=True)
        self._now = now
        self._remove_orphans()

    # Buckets -----------------------------------------------------------------------------------------------------
    def create(self, name: str, *, project: str, location: str, labels: Mapping[str, str]) -> Bucket:
        """Make a bucket.

        Raises:
            StorageError: ``conflict``: there is one of that name, or ``invalid``: it is no such name.
        """
        check_bucket(name)
        now = self._now()
        with self.together():
            if self.find(name) is not None:
                refuse(
                    "conflict",
                    "Your previous request to create the named bucket succeeded and you already own it.",
                )
            self._database.write(
                "INSERT INTO buckets VALUES (?, ?, ?, ?, ?, ?, 1)",
                name, project, location, json.dumps(dict(labels)), now, now,
            )  # fmt: skip
        return self.bucket(name)

    def find(self, name: str) -> Bucket | None:
        """The bucket of that name, or None."""
        row = self._database.row("SELECT * FROM buckets WHERE name = ?", name)
        return None if row is None else _bucket(row)

    def bucket(self, name: str) -> Bucket:
        """The bucket of that name.

        Raises:
            StorageError: ``notFound``.
        """
        found = self.find(name)
        if found is None:
            refuse("notFound", "The specified bucket does not exist.")
        return found

    def of_project(self, project: str) -> Sequence[Bucket]:
        """A project's buckets, by name."""
        rows = self._database.rows("SELECT * FROM buckets WHERE project = ? ORDER BY name", project)
        return [_bucket(row) for row in rows]

    def remove(self, name: str) -> None:
        """Remove an empty bucket.

        Raises:
            StorageError: ``notFound``, or ``conflict``: it holds objects.
        """
        with self.together():
            self.bucket(name)
            if self._database.row("SELECT 1 FROM objects WHERE bucket = ?", name) is not None:
                refuse("conflict", "The bucket you tried to delete is not empty.")
            self._database.write("DELETE FROM buckets WHERE name = ?", name)

    # Objects -----------------------------------------------------------------------------------------------------
    def blobs(self, bucket: str) -> Sequence[Blob]:
        """A bucket's objects, by name in the order of its bytes.

        Raises:
            StorageError: ``notFound``.
        """
        self.bucket(bucket)
        rows = self._database.rows("SELECT * FROM objects WHERE bucket = ? ORDER BY name", bucket)
        return [_blob(row) for row in rows]

    def find_blob(self, bucket: str, name: str) -> Blob | None:
        """The object of that name, or None."""
        row = self._database.row("SELECT * FROM objects WHERE bucket = ? AND name = ?", bucket, name)
        return None if row is None else _blob(row)

    def blob(self, bucket: str, name: str, conditions: Conditions = ALWAYS) -> Blob:
        """The object of that name.

        Raises:
            StorageError: ``notFound``, or ``conditionNotMet``.
        """
        self.bucket(bucket)
        found = self.find_blob(bucket, name)
        if found is None:
            refuse("notFound", f"No such object: {bucket}/{name}")
        _check(conditions, found)
        return found

    def read(self, bucket: str, name: str, conditions: Conditions = ALWAYS) -> tuple[Blob, bytes]:
        """An object and what it holds.

        Raises:
            StorageError: As above.
        """
        with self.together():
            found = self.blob(bucket, name, conditions)
            return found, self._file(found.bucket, found.generation).read_bytes()

    def write(self, bucket: str, name: str, content: Content, conditions: Conditions = ALWAYS) -> Blob:
        """Put an object into a bucket, in the place of one that has its name.

        Raises:
            StorageError: ``notFound``: there is no such bucket; ``conditionNotMet``; ``invalid``: no such name.
        """
        check_object(name)
        self.bucket(bucket)
        generation = self._new_generation()
        file = self._file(bucket, generation)
        file.parent.mkdir(exist_ok=True)
        draft = file.with_suffix(".writing")
        with draft.open("wb") as opened:
            opened.write(content.data)
            opened.flush()
            os.fsync(opened.fileno())
        draft.replace(file)
        now = self._now()
        try:
            with self.together():
                self.bucket(bucket)
                before = self.find_blob(bucket, name)
                _check(conditions, before)
                self._database.write(
                    "INSERT OR REPLACE INTO objects VALUES (?, ?, ?, 1, ?, ?, ?, ?, ?, ?)",
                    bucket, name, generation, len(content.data), content.md5, content.crc32c,
                    json.dumps(dict(content.stated)), now, now,
                )  # fmt: skip
        except BaseException:
            file.unlink()
            raise
        if before is not None:
            self._file(bucket, before.generation).unlink(missing_ok=True)
        return self.blob(bucket, name)

    def state(self, bucket: str, name: str, stated: Mapping[str, object], conditions: Conditions = ALWAYS) -> Blob:
        """Change what is stated of an object; what is None is stated no more.

        Raises:
            StorageError: ``notFound``, or ``conditionNotMet``.
        """
        with self.together():
            found = self.blob(bucket, name, conditions)
            kept = {key: value for key, value in {**found.stated, **stated}.items() if value is not None}
            changed = replace(found, stated=kept, metageneration=found.metageneration + 1, updated=self._now())
            self._database.write(
                "UPDATE objects SET stated = ?, metageneration = ?, updated = ? WHERE bucket = ? AND name = ?",
                json.dumps(kept), changed.metageneration, changed.updated, bucket, name,
            )  # fmt: skip
        return changed

    def delete(self, bucket: str, name: str, conditions: Conditions = ALWAYS) -> None:
        """Remove an object.

        Raises:
            StorageError: ``notFound``, or ``conditionNotMet``.
        """
        with self.together():
            found = self.blob(bucket, name, conditions)
            self._database.write("DELETE FROM objects WHERE bucket = ? AND name = ?", bucket, name)
        self._file(bucket, found.generation).unlink(missing_ok=True)

    def _file(self, bucket: str, generation: int) -> Path:
        return self._root / bucket / str(generation)

    def _new_generation(self) -> int:
        with self.together():
            row = self._database.row("SELECT value FROM numbers WHERE name = 'generation'")
            number = max(int(self._now() * 1_000_000), 1 if row is None else int(row["value"]) + 1)
            self._database.write("INSERT OR REPLACE INTO numbers VALUES ('generation', ?)", number)
        return number

    def _remove_orphans(self) -> None:
        """Delete files of which no object tells: a process died after writing them, or before deleting them."""
        rows = self._database.rows("SELECT bucket, generation FROM objects")
        known = {self._file(row["bucket"], row["generation"]) for row in rows}
        for path in self._root.glob("*/*"):
            if path not in known:
                path.unlink()


def _check(conditions: Conditions, found: Blob | None) -> None:
    if not conditions.hold(found):
        refuse("conditionNotMet", "At least one of the pre-conditions you specified did not hold.")


def _bucket(row: sqlite3.Row) -> Bucket:
    return Bucket(
        row["name"], row["project"], row["location"], json.loads(row["labels"]),
        row["created"], row["updated"], row["metageneration"],
    )  # fmt: skip


def _blob(row: sqlite3.Row) -> Blob:
    return Blob(
        row["bucket"], row["name"], row["generation"], row["metageneration"], row["size"], row["md5"], row["crc32c"],
        json.loads(row["stated"]), row["created"], row["updated"],
    )  # fmt: skip
