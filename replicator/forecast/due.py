"""What a run would find due now: the inventory's own read-only statement, and its answer explained."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from replicator.errors import FailedError, NotFoundError
from replicator.ledger.port import Cell, Query
from replicator.plan.plan import SourceRoute
from replicator.sql.inventory import unmatched_patterns
from replicator.sql.metadata import DATASETS, DENIED, over_datasets
from replicator.sql.placeholders import bind
from replicator.sql.units import NO_RECEIPTS, RECEIPTS_OF_TARGET, Kind, due_units
from replicator.workflow.expressions import Value
from replicator.workflow.sources import source_block


@dataclass(frozen=True, slots=True)
class DueUnit:
    """A unit that has a stamp and no receipt.

    Attributes:
        owner: The source value of its rows.
        dataset: Where it lies.
        name: A shard's or a table's name, with a partition's id or a window's start behind a ``$``.
        range_start: A date, a time in UTC or a whole number, as text; None where it covers no range.
        range_end: Where the range ends, exclusive; None with the other.
        modified: None while the platform does not know it.
        rows: By its metadata.
        bytes: By its metadata.
    """

    owner: str
    dataset: str
    name: str
    range_start: str | None
    range_end: str | None
    modified: datetime | None
    rows: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Span:
    """Days that a run is asked for.

    Attributes:
        start: The first day.
        end: The day after the last.
    """

    start: date
    end: date

    def as_argument(self) -> dict[str, str]:
        """The same as an execution's argument has it, under ``window``."""
        return {"from": self.start.isoformat(), "to": self.end.isoformat()}


class RegionDeniedError(FailedError):
    """The metadata of the source's project may not be read as a whole; its datasets' may, one by one."""


def due(
    query: Query,
    route: SourceRoute,
    *,
    span: Span | None = None,
    again: bool = False,
    visible: Sequence[str] | None = None,
) -> tuple[DueUnit, ...]:
    """The units of a source that are due, newest first. Reads metadata only, and writes nothing.

    A source that was never replicated has no receipts, so all of its units are due.

    Args:
        query: Where questions are asked.
        route: The source.
        span: Only units that cover some of these days.
        again: Those with a receipt too.
        visible: Datasets of the source's project and location, of which the source's are asked one by one; None asks
            the region.

    Raises:
        RegionDeniedError: The region may not be asked.
        FailedError: The source's metadata cannot be read, or no dataset of it is in its location.
    """
    ask = _Asking(query, route, None if visible is None else _own(route, visible))
    block = source_block(route) | ({} if span is None else span.as_argument()) | ({"again": True} if again else {})
    try:
        rows = ask.units(block, RECEIPTS_OF_TARGET)
    except NotFoundError:
        rows = ask.units(block, NO_RECEIPTS)
    if not rows:
        # Metadata of a place where nothing lies is no error, and has no rows either.
        ask.refuse_unmatched()
    return tuple(sorted(rows, key=lambda unit: (unit.range_start or "", unit.owner), reverse=True))


def _own(route: SourceRoute, visible: Sequence[str]) -> tuple[str, ...]:
    """Those of the datasets that the source needs, as a run chooses them."""
    needed = {route.dataset} | ({route.staging.dataset} if route.kind is Kind.QUERY else set())
    own = tuple(name for name in visible if name in needed or any(re.search(each, name) for each in route.include))
    if not 1 <= len(own) <= DATASETS:
        msg = (
            f"the account sees {len(own)} datasets of the source, and not the metadata of all of project "
            f"{route.project}; grant it bigquery.metadataViewer there, or on 1 to {DATASETS} of the datasets"
        )
        raise FailedError(msg)
    return own


@dataclass(frozen=True, slots=True)
class _Asking:
    """Asks statements of the document as a run does, of the region or of single datasets."""

    query: Query
    route: SourceRoute
    datasets: tuple[str, ...] | None

    def units(self, block: Mapping[str, Value], receipts: str) -> list[DueUnit]:
        return [
            DueUnit(
                owner=str(row["owner"]),
                dataset=str(row["dataset"]),
                name=str(row["name"]),
                range_start=None if row["range_start"] is None else str(row["range_start"]),
                range_end=None if row["range_end"] is None else str(row["range_end"]),
                modified=row["modified"] if isinstance(row["modified"], datetime) else None,
                rows=int(str(row["source_rows"] or 0)),
                bytes=int(str(row["source_bytes"] or 0)),
            )
            for row in self._read(block, due_units(self.route.kind, receipts, self.route.newer))
        ]

    def refuse_unmatched(self) -> None:
        (row,) = self._read(source_block(self.route), unmatched_patterns())
        if row["missing"] is not None:
            msg = (
                f"no dataset of project {self.route.project} in {self.route.location} matches {row['missing']}; "
                f"check datasets, project and location of the source"
            )
            raise FailedError(msg)

    def _read(self, block: Mapping[str, Value], statement: str) -> Sequence[Mapping[str, Cell]]:
        parameters: dict[str, Cell] = {"source": json.dumps(block, ensure_ascii=False)}
        where = {"location": self.route.location, "project": self.route.staging.project}
        if self.datasets is not None:
            statement = over_datasets(statement, self.datasets)
        try:
            return self.query.rows(bind(statement, self.route.names), parameters, **where)
        except FailedError as error:
            if self.datasets is not None or re.search(DENIED, str(error)) is None:
                raise
            raise RegionDeniedError(str(error)) from error
