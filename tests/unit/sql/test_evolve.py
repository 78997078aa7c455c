"""The statement that gives the target what it lacks, as its script writes it and a job appends it."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Sequence
from typing import Any, Final

import pytest
from google.cloud import bigquery
from hypothesis import HealthCheck, Phase, given, settings

from replicator.names import DatasetRef, TableRef
from replicator.schema.compare import Change, Kind, compare
from replicator.schema.fields import Field, Mode, schema_from_api
from replicator.sql.drift import Policies
from replicator.sql.evolve import write_evolution
from replicator.sql.ledger import create_ledger
from replicator.sql.placeholders import bind
from replicator.sql.projection import UNIT
from tests.e2e.clouds import Cloud, cloud
from tests.googlesql import analyze
from tests.unit.schema.schemas import record, scalar, schemas

STATE: Final = DatasetRef("acme-analytics", "memory")
SERIAL: Final = itertools.count(1)


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """A local cloud with a ledger, and a dataset for targets."""
    with cloud(tmp_path_factory.mktemp("evolve")) as running:
        running.dataset("acme-analytics.web", "EU")
        running.rows(create_ledger(STATE, location="EU"), "EU")
        yield running


def _table(name: str, fields: Sequence[Field], more: str) -> str:
    listed = ", ".join(f"`{one.name}` {one.googlesql}" for one in fields)
    return f"CREATE TABLE `{name}` ({listed}{more});\n"


class Evolving:
    """A target, and what has landed for it in a dataset of its own."""

    def __init__(self, local: Cloud, target: Sequence[Field], sources: Sequence[Sequence[Field]]) -> None:
        self.local = local
        serial = next(SERIAL)
        self.table = TableRef("acme-analytics", "web", f"visits_{serial}")
        landing = f"acme-analytics.landed_{serial}"
        self.names = {"landing": landing, "key": "0a1b2c", "epoch": "000001"}
        self.manifest = f"{landing}.manifest_0a1b2c_000001"
        script = f"CREATE SCHEMA `{landing}` OPTIONS (location = 'EU');\n"
        script += _table(str(self.table), target, ", shop STRING NOT NULL")
        units = []
        for number, source in enumerate(sources, 1):
            script += _table(f"{landing}.buffer_0a1b2c_000001_{number:04d}", source, f", {UNIT} INT64")
            units.append(f"STRUCT({number} AS buffer, 'web_{number}' AS dataset, CAST(NULL AS STRING) AS error)")
        script += f"CREATE TABLE `{self.manifest}` AS SELECT * FROM UNNEST([{', '.join(units)}])"
        local.rows(script, "EU")

    def statement(self, policies: Policies) -> str | None:
        """What the script answers."""
        script = bind(write_evolution(target=self.table, state=STATE, policies=policies), self.names)
        run = {
            "pipeline": "visits", "run": "visits-000001", "epoch": 1, "landed": ["japan"],
            "landings": [self.names["landing"]],
        }  # fmt: skip
        config = bigquery.QueryJobConfig(
            query_parameters=[bigquery.ScalarQueryParameter("run", "STRING", json.dumps(run))]
        )
        [answer] = (
            self.local.clients.bigquery("acme-analytics").query(script, location="EU", job_config=config).result()
        )
        statement: str | None = answer["statement"]
        return statement

    def append(self, statement: str) -> None:
        """Send the statement as the document does."""
        config = bigquery.QueryJobConfig(
            destination=str(self.table), write_disposition="WRITE_APPEND",
            schema_update_options=["ALLOW_FIELD_ADDITION"],
        )  # fmt: skip
        self.local.clients.bigquery("acme-analytics").query(statement, location="EU", job_config=config).result()

    @property
    def schema(self) -> tuple[Field, ...]:
        """The target's schema now."""
        table = self.local.clients.bigquery("acme-analytics").get_table(str(self.table))
        return schema_from_api([field.to_api_repr() for field in table.schema])

    @property
    def told(self) -> list[dict[str, Any]]:
        """What the ledger's drift table has of it."""
        return self.local.rows(
            f"SELECT path, dataset FROM `{STATE}.drift` WHERE target = '{self.table}' ORDER BY path, dataset", "EU"
        )


