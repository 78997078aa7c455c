"""What became of a pipeline's runs, how fresh each source is, what drifted, who holds the fence."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from replicator.ledger.port import Cell, Query
from replicator.names import DatasetRef, TableRef
from replicator.schema.compare import Change
from replicator.sql.fence import read_fence
from replicator.sql.ledger import read_drift, read_freshness, read_runs


@dataclass(frozen=True, slots=True)
class SourceOutcome:
    """What a run did for one source.

    Attributes:
        source: The source's name.
        stage: ``done``, ``quiet`` or ``failed``.
        units: Units committed.
        rows: Rows committed.
        bytes: Logical bytes that were staged.
        copies: Tables that crossed.
        detail: The source's line of the run's summary, as JSON.
    """

    source: str
    stage: str
    units: int
    rows: int
    bytes: int
    copies: int
    detail: str | None

    @property
    def by_dataset(self) -> bool:
        """Whether its datasets were asked one by one: the metadata of its project is denied as a whole."""
        return self.detail is not None and json.loads(self.detail).get("by_dataset") is True


@dataclass(frozen=True, slots=True)
class RunRecord:
    """One run: when it started and ended, how, and what it did source by source.

    Attributes:
        run: The run's id, ``<pipeline>-<epoch>``.
        epoch: Its epoch.
        state: ``started`` while it goes on or was never ended, then ``done``, ``quiet`` or ``failed``.
        started_at: When it took the fence.
        ended_at: When it gave it back, if it did.
        error: Why it failed.
        sources: One outcome per source, when it ended.
    """

    run: str
    epoch: int
    state: str
    started_at: datetime | None
    ended_at: datetime | None
    error: str | None
    sources: tuple[SourceOutcome, ...]


@dataclass(frozen=True, slots=True)
class Freshness:
    """Up to when one source value is committed; ``newest_end`` is exclusive, and None where units have no range."""

    source: str
    owner: str
    units: int
    newest_end: str | None
    committed_at: datetime


@dataclass(frozen=True, slots=True)
class DriftedField:
    """A field that is not in a source as it is in the target.

    Attributes:
        source: The source's name.
        dataset: The latest dataset that it was seen in.
        path: The field, as the target spells it.
        change: What differs.
        data_type: The source's type, or None where it lacks the field.
        target_type: The target's type, or None where it lacks the field.
        first_seen: When a run first saw it.
        last_seen: When a run last saw it.
    """

    source: str
    dataset: str
    path: str
    change: Change
    data_type: str | None
    target_type: str | None
    first_seen: datetime
    last_seen: datetime

    @property
    def absorbed(self) -> bool:
        """Whether the source's rows arrive without a loss: NULL for what is not there, other capitals."""
        return self.change in {Change.REMOVED, Change.CASE}


@dataclass(frozen=True, slots=True)
class Fence:
    """Who may commit to the target: ``holder`` is None when nobody does."""

    holder: str | None
    epoch: int
    expires: datetime


@dataclass(frozen=True, slots=True)
class History:
    """The ledger of one pipeline.

    Attributes:
        query: Where questions are asked.
        state: The dataset of the ledger.
        location: Its location.
        target: The pipeline's target.
        pipeline: The pipeline's name.
    """

    query: Query
    state: DatasetRef
    location: str
    target: TableRef
    pipeline: str

    def runs(self, count: int) -> tuple[RunRecord, ...]:
        """The latest ``count`` runs, newest first."""
        rows = self._ask(read_runs(self.state), runs=count)
        return tuple(_run(run, list(lines)) for run, lines in groupby(rows, key=lambda row: str(row["run"])))

    def freshness(self) -> tuple[Freshness, ...]:
        """Every source value that was ever committed."""
        return tuple(
            Freshness(
                str(row["source"]), str(row["owner"]), _whole(row["units"]), _text(row["newest_end"]),
                _moment(row["committed_at"]),
            )
            for row in self._ask(read_freshness(self.state))
        )  # fmt: skip

    def drift(self) -> tuple[DriftedField, ...]:
        """Where sources' schemas are not as the target's."""
        return tuple(
            DriftedField(
                str(row["source"]), str(row["dataset"]), str(row["path"]), Change(str(row["kind"])),
                _text(row["data_type"]), _text(row["target_type"]), _moment(row["first_seen"]),
                _moment(row["last_seen"]),
            )
            for row in self._ask(read_drift(self.state))
        )  # fmt: skip

    def fence(self, table: TableRef) -> Fence:
        """The fence's one row."""
        row = self.query.rows(read_fence(table), {}, location=self.location, project=self.state.project)[0]
        return Fence(_text(row["holder"]), _whole(row["epoch"]), _moment(row["expires"]))

    def _ask(self, sql: str, **parameters: Cell) -> list[Mapping[str, Cell]]:
        named: dict[str, Cell] = {"target": str(self.target), "pipeline": self.pipeline, **parameters}
        return list(self.query.rows(sql, named, location=self.location, project=self.state.project))


def _run(run: str, lines: list[Mapping[str, Cell]]) -> RunRecord:
    own = [line for line in lines if line["source"] is None]
    started = next((line for line in own if line["state"] == "started"), None)
    ended = next((line for line in own if line["state"] != "started"), None)
    return RunRecord(
        run=run,
        epoch=_whole(lines[0]["epoch"]),
        state="started" if ended is None else str(ended["state"]),
        started_at=None if started is None else _moment(started["recorded_at"]),
        ended_at=None if ended is None else _moment(ended["recorded_at"]),
        error=None if ended is None else _text(ended["detail"]),
        sources=tuple(
            SourceOutcome(
                str(line["source"]), str(line["state"]), _whole(line["units"]), _whole(line["row_count"]),
                _whole(line["byte_count"]), _whole(line["copies"]), _text(line["detail"]),
            )
            for line in lines
            if line["source"] is not None and line["state"] != "committed"
        ),
    )  # fmt: skip


def _text(cell: Cell) -> str | None:
    return None if cell is None else str(cell)


def _whole(cell: Cell) -> int:
    return 0 if cell is None else int(str(cell))


def _moment(cell: Cell) -> datetime:
    if not isinstance(cell, datetime):
        msg = f"the ledger holds {cell!r} where a timestamp belongs"
        raise TypeError(msg)
    return cell
