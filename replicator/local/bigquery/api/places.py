"""Where a job runs when its request does not say.

https://docs.cloud.google.com/bigquery/docs/locations#specify_locations
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from replicator.local.bigquery.api.datasets import DEFAULT_LOCATION
from replicator.local.bigquery.errors import BigQueryError
from replicator.local.bigquery.statements.cursor import Cursor
from replicator.local.bigquery.statements.lexer import Kind
from replicator.local.bigquery.storage.store import Transaction
from replicator.names import DatasetRef, known_location
from replicator.schema.identifiers import RESERVED

_BEFORE: Final = frozenset(
    {
        "FROM",
        "JOIN",
        "INTO",
        "OVERWRITE",
        "UPDATE",
        "TABLE",
        "VIEW",
        "SCHEMA",
        "FUNCTION",
        "USING",
        "MERGE",
        "EXISTS",
        "LIKE",
        "DELETE",
        "INSERT",
        ",",
    }
)


def location_of_query(transaction: Transaction, text: str, *, project: str, datasets: Sequence[DatasetRef]) -> str:
    """The location of the first dataset that a query names and that is there, or that it makes; without one, US.

    ``datasets`` are those of the request itself, which come after: the destination's, the default one.

    A script that is not GoogleSQL gets US too: its job says what is wrong with it.
    """
    try:
        candidates = list(_paths(Cursor(text)))
    except BigQueryError:
        return DEFAULT_LOCATION
    for path in candidates:
        region = next((known_location(part[7:]) for part in path[:2] if part.lower().startswith("region-")), None)
        if region:
            return region
        for ref in _datasets(path, project):
            found = transaction.find_dataset(ref)
            if found is not None:
                return found.definition.location
    for ref in datasets:
        found = transaction.find_dataset(ref)
        if found is not None:
            return found.definition.location
    return _location_of_schema(Cursor(text)) or DEFAULT_LOCATION


def _location_of_schema(cursor: Cursor) -> str | None:
    """What a script that begins with CREATE SCHEMA says in its option ``location``.

    The job runs where the dataset is to lie, unless its own location was given and differs
    (data-definition-language#schema_option_list).
    """
    if not cursor.accept("CREATE", "SCHEMA"):
        return None
    while not cursor.exhausted and not cursor.at_any(";"):
        if cursor.accept("LOCATION", "=") and cursor.token.kind is Kind.TEXT:
            return known_location(cursor.token.text.strip("'\""))
        cursor.advance()
    return None


def _paths(cursor: Cursor) -> Iterator[tuple[str, ...]]:
    before = ""
    schema = False
    while not cursor.exhausted:
        if before in _BEFORE and cursor.token.kind in (Kind.WORD, Kind.QUOTED) and not cursor.at_any("SELECT", "IF"):
            try:
                path = cursor.path()
            except BigQueryError:
                before = ""
                continue
            if len(path) > 1 or schema:
                yield path
            before = path[-1].upper() if len(path) == 1 else ""
            continue
        called = _called(cursor)
        if called:
            yield called
            before = ""
            continue
        before = cursor.advance().upper
        # The one statement in which a dataset stands alone: CREATE, DROP or ALTER SCHEMA [IF [NOT] EXISTS].
        schema = before == "SCHEMA" or (schema and before in ("IF", "NOT", "EXISTS"))


def _called(cursor: Cursor) -> tuple[str, ...]:
    """The path of a function of the user's that is called here, taken from the cursor; empty where there is none."""
    dotted = cursor.token.kind is Kind.WORD and cursor.after(1).upper in (".", "-")
    if not (dotted and cursor.token.upper not in RESERVED) and cursor.token.kind is not Kind.QUOTED:
        return ()
    try:
        path = cursor.path()
    except BigQueryError:
        return ()
    return path if len(path) > 1 and cursor.at("(") else ()


def _datasets(path: tuple[str, ...], project: str) -> Iterator[DatasetRef]:
    if len(path) >= 2:
        yield DatasetRef(path[0], path[1])
    yield DatasetRef(project, path[0])