def test_a_field_of_an_array_in_an_array_stands_at_the_end_of_its_record(local: Cloud) -> None:
    """What is there keeps its order and modes; what is new is NULLABLE, from all schemas; told; nothing to do twice."""
    params = record("params", scalar("z"), scalar("k"), mode=Mode.REPEATED)
    target = (scalar("id"), record("items", params, scalar("a", "INTEGER"), mode=Mode.REPEATED), scalar("geo_id"))
    more = record("Params", scalar("Coupon", "NUMERIC"), scalar("k"), scalar("z"), mode=Mode.REPEATED)
    new = record("geo", scalar("city"), record("area", scalar("code"), mode=Mode.REPEATED))
    other = record("geo", scalar("zip", "INTEGER"), record("area", scalar("name"), mode=Mode.REPEATED))
    evolving = Evolving(
        local, target,
        [(record("items", scalar("a", "INTEGER"), more, mode=Mode.REPEATED), new), (other, scalar("day", "DATE"))],
    )  # fmt: skip

    while (statement := evolving.statement(Policies(policy="evolve"))) is not None:
        analyze(statement)
        evolving.append(statement)

    grown = record("params", scalar("z"), scalar("k"), scalar("Coupon", "NUMERIC"), mode=Mode.REPEATED)
    assert evolving.schema == (
        scalar("id"),
        record("items", grown, scalar("a", "INTEGER"), mode=Mode.REPEATED),
        scalar("geo_id"),
        scalar("shop", mode=Mode.REQUIRED),
        scalar("day", "DATE"),
        record(
            "geo",
            scalar("city"),
            record("area", scalar("code"), scalar("name"), mode=Mode.REPEATED),
            scalar("zip", "INTEGER"),
        ),
    )
    assert {row["path"] for row in evolving.told} == {"day", "geo", "geo.zip", "geo.area.name", "items.params.Coupon"}


def test_a_new_record_with_a_field_that_two_schemas_do_not_agree_on_is_not_added(local: Cloud) -> None:
    """Neither type is picked for them; a record in it is none of it, and what else is new is added."""
    one = record("geo", scalar("zip"), record("area", scalar("code")))
    other = record("geo", scalar("ZIP", "INTEGER"), record("area", scalar("name")))
    evolving = Evolving(local, (scalar("id"),), [(one, scalar("day", "DATE")), (other,)])

    statement = evolving.statement(Policies(policy="evolve"))
    assert statement is not None
    evolving.append(statement)

    assert [field.name for field in evolving.schema] == ["id", "shop", "day"]
    assert evolving.statement(Policies(policy="evolve")) is None
    assert {row["path"] for row in evolving.told} == {"day"}


def test_only_what_the_policies_name_is_added(local: Cloud) -> None:
    """The longest path counts; what is ignored is not added, nor what two sources do not agree on."""
    lacking = record("geo", scalar("city"), scalar("zip"), scalar("secret"))
    evolving = Evolving(
        local, (scalar("id"), record("geo", scalar("country"))),
        [(lacking, scalar("odd"), scalar("new")), (scalar("odd", "INTEGER"),)],
    )  # fmt: skip
    policies = Policies(
        policy="report", paths={"geo": "evolve", "geo.zip": "fail", "odd": "evolve"}, ignore=("geo.secret",)
    )

    statement = evolving.statement(policies)
    assert statement is not None
    evolving.append(statement)

    assert evolving.schema[1] == record("geo", scalar("country"), scalar("city"))
    assert [field.name for field in evolving.schema] == ["id", "geo", "shop"]


def test_a_target_gains_no_more_columns_than_a_table_can_have(local: Cloud) -> None:
    """With 10,000 it is full: the source then lacks its field, and fails by name."""
    wide = tuple(scalar(f"c{number}") for number in range(9_998))
    evolving = Evolving(local, wide, [(scalar("one"),)])
    assert evolving.statement(Policies(policy="evolve")) is not None

    assert Evolving(local, wide, [(scalar("one"), scalar("two"))]).statement(Policies(policy="evolve")) is None


def _unbound(fields: Sequence[Field]) -> tuple[Field, ...]:
    return tuple(
        Field(one.name, one.type, Mode.NULLABLE if one.mode is Mode.REQUIRED else one.mode, _unbound(one.fields))
        for one in fields
    )


@settings(max_examples=5, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
@given(schemas.filter(bool).map(_unbound), schemas.filter(bool).map(_unbound))
def test_a_target_that_evolved_lacks_nothing(
    local: Cloud, target: tuple[Field, ...], source: tuple[Field, ...]
) -> None:
    """Whatever the schemas: nothing is added a second time, and nothing that was there has moved or changed."""
    evolving = Evolving(local, target, [source])
    statement = evolving.statement(Policies(policy="evolve"))
    if statement is not None:
        evolving.append(statement)
    grown = evolving.schema

    assert not [one for one in compare(grown, source) if one.change is Change.ADDED]
    assert {one.change for one in compare(target, grown)} <= {Change.ADDED}
    assert [Kind.of(one) for one in grown[: len(target)]] == [Kind.of(one) for one in target]
    assert evolving.statement(Policies(policy="evolve")) is None
