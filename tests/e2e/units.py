"""Sources of every kind with small tables, replicated by the rendered document and compared with plain Python."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from replicator.config.pipeline import Pipeline
from replicator.schema.fields import Field
from tests.captured import captured
from tests.e2e.clouds import Cloud, head, pipeline_of
from tests.googlesql import RefusedError

TARGET: Final = "acme-analytics.marketing"
LOCATION: Final = "asia-northeast1"
PROJECT: Final = "acme-jp"

Row = Mapping[str, Any]


@dataclass
class Bench:
    """One local cloud that several pipelines share, each with a dataset and a target of its own.

    Attributes:
        cloud: The local cloud.
        directory: Where configs are written.
    """

    cloud: Cloud
    directory: Path
    made: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        """Make the dataset of all targets."""
        self.dataset(TARGET, "EU")

    def pipeline(
        self, name: str, *, tables: str, merge: str = "", by: str = "day", incremental: str = "", more: str = "",
        keys: str = "",
    ) -> Pipeline:  # fmt: skip
        """A pipeline that is called ``name``, with one source that reads the dataset of that name.

        ``more`` are further lines of the source, ``keys`` of the file.
        """
        self.dataset(f"{PROJECT}.{name}", LOCATION)
        text = (
            head(name, by=by)
            + f"""\
sources:
  - name: japan
    project: {PROJECT}
    location: {LOCATION}
    tables: {tables}
"""
        )
        text += "".join(f"    {line}\n" for line in more.splitlines())
        text += f"incremental: {incremental}\n" if incremental else ""
        text += f"merge: {merge}\n" if merge else ""
        text += f"{keys}\n" if keys else ""
        return pipeline_of(self.directory / name, text)

    def dataset(self, name: str, location: str) -> None:
        """Make a dataset once."""
        if name not in self.made:
            self.cloud.dataset(name, location)
            self.made.add(name)

    def load(self, table: str, fields: Sequence[Field], rows: Sequence[Row]) -> None:
        """Make a table of the source hold exactly these rows."""
        self.cloud.load(f"{PROJECT}.{table}", fields, rows, LOCATION)

    def sql(self, statement: str) -> list[dict[str, Any]]:
        """Ask, or change, something in the source's location."""
        return self.cloud.rows(statement, LOCATION)

    def target(self, name: str) -> list[dict[str, Any]]:
        """The rows of a pipeline's target, in a fixed order."""
        return ordered(self.cloud.rows(f"SELECT * FROM `{TARGET}.{name}`", "EU"))

    def units(self, name: str) -> list[dict[str, Any]]:
        """The ledger's units of a pipeline's target, oldest first."""
        return self.cloud.rows(
            f"SELECT * FROM `acme-analytics.memory.units` WHERE target = '{TARGET}.{name}' ORDER BY epoch, unit", "EU"
        )


def ordered(rows: Iterable[Row]) -> list[dict[str, Any]]:
    """Rows in a fixed order, with their columns by name."""
    return sorted((dict(sorted(row.items())) for row in rows), key=repr)


def refused(bench: Bench) -> list[str]:
    """What GoogleSQL says against statements that the server was sent, with their texts; of one shape against one."""
    found = []
    statements = captured(bench.cloud.running.endpoints.http)
    assert statements
    for statement in {each.shape: each for each in statements}.values():
        if not statement.error.startswith("Not found: "):
            try:
                statement.check()
            except RefusedError as error:
                found.append(f"{error}\n{statement.text}")
    return found
