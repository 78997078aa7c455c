"""What the statements of a run were billed for, and what they may have been."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Final

from replicator.config.pipeline import Pipeline
from tests.captured import captured
from tests.e2e.clouds import Cloud, head, pipeline_of

TARGET: Final = "acme-analytics.marketing"
NOTE: Final = 1_000
LONGER: Final = 3_000
"""Letters of a note before and after a change: so many that what it weighs tells how often it was read."""

ASIDE: Final = 250
"""Bytes that a statement may read of the manifest or of the batch for each unit, beside the rows themselves."""

HEAD: Final = head("NAME")


@dataclass(frozen=True)
class Row:
    """A row as the target has it, by what it weighs.

    Attributes:
        owner: The source value.
        day: Its partition.
        note: Letters of its note.
    """

    owner: str
    day: date
    note: int = NOTE

    @property
    def read(self) -> int:
        """Logical bytes of its own two columns, an INT64 and a STRING (querying-data, data type sizes)."""
        return 8 + 2 + self.note

    @property
    def placed(self) -> int:
        """Logical bytes of the partition column and the source column."""
        return 8 + 2 + len(self.owner)


@dataclass(frozen=True)
class Statement:
    """One statement that a run's job carried out.

    Attributes:
        stage: The part of the job's id that names its stage.
        job: The id of the job that it was a part of; a batch's is its commit's.
        kind: BigQuery's statement type.
        bytes: ``totalBytesProcessed``.
        reads: The tables it read, whole names.
        deleted: Rows that it deleted.
    """

    stage: str
    job: str
    kind: str
    bytes: int
    reads: frozenset[str]
    deleted: int


@dataclass
class Meter:
    """A local cloud, and which of its jobs were looked at before."""

    cloud: Cloud
    directory: Path
    seen: set[str] = field(default_factory=set)

    def pipeline(self, name: str, text: str) -> Pipeline:
        """A pipeline of this name; ``text`` are its sources and its strategy."""
        return pipeline_of(self.directory / name, HEAD.replace("NAME", name) + text)

    def run(self, pipeline: Pipeline, argument: dict[str, Any] | None = None) -> tuple[dict[str, Any], list[Statement]]:
        """Run it; how it ended, and every statement of its own jobs, in whatever project."""
        result = self.cloud.run(pipeline, argument)
        return result, [
            statement
            for project in ("acme-jp", "acme-eu", "acme-analytics")
            for statement in self._statements(project, f"replicator_{pipeline.name}_")
        ]

    def sql(self, statement: str) -> None:
        """Change something in the target's location."""
        self.cloud.rows(statement, "EU")

    def _statements(self, project: str, prefix: str) -> Iterator[Statement]:
        client = self.cloud.clients.bigquery(project)
        for job in client.list_jobs():
            if job.job_id in self.seen or not job.job_id.startswith(prefix):
                continue
            self.seen.add(job.job_id)
            assert job.job_type == "query", f"{job.job_id} is a job of type {job.job_type}"
            named = re.search(r"_(?:\d{6}|[0-9a-f-]{36})_([a-z]+)", job.job_id)
            assert named is not None, job.job_id
            for one in client.list_jobs(parent_job=job) if job.num_child_jobs else (job,):
                yield Statement(
                    named[1], job.job_id, one.statement_type, one.total_bytes_processed,
                    frozenset(f"{read.project}.{read.dataset_id}.{read.table_id}" for read in one.referenced_tables),
                    0 if one.dml_stats is None else one.dml_stats.deleted_row_count,
                )  # fmt: skip


def weight(rows: Iterable[Row]) -> int:
    """Logical bytes of rows of the target, all columns."""
    return sum(row.read + row.placed for row in rows)


def reading(statements: Iterable[Statement], *names: str) -> list[Statement]:
    """Those that read a table whose name has one of these in it."""
    return [one for one in statements if any(name in table for table in one.reads for name in names)]


def total(statements: Iterable[Statement]) -> int:
    """Bytes processed together."""
    return sum(one.bytes for one in statements)


def check_source(statements: Sequence[Statement], table: str, expected: int) -> None:
    """The source's tables are read by fills only, and by those exactly the bytes expected."""
    found = reading(statements, table)
    assert {one.stage for one in found} == {"fill"}
    assert all(table in name for one in found for name in one.reads)
    assert total(found) == expected, found


def check_landed(statements: Sequence[Statement], source: str, rows: Sequence[Row], units: int, kind: str) -> None:
    """What was staged is read whole twice: to be aligned, and by one statement of the commit; else its numbers are.

    The columns that are neither the note nor the number weigh less than what may be read aside.
    """
    aside = units * ASIDE + sum(8 + row.placed for row in rows)
    staged = re.compile(rf"__{source}__\w+\.(buffer|aligned)_")
    found = [one for one in statements if any(staged.search(table) for table in one.reads)]
    whole = [one for one in found if one.bytes >= sum(row.note for row in rows)]
    assert sorted((one.stage, one.kind) for one in whole) == sorted(
        [("align", "CREATE_TABLE_AS_SELECT"), ("commit", kind)]
    ), whole
    for one in whole:
        if not reading([one], TARGET):
            assert 0 <= one.bytes - sum(row.read for row in rows) <= aside, one
    assert all(one.bytes <= aside for one in found if one not in whole), found


def check_deleted(
    statements: Sequence[Statement], touched: Sequence[Row], *, owners: Sequence[Row] | None = None
) -> None:
    """The target is read by DELETEs alone, one in a batch, and they are billed for the touched partitions alone.

    That is all bytes of a touched partition and those of the columns that choose rows (dml-syntax): both of the
    target's own in the touched partitions, or the source column of ``owners``, where no range can be named. Where
    nothing was there before, no DELETE is sent at all.
    """
    found = reading(statements, TARGET)
    assert {(one.stage, one.kind, len(one.reads)) for one in found} == ({("commit", "DELETE", 1)} if touched else set())
    assert len({one.job for one in found}) == len(found)
    assert sum(one.deleted for one in found) == len(touched)
    chosen = sum(row.placed for row in touched) if owners is None else sum(2 + len(row.owner) for row in owners)
    assert total(found) == weight(touched) + chosen, found


def check_quiet(result: dict[str, Any], statements: Sequence[Statement], calls: Iterable[str]) -> None:
    """No table is read but the fence, the ledger and receipts; nothing is copied and nothing but the run is noted."""
    assert (result["state"], result["units"], result["copies"]) == ("quiet", 0, 0)
    memory = r"acme-analytics\.memory\.(fence_\w+|units|runs|drift)|\S+_staging\.receipts_\w+"
    read = {table for one in statements for table in one.reads if "._script" not in table}
    assert read
    assert not {table for table in read if not re.fullmatch(memory, table)}
    assert not any("startManualRuns" in call for call in calls)
    assert {one.stage for one in statements} == {"take", "inventory", "renew", "finish"}


def check_unaccounted(cloud: Cloud) -> None:
    """A script's own expressions, whose bytes no job of the local cloud counts, read no source and no target."""
    expressions = [one for one in captured(cloud.running.endpoints.http) if one.kind == "EXPRESSION"]
    read = {table.name for one in expressions for table in one.tables if "INFORMATION_SCHEMA" not in table.name}
    assert any(".manifest_" in name for name in read), read
    assert not {name for name in read if name.startswith(f"{TARGET}.") or re.search(r"\.(t_\d|orders)", name)}
