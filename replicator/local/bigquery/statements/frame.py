"""What a statement of a script can see: parameters, variables, system variables."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from replicator.local.bigquery.errors import BigQueryError
from replicator.local.bigquery.googlesql.context import Typed
from replicator.local.bigquery.statements.cursor import Source
from replicator.local.bigquery.statements.lexer import place
from replicator.local.bigquery.types import Type, array, struct

INT64: Final = Type("INT64")
STRING: Final = Type("STRING")
BOOL: Final = Type("BOOL")
_STACK: Final = array(struct(("line", INT64), ("column", INT64), ("filename", STRING), ("location", STRING)))
_PLACED: Final = re.compile(r" at \[\d+:\d+\]$")


@dataclass(frozen=True, slots=True)
class Parameters:
    """Query parameters: by name in lower case, or in their order; never both."""

    named: Mapping[str, Typed] = field(default_factory=dict)
    positional: tuple[Typed, ...] = ()


@dataclass(frozen=True, slots=True)
class Frame:
    """What one statement can see.

    Attributes:
        parameters: The job's, or those after USING.
        variables: By name in lower case.
        system: By name without the signs, in lower case: ``row_count``, ``error.message``.
    """

    parameters: Parameters = field(default_factory=Parameters)
    variables: Mapping[str, Typed] = field(default_factory=dict)
    system: Mapping[str, Typed] = field(default_factory=dict)


class StoppedError(BigQueryError):
    """The job was cancelled or ran out of time; no handler in a script catches it."""


class PlacedError(BigQueryError):
    """An error of a script, with the statement that it came from.

    Attributes:
        statement: The statement's text.
        place: Its ``[line:column]``.
    """

    def __init__(self, error: BigQueryError, message: str, source: Source) -> None:
        super().__init__(error.reason, message, location=error.location)
        self.statement = source.text
        self.line = source.script.count("\n", 0, source.start) + 1
        self.column = source.start - (source.script.rfind("\n", 0, source.start) + 1) + 1


def placed(error: BigQueryError, source: Source) -> BigQueryError:
    """The error as a script reports it: ``Query error: <message> at [line:column]``."""
    if isinstance(error, PlacedError | StoppedError):
        return error
    message = (
        error.message if _PLACED.search(error.message) else f"{error.message} at {place(source.script, source.start)}"
    )
    return PlacedError(error, f"Query error: {message}", source)


def unplaced(error: BigQueryError) -> BigQueryError:
    """The error without its position, for a text that was put together and stands nowhere."""
    return BigQueryError(error.reason, _PLACED.sub("", error.message), location=error.location)


def raised(message: str, source: Source) -> PlacedError:
    """The error of RAISE USING MESSAGE."""
    error = BigQueryError("invalidQuery", message, location="query")
    return PlacedError(error, f"{message} at {place(source.script, source.start)}", source)


def error_variables(error: PlacedError) -> dict[str, Typed]:
    """``@@error.…`` while a handler runs.

    https://docs.cloud.google.com/bigquery/docs/reference/standard-sql/procedural-language#beginexceptionend
    """
    text = f"At [{error.line}:{error.column}]"
    return {
        "error.message": Typed(STRING, error.message),
        "error.statement_text": Typed(STRING, error.statement),
        "error.formatted_stack_trace": Typed(STRING, text),
        "error.stack_trace": Typed(_STACK, ((error.line, error.column, None, None),)),
    }
