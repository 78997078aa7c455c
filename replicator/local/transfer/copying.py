"""What one run of a dataset copy does.

docs.cloud.google.com/bigquery/docs/managing-datasets#copy-datasets, and quotas#copy_datasets for the rations.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from replicator import limits
from replicator.local.bigquery.errors import BigQueryError
from replicator.local.transfer.outcomes import Planned
from replicator.local.transfer.port import Datasets, SourceTable
from replicator.local.transfer.settings import CopySettings
from replicator.local.transfer.store import Store
from replicator.names import DatasetRef

DAY: Final = 86_400.0

_COPIED_KIND: Final = "TABLE"
"""Views, materialized views and external tables are left out; so are table snapshots, of which no page speaks."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended.

    Attributes:
        errors: What made it fail; empty when it succeeded.
        left_over: Changed tables beyond the ration of one run; the service starts another run a day later for them.
    """

    errors: tuple[str, ...] = ()
    left_over: int = 0


@dataclass(frozen=True)
class Copy:
    """One run of one config.

    Attributes:
        settings: What to copy where.
        config: The id under which it is remembered what was copied.
        location: Where the config lies, in lower case.
        store: Remembers.
        datasets: BigQuery.
        now: Seconds since 1970, on the server's clock.
        log: Takes a severity and a line for the run's log.
        stopping: Whether to stop before the next table: the server ends, or the run was deleted.
        planned: What the run is to meet, if something was asked for.
    """

    settings: CopySettings
    config: str
    location: str
    store: Store
    datasets: Datasets
    now: Callable[[], float]
    log: Callable[[str, str], None]
    stopping: Callable[[], bool]
    planned: Planned | None = None

    def run(self) -> Outcome | None:
        """Copy what has changed; None when it was told to stop before the end."""
        if self.planned is not None and self.planned.kind == "fails" and not self.planned.tables:
            return Outcome((self.planned.message,))
        source, destination = self.settings.source, self.settings.destination
        source_location, location = self.datasets.location(source), self.datasets.location(destination)
        for dataset, lies_in in ((source, source_location), (destination, location)):
            if lies_in is None:
                return Outcome((f"Not found: Dataset {_written(dataset)}",))
        if location is None or location.lower() != self.location:
            fact = (
                f"Dataset {_written(destination)} is located in {location} and its transfer config in {self.location}"
            )
            return Outcome((fact,))

        everything = self.datasets.tables(source)
        if len(everything) > (most := limits.TABLES_IN_COPIED_DATASET.value):
            fact = f"Dataset {_written(source)} has {len(everything)} tables, more than the {most} that can be copied"
            return Outcome((fact,))
        changed = self._changed(everything)
        across = source_location != location
        chosen = changed[: limits.TABLES_PER_COPY.value] if across else changed
        errors = self._copy_all(chosen, across=across)
        if errors is None:
            return None
        self.log("INFO", f"Summary: succeeded {len(chosen) - len(errors)} jobs, failed {len(errors)} jobs.")
        return Outcome(tuple(errors), len(changed) - len(chosen))

    def _changed(self, everything: Sequence[SourceTable]) -> list[SourceTable]:
        """The tables to copy, by name.

        One whose last modification was copied before is skipped, also with overwrite, and whatever has happened
        to the destination since (managing-datasets, "Limitations").
        """
        copied = self.store.copied(self.config)
        tables = sorted((table for table in everything if table.kind == _COPIED_KIND), key=lambda table: table.name)
        for table in everything:
            if table.kind != _COPIED_KIND:
                self.log("WARNING", f"Skipping {table.name}: a {table.kind} is not copied.")
        changed = [table for table in tables if copied.get(table.name) != table.modified]
        if skipped := len(tables) - len(changed):
            self.log("INFO", f"Skipping {skipped} tables that have not changed since they were last copied.")
        return changed

    def _copy_all(self, tables: Sequence[SourceTable], *, across: bool) -> list[str] | None:
        present = {table.name for table in self.datasets.tables(self.settings.destination)}
        present -= self.store.begun(self.config)
        errors = []
        for table in tables:
            if self.stopping():
                return None
            if self.planned is not None and self.planned.kind == "succeeds_without" and self.planned.names(table.name):
                continue
            error = self._copy(table, exists=table.name in present, across=across)
            if error is not None:
                self.log("ERROR", error)
                errors.append(error)
        return errors

    def _copy(self, table: SourceTable, *, exists: bool, across: bool) -> str | None:
        """Copy one table; what went wrong, or None."""
        if self.planned is not None and self.planned.kind == "fails" and self.planned.names(table.name):
            return self.planned.message
        destination = self.settings.destination.table(table.name)
        if across:
            try:
                # A copy that fails afterwards has used it up too.
                self.datasets.ration(destination)
            except BigQueryError as error:
                return error.message
        if exists and not self.settings.overwrite:
            return f"Already Exists: Table {_written(destination.parent)}.{destination.table}"
        self.store.begin_copy(self.config, table.name)
        try:
            self.datasets.copy_table(self.settings.source.table(table.name), destination)
        except BigQueryError as error:
            self.store.end_copy(self.config, table.name, None)
            return error.message
        # The stamp was read before the copy: a change in between is copied again, never missed.
        self.store.end_copy(self.config, table.name, table.modified)
        return None


def _written(dataset: DatasetRef) -> str:
    """A dataset as BigQuery's messages write it."""
    return f"{dataset.project}:{dataset.dataset}"
