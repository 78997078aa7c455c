"""What landed, brought to a target's schema by the statement of the rendered document alone."""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Final

from google.cloud import bigquery

from replicator.names import TableRef
from replicator.plan.plan import Plan
from replicator.schema.fields import Field, Mode, schema_from_api
from replicator.sql.ledger import create_ledger
from replicator.sql.placeholders import bind
from replicator.sql.projection import UNIT
from tests.captured import captured
from tests.e2e.clouds import Cloud
from tests.e2e.drift.exports import Row, brought
from tests.googlesql import RefusedError
from tests.unit.plan import pipelines

OWN: Final = (Field("order_day", "DATE", Mode.REQUIRED), Field("shop", "STRING", Mode.REQUIRED))
"""The columns of a target that no source brings."""

_FIRST: Final = date(2026, 10, 31)
_WITHOUT_TABLES: Final = ("Not found: ", "Cannot read missing field")
"""Statements that failed because of their tables have none to be analyzed against."""


@dataclass(frozen=True)
class Landed:
    """A dataset of what landed: buffers, each a unit of its own, and their manifest."""

    name: str
    buffers: tuple[tuple[str, tuple[Field, ...], tuple[Row, ...]], ...]


@dataclass
class Aligning:
    """A local cloud with a ledger, targets, and datasets of what landed."""

    cloud: Cloud
    serial: itertools.count[int] = field(default_factory=lambda: itertools.count(1))
    shapes: set[str] = field(default_factory=set, repr=False)
    analyzed: int = 0

    def __post_init__(self) -> None:
        """Make the ledger, and the dataset of the targets."""
        self.cloud.dataset("acme-analytics.sales", "EU")
        self.cloud.rows(create_ledger(pipelines.plan().state, location="EU"), "EU")

    def target(self, fields: Sequence[Field]) -> TableRef:
        """A new target with these columns and its own two."""
        table = TableRef("acme-analytics", "sales", f"orders_{next(self.serial)}")
        self.cloud.load(str(table), (*OWN, *fields), [], "EU")
        return table

    def plan(self, target: TableRef, keys: str = "") -> Plan:
        """The plan of a pipeline to the target; ``keys`` stand at the file's end."""
        return pipelines.plan(target=str(target), more=keys)

    def landed(self, buffers: Sequence[tuple[str, Sequence[Field], Sequence[Row]]]) -> Landed:
        """A dataset in which the rows of these datasets, each with its schema, have landed."""
        name = f"acme-analytics.landed_{next(self.serial)}"
        self.cloud.dataset(name, "EU")
        for number, (_, fields, rows) in enumerate(buffers, 1):
            table, schema = f"{name}.{_buffer(number)}", (*fields, Field(UNIT, "INTEGER"))
            if rows:
                self.cloud.load(table, schema, [{**row, UNIT: number} for row in rows], "EU")
            else:
                self.empty(table, schema)
        manifest = [
            {
                "unit": number, "buffer": number, "name": f"orders_{number}", "dataset": dataset, "dated": True,
                "owner": dataset, "range_start": str(_FIRST + timedelta(days=number)), "row_count": len(rows),
                "error": None,
            }
            for number, (dataset, _, rows) in enumerate(buffers, 1)
        ]  # fmt: skip
        self.cloud.load(f"{name}.manifest_0a1b2c_000001", _MANIFEST, manifest, "EU")
        return Landed(name, tuple((dataset, tuple(fields), tuple(rows)) for dataset, fields, rows in buffers))

    def empty(self, table: str, fields: Sequence[Field]) -> None:
        """A table without a row, made by a call and not by a job."""
        schema = [bigquery.SchemaField.from_api_repr(one.to_api()) for one in fields]
        self.cloud.clients.bigquery("acme-analytics").create_table(bigquery.Table(table, schema=schema))

    def answer(self, statement: str, landed: Landed, source: str = "japan") -> Mapping[str, Any]:
        """What a statement of the target's side answers; its failure is the service's own."""
        names = {"landing": landed.name, "key": "0a1b2c", "epoch": "000001"}
        run = {
            "pipeline": "orders", "run": "orders-000001", "epoch": 1, "units": len(landed.buffers),
            "rows": sum(len(rows) for _, _, rows in landed.buffers), "buffers": len(landed.buffers),
            "landed": [source], "landings": [landed.name],
        }  # fmt: skip
        config = bigquery.QueryJobConfig(
            query_parameters=[
                bigquery.ScalarQueryParameter("run", "STRING", json.dumps(run)),
                bigquery.ScalarQueryParameter("source", "STRING", json.dumps({"name": source})),
            ]
        )
        client = self.cloud.clients.bigquery("acme-analytics")
        [row] = client.query(bind(statement, names), location="EU", job_config=config).result()
        return dict(row)

    def evolved(self, plan: Plan, landed: Landed) -> list[tuple[Field, ...]]:
        """What the target has besides its own columns: at first, and each time it has gained what the plan lets in."""
        client = self.cloud.clients.bigquery("acme-analytics")
        config = bigquery.QueryJobConfig(
            destination=str(plan.target), write_disposition="WRITE_APPEND",
            schema_update_options=["ALLOW_FIELD_ADDITION"],
        )  # fmt: skip
        stages = [self._fields(plan)]
        while plan.statements.evolve is not None:
            statement = self.answer(plan.statements.evolve, landed)["statement"]
            if statement is None:
                break
            client.query(statement, location="EU", job_config=config).result()
            stages.append(self._fields(plan))
        return stages

    def _fields(self, plan: Plan) -> tuple[Field, ...]:
        client = self.cloud.clients.bigquery("acme-analytics")
        found = schema_from_api([one.to_api_repr() for one in client.get_table(str(plan.target)).schema])
        return tuple(one for one in found if one.name not in {own.name for own in OWN})

    def told(self, target: TableRef) -> set[tuple[str, str, str | None, str | None]]:
        """What the ledger has of a target's drift: path, kind, the source's type, the target's."""
        rows = self.cloud.rows(
            f"SELECT path, kind, data_type, target_type FROM `acme-analytics.replicator.drift` "
            f"WHERE target = '{target}'",
            "EU",
        )
        assert len(rows) == len({tuple(row.values()) for row in rows}), "told twice"
        return {(row["path"], row["kind"], row["data_type"], row["target_type"]) for row in rows}

    def refused(self) -> list[str]:
        """What GoogleSQL says against the statements since the last time, each against its tables as they were.

        Of those that differ in numbers and literals alone one is analyzed.
        """
        found = []
        for statement in captured(str(self.cloud.endpoints.http)):
            if statement.shape in self.shapes or statement.error.startswith(_WITHOUT_TABLES):
                continue
            self.shapes.add(statement.shape)
            self.analyzed += 1
            try:
                statement.check()
            except RefusedError as error:
                found.append(f"{error}\n{statement.text}")
        self.cloud.running.recorder.clear_statements()
        return found

    def forget(self, target: TableRef, landed: Landed) -> None:
        """Drop what a test will not look at again."""
        self.cloud.rows(
            f"DROP TABLE `{target}`; DROP SCHEMA `{landed.name}` CASCADE; "
            "TRUNCATE TABLE `acme-analytics.replicator.drift`; SELECT 1",
            "EU",
        )

    def aligned(self, landed: Landed) -> list[dict[str, Any]]:
        """The rows as the last alignment left them."""
        return self.cloud.rows(f"SELECT * FROM `{landed.name}.aligned_0a1b2c_000001`", "EU")


def expected(target: Sequence[Field], landed: Landed) -> list[dict[str, Any]]:
    """The rows that aligning is to leave, in plain Python."""
    return [
        {
            "order_day": _FIRST + timedelta(days=number), "shop": dataset, UNIT: number,
            **{one.name: brought(one, fields, row) for one in target},
        }
        for number, (dataset, fields, rows) in enumerate(landed.buffers, 1)
        for row in rows
    ]  # fmt: skip


def _buffer(number: int) -> str:
    return f"buffer_0a1b2c_000001_{number:04d}"


_MANIFEST: Final = (
    Field("unit", "INTEGER"), Field("buffer", "INTEGER"), Field("name", "STRING"), Field("dataset", "STRING"),
    Field("dated", "BOOLEAN"), Field("owner", "STRING"), Field("range_start", "STRING"), Field("row_count", "INTEGER"),
    Field("error", "STRING"),
)  # fmt: skip
