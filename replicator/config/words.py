"""The kinds of text that a pipeline file holds: names, places, columns, each refused when it is none."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Annotated, Final

from pydantic import PlainValidator, WithJsonSchema

from replicator import limits, names
from replicator.config.section import refuse
from replicator.names import DatasetRef, MalformedNameError, TableRef
from replicator.source.tree import Plain

# Names are joined by two underscores, so none may hold two or end with one.
NAME: Final = re.compile(r"(?=.{1,31}$)[a-z](?:_?[a-z0-9])*")
# Flexible names (spaces, punctuation) are left out on purpose: bigquery/docs/schemas#column_names
COLUMN: Final = re.compile(r"[^\W\d]\w{0,299}")
RESERVED_PREFIXES: Final = (
    "_table_", "_file_", "_partition", "_row_timestamp", "__root__", "_colidentifier", "_change_sequence_number",
    "_change_type", "_change_timestamp",
)  # fmt: skip


def text(raw: Plain) -> str:
    """Anything but a map, a list or nothing at all."""
    if not isinstance(raw, str):
        refuse("is empty" if raw is None else f"is a {'list' if isinstance(raw, list) else 'map'}", "write one text")
    if not raw.strip():
        refuse("is empty", "write a text, or remove the key")
    return raw


def _matching(pattern: re.Pattern[str], fact: str, remedy: str) -> Callable[[Plain], str]:
    def check(raw: Plain) -> str:
        word = text(raw)
        if not pattern.fullmatch(word):
            refuse(f"'{word}' is {fact}", remedy)
        return word

    return check


def column(raw: Plain) -> str:
    """A column's own name, not a path."""
    word = text(raw)
    if not COLUMN.fullmatch(word):
        remedy = "write letters, digits and underscores, no digit first, at most 300 characters"
        refuse(f"'{word}' is no column name", remedy)
    reserved = next((prefix for prefix in RESERVED_PREFIXES if word.lower().startswith(prefix)), None)
    if reserved is not None:
        refuse(f"'{word}' begins with {reserved.upper()}, which BigQuery keeps for itself", "choose another")
    return word


def column_path(raw: Plain) -> str:
    """A column at any depth: names joined by dots, as deep as BigQuery nests them."""
    path = text(raw)
    parts = path.split(".")
    if not all(COLUMN.fullmatch(part) for part in parts):
        refuse(f"'{path}' is no path of a column", "write its names joined by dots, such as geo.city")
    deepest = limits.NESTING_DEPTH.value + 1
    if len(parts) > deepest:
        refuse(f"'{path}' is {len(parts)} names long", f"BigQuery nests records {deepest - 1} levels deep")
    return path


def _table(raw: Plain) -> TableRef:
    word = text(raw)
    try:
        return TableRef.parse(word)
    except MalformedNameError:
        refuse(f"'{word}' is no table", "write <project>.<dataset>.<table>")


def _dataset(raw: Plain) -> DatasetRef:
    word = text(raw)
    try:
        return DatasetRef.parse(word)
    except MalformedNameError:
        refuse(f"'{word}' is no dataset", "write <project>.<dataset>")


def _schema(pattern: str | None = None, **more: str) -> WithJsonSchema:
    return WithJsonSchema({"type": "string"} | ({"pattern": f"^{pattern}$"} if pattern else {}) | more)


Text = Annotated[str, PlainValidator(text), _schema()]
Name = Annotated[
    str,
    PlainValidator(
        _matching(
            NAME, "no name here", "write up to 31 lower-case letters, digits and single underscores, a letter first"
        )
    ),
    _schema(NAME.pattern),
]
ProjectId = Annotated[
    str,
    PlainValidator(
        _matching(
            names.PROJECT, "no project id", "write 6 to 30 lower-case letters, digits and hyphens, a letter first"
        )
    ),
    _schema(names.PROJECT.pattern),
]
DatasetId = Annotated[
    str,
    PlainValidator(
        _matching(names.DATASET, "no dataset id", "write letters, digits and underscores, without the project")
    ),
    _schema(names.DATASET.pattern),
]
ColumnName = Annotated[str, PlainValidator(column), _schema(r"[^\W\d]\w{0,299}")]
ColumnPath = Annotated[str, PlainValidator(column_path), _schema(r"[^\W\d]\w*(\.[^\W\d]\w*)*")]
Table = Annotated[TableRef, PlainValidator(_table), _schema(r"[^.]+\.[^.]+\.[^.]+")]
Dataset = Annotated[DatasetRef, PlainValidator(_dataset), _schema(r"[^.]+\.[^.]+")]
