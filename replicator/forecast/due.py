"""What a run would find due now: the inventory's own read-only statement, and its answer explained."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, datetime

from replicator.errors import NotFoundError
from replicator.ledger.port import Cell, Query
from replicator.plan.plan import SourceRoute
from replicator.sql.inventory import NO_RECEIPTS, RECEIPTS_OF_TARGET, due_units
from replicator.sql.placeholders import bind
from replicator.workflow.document import source_block


@dataclass(frozen=True, slots=True)
class DueUnit:
    """A shard that has a stamp and no receipt; ``modified`` is None while the platform does not know it."""

    owner: str
    dataset: str
    name: str
    range_start: date
    modified: datetime | None
    rows: int
    bytes: int


def due(query: Query, route: SourceRoute) -> tuple[DueUnit, ...]:
    """The units of a source that are due, newest first. Reads metadata only, and writes nothing.

    A source that was never replicated has no receipts, so all of its units are due.

    Raises:
        FailedError: The source's metadata cannot be read.
    """
    try:
        rows = _ask(query, route, RECEIPTS_OF_TARGET)
    except NotFoundError:
        rows = _ask(query, route, NO_RECEIPTS)
    return tuple(sorted(rows, key=lambda unit: (unit.range_start, unit.owner), reverse=True))


def _ask(query: Query, route: SourceRoute, receipts: str) -> list[DueUnit]:
    sql = bind(due_units(receipts), route.names)
    parameters: dict[str, Cell] = {"source": json.dumps(source_block(route), ensure_ascii=False)}
    return [
        DueUnit(
            owner=str(row["owner"]),
            dataset=str(row["dataset"]),
            name=str(row["name"]),
            range_start=_day(row["range_start"]),
            modified=row["modified"] if isinstance(row["modified"], datetime) else None,
            rows=int(str(row["source_rows"] or 0)),
            bytes=int(str(row["source_bytes"] or 0)),
        )
        for row in query.rows(sql, parameters, location=route.location, project=route.staging.project)
    ]


def _day(cell: Cell) -> date:
    if not isinstance(cell, date):
        msg = f"the inventory answered {cell!r} where a date belongs"
        raise TypeError(msg)
    return cell
