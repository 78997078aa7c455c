"""A copy that a crash interrupted is finished by the next run, whatever it had already written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from replicator.local.bigquery.errors import BigQueryError
from replicator.local.transfer.copying import Copy, Outcome
from replicator.local.transfer.settings import CopySettings
from replicator.local.transfer.store import Store
from replicator.names import DatasetRef, TableRef

SOURCE, DESTINATION = DatasetRef("acme-japan", "staging"), DatasetRef("acme-analytics", "landing")


class Killed(BaseException):
    """The process ends here."""


@dataclass(frozen=True)
class Table:
    name: str
    kind: str = "TABLE"
    modified: int = 1


class Crashing:
    """Two datasets; copying ``dies_in`` writes the destination and then ends the process."""

    def __init__(self, dies_in: str | None, refuses: str | None = None) -> None:
        self.written: list[str] = []
        self.dies_in = dies_in
        self.refuses = refuses

    def location(self, dataset: DatasetRef) -> str:
        return "asia-northeast1" if dataset == SOURCE else "EU"

    def tables(self, dataset: DatasetRef) -> Sequence[Table]:
        return [Table("a"), Table("b"), Table("c")] if dataset == SOURCE else [Table(name) for name in self.written]

    def ration(self, destination: TableRef) -> None:
        """There is no end of it."""

    def copy_table(self, source: TableRef, destination: TableRef) -> None:
        if source.table == self.refuses:
            reason, message = "invalid", "refused"
            raise BigQueryError(reason, message)
        self.written.append(destination.table)
        if source.table == self.dies_in:
            raise Killed


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(tmp_path / "transfer.sqlite")
    yield store
    store.close()


def run(store: Store, datasets: Crashing) -> Outcome | None:
    return Copy(
        settings=CopySettings(SOURCE, DESTINATION, overwrite=False),
        config="config",
        location="eu",
        store=store,
        datasets=datasets,
        now=lambda: 0.0,
        log=lambda severity, text: None,  # noqa: ARG005  the log is not looked at
        stopping=lambda: False,
    ).run()


@pytest.mark.parametrize("table", ["a", "b", "c"])
def test_a_table_that_a_crash_left_is_not_taken_for_someone_elses(store: Store, table: str) -> None:
    """Without overwrite a table that was there before fails the run; one of its own making does not."""
    datasets = Crashing(dies_in=table)
    with pytest.raises(Killed):
        run(store, datasets)
    datasets.dies_in = None

    assert run(store, datasets) == Outcome()
    assert set(datasets.written) == {"a", "b", "c"}
    assert len(datasets.written) == 4


def test_a_table_that_was_refused_is_not_taken_for_its_own(store: Store) -> None:
    """Whoever makes it meanwhile keeps it."""
    datasets = Crashing(dies_in=None, refuses="b")
    assert run(store, datasets) == Outcome(("refused",))
    datasets.refuses = None
    datasets.written.append("b")

    assert run(store, datasets) == Outcome(("Already Exists: Table acme-analytics:landing.b",))
