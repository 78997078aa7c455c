"""One row of the table of methods.

docs.cloud.google.com/workflows/docs/reference/googleapis: a method's arguments are those of its REST page, that is the
parts of the path, the query parameters, and ``body``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Final

_PART: Final = re.compile(r"\{[+=]?(\w+)\}")
_BODY: Final = "body"


class Wait(StrEnum):
    """What a call starts that goes on after it has been answered, and is polled for."""

    NOTHING = "nothing"
    BIGQUERY_JOB = "bigquery job"
    TRANSFER_RUNS = "transfer runs"
    EXECUTION = "execution"


@dataclass(frozen=True)
class Method:
    """One method of one API.

    Attributes:
        name: As the document writes it: ``googleapis.bigquery.v2.jobs.insert``.
        verb: The HTTP method. GET is retried as idempotent, everything else as not (connectors, "Retries").
        path: The REST path. ``{argument}`` is escaped as one part, ``{+argument}`` is a resource name that keeps its
            slashes, ``{=argument}`` has been escaped by the document. Empty for a helper that has no request.
        query: Arguments that go into the query string.
        body: Whether the request has a body, the argument ``body``.
        wait: What is waited for unless ``connector_params.skip_polling`` is true.
        required: Query arguments that must be there; the parts of the path always must.
    """

    name: str
    verb: str
    path: str
    query: frozenset[str] = frozenset()
    body: bool = False
    wait: Wait = Wait.NOTHING
    required: frozenset[str] = frozenset()

    @cached_property
    def path_arguments(self) -> tuple[str, ...]:
        """The arguments that are parts of the path, in its order."""
        return tuple(_PART.findall(self.path))

    @property
    def service(self) -> str:
        """The API, which is also the first part of its host: ``storage`` of ``storage.googleapis.com``."""
        return self.name.split(".")[1]

    @property
    def idempotent(self) -> bool:
        """Whether the request may be repeated after any passing failure."""
        return self.verb == "GET"

    @property
    def required_arguments(self) -> frozenset[str]:
        """What a call must give."""
        return frozenset(self.path_arguments) | self.required

    @property
    def arguments(self) -> frozenset[str]:
        """What a call may give, ``connector_params`` apart."""
        return self.required_arguments | self.query | ({_BODY} if self.body else frozenset())


Row = tuple[str, str, str, str]
"""Name within the API, verb, path, and the other arguments: ``body``, and those of the query, ``!`` behind one that
must be given."""


def methods(api: str, rows: Iterable[Row], waits: dict[str, Wait] | None = None) -> tuple[Method, ...]:
    """The methods of one API.

    Args:
        api: What stands before each name: ``bigquery.v2``.
        rows: One for each method.
        waits: By a row's name, what a call starts that is waited for.
    """
    found = []
    for name, verb, path, words in rows:
        said = words.split()
        query = frozenset(word.rstrip("!") for word in said if word != _BODY)
        must = frozenset(word.rstrip("!") for word in said if word.endswith("!"))
        wait = (waits or {}).get(name, Wait.NOTHING)
        found.append(Method(f"googleapis.{api}.{name}", verb, path, query, _BODY in said, wait, must))
    return tuple(found)
