"""What SQL finds of differing schemas in metadata, against the comparison in Python."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import Final

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from replicator.names import TableRef
from replicator.schema.compare import Change, compare
from replicator.schema.fields import Field, Mode
from replicator.sql.drift import Policies, find_differences
from replicator.sql.placeholders import BUFFER_PREFIX, bind
from replicator.sql.projection import UNIT
from tests.e2e.clouds import Cloud, cloud
from tests.unit.schema.schemas import schemas

TARGET: Final = TableRef("acme-analytics", "web", "visits")
UNSEEN: Final = frozenset({Change.REORDERED, Change.MODE})
"""Metadata tells no order of siblings, and no buffer has a REQUIRED column."""

Told = tuple[str, str, str | None, str | None]


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """A local cloud with a dataset for targets."""
    with cloud(tmp_path_factory.mktemp("drift")) as running:
        running.dataset("acme-analytics.web", "EU")
        yield running


SERIAL: Final = itertools.count(1)


def _table(name: str, fields: Sequence[Field], more: str = "") -> str:
    listed = ", ".join(f"`{field.name}` {field.googlesql}" for field in fields)
    return f"CREATE TABLE `{name}` ({listed}{more});\n"


def found(local: Cloud, target: Sequence[Field], sources: Sequence[Sequence[Field]]) -> list[set[Told]]:
    """The differences that SQL finds of each source's schema, its buffers in a landing dataset of their own."""
    serial = next(SERIAL)
    names = {"landing": f"acme-analytics.landing_{serial}", "key": "0a1b2c", "epoch": "000001"}
    prefix = bind(BUFFER_PREFIX, names)
    script = f"CREATE SCHEMA `{names['landing']}` OPTIONS (location = 'EU');\n"
    table = TableRef(TARGET.project, TARGET.dataset, f"visits_{serial}")
    script += _table(str(table), target, ", shop STRING")
    units = []
    for number, source in enumerate(sources, 1):
        script += _table(f"{names['landing']}.{prefix}{number:04d}", source, f", {UNIT} INT64")
        units.append(f"STRUCT({number} AS buffer, 'web_{number}' AS dataset)")
    manifest = f"{names['landing']}.manifest_0a1b2c_000001"
    script += f"CREATE TABLE `{manifest}` AS SELECT * FROM UNNEST([{', '.join(units)}]);\n"
    script += bind(
        find_differences(
            table, buffers=f"STARTS_WITH(table_name, '{BUFFER_PREFIX}')", own="LOWER(field_path) = 'shop'",
            policies=Policies(),
        ),
        names,
    )  # fmt: skip
    script += "SELECT example, path, change, data_type, target_type FROM differences"
    told: dict[int, set[Told]] = {number: set() for number in range(1, len(sources) + 1)}
    for row in local.rows(script, "EU"):
        told[int(row["example"].removeprefix(prefix))].add(
            (row["path"], row["change"], row["target_type"], row["data_type"])
        )
    return list(told.values())


def expected(target: Sequence[Field], source: Sequence[Field]) -> set[Told]:
    """The same, by the comparison in Python."""
    return {
        (
            ".".join(one.path), one.change.value,
            None if one.target is None else one.target.googlesql, None if one.source is None else one.source.googlesql,
        )
        for one in compare(target, source)
        if one.change not in UNSEEN
    }  # fmt: skip


def _unbound(fields: Sequence[Field]) -> tuple[Field, ...]:
    """The same fields with none REQUIRED, as a buffer has them."""
    return tuple(
        Field(one.name, one.type, Mode.NULLABLE if one.mode is Mode.REQUIRED else one.mode, _unbound(one.fields))
        for one in fields
    )


@settings(max_examples=6, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
@given(schemas.filter(bool).map(_unbound), st.lists(schemas.filter(bool).map(_unbound), min_size=6, max_size=6))
def test_sql_finds_what_the_comparison_finds(
    local: Cloud, target: tuple[Field, ...], sources: list[tuple[Field, ...]]
) -> None:
    """At every depth: each difference once, with its path, its change and both types, and no other."""
    once = list({expected_schema(source): source for source in sources}.values())

    assert found(local, target, once) == [expected(target, source) for source in once]


def expected_schema(source: Sequence[Field]) -> tuple[str, ...]:
    """What makes two buffers one schema."""
    return tuple(sorted(f"{field.name} {field.googlesql}" for field in source))
