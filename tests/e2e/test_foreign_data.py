"""Data that nobody here made up for a demo: other projects, prefixes, schemas, days; loaded by another program."""

from __future__ import annotations

import hashlib
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from replicator.runtime.errors import WorkflowFailed
from replicator.schema.fields import Field
from tests.e2e.clouds import Cloud, cloud, pipeline_of, record, repeated

CONFIG = """\
version: 1
pipeline: rides
target:
  table: acme-analytics.mobility.rides
  location: us-central1
  partition: {column: ride_date, by: month}
  source_column: fleet
state: {dataset: acme-analytics.memory}
lease: 5 minutes
sources:
  - name: kenya
    project: rides-ke
    location: africa-south1
    datasets: {include: ["fleet_*", "pilot"], exclude: ["fleet_test*"]}
    tables: {shards: "trip log-", suffix: "%Y%m%d"}
    columns:
      exclude: [rider.phone, stops.note]
      hash: [rider.id]
      rename: {rider.tier: level, fare: price}
    where: "distance_km >= 0"
  - name: home
    id: rides-us.everything
    project: rides-us
    location: us-central1
    datasets: native
    tables: {shards: "t_", suffix: "%Y%m%d"}
"""
KENYA, HOME = "africa-south1", "us-central1"
PLACE = record("place", Field("lat", "FLOAT"), Field("lon", "FLOAT"))
STOPS = repeated("stops", Field("at", "TIMESTAMP"), Field("note", "STRING"), PLACE)
RIDER = record("rider", Field("id", "INTEGER"), Field("phone", "STRING"), Field("tier", "STRING"))
FULL = (Field("id", "STRING"), RIDER, Field("fare", "NUMERIC"), Field("distance_km", "FLOAT"), STOPS)
# The same names, other places: sibling fields in another order, a column in the middle, a record that lacks a field.
TURNED = (
    Field("distance_km", "FLOAT"),
    repeated("stops", record("place", Field("lon", "FLOAT"), Field("lat", "FLOAT")), Field("note", "STRING")),
    Field("id", "STRING"),
    Field("fare", "NUMERIC"),
    record("rider", Field("tier", "STRING"), Field("phone", "STRING"), Field("id", "INTEGER")),
)
AT_HOME = (Field("id", "STRING"), Field("price", "NUMERIC"), record("rider", Field("level", "STRING")))


def ride(number: int, **changes: Any) -> dict[str, Any]:
    """A row of Kenya's."""
    return {
        "id": f"r{number}",
        "rider": {"id": number, "phone": f"+254 {number}", "tier": None if number % 3 == 0 else f"tier «{number}»"},
        "fare": f"{number}.5",
        "distance_km": float(number),
        "stops": [
            {"place": {"lat": number + i / 4, "lon": -number - i / 4}, "note": "secret"} for i in range(number % 3)
        ],
        **changes,
    }


def expected(fleet: str, day: date, row: dict[str, Any]) -> tuple[Any, ...]:
    """What the target has to hold of a row of Kenya's, made from the row alone."""
    rider = row["rider"]
    hashed = None if rider is None else hashlib.sha256(str(rider["id"]).encode()).hexdigest()
    return (
        fleet, day, row["id"], row["fare"], row["distance_km"], hashed, None if rider is None else rider["tier"],
        tuple((stop["place"]["lat"], stop["place"]["lon"]) for stop in row["stops"]),
    )  # fmt: skip


def found(cloud: Cloud) -> list[tuple[Any, ...]]:
    """The target's rows in the same form."""
    rows = cloud.rows("SELECT * FROM `acme-analytics.mobility.rides`", HOME)
    return [
        (
            row["fleet"], row["ride_date"], row["id"],
            None if row["price"] is None else str(row["price"]), row["distance_km"],
            (row["rider"] or {}).get("id"), (row["rider"] or {}).get("level"),
            tuple((stop["place"]["lat"], stop["place"]["lon"]) for stop in row["stops"]),
        )
        for row in rows
    ]  # fmt: skip


