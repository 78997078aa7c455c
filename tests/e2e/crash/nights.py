"""Nights to be crashed: pipelines with sources of several kinds, kept as they stand before a run, and their oracle.

The oracle is plain Python over the rows that the sources were given; it knows nothing of how they are brought.
"""

from __future__ import annotations

import os
import re
import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final

from google.cloud.workflows_v1 import Workflow

from replicator.cli.exports import make_project
from replicator.cli.render import document_text
from replicator.schema.fields import Field
from tests.conformance.server.clients import Control
from tests.e2e.clouds import Cloud, cloud, head, pipeline_of
from tests.e2e.crash.bench import LEASE_SECONDS, MERGES, SHARDS

NAME: Final = "night"
TARGET: Final = f"acme-analytics.marketing.{NAME}"
MEMORY: Final = "acme-analytics.memory"
PARENT: Final = "projects/acme-analytics/locations/europe-west1"
WORKFLOW: Final = f"{PARENT}/workflows/{NAME}"
HOME: Final = "acme-home.shops"
DATED: Final = (Field("id", "INTEGER"), Field("note", "STRING"), Field("day", "DATE"))
UNDATED: Final = DATED[:2]
FIRST: Final = "first run"
"""The night of a pipeline that has never run: no target, no ledger, and three sources of three kinds."""

FIRST_DAY, SECOND_DAY = date(2031, 3, 5), date(2031, 3, 6)
"""The server's days of the two runs: later than any machine's, so that a client's clock is behind."""

_QUERY: Final = (
    f"SELECT id, note, day FROM `{HOME}.asked` WHERE TIMESTAMP(day) >= @window_start AND TIMESTAMP(day) < @window_end"
)
_PARTITIONED: Final = f'{{name: home, project: acme-home, location: EU, tables: {{partitioned: "{HOME[10:]}.orders"}}}}'
_TABLE: Final = "{{name: {0}, project: acme-{0}, location: {1}, tables: {{table: shops.customers}}}}"
_DATASETS: Final = (
    f'{{name: japan, project: acme-japan, location: asia-northeast1, tables: {SHARDS}, datasets: "shop_*"}}'
)
_ASKING: Final = f'{{name: NAME, id: acme-home.asked, project: acme-home, location: EU, tables: {{query: "{_QUERY}"}}}}'
_SOURCES: Final = {
    "replace_partitions": (_DATASETS, _PARTITIONED),
    "upsert": (_DATASETS, _TABLE.format("home", "EU")),
    "append": (_DATASETS, _ASKING.replace("NAME", "home")),
    "replace_table": (_TABLE.format("japan", "asia-northeast1"), _TABLE.format("home", "EU")),
    FIRST: (_DATASETS, _PARTITIONED, _ASKING.replace("NAME", "asked")),
}
"""Two sources of each pipeline, one of them across an ocean, or three; between them every kind of unit."""

Row = tuple[int, str, date]
"""id, note, day"""

_ASKED: Final[list[Row]] = [
    (11, "first", date(2031, 3, 4)), (12, "first", date(2031, 3, 5)), (13, "first", date(2031, 3, 5))
]  # fmt: skip
"""What the query is asked for: its windows are complete one day after another."""

Unit = tuple[str, str]
"""Owner and name, as the ledger has them."""


@dataclass
class Night:
    """A pipeline, a cloud that stands before one of its runs, and what is expected behind that run.

    Attributes:
        merge: One of ``MERGES``, or ``FIRST``.
        text: The document.
        directory: Where the cloud is worked in, and kept.
        rows: What each unit brings, its newest content; (owner, unit) of every unit that is due in some run.
        waves: The units of each run, in order.
        stamps: The time that the source says each unit was changed.
    """

    merge: str
    directory: Path
    text: str = ""
    rows: dict[Unit, list[Row]] = field(default_factory=dict)
    target: dict[str, dict[int, Row]] = field(default_factory=dict)
    waves: list[dict[Unit, int]] = field(default_factory=list)
    stamps: dict[Unit, datetime] = field(default_factory=dict)
    day: date = FIRST_DAY

    @contextmanager
    def resumed(self) -> Iterator[Standing]:
        """The cloud as it was kept, served until the end of the block; what happens there is forgotten."""
        shutil.rmtree(self.directory / "work", ignore_errors=True)
        shutil.copytree(self.directory / "kept", self.directory / "work")
        with cloud(self.directory / "work") as local:
            yield Standing(self, local)


