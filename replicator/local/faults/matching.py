"""Which calls and jobs a fault is for."""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from replicator.local.rest import Json, invalid

SERVICES: Final = ("bigquery", "transfer", "workflows", "executions", "scheduler", "pubsub", "storage", "logging")
"""What calls are counted as; see ``gate.service_of``."""

_IN_PATH: Final = re.compile(r"/projects/[^/]+/(?:jobs|queries)/([^/:]+)")
_IN_BODY: Final = re.compile(rb'"jobId"\s*:\s*"([^"]*)"')


@dataclass(frozen=True, slots=True)
class Asked:
    """What is known of a call before it is answered.

    Attributes:
        service: One of ``SERVICES``.
        method: The HTTP method, or ``gRPC``.
        path: Without the query; for gRPC ``/package.Service/Method``.
        query: The query string as it came.
        body: As it came, decompressed.
    """

    service: str
    method: str
    path: str
    query: str
    body: bytes

    @property
    def job(self) -> str:
        """The id of the BigQuery job that the call is about, or an empty text."""
        if self.service != "bigquery":
            return ""
        named = _IN_PATH.search(self.path)
        if named is not None:
            return named[1]
        given = _IN_BODY.search(self.body)
        return "" if given is None else given[1].decode("utf-8", "replace")


@dataclass(frozen=True, slots=True)
class Match:
    """What a call or a job has to be; what is empty does not matter.

    Attributes:
        service: One of ``SERVICES``.
        method: The HTTP method, or ``gRPC``.
        path: A regular expression found somewhere in the path and its query.
        body: A text found somewhere in the body.
        job: A regular expression with which the id of the job begins.
        job_kind: ``QUERY``, ``COPY``, ``LOAD`` or ``EXTRACT``; of jobs only.
    """

    service: str = ""
    method: str = ""
    path: str = ""
    body: str = ""
    job: str = ""
    job_kind: str = ""

    def call(self, asked: Asked) -> bool:
        """Whether it is this call."""
        return (
            self.service in {"", asked.service}
            and self.method.lower() in {"", asked.method.lower()}
            and (not self.path or re.search(self.path, f"{asked.path}?{asked.query}") is not None)
            and (not self.body or self.body.encode() in asked.body)
            and (not self.job or re.match(self.job, asked.job) is not None)
        )

    def is_job(self, job: str, kind: str) -> bool:
        """Whether it is the job of this id and kind."""
        return self.job_kind in {"", kind} and re.match(self.job, job) is not None

    def as_json(self) -> Json:
        """What was asked for."""
        fields = ("service", "method", "path", "body", "job", "job_kind")
        return {name: value for name in fields if (value := getattr(self, name))}


def read_match(given: object, *, of_jobs: bool) -> Match:
    """Read the ``match`` of a request.

    Raises:
        ApiError: A field that is none, is no text, or says nothing of what is matched.
    """
    allowed = ("job", "job_kind") if of_jobs else ("service", "method", "path", "body", "job")
    if given is None:
        return Match()
    if not isinstance(given, dict):
        message = "'match' is an object"
        raise invalid(message)
    for name, value in given.items():
        if name not in allowed or not isinstance(value, str):
            subject = "jobs are" if of_jobs else "calls are"
            message = f"'match.{name}': {subject} matched by texts: {', '.join(allowed)}"
            raise invalid(message)
    _check(given)
    return Match(**given)


def _check(given: Mapping[str, Any]) -> None:
    if (service := given.get("service", "")) not in ("", *SERVICES):
        message = f"'match.service' is one of {', '.join(SERVICES)}, not '{service}'"
        raise invalid(message)
    for name in ("path", "job"):
        try:
            re.compile(given.get(name, ""))
        except re.error as error:
            message = f"'match.{name}' is no regular expression: {error}"
            raise invalid(message) from error


def plain(body: bytes, encoding: str) -> bytes:
    """A body as it was before it was compressed; as it came where it cannot be read."""
    if encoding != "gzip":
        return body
    try:
        return gzip.decompress(body)
    except (OSError, EOFError, zlib.error):
        return body
