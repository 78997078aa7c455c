"""What is due now, source by source, as a person and a program read it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from replicator.forecast.due import DueUnit
from replicator.report.tables import print_table
from replicator.report.words import number, size


@dataclass(frozen=True, slots=True)
class SourceForecast:
    """What a run that starts now would find due in one source.

    Attributes:
        source: The source's name.
        units: What is due, newest first; None if the source could not be asked.
        error: Why it could not.
        by_dataset: Its datasets were asked one by one, since the metadata of its project is denied as a whole.
    """

    source: str
    units: tuple[DueUnit, ...] | None
    error: str | None = None
    by_dataset: bool = False

    def as_json(self, *, listed: bool) -> dict[str, Any]:
        """The same as plain values, dates and times as ISO 8601 text.

        Args:
            listed: Whether the units are in it one by one, under ``list``.
        """
        if self.units is None:
            return {"source": self.source, "error": self.error}
        plain: dict[str, Any] = {
            "source": self.source,
            "error": None,
            "units": len(self.units),
            "rows": sum(unit.rows for unit in self.units),
            "bytes": sum(unit.bytes for unit in self.units),
            "oldest": min((_day(unit) for unit in self.units), default=None),
            "newest": max((_day(unit) for unit in self.units), default=None),
            "properties": sorted({unit.owner for unit in self.units}),
            "by_dataset": self.by_dataset,
        }
        if listed:
            plain["list"] = [
                {name: value.isoformat() if isinstance(value, date) else value for name, value in asdict(unit).items()}
                for unit in self.units
            ]
        return plain


def print_forecasts(forecasts: Sequence[SourceForecast]) -> None:
    """Print one line on stdout for each source that answered."""
    print_table(
        ["source", "units due", "rows", "bytes", "oldest", "newest", "properties"],
        [
            [
                found.source,
                number(len(found.units)),
                number(sum(unit.rows for unit in found.units)),
                size(sum(unit.bytes for unit in found.units)),
                min((_day(unit) for unit in found.units), default="-"),
                max((_day(unit) for unit in found.units), default="-"),
                number(len({unit.owner for unit in found.units})),
            ]
            for found in forecasts
            if found.units is not None
        ],
        right=["units due", "rows", "bytes", "properties"],
    )


def print_units(forecasts: Sequence[SourceForecast]) -> None:
    """Print one line on stdout for each unit that is due."""
    print_table(
        ["source", "property", "unit", "day", "modified", "rows", "bytes"],
        [
            [
                found.source,
                unit.owner,
                unit.name,
                _day(unit),
                "not known yet" if unit.modified is None else f"{unit.modified:%Y-%m-%d %H:%M:%S}",
                number(unit.rows),
                size(unit.bytes),
            ]
            for found in forecasts
            for unit in found.units or ()
        ],
        right=["rows", "bytes"],
    )


def _day(unit: DueUnit) -> str:
    return unit.range_start or "-"
