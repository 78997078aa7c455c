"""A pipeline over two sources whose history anybody may write: changes, runs, crashes, overlaps, late metadata."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeAlias

from google.cloud.bigquery import TableReference

from replicator.cli.render import document_text
from replicator.schema.fields import Field
from tests.e2e.clouds import head, pipeline_of, record
from tests.e2e.crash.bench import PLACES, SHARDS, Crashing, Killable, Scene, crashing
from tests.e2e.crash.oracle import TODAY, Found, Oracle, Row, Unit, Version

NAME: Final = "any"
MERGES: Final = {
    "replace_partitions": "replace_partitions",
    "upsert": "{upsert: {keys: [id]}}",
    "append": "append",
}
LATE_SECONDS: Final = 1_200
"""How late metadata is, when it is late."""

PASSING_SECONDS: Final = 1_800
"""What passes at once: longer than a lease of 15 minutes, and than metadata is late."""

ENDS_WITHIN_SECONDS: Final = 600
"""What a run takes at most, also where many tests share the machine."""

_ID, _NOTE, _TAG = Field("id", "INTEGER"), Field("note", "STRING"), Field("tag", "STRING")
_LEFT, _RIGHT = Field("left", "STRING"), Field("right", "STRING")
EDITIONS: Final = {
    "whole": (_ID, _NOTE, _TAG, record("box", _LEFT, _RIGHT)),
    "no tag": (_ID, _NOTE, record("box", _LEFT, _RIGHT)),
    "no left": (_ID, _NOTE, _TAG, record("box", _RIGHT)),
    "other order": (record("box", _RIGHT, _LEFT), _TAG, _NOTE, _ID),
}
"""What an export writes: all columns, all but one, or all in another order."""

PLACES_OF_A_RUN: Final = (
    "take", "renew_2", "inventory_japan", "inventory_home", "fill_japan_0", "fill_home_0", "count_japan",
    "landing_japan", "startManualRuns", "align_japan", "align_home", "write_1", "commit_1", "write_2", "commit_2",
    "receipts_japan", "receipts_home", "drop_japan", "finish",
)  # fmt: skip
"""Where a run may stand still or die: its jobs by their names, and the call that starts a copy."""


class Written(NamedTuple):
    """A shard is made or written anew, from now on in another edition if one is given."""

    unit: Unit
    number: int
    edition: str | None


class Deleted(NamedTuple):
    """One of the shards that are there is deleted."""

    number: int


class Metadata(NamedTuple):
    """Metadata begins to be late, or ceases to."""

    late: bool


class Passing(NamedTuple):
    """Half an hour passes."""


Change: TypeAlias = Written | Deleted | Metadata | Passing

_KNOWN_ENDS: Final = ("done", "quiet")


@dataclass
class Shop:
    """The pipeline, its sources and their oracle.

    Attributes:
        bench: The cloud, which nobody else uses.
        scene: The pipeline.
        oracle: What everything may hold.
        editions: What the exports of each dataset are like from now on, by the owner of its rows.
        leased: Whether a run may have died with the lease.
        made: Whether the target is there for sure.
    """

    bench: Crashing
    scene: Scene
    oracle: Oracle
    editions: dict[str, str] = field(default_factory=dict)
    leased: bool = False
    made: bool = False
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    _listed_then: dict[Unit, Version] = field(default_factory=dict)

    def write(self, unit: Unit, count: int) -> None:
        """Make a shard, or write it anew, as an export does; its dataset is made when it is missing."""
        if unit.owner not in self.editions:
            self.bench.cloud.dataset(unit.owner, PLACES[unit.source])
        edition = self.editions.setdefault(unit.owner, "whole")
        number = next(self._numbers)
        rows = tuple(_row(unit, number, n, edition) for n in range(count))
        self.bench.cloud.load(unit.table, EDITIONS[edition], [_loaded(row, edition) for row in rows],
                              PLACES[unit.source])  # fmt: skip
        client = self.bench.cloud.clients.bigquery(f"acme-{unit.source}")
        modified: datetime = client.get_table(TableReference.from_string(unit.table)).modified
        self.oracle.write(unit, Version(_millis(modified), rows))

    def delete(self, unit: Unit) -> None:
        """Delete a shard at the source."""
        client = self.bench.cloud.clients.bigquery(f"acme-{unit.source}")
        client.delete_table(TableReference.from_string(unit.table), retry=None)
        del self.oracle.now[unit]

    def metadata_is_late(self, *, late: bool) -> None:
        """From now on metadata tells what was there a while ago, or what is there."""
        self.bench.control.post("/unsettled", {"table_storage_seconds": LATE_SECONDS if late else 0})
        self.oracle.listed = dict(self._listed_then) if late else None

    def time_passes(self) -> None:
        """Every lease ends, and metadata that is late has caught up with what there is now."""
        self.bench.control.post("/clock", {"advance": PASSING_SECONDS})
        self.leased = False
        self._listed_then = dict(self.oracle.now)
        if self.oracle.listed is not None:
            self.oracle.listed = dict(self.oracle.now)

    def change(self, change: Change) -> None:
        """Change something outside of the run."""
        match change:
            case Written(unit, number, edition):
                # A target that is still to be made gets all columns.
                if self.made and edition and unit.owner in self.editions:
                    self.editions[unit.owner] = edition
                self.write(unit, number)
            case Deleted(number):
                if there := sorted(self.oracle.now):
                    self.delete(there[number % len(there)])
            case Metadata(late):
                self.metadata_is_late(late=late)
            case Passing():
                self.time_passes()

    def run(self) -> str:
        """One run that nothing disturbs: it does all there is to do, or leaves because of a lease."""
        seen = self.oracle.seen()
        told = self.bench.run(self.scene)
        state = str(told["state"])
        if state == "left":
            assert self.leased, f"the run left although no other can hold the fence: {told}"
            return state
        # A shard that is listed and gone is all that a source had to bring: that is an error, and nothing to bring.
        assert state in _KNOWN_ENDS or seen.keys() - self.oracle.now.keys(), told.get("error")
        self.oracle.ran(seen)
        self.leased, self.made = False, self.made or state == "done"
        self.check()
        return state

    def check(self) -> None:
        """Target and ledger are what the oracle says."""
        wrong = self.oracle.told(self.found())
        assert not wrong, "\n".join(wrong)

    def found(self) -> dict[Unit, Found]:
        """What target and ledger hold of each unit."""
        rows: dict[Unit, list[Row]] = {}
        ledger: dict[Unit, list[tuple[int, int]]] = {}
        for table in self._in_target("acme-analytics.memory", "units"):
            for row in self.bench.cloud.rows(
                f"SELECT owner, range_start, modified, row_count FROM `{table}` ORDER BY epoch, committed_at", "EU"
            ):
                unit = _unit(row["owner"], date.fromisoformat(row["range_start"]))
                ledger.setdefault(unit, []).append((_millis(row["modified"]), row["row_count"]))
        for table in self._in_target("acme-analytics.marketing", NAME):
            for row in self.bench.cloud.rows(
                f"SELECT shop, day, id, note, tag, box.left AS l, box.right AS r FROM `{table}`", "EU"
            ):
                values = Row(row["id"], row["note"], row["tag"], row["l"], row["r"])
                rows.setdefault(_unit(row["shop"], row["day"]), []).append(values)
        return {
            unit: Found(tuple(sorted(rows.get(unit, ()))), tuple(ledger.get(unit, ())))
            for unit in rows.keys() | ledger.keys()
        }

    def _in_target(self, dataset: str, table: str) -> list[str]:
        """The table, if there is one yet."""
        listed = self.bench.cloud.rows(f"SELECT table_name FROM `{dataset}`.INFORMATION_SCHEMA.TABLES", "EU")
        return [f"{dataset}.{table}"] if {"table_name": table} in listed else []

    @contextmanager
    def standing(self, place: str, when: str) -> Iterator[tuple[Killable, bool]]:
        """A run in a process of its own, at the place where it stands still; whether it came there.

        A job stands ``before`` it is inserted, or ``after`` it has ended and before that was told: in between it would
        go on by itself, and nobody could say what it had done when another run begins.
        Where the block leaves it standing it is killed. A run that never comes there has ended.
        """
        match = {"service": "transfer", "path": place}
        if place != "startManualRuns":
            match = {"job": _job(place), "method": {"before": "POST", "after": "GET"}[when]}
        hold = self.bench.control.hold(when, match)
        run = self.bench.start(self.scene)
        try:
            while True:
                came = self.bench.control.get(f"/holds/{hold}?wait=0.2")["state"] == "holding"
                if came or run.answer.poll(0):
                    break
            yield run, came
        finally:
            run.kill()
            # Let go as what it is, a call of nobody; a hold that is forgotten already is none to let go of.
            self.bench.control.ask("POST", f"/holds/{hold}:release", {"then": "drop"})
            self.bench.control.ask("DELETE", "/holds")

    def crash(self, place: str, when: str) -> None:
        """A run is killed at this place; the cloud lives on."""
        seen, held = self.oracle.seen(), dict(self.oracle.now)
        with self.standing(place, when) as (run, came):
            if came:
                run.kill()
                self.leased = True
            else:
                run.result(ENDS_WITHIN_SECONDS)
        self.oracle.may_have_run(seen, held)
        self.check()

    def overlap(self, place: str, when: str, changes: Sequence[Change]) -> None:
        """While a run stands there the sources change, and another run finds it busy; then it goes on."""
        seen, held = self.oracle.seen(), dict(self.oracle.now)
        leased = self.leased
        with self.standing(place, when) as (run, came):
            for change in changes:
                self.change(change)
            if came:
                told = self.bench.run(self.scene)
                assert told["state"] == "left", told
            self.bench.control.ask("DELETE", "/holds")
            told = run.result(ENDS_WITHIN_SECONDS)
        assert told["state"] in {*_KNOWN_ENDS, *(["left"] if leased else []), *(["failed"] if changes else [])}, told
        self.oracle.may_have_run(seen, held)
        self.check()

    def take_over(self, place: str, when: str, changes: Sequence[Change]) -> None:
        """A run stands there for longer than its lease, another does its work, and then it goes on: to no effect."""
        seen, held = self.oracle.seen(), dict(self.oracle.now)
        with self.standing(place, when) as (run, came):
            self.time_passes()
            self.oracle.may_have_run(seen, held)
            for change in changes:
                self.change(change)
            state = self.run()
            assert state != "left"
            there = self.found()
            self.bench.control.ask("DELETE", "/holds")
            told = run.result(ENDS_WITHIN_SECONDS)
            assert not came or self.found() == there, told

    def settle(self) -> None:
        """Metadata catches up, leases end, and a run does what is left to do."""
        self.metadata_is_late(late=False)
        self.time_passes()
        state = self.run()
        assert state in _KNOWN_ENDS, state
        if not self.oracle.lookback:
            assert self.run() == "quiet"


def _row(unit: Unit, version: int, number: int, edition: str) -> Row:
    """A row of a shard's version; rows of later versions have the same keys."""
    held = {each.name for each in _leaves(EDITIONS[edition])}
    texts = {name: f"{name} {version}.{number}" if name in held else None for name in ("note", "tag", "left", "right")}
    return Row(100 * unit.days_ago + number, **texts)


