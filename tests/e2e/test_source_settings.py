"""What a source's block says holds for every kind of unit: columns, where, id, labels, max_bytes_billed, kms_key."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import pytest

from replicator.plan.build import build_plan
from replicator.runtime.environment import StepEvent
from replicator.runtime.errors import WorkflowFailed
from replicator.schema.fields import Field
from tests.e2e.clouds import Cloud, cloud, head, pipeline_of, record, repeated

pytestmark = pytest.mark.slow

PLACE: Final = "asia-northeast1"
KEY: Final = f"projects/acme-keys/locations/{PLACE}/keyRings/ring/cryptoKeys/staged"
DAY: Final = date(2026, 11, 5)
WINDOWED: Final = "SELECT * FROM `acme-jp.query.orders` WHERE @window_start < @window_end"
KINDS: Final = {
    "shards": '{shards: "orders_", suffix: "%Y%m%d"}\n    datasets: shards',
    "partitioned": "{partitioned: partitioned.orders}",
    "table": "{table: table.orders}",
    "query": f'{{query: "{WINDOWED}"}}',
}
HEAD: Final = (
    head("settings", table="acme-analytics.sales.settings")
    + """\
merge: {upsert: {keys: [n]}}
sources:
"""
)
SOURCE: Final = """\
  - name: of_KIND
    id: jp/KIND
    project: acme-jp
    location: asia-northeast1
    tables: TABLES
    columns:
      exclude: [Secret, who.name, items.note, who.home.street]
      hash: [phone, items.code]
      rename: {note: remark, who.town: city}
    where: n != 3
    staging: {project: acme-tools, kms_key: "KEY"}
    labels: {cost_center: c-KIND}
    max_bytes_billed: 150 MB
