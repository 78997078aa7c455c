"""What a valid file may say and this version does not do is refused at its place, all of it at once."""

from __future__ import annotations

import pytest

from replicator.errors import ConfigError
from replicator.plan.build import build_plan
from tests.unit.plan.pipelines import pipeline, source

PARTITIONED = """\
  - name: brazil
    project: acme-br
    location: southamerica-east1
    tables: {partitioned: "sales.orders"}
"""
QUERY = """\
  - name: chile
    id: acme-cl.sales
    project: acme-cl
    location: southamerica-west1
    tables: {query: "SELECT * FROM sales.orders WHERE day >= @window_start AND day < @window_end"}
"""
MONTHLY = """\
  - name: japan
    project: acme-jp
    location: asia-northeast1
    datasets: shop
    tables: {shards: "orders_", suffix: "%Y%m"}
"""


@pytest.mark.parametrize(
    ("line", "field", "remedy"),
    [
        ("incremental: always", "incremental", "use 'last_modified'"),
        ("incremental: {by: column, column: updated_at}", "incremental", "use 'last_modified'"),
        ("merge: append", "merge", "use 'replace_partitions'"),
        ("merge: {upsert: {keys: [id], newest_by: updated_at}}", "merge", "use 'replace_partitions'"),
        ("drift: evolve", "drift", "use 'report', without paths"),
        ("drift: {policy: report, paths: {items: evolve}}", "drift", "use 'report', without paths"),
        ("drift: {policy: report, ignore: [items]}", "drift", "use 'report', without paths"),
        ("align: projection", "align", "use 'wildcard'"),
        ("transport: storage", "transport", "use 'dataset_copy'"),
    ],
)
def test_what_the_pipeline_asks_for_is_refused_where_it_asks(line: str, field: str, remedy: str) -> None:
    """The place is the value's own, the remedy is what works today."""
    asked = pipeline(more=line)

    with pytest.raises(ConfigError) as refused:
        build_plan(asked)

    (problem,) = refused.value.problems
    assert (problem.field, problem.remedy) == (field, remedy)
    assert (problem.place.line, problem.place.column) == (15, len(field) + 3)


@pytest.mark.parametrize(
    ("sources", "by", "field", "line"),
    [
        ((source(), PARTITIONED), "day", "sources[1].tables", 18),
        ((QUERY,), "day", "sources[0].tables", 14),
        ((MONTHLY,), "month", "sources[0].tables.suffix", 14),
        (
            (source(more=("staging: {kms_key: projects/p/locations/l/keyRings/r/cryptoKeys/k}",)),),
            "day",
            "sources[0].staging.kms_key",
            15,
        ),
    ],
)
def test_what_a_source_asks_for_is_refused_where_it_asks(
    sources: tuple[str, ...], by: str, field: str, line: int
) -> None:
    """A source that is refused is named by its number in the list."""
    asked = pipeline(*sources, by=by)

    with pytest.raises(ConfigError) as refused:
        build_plan(asked)

    (problem,) = refused.value.problems
    assert (problem.field, problem.place.line) == (field, line)
    assert problem.fact
    assert problem.remedy


def test_partitions_of_an_hour_are_refused_with_the_shards_that_fill_them() -> None:
    """A DATE column has no hours; both places are told, for both have to change."""
    hourly = source().replace("%Y%m%d", "%Y%m%d%H")
    asked = pipeline(hourly, by="hour")

    with pytest.raises(ConfigError) as refused:
        build_plan(asked)

    assert [(problem.field, problem.remedy) for problem in refused.value.problems] == [
        ("target.partition.by", "use 'day', 'month' or 'year'"),
        ("sources[0].tables.suffix", "use '%Y%m%d'"),
    ]


def test_everything_that_is_refused_is_told_at_once() -> None:
    """Nobody corrects one line to be told of the next."""
    asked = pipeline(source(), PARTITIONED, more="merge: append\nalign: projection\n")

    with pytest.raises(ConfigError) as refused:
        build_plan(asked)

    assert [problem.field for problem in refused.value.problems] == ["sources[1].tables", "merge", "align"]
    assert "configs/orders.yaml:18:13: sources[1].tables: is not supported yet; " in str(refused.value)
