"""Random schemas that drift apart, read through a wildcard, against the same reading in plain Python."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final

import pytest
from google.api_core import exceptions
from google.cloud import bigquery
from hypothesis import HealthCheck, Phase, event, example, given, settings
from hypothesis import strategies as st

from replicator.schema.fields import Field, Mode

VALUES: Final[dict[str, st.SearchStrategy[Any]]] = {
    "BOOLEAN": st.booleans(),
    "DATE": st.sampled_from(["0001-01-01", "2026-11-21"]),
    "FLOAT": st.sampled_from([0.5, -2e300]),
    "INTEGER": st.integers(-(2**63), 2**63 - 1),
    "STRING": st.sampled_from(["", "a", "é'\"\\", "NULL"]),
}
NAMES: Final = "abcde"
ID: Final = Field("id", "INTEGER")
SERIAL: Final = itertools.count()


@dataclass(frozen=True)
class Shard:
    """A table of the wildcard."""

    fields: tuple[Field, ...]
    rows: list[dict[str, Any]]


class ConflictError(Exception):
    """The shards cannot be read as one."""


def records(children: st.SearchStrategy[Field]) -> st.SearchStrategy[Field]:
    modes = st.sampled_from([Mode.NULLABLE, Mode.REPEATED])
    return st.builds(Field, st.just("x"), st.just("RECORD"), modes, schemas(children))


def schemas(children: st.SearchStrategy[Field]) -> st.SearchStrategy[tuple[Field, ...]]:
    """Up to four fields of different names."""
    listed = st.lists(st.tuples(st.sampled_from(NAMES), children), min_size=2, max_size=4, unique_by=lambda one: one[0])
    return listed.map(lambda some: tuple(replace(field, name=name) for name, field in some))


SCALARS = st.builds(
    Field, st.just("x"), st.sampled_from(sorted(VALUES)), st.sampled_from([Mode.NULLABLE, Mode.REPEATED])
)
FIELDS = SCALARS | records(SCALARS | records(SCALARS | records(SCALARS)))
SCHEMAS = schemas(FIELDS)


@st.composite
def drifted(draw: st.DrawFn, fields: Sequence[Field]) -> tuple[Field, ...]:
    """The same fields in another order and case, some gone, some new, and now and then one that has changed."""
    left = [field for field in draw(st.permutations(fields)) if draw(st.integers(0, 5))]
    changed = [draw(drifted_field(field)) for field in left]
    taken = {field.name.casefold() for field in changed}
    if draw(st.booleans()):
        changed += [field for field in draw(SCHEMAS) if field.name not in taken]
    return tuple(changed) or tuple(fields)


@st.composite
def drifted_field(draw: st.DrawFn, field: Field) -> Field:
    if draw(st.integers(0, 30)) == 0:
        modes = [mode for mode in Mode if mode is not field.mode]
        return draw(st.one_of(FIELDS.map(lambda other: replace(other, name=field.name)),
                              st.sampled_from(modes).map(lambda mode: replace(field, mode=mode))))  # fmt: skip
    name = draw(st.sampled_from([field.name, field.name, field.name, field.name.swapcase()]))
    inner = draw(drifted(field.fields)) if field.fields else ()
    return replace(field, name=name, fields=inner)


def value(field: Field) -> st.SearchStrategy[Any]:
    one = st.fixed_dictionaries({each.name: value(each) for each in field.fields}) if field.fields else None
    single = one if one is not None else VALUES[field.type]
    if field.mode is Mode.REPEATED:
        return st.lists(single, max_size=2)
    return single if field.mode is Mode.REQUIRED else st.none() | single


@st.composite
def shards(draw: st.DrawFn) -> list[Shard]:
    """Two to four tables in the order of their creation."""
    base = draw(SCHEMAS)
    found = []
    for _ in range(draw(st.integers(2, 4))):
        fields = (ID, *draw(drifted(base)))
        row = st.fixed_dictionaries({field.name: value(field) for field in fields[1:]})
        found.append(Shard(fields, draw(st.lists(row, min_size=1, max_size=2))))
    return found


def read_as(written: Sequence[Field], wanted: Sequence[Field], row: Mapping[str, Any]) -> dict[str, Any]:
    """What a row of one schema is under another: by name, whatever the order."""
    found = {field.name.casefold(): field for field in written}
    read: dict[str, Any] = {}
    for field in wanted:
        source = found.get(field.name.casefold())
        if source is None:
            read[field.name] = [] if field.mode is Mode.REPEATED else None
        elif field.mode is Mode.REPEATED:
            read[field.name] = [_one(source, field, each) for each in row[source.name]]
        else:
            held = row[source.name]
            read[field.name] = None if held is None else _one(source, field, held)
    return read


def _one(written: Field, wanted: Field, held: Any) -> Any:
    if wanted.fields:
        return read_as(written.fields, wanted.fields, held)
    return date.fromisoformat(held) if wanted.type == "DATE" else held


def check(written: Sequence[Field], wanted: Sequence[Field]) -> None:
    """Raise what no reading by name can bridge, whether there are rows or not."""
    found = {field.name.casefold(): field for field in written}
    for field in wanted:
        source = found.get(field.name.casefold())
        if source is None:
            if field.mode is Mode.REQUIRED:
                raise ConflictError
            continue
        modes = (source.mode, field.mode)
        if source.type != field.type or (source.mode is not field.mode and modes != (Mode.REQUIRED, Mode.NULLABLE)):
            raise ConflictError
        check(source.fields, field.fields)


def expected(given_shards: Sequence[Shard]) -> list[dict[str, Any]]:
    """The rows of all shards under the newest one's schema, each with its suffix."""
    newest = given_shards[-1].fields
    for shard in given_shards:
        check(shard.fields, newest)
    return [
        {**read_as(shard.fields, newest, {"id": place, **row}), "_suffix": str(number)}
        for number, shard in enumerate(given_shards)
        for place, row in enumerate(shard.rows)
    ]