def _leaves(fields: tuple[Field, ...]) -> list[Field]:
    return [leaf for each in fields for leaf in (each.fields or (each,))]


def _loaded(row: Row, edition: str) -> dict[str, Any]:
    """The row as its export writes it."""
    values = row._asdict()
    return {
        each.name: {leaf.name: values[leaf.name] for leaf in each.fields} if each.fields else values[each.name]
        for each in EDITIONS[edition]
    }


def _unit(owner: str, day: date) -> Unit:
    project, _, dataset = owner.partition(".")
    return Unit(project.removeprefix("acme-"), dataset, (TODAY - day).days)


def _millis(moment: datetime) -> int:
    return round(moment.timestamp() * 1_000_000) // 1_000


def _job(place: str) -> str:
    return rf"replicator_{NAME}_.*_{place}_\d"


@contextmanager
def history(directory: Path, merge: str, lookback: int) -> Iterator[Shop]:
    """A cloud of its own, with a pipeline over two sources that have nothing yet but a dataset each."""
    text = (
        head(NAME)
        + f"""\
merge: {MERGES[merge]}
incremental: {{by: last_modified, lookback: {lookback} days}}
sources:
"""
    )
    for source, place in PLACES.items():
        text += (
            f"  - {{name: {source}, project: acme-{source}, location: {place}, tables: {SHARDS}, datasets: shop_*}}\n"
        )
    with crashing(directory) as bench:
        begin = datetime(TODAY.year, TODAY.month, TODAY.day, 0, 5, tzinfo=UTC).timestamp()
        bench.control.post("/clock", {"offset": begin - datetime.now(UTC).timestamp()})
        pipeline = pipeline_of(directory, text)
        shop = Shop(bench, Scene(NAME, merge, pipeline, document_text(pipeline)), Oracle(merge, lookback))
        for source in PLACES:
            shop.write(Unit(source, "shop_1", 3), 2)
        yield shop