"""
FIELDS: Final = (
    Field("n", "INTEGER"),
    Field("note", "STRING"),
    Field("secret", "STRING"),
    Field("phone", "STRING"),
    record("who", Field("name", "STRING"), Field("town", "STRING"), record("home", Field("street", "STRING"))),
    repeated("items", Field("code", "INTEGER"), Field("note", "STRING"), Field("count", "INTEGER")),
)
DAILY: Final = (*FIELDS, Field("day", "DATE"))


@dataclass(frozen=True)
class Done:
    """What runs over sources of every kind have left.

    Attributes:
        local: The local cloud.
        keys: The key of each table that was seen in a staging dataset, by dataset and table.
    """

    local: Cloud
    keys: dict[tuple[str, str], str | None]


def row(number: int) -> dict[str, Any]:
    """A row of every source."""
    return {
        "n": number,
        "note": f"note {number}",
        "secret": "hidden",
        "phone": None if number == 2 else f"+81 {number}",
        "who": {"name": "hidden", "town": "Kyoto", "home": {"street": "hidden"}},
        "items": [{"code": number, "note": "hidden", "count": 2}, {"code": None, "note": None, "count": None}],
    }


def expected(number: int) -> dict[str, Any]:
    """What may leave of it, by plain Python; a record that loses all of its fields goes."""
    return {
        "n": number,
        "remark": f"note {number}",
        "phone": None if number == 2 else hashlib.sha256(f"+81 {number}".encode()).hexdigest(),
        "who": {"city": "Kyoto"},
        "items": [
            {"code": hashlib.sha256(str(number).encode()).hexdigest(), "count": 2},
            {"code": None, "count": None},
        ],
        "day": DAY,
    }


def sources(*kinds: str) -> str:
    """A pipeline file with a source of each of these kinds."""
    blocks = (SOURCE.replace("TABLES", KINDS[kind]).replace("KIND", kind).replace("KEY", KEY) for kind in kinds)
    return HEAD + "".join(blocks)


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Done]:
    """Runs of pipelines that have a source of every kind between them, watched."""
    directory = tmp_path_factory.mktemp("settings")
    with cloud(directory / "cloud") as local:
        local.dataset("acme-analytics.sales", "EU")
        local.dataset("acme-tools.anything", PLACE)
        rows = [row(number) for number in (1, 2, 3)]
        for kind in KINDS:
            local.dataset(f"acme-jp.{kind}", PLACE)
            if kind == "shards":
                local.load(f"acme-jp.shards.orders_{DAY:%Y%m%d}", FIELDS, rows, PLACE)
                continue
            daily = [{**line, "day": DAY} for line in rows]
            local.load(f"acme-jp.{kind}.{'loaded' if kind == 'partitioned' else 'orders'}", DAILY, daily, PLACE)
        local.rows(
            "CREATE TABLE `acme-jp.partitioned.orders` PARTITION BY day AS SELECT * FROM `acme-jp.partitioned.loaded`",
            PLACE,
        )
        # A document that holds the statements of all four kinds is near to the largest that there may be.
        pipelines = [
            pipeline_of(directory / first, sources(first, second).replace("pipeline: settings", f"pipeline: {first}"))
            for first, second in (("shards", "partitioned"), ("table", "query"))
        ]
        keys: dict[tuple[str, str], str | None] = {}
        client = local.clients.bigquery("acme-tools")
        datasets = {route.staging.dataset for each in pipelines for route in build_plan(each).sources}

        def watch(event: StepEvent) -> None:
            if event.routine != "advance" or event.step != "before":
                return
            for dataset in {found.dataset_id for found in client.list_datasets()} & datasets:
                for listed in client.list_tables(dataset):
                    if listed.table_type == "TABLE" and (dataset, listed.table_id) not in keys:
                        encryption = client.get_table(listed.reference).encryption_configuration
                        keys[dataset, listed.table_id] = encryption and encryption.kms_key_name

        for pipeline in pipelines:
            local.run(pipeline, on_step=watch)
        yield Done(local, keys)


@pytest.mark.parametrize("kind", KINDS)
def test_columns_where_and_id_hold_for_every_kind(done: Done, kind: str) -> None:
    """Excluded, hashed and renamed at any depth; rows left out; the id in the source column."""
    found = done.local.rows(
        f"SELECT * EXCEPT (shop) FROM `acme-analytics.sales.settings` WHERE shop = 'jp/{kind}'", "EU"
    )

    assert sorted(found, key=lambda line: line["n"]) == [expected(1), expected(2)]


@pytest.mark.parametrize("kind", KINDS)
def test_every_job_of_a_source_carries_its_labels_and_bound(done: Done, kind: str) -> None:
    """Those that its staging project pays for."""
    jobs = [
        job
        for job in done.local.clients.bigquery("acme-tools").list_jobs(all_users=True)
        if f"_of_{kind}_" in job.job_id and job.parent_job_id is None
    ]

    assert {part for job in jobs for part in job.job_id.split("_")} >= {"inventory", "fill", "count", "receipts"}
    assert {(job.labels.get("cost_center"), job.maximum_bytes_billed) for job in jobs} == {(f"c-{kind}", 150_000_000)}


@pytest.mark.parametrize("kind", KINDS)
def test_everything_that_is_staged_has_the_source_s_key(done: Done, kind: str) -> None:
    """Buffers, manifest and receipts; what has landed has none, and so can be read by a wildcard."""
    mine = {table: key for (dataset, table), key in done.keys.items() if f"__of_{kind}__" in dataset}

    assert {table.partition("_")[0] for table in mine} == {"buffer", "manifest", "receipts"}
    assert set(mine.values()) == {KEY}


@pytest.mark.parametrize("kind", KINDS)
def test_a_path_that_is_missing_is_an_error_before_anything_is_staged(
    done: Done, kind: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """By path and dataset; the manifest is not even written."""
    text = sources(kind).replace("who.name", "who.fullname").replace("pipeline: settings", "pipeline: missing")
    pipeline = pipeline_of(tmp_path_factory.mktemp(kind), text)
    (route,) = build_plan(pipeline).sources
    dataset = route.staging.dataset if kind == "query" else kind

    with pytest.raises(WorkflowFailed, match=rf"inventory: .*no table there has: who\.fullname in {dataset};"):
        done.local.run(pipeline, {"adopt": True})

    staged = done.local.clients.bigquery("acme-tools").list_tables(route.staging.dataset)
    assert {table.table_id.partition("_")[0] for table in staged} <= {"receipts", "query"}