def items(*names: str) -> Field:
    """An array of records of these texts."""
    return Field("items", "RECORD", Mode.REPEATED, tuple(Field(name, "STRING") for name in names))


SWAPPED: Final = Shard((ID, items("k", "gone", "v")), [{"items": [{"k": "a", "gone": "b", "v": "c"}]}])


@pytest.fixture(scope="module")
def drift(request: pytest.FixtureRequest) -> tuple[bigquery.Client, str]:
    """A client, and a dataset for all examples."""
    client = request.getfixturevalue("running").client()
    made = bigquery.Dataset(f"{client.project}.drift")
    made.location = "EU"
    client.create_dataset(made)
    return client, f"{client.project}.drift"


# 20 examples in about 10 seconds, the same ones every time; making a failing one smaller would take minutes, so that is
# left to whoever looks at it (Phase.shrink).
@settings(
    max_examples=20, deadline=None, derandomize=True, database=None, phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip
@given(given_shards=shards())
@example(given_shards=[SWAPPED, Shard((ID, items("v", "k")), [{"items": [{"v": "1", "k": "2"}]}])])
def test_a_wildcard_reads_drifted_shards_by_name(drift: tuple[bigquery.Client, str], given_shards: list[Shard]) -> None:
    """Rows at every depth equal the reference, or the query is refused where the reference finds a conflict."""
    client, dataset = drift
    prefix = f"{dataset}.x{next(SERIAL)}_"
    for number, shard in enumerate(given_shards):
        schema = [bigquery.SchemaField.from_api_repr(field.to_api()) for field in shard.fields]
        client.create_table(bigquery.Table(f"{prefix}{number}", schema))
        if shard.rows:
            rows = [{"id": place, **row} for place, row in enumerate(shard.rows)]
            assert client.insert_rows_json(f"{prefix}{number}", rows) == []

    query = f"SELECT *, _TABLE_SUFFIX AS _suffix FROM `{prefix}*`"
    try:
        wanted = expected(given_shards)
    except ConflictError:
        event("refused")
        with pytest.raises(exceptions.BadRequest, match="Cannot read"):
            client.query_and_wait(query)
        with pytest.raises(exceptions.BadRequest, match="Cannot read"):
            client.query_and_wait(f"{query} WHERE _TABLE_SUFFIX = '{len(given_shards) - 1}'")
        return
    event("read")

    found = client.query_and_wait(query)
    assert [field.name for field in found.schema] == [*(field.name for field in given_shards[-1].fields), "_suffix"]
    rows = sorted((dict(row.items()) for row in found), key=lambda row: (row["_suffix"], row["id"]))
    assert rows == wanted
