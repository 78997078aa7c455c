"""Values that a projection brings to another type or shape, and those that it refuses to lose."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import pytest

from replicator.errors import FailedError
from replicator.names import TableRef
from replicator.schema.fields import Field, Mode
from replicator.sql.drift import Policies, find_differences
from replicator.sql.placeholders import BUFFER_PREFIX, bind
from replicator.sql.projection import UNIT
from replicator.sql.rebuild import make_aligned, rebuild_rows
from tests.e2e.clouds import Cloud, cloud
from tests.unit.schema.schemas import record, scalar

SERIAL: Final = itertools.count(1)
OWN: Final = (Field("day", "DATE", Mode.REQUIRED), Field("shop", "STRING", Mode.REQUIRED))

Row = Mapping[str, Any]


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """A local cloud with a dataset for targets."""
    with cloud(tmp_path_factory.mktemp("rebuild")) as running:
        running.dataset("acme-analytics.web", "EU")
        yield running


def aligned(
    local: Cloud, target: Sequence[Field], buffers: Sequence[tuple[Sequence[Field], Sequence[Row]]], policies: Policies
) -> list[dict[str, Any]]:
    """The aligned rows of these buffers, each a unit of its own, in the order of the units."""
    serial = next(SERIAL)
    landing = f"acme-analytics.landing_{serial}"
    names = {"landing": landing, "key": "0a1b2c", "epoch": "000001"}
    table = TableRef("acme-analytics", "web", f"visits_{serial}")
    local.dataset(landing, "EU")
    local.load(str(table), (*OWN, *target), [], "EU")
    units = []
    for number, (fields, rows) in enumerate(buffers, 1):
        staged = [{**row, UNIT: number} for row in rows]
        local.load(f"{landing}.buffer_0a1b2c_000001_{number:04d}", (*fields, Field(UNIT, "INTEGER")), staged, "EU")
        units.append(
            f"STRUCT({number} AS unit, {number} AS buffer, 'web' AS dataset, 'web_{number}' AS owner, "
            f"'2026-11-0{number}' AS range_start, CAST(NULL AS STRING) AS error)"
        )
    script = bind(
        "DECLARE dated BOOL DEFAULT TRUE; DECLARE statement, selection STRING;\n"
        f"CREATE TABLE `{landing}.manifest_0a1b2c_000001` AS SELECT * FROM UNNEST([{', '.join(units)}]);\n"
        + find_differences(
            table, buffers=f"STARTS_WITH(table_name, '{BUFFER_PREFIX}')",
            own="LOWER(field_path) IN ('shop', 'day')", policies=policies,
        )
        + make_aligned(table, partition_column="day", source_column="shop")
        + rebuild_rows(partition_column="day", source_column="shop")
        + "SELECT * FROM `{landing}.aligned_{key}_{epoch}` ORDER BY " + UNIT,
        names,
    )  # fmt: skip
    return local.rows(script, "EU")


def _plain(value: Any) -> Any:
    """Dates and decimals as text."""
    if isinstance(value, Mapping):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return value if value is None or isinstance(value, int | float) else str(value)


PAGE: Final = (scalar("Path"), scalar("n", "INTEGER"))


def test_values_are_cast_and_reshaped_where_that_is_allowed(local: Cloud) -> None:
    """Whole numbers become wider ones and text; one becomes an array of one, an array its only value."""
    target = (
        scalar("total", "NUMERIC"), scalar("code"), scalar("rate", "FLOAT"), scalar("tags", mode=Mode.REPEATED),
        record("page", scalar("n", "NUMERIC"), scalar("path")),
        record("hits", scalar("n", "INTEGER"), mode=Mode.REPEATED), scalar("one"),
    )  # fmt: skip
    fields = (
        scalar("total", "INTEGER"), scalar("code", "INTEGER"), scalar("rate", "INTEGER"), scalar("tags", "INTEGER"),
        record("page", *PAGE, mode=Mode.REPEATED), record("hits", scalar("n", "INTEGER")),
        scalar("one", mode=Mode.REPEATED),
    )  # fmt: skip
    full = {
        "total": 1, "code": 2, "rate": 3, "tags": 4, "page": [{"Path": "/", "n": 5}], "hits": {"n": 6}, "one": ["x"],
    }  # fmt: skip
    empty: dict[str, Any] = {
        "total": None,
        "code": None,
        "rate": None,
        "tags": None,
        "page": [],
        "hits": None,
        "one": [],
    }
    policies = Policies(
        cast=("total", "code", "rate", "tags", "page.n"),
        reshape=("tags", "page", "hits", "one"),
    )

    first, second = aligned(local, target, [(fields, [full]), (fields, [empty])], policies)

    own = {"day", "shop", UNIT}
    assert _plain({name: value for name, value in first.items() if name not in own}) == {
        "total": "1", "code": "2", "rate": 3.0, "tags": ["4"], "page": {"n": "5", "path": "/"}, "hits": [{"n": 6}],
        "one": "x",
    }  # fmt: skip
    assert {name: value for name, value in second.items() if name not in own} == {
        "total": None, "code": None, "rate": None, "tags": [], "page": None, "hits": [], "one": None,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("target", "source", "value", "words"),
    [
        (scalar("rate", "FLOAT"), scalar("rate", "INTEGER"), 2**53 + 1, "FLOAT64 does not hold 9007199254740993"),
        (scalar("page"), scalar("page", mode=Mode.REPEATED), ["a", "b"], "more than one"),
    ],
)
def test_a_value_that_would_be_lost_fails(local: Cloud, target: Field, source: Field, value: Any, words: str) -> None:
    """Nothing is rounded and nothing is left out."""
    policies = Policies(cast=("rate",), reshape=("page",))

    with pytest.raises(FailedError, match=words):
        aligned(local, (target,), [((source,), [{source.name: value}])], policies)