def test_foreign_data_is_replicated_row_by_row(tmp_path: Path) -> None:
    """Every leaf under its own name, whatever the order of fields; late rewrites replace, other days stay."""
    pipeline = pipeline_of(tmp_path, CONFIG)
    with cloud(tmp_path / "cloud") as local:
        for name in ("fleet_a", "fleet_b", "fleet_test1", "pilot", "unrelated"):
            local.dataset(f"rides-ke.{name}", KENYA)
        local.dataset("rides-us.native", HOME)
        local.dataset("acme-analytics.mobility", HOME)
        held: dict[tuple[str, date], list[dict[str, Any]]] = {}

        def put(dataset: str, day: date, fields: tuple[Field, ...], rows: list[dict[str, Any]]) -> None:
            local.load(f"rides-ke.{dataset}.trip log-{day:%Y%m%d}", fields, rows, KENYA)
            held[f"rides-ke.{dataset}", day] = rows

        put("fleet_a", date(2024, 2, 28), FULL, [ride(n) for n in range(1, 8)])
        put("fleet_a", date(2024, 2, 29), FULL, [ride(n) for n in range(8, 12)] + [ride(99, distance_km=-1.0)])
        put("fleet_b", date(2024, 2, 29), TURNED, [ride(n) for n in range(20, 26)] + [ride(26, rider=None)])
        put("pilot", date(2023, 12, 31), FULL, [])
        local.load("rides-ke.fleet_test1.trip log-20240229", FULL, [ride(1000)], KENYA)
        local.load("rides-ke.unrelated.trip log-20240229", FULL, [ride(1001)], KENYA)
        local.load("rides-ke.fleet_a.trip log-20240299", FULL, [ride(1002)], KENYA)
        local.load("rides-ke.fleet_a.trip log-20240229_old", FULL, [ride(1003)], KENYA)
        # PARSE_DATE takes this for the first of March.
        local.load("rides-ke.fleet_a.trip log-2024031", FULL, [ride(1004)], KENYA)
        local.load(
            "rides-us.native.t_20240301", AT_HOME, [{"id": "h1", "price": "7", "rider": {"level": "gold"}}], HOME
        )
        at_home = ("rides-us.everything", date(2024, 3, 1), "h1", "7", None, None, "gold", ())

        def check() -> None:
            rows = [
                expected(fleet, day, row)
                for (fleet, day), shard in held.items()
                for row in shard
                if row["distance_km"] >= 0
            ]
            assert sorted(found(local), key=repr) == sorted([*rows, at_home], key=repr)

        first = local.run(pipeline)
        check()
        assert (first["state"], first["units"], first["rows"]) == ("done", 5, 19)
        # The source in the target's own location needs no copy.
        assert {line["source"]: line["copies"] > 0 for line in first["sources"]} == {"kenya": True, "home": False}

        put("fleet_a", date(2024, 2, 28), TURNED, [ride(n) for n in range(50, 53)])
        put("fleet_b", date(2024, 3, 1), TURNED, [ride(60)])
        second = local.run(pipeline)
        check()
        assert (second["state"], second["units"], second["rows"]) == ("done", 2, 4)

        put("pilot", date(2023, 12, 31), FULL, [ride(70)])
        put("fleet_b", date(2024, 2, 29), FULL, [])
        third = local.run(pipeline)
        check()
        assert (third["state"], third["units"], third["rows"]) == ("done", 2, 1)
        assert local.run(pipeline)["state"] == "quiet"


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        ("datasets: fleet_none", "no dataset of project rides-ke in africa-south1 matches"),
        ("exclude: [rider.fone]", r"columns names what no table there has: rider.fone in "),
    ],
)
def test_what_a_source_cannot_give_fails_the_source_by_name(tmp_path: Path, spoil: str, message: str) -> None:
    """The reason names the source; what else could be committed is committed."""
    text = CONFIG
    key = spoil.partition(":")[0]
    lines = [f"{line[: len(line) - len(line.lstrip())]}{spoil}" if line.strip().startswith(f"{key}:") else line
             for line in text.splitlines()]  # fmt: skip
    text = "\n".join(lines)
    # Only Kenya's lines are spoilt.
    text = text[: text.index("  - name: home")] + CONFIG[CONFIG.index("  - name: home") :]
    with cloud(tmp_path / "cloud") as local:
        for name in ("fleet_a", "pilot"):
            local.dataset(f"rides-ke.{name}", KENYA)
        local.dataset("rides-us.native", HOME)
        local.dataset("acme-analytics.mobility", HOME)
        local.load("rides-ke.fleet_a.trip log-20240228", FULL, [ride(1)], KENYA)
        local.load(
            "rides-us.native.t_20240301", AT_HOME, [{"id": "h1", "price": "7", "rider": {"level": "gold"}}], HOME
        )

        with pytest.raises(WorkflowFailed) as failed:
            local.run(pipeline_of(tmp_path, text))

        assert isinstance(failed.value.error, dict)
        assert message in str(failed.value.error["message"])
        assert str(failed.value.error["message"]).startswith("kenya, inventory: ")
        assert [row["fleet"] for row in local.rows("SELECT fleet FROM `acme-analytics.mobility.rides`", HOME)] == [
            "rides-us.everything"
        ]