@dataclass(frozen=True)
class Standing:
    """A night's cloud while it is served."""

    night: Night
    cloud: Cloud

    def __post_init__(self) -> None:
        """Let it be noon there."""
        noon = datetime(self.night.day.year, self.night.day.month, self.night.day.day, 12, tzinfo=UTC)
        self.control.post("/clock", {"offset": noon.timestamp() - time.time()})

    @property
    def control(self) -> Control:
        """The control port."""
        return Control(self.cloud.running.endpoints)

    def let_leases_expire(self) -> None:
        """Move the cloud's clock beyond every lease; it stays the same day."""
        self.control.post("/clock", {"advance": LEASE_SECONDS + 60})

    def running(self) -> list[str]:
        """The ids of the jobs that have not ended."""
        return [
            str(job.job_id)
            for project in ("acme-analytics", "acme-japan", "acme-home")
            for state in ("pending", "running")
            for job in self.cloud.clients.bigquery(project).list_jobs(state_filter=state)
        ]

    def check(self, *, running: int = 0) -> None:
        """Target and ledger equal the oracle, nobody holds the fence, and so many jobs have not ended.

        Every row is there once; every unit was committed once for each of its stamps, with the stamp its source told
        and in one epoch; the ledger's runs tell of as many units as were committed.
        """
        found = self._rows(f"SELECT shop, id, note, day FROM `{TARGET}`")
        rows = Counter((row["shop"], row["id"], row["note"], row["day"]) for row in found)
        expected = Counter((owner, *row) for owner, held in self.night.target.items() for row in held.values())
        assert rows == expected, f"target: too many {rows - expected}, too few {expected - rows}"
        self._check_units()
        [fence] = self._rows(f"SELECT * FROM `{MEMORY}.{self._fence()}`")
        assert fence["holder"] is None, fence
        still = self.running()
        assert len(still) == running, still

    def _check_units(self) -> None:
        units = self._rows(f"SELECT * FROM `{MEMORY}.units` ORDER BY epoch")
        for unit in units:
            # The name of a query's window begins with the pipeline's own six digits.
            unit["unit"] = re.sub(r"^query_\w{6}", "query", unit["unit"])
        counts = Counter((unit["owner"], unit["unit"], unit["row_count"]) for unit in units)
        expected = Counter((*unit, count) for wave in self.night.waves for unit, count in wave.items())
        assert counts == expected, f"ledger: too many {counts - expected}, too few {expected - counts}"
        stamps = Counter((unit["owner"], unit["unit"], unit["modified"]) for unit in units)
        assert set(stamps.values()) == {1}, f"one stamp in two epochs: {stamps}"
        newest = {(unit["owner"], unit["unit"]): unit["modified"] for unit in units}
        assert newest == self.night.stamps
        of_units = Counter((unit["epoch"], unit["run"], unit["source"]) for unit in units)
        runs = self._rows(f"SELECT * FROM `{MEMORY}.runs`")
        told = Counter[tuple[int, str, str]]()
        for run in runs:
            if run["state"] == "committed":
                told[run["epoch"], run["run"], run["source"]] += run["units"]
        assert of_units == told, f"the runs tell of {told}, the units of {of_units}"
        assert {run["epoch"] for run in runs if run["state"] == "started"} >= {unit["epoch"] for unit in units}

    def _fence(self) -> str:
        tables = self._rows(f"SELECT table_name FROM `{MEMORY}`.INFORMATION_SCHEMA.TABLES")
        [name] = [row["table_name"] for row in tables if row["table_name"].startswith("fence_")]
        return str(name)

    def _rows(self, sql: str, location: str = "EU") -> list[dict[str, Any]]:
        return self.cloud.rows(sql, location)

    # What the sources do -----------------------------------------------------------------------------------------
    def fill(self) -> None:
        """Make the sources, as they are before the first run."""
        night = self.night
        for name, location in (("acme-analytics.marketing", "EU"), (MEMORY, "EU"), (HOME, "EU")):
            self.cloud.dataset(name, location)
        make_project(self.cloud.endpoints, "acme-replication")
        for name in ("shop_1", "shop_2", "shops"):
            self.cloud.dataset(f"acme-japan.{name}", "asia-northeast1")
        pipeline = pipeline_of(night.directory, _config(night.merge))
        night.text = document_text(pipeline)
        self.cloud.clients.workflows().create_workflow(
            parent=PARENT, workflow_id=NAME, workflow=Workflow(source_contents=night.text)
        ).result()
        night.waves.append({})
        if night.merge == "replace_table":
            self._table("japan", [(1, "first", 1), (2, "first", 2)])
            self._table("home", [(3, "first", 1)])
            return
        self._shard("shop_1", 1, [(1, "first"), (2, "first")])
        self._shard("shop_2", 1, [(3, "first")])
        self._shard("shop_1", 2, [(4, "first")])
        if night.merge in {"replace_partitions", FIRST}:
            self._rows(f"CREATE TABLE `{HOME}.orders` (id INT64, note STRING, day DATE) PARTITION BY day")
            self._orders([(11, "first", 1), (12, "first", 1), (13, "first", 2)])
        if night.merge == "upsert":
            self._table("home", [(11, "first", 1), (12, "first", 1)])
        if night.merge in {"append", FIRST}:
            values = [dict(zip(("id", "note", "day"), row, strict=True)) for row in _ASKED]
            self.cloud.load(f"{HOME}.asked", DATED, values, "EU")
            self._window(4)

    def change(self) -> None:
        """Let the next day come, on which units are new and, but for an append, units are rewritten."""
        night = self.night
        night.day = SECOND_DAY
        self.__post_init__()
        night.waves.append({})
        if night.merge == "replace_table":
            self._table("japan", [(1, "changed", 1), (5, "new", 3)])
            self._table("home", [(3, "changed", 2), (6, "new", 2)])
            return
        self._shard("shop_2", 2, [(5, "new"), (6, "new")])
        if night.merge == "append":
            self._window(5)
            return
        self._shard("shop_1", 1, [(1, "changed"), (7, "new")])
        if night.merge == "upsert":
            self._table("home", [(11, "changed", 1), (14, "new", 2)])
            return
        self._rows(f"DELETE FROM `{HOME}.orders` WHERE id = 12")
        self._orders([(11, "first", 1)], inserted=False)
        self._orders([(14, "new", 3)])

    def note_stamps(self) -> None:
        """Ask the sources when they were changed, in statements of our own."""
        night, stamps = self.night, self.night.stamps
        for project, location in (("acme-japan", "asia-northeast1"), ("acme-home", "EU")):
            view = f"`{project}`.`region-{location.lower()}`.INFORMATION_SCHEMA.TABLE_STORAGE"
            for row in self._rows(f"SELECT * FROM {view} WHERE NOT deleted", location):
                dataset, table = row["table_schema"], row["table_name"]
                owner = f"{project}.{dataset}" + (".customers" if table == "customers" else "")
                if (owner, table) in night.rows:
                    stamps[owner, table] = row["storage_last_modified_time"]
        for owner, unit in night.rows:
            if owner == f"{HOME}.orders":
                [row] = self._rows(
                    f"SELECT last_modified_time FROM `{HOME}`.INFORMATION_SCHEMA.PARTITIONS "
                    f"WHERE table_name = 'orders' AND partition_id = '{unit.rpartition('$')[2]}'"
                )
                stamps[owner, unit] = row["last_modified_time"]
            elif owner == "acme-home.asked":
                begin = date.fromisoformat(unit.rpartition("$")[2])
                stamps[owner, unit] = datetime(begin.year, begin.month, begin.day + 1, tzinfo=UTC)

    def _shard(self, dataset: str, day: int, rows: Sequence[tuple[int, str]]) -> None:
        owner, unit = f"acme-japan.{dataset}", f"events_203103{day:02}"
        values = [{"id": number, "note": note} for number, note in rows]
        self.cloud.load(f"{owner}.{unit}", UNDATED, values, "asia-northeast1")
        self._expect(owner, unit, [(number, note, _march(day)) for number, note in rows])

    def _table(self, source: str, rows: Sequence[tuple[int, str, int]]) -> None:
        owner, location = f"acme-{source}.shops.customers", "EU" if source == "home" else "asia-northeast1"
        dated = [(number, note, _march(day)) for number, note, day in rows]
        self.cloud.load(owner, DATED, [dict(zip(("id", "note", "day"), row, strict=True)) for row in dated], location)
        self._expect(owner, "customers", dated)

    def _orders(self, rows: Sequence[tuple[int, str, int]], *, inserted: bool = True) -> None:
        if inserted:
            values = ", ".join(f"({number}, '{note}', '{_march(day)}')" for number, note, day in rows)
            self._rows(f"INSERT INTO `{HOME}.orders` (id, note, day) VALUES {values}")
        for day in {day for _, _, day in rows}:
            held = [(number, note, _march(day)) for number, note, when in rows if when == day]
            self._expect(f"{HOME}.orders", f"orders$203103{day:02}", held)

    def _window(self, day: int) -> None:
        self._expect("acme-home.asked", f"query${_march(day)}", [row for row in _ASKED if row[2] == _march(day)])

    def _expect(self, owner: str, unit: str, rows: list[Row]) -> None:
        """Book a unit that is due in the run to come: in the ledger, and by the strategy's rule in the target."""
        night = self.night
        night.waves[-1][owner, unit] = len(rows)
        before = {row[0] for row in night.rows.get((owner, unit), [])}
        night.rows[owner, unit] = rows
        held = night.target.setdefault(owner, {})
        if night.merge in {"replace_partitions", "replace_table"}:
            for number in before:
                held.pop(number, None)
        held.update({row[0]: row for row in rows})


def _march(day: int) -> date:
    return date(2031, 3, day)


def _config(merge: str) -> str:
    return (
        head(NAME)
        + f"""\
merge: {MERGES.get(merge, "replace_partitions")}
sources:
"""
        + "".join(f"  - {source}\n" for source in _SOURCES[merge])
    )


def kept(directory: Path, merge: str, first_run: Callable[[Standing], Mapping[str, Any]]) -> Night:
    """A night whose target holds a first run's rows, kept as it stands before the second; or before the first."""
    night = Night(merge, directory)
    directory.mkdir(parents=True)
    with cloud(directory / "kept") as local:
        standing = Standing(night, local)
        standing.fill()
        if merge == FIRST:
            standing.note_stamps()
            return night
        ended = first_run(standing)
        assert ended["state"] == "done", ended
        standing.note_stamps()
        standing.check()
        standing.change()
        standing.note_stamps()
    return night


def children() -> dict[int, str]:
    """The command lines of this process's children, by their ids."""
    found = {}
    for task in Path(f"/proc/{os.getpid()}/task").iterdir():
        for child in (task / "children").read_text().split():
            found[int(child)] = Path(f"/proc/{child}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    return found
