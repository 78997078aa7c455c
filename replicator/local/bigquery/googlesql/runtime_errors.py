"""What DuckDB says when a statement fails while it runs, in BigQuery's words.

https://docs.cloud.google.com/bigquery/docs/error-messages
"""

from __future__ import annotations

import re
from typing import Final

import duckdb

from replicator.local.bigquery.errors import BigQueryError

_HEAD: Final = re.compile(r"^[A-Z][\w ]*? Error: ")
_RULES: Final = (
    (re.compile(r"Overflow in (?:\w+) of (?:INT64|BIGINT) \((?P<operation>[^)]*)\)"), "int64 overflow: {operation}"),
    (re.compile(r"Overflow on abs|Overflow in negation of"), "int64 overflow"),
    (re.compile(r"Overflow in \w+ of DECIMAL"), "numeric overflow"),
    (re.compile(r"More than one row returned by a subquery"), "Scalar subquery produced more than one element"),
)
_PATTERN: Final = re.compile(
    r"^(?P<fault>missing \)|missing \]|missing argument to repetition operator|unexpected \)|invalid escape sequence"
    r"|invalid character class range|bad repetition operator|no argument for repetition operator"
    r"|trailing \\|invalid perl operator|invalid named capture group|invalid repetition size|invalid character class)"
    r"(?P<rest>.*)$",
    re.DOTALL,
)
# What is wrong with the engine or with what was given to it, and not with the user's data.
_INTERNAL: Final = (
    duckdb.BinderException,
    duckdb.CatalogException,
    duckdb.ParserException,
    duckdb.InternalException,
    duckdb.NotImplementedException,
)


def map_runtime_error(error: duckdb.Error) -> BigQueryError:
    """The error that BigQuery would answer with.

    ERROR()'s text is passed on as it is. Where DuckDB does not take what was written for it, that is no mistake of
    the user's: it is refused as not modelled.
    """
    if isinstance(error, duckdb.InterruptException):
        return BigQueryError("stopped", "Job execution was cancelled: User requested cancellation")
    text = str(error)
    if isinstance(error, _INTERNAL):
        what = f"what DuckDB refuses ({text.splitlines()[0]})"
        return BigQueryError(
            "notImplemented", f"{what} is not modelled by the local cloud, which refuses rather than guesses"
        )
    if isinstance(error, duckdb.OutOfMemoryException):
        return BigQueryError("resourcesExceeded", "Resources exceeded during query execution")
    message = _HEAD.sub("", text, count=1)
    if message.startswith("Malformed JSON"):
        given = message.partition("Input: ")[2]
        message = f"reading {given}, which is no well-formed JSON, is not modelled by the local cloud"
    if "is not modelled by the local cloud" in message:
        return BigQueryError("notImplemented", f"{message}, which refuses rather than guesses", location="query")
    fault = _PATTERN.match(message)
    if fault is not None:
        return BigQueryError("invalidQuery", f"Cannot parse regular expression: {message}", location="query")
    for pattern, said in _RULES:
        found = pattern.search(message)
        if found is not None and said:
            return BigQueryError("invalidQuery", said.format(**found.groupdict()), location="query")
    return BigQueryError("invalidQuery", message, location="query")
