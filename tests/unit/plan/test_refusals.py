"""What a valid file may say and this version does not do is refused at its place, all of it at once."""

from __future__ import annotations

import pytest

from replicator.errors import ConfigError
from replicator.plan.build import build_plan
from tests.unit.plan.pipelines import pipeline, source

TABLE = """\
  - name: brazil
    project: acme-br
    location: southamerica-east1
    tables: {table: "sales.orders"}
"""
PARTITIONED = TABLE.replace("brazil", "peru").replace("orders", "items").replace("{table:", "{partitioned:")
WINDOW = "SELECT * FROM sales.orders WHERE day >= @window_start AND day < @window_end"
QUERY = f"""\
  - name: chile
    id: acme-cl.sales
    project: acme-cl
    location: southamerica-west1
    tables: {{query: "{WINDOW}"}}
"""
ALL = QUERY.replace(WINDOW, "SELECT * FROM sales.orders")
HOURLY = source().replace("%Y%m%d", "%Y%m%d%H")
KEY = "staging: {{kms_key: projects/p/locations/{}/keyRings/r/cryptoKeys/k}}"
UPSERT = "merge: {upsert: {keys: [id]}}"
BY_COLUMN = "incremental: {by: column, column: updated_at}"
FITS_NEWER = "use 'merge: {upsert: {keys: [...]}}', or 'append'"
MIRRORED = "merge: {upsert: {keys: [id], mirror_deletions: true}}"


@pytest.mark.parametrize(
    ("line", "field", "remedy"),
    [
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
    ("sources", "by", "more", "found"),
    [
        ((HOURLY,), "day", UPSERT, [("sources[0].tables.suffix", "write 'by: hour' in target.partition")]),
        ((source(), TABLE), "day", "", [("sources[1].tables", "use 'merge: replace_table', or 'upsert' with keys")]),
        ((source(),), "day", "merge: replace_table",
         [("sources[0].tables", "use 'merge: replace_partitions', or 'upsert' with keys")]),
        ((PARTITIONED,), "day", MIRRORED, [("sources[0].tables", "write {table: ...}, or remove mirror_deletions")]),
        ((source(),), "day", "incremental: always\nmerge: append", [("incremental", "use another merge")]),
        ((ALL,), "day", UPSERT, [
            ("sources[0].tables", "use @window_start and @window_end in it, or write 'incremental: always'")]),
        ((QUERY,), "day", f"incremental: {{by: query, sql: '{WINDOW}'}}",
         [("sources[0].tables", "remove one of them")]),
        ((source(),), "day", f"incremental: {{by: query, sql: '{WINDOW}'}}",
         [("sources[0].tables", "write {table: ...}")]),
        ((TABLE,), "day", f"merge: replace_table\n{BY_COLUMN}", [("incremental.column", FITS_NEWER)]),
        ((PARTITIONED,), "day", BY_COLUMN, [("incremental.column", FITS_NEWER)]),
        ((TABLE,), "day", f"{MIRRORED}\n{BY_COLUMN}", [("incremental.column", FITS_NEWER)]),
        ((TABLE,), "day", f"merge: append\n{BY_COLUMN[:-1]}, lookback: 2 days}}",
         [("incremental.lookback", "leave it out, or use 'upsert' with keys")]),
        ((source(), QUERY), "day", f"{UPSERT}\n{BY_COLUMN}",
         [(f"sources[{index}].tables", "write {table: ...} or {partitioned: ...}") for index in (0, 1)]),
        ((TABLE + "    columns: {hash: [Updated_At]}\n",), "day", f"{UPSERT}\n{BY_COLUMN}",
         [("sources[0].columns.hash", "leave that column as it is")]),
    ],
)  # fmt: skip
def test_what_does_not_fit_together_is_refused_with_what_does(
    sources: tuple[str, ...], by: str, more: str, found: list[tuple[str, str]]
) -> None:
    """Units that do not cover what a strategy replaces, and shards that do not fill a partition."""
    asked = pipeline(*sources, by=by, more=more)

    with pytest.raises(ConfigError) as refused:
        build_plan(asked)

    assert [(problem.field, problem.remedy) for problem in refused.value.problems] == found


@pytest.mark.parametrize(
    ("sources", "more"),
    [
        ((source(), PARTITIONED, QUERY), ""),
        ((source(), TABLE, PARTITIONED, QUERY), UPSERT),
        ((source(), TABLE, PARTITIONED, QUERY), "merge: append"),
        ((TABLE, ALL), "merge: replace_table\nincremental: always"),
        ((TABLE,), MIRRORED),
        ((source(more=(KEY.format("asia-northeast1"),)),), ""),
        ((source(location="EU", more=(KEY.format("europe"),)),), "align: wildcard"),
        ((TABLE, PARTITIONED), f"{UPSERT}\nincremental: {{by: column, column: updated_at, lookback: 3 days}}"),
        ((TABLE, PARTITIONED), f"merge: append\n{BY_COLUMN}"),
        ((TABLE,), f"incremental: {{by: query, sql: '{WINDOW}'}}"),
    ],
)
def test_what_fits_together_is_planned(sources: tuple[str, ...], more: str) -> None:
    """Kinds of sources may stand beside each other."""
    assert len(build_plan(pipeline(*sources, more=more)).sources) == len(sources)


def test_everything_that_is_refused_is_told_at_once() -> None:
    """Nobody corrects one line to be told of the next."""
    asked = pipeline(source(), TABLE, more="transport: storage\n")

    with pytest.raises(ConfigError) as refused:
        build_plan(asked)

    assert [problem.field for problem in refused.value.problems] == ["sources[1].tables", "transport"]
    assert "configs/orders.yaml:18:13: sources[1].tables: is one unit, which fills no part" in str(refused.value)
