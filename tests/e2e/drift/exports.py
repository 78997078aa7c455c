"""Published export schemas, with rows that say of each value which field it belongs to."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, Final
from zlib import crc32

from replicator.schema.fields import Field, Mode, schema_from_api, walk

FOLDER: Final = Path(__file__).parents[4] / "shared" / "data" / "ga" / "schemas"
"""They lie beside the checkout, or nowhere; nothing of them is copied into the project."""

FAMILIES: Final = {
    "ga_sessions": "ga_sessions_v*",
    "firebase": "firebase_public_events_v*",
    "ga4": "ga4_*",
}

_NAMED: Final = re.compile(r"(\w+): ([\w.]+) is (.+), in the target (.+)")

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Export:
    """One version of an export.

    Attributes:
        name: Short, and a dataset's name.
        family: Whose version it is.
        fields: Its schema.
    """

    name: str
    family: str
    fields: tuple[Field, ...]

    @property
    def leaves(self) -> int:
        """How many fields hold values."""
        return sum(field.type != "RECORD" for _, field in walk(self.fields))

    @property
    def rows(self) -> tuple[Row, ...]:
        """A row with a value in every leaf, one with gaps at every level, and one without a value."""
        return rows_of(self.fields, random.Random(self.name))


def rows_of(fields: Sequence[Field], gaps: random.Random, *, longest: int = 2) -> tuple[Row, ...]:
    """A row with a value in every leaf, one with gaps at every level, and one without a value.

    Arrays have ``longest`` elements, where there are gaps at the most.
    """
    return (
        {field.name: filled(field, None, longest) for field in fields},
        {field.name: filled(field, gaps, longest) for field in fields},
        {field.name: [] if field.mode is Mode.REPEATED else None for field in fields},
    )


def exports() -> tuple[Export, ...]:
    """All of them, family by family; none where the folder is missing."""
    found = []
    for family, pattern in FAMILIES.items():
        for number, path in enumerate(sorted(FOLDER.glob(f"{pattern}.json")), 1):
            fields = schema_from_api(json.loads(path.read_text("utf-8")))
            found.append(Export(f"{family}_{number}", family, fields))
    return tuple(found)


def filled(field: Field, gaps: random.Random | None, longest: int, parent: str = "") -> Any:
    """A value that tells its own path and place, also below; with ``gaps`` some are missing.

    Two fields of one type never hold one value, but for truth values, which are only two.
    """
    path = f"{parent}{field.name.lower()}"
    if field.mode is Mode.REPEATED:
        count = longest if gaps is None else gaps.randint(0, longest)
        return [_single(field, gaps, longest, f"{path}[{place}]") for place in range(count)]
    return None if gaps is not None and gaps.random() < 0.3 else _single(field, gaps, longest, path)


def _single(field: Field, gaps: random.Random | None, longest: int, path: str) -> Any:
    number = crc32(path.encode())
    match field.type:
        case "RECORD":
            return {inner.name: filled(inner, gaps, longest, f"{path}.") for inner in field.fields}
        case "STRING":
            return path
        case "INTEGER":
            return number
        case "FLOAT":
            return number / 8 + 0.125
        case "BOOLEAN":
            return bool(number % 2)
        case "NUMERIC":
            return Decimal(number) / 8
        case "DATE":
            return date.fromordinal(1 + number % date.max.toordinal())
        case _:
            msg = f"{path} is {field.type}, of which no value is made"
            raise ValueError(msg)


def brought(field: Field, fields: Sequence[Field], row: Row) -> Any:
    """What one of the target's fields is to hold of a row, or of a record, of a source: by name alone, cast if need be.

    What the source lacks is NULL or empty; a whole number becomes the target's type, one value an array of it, an
    array of one its only value.
    """
    there = next((one for one in fields if one.name.lower() == field.name.lower()), None)
    value = None if there is None else row[there.name]
    if there is None or value is None:
        return [] if field.mode is Mode.REPEATED else None
    brings = [_brought(field, there, one) for one in (value if there.mode is Mode.REPEATED else [value])]
    if field.mode is Mode.REPEATED:
        return brings
    return brings[0] if brings else None


def _brought(field: Field, there: Field, value: Any) -> Any:
    if field.type == "RECORD":
        return {inner.name: brought(inner, there.fields, value) for inner in field.fields}
    match there.type, field.type:
        case "INTEGER", "FLOAT":
            return float(value)
        case "INTEGER", "STRING":
            return str(value)
        case "INTEGER", "NUMERIC":
            return Decimal(value)
    assert there.type == field.type
    return value


def conflicts(message: str) -> list[tuple[str, str, str, str]]:
    """What a message names as kept out: dataset, path, the source's type, the target's; types up to 99 characters."""
    listed = message.partition(" would: ")[2].partition(" at [")[0].split("; ")
    return [named.groups() for one in listed if (named := _NAMED.fullmatch(one)) is not None]  # type: ignore[misc]
