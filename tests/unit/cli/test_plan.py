"""A plan shows the routes without a cloud, and asks one what is due now."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from replicator.cli.cloud import serving
from replicator.cli.exports import make_project
from replicator.cli.main import answer
from replicator.config.project import load_project
from replicator.demo.pipeline import CONFIGS, PIPELINE
from replicator.gcp.clients import Clients
from replicator.gcp.endpoints import Endpoints
from replicator.gcp.load import create_dataset, drop_table, load_rows
from replicator.names import DatasetRef
from replicator.plan.build import build_plan
from replicator.schema.fields import Field
from replicator.sql.placeholders import RECEIPTS, bind

_PROPERTY = DatasetRef("acme-jp", "analytics_301")
_DAYS = ("20261101", "20261103", "20261102")


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a cloud in which Japan has three shards of one property, and the others' properties are empty."""
    with serving(tmp_path_factory.mktemp("cloud")) as running:
        endpoints = Endpoints.at(running.endpoints.http)
        make_project(endpoints, "acme-replication")
        make_project(endpoints, "acme-analytics")
        clients = Clients(endpoints)
        create_dataset(clients, DatasetRef("acme-br", "analytics_451"), location="southamerica-east1")
        create_dataset(clients, DatasetRef("acme-au", "analytics_611"), location="australia-southeast1")
        create_dataset(clients, _PROPERTY, location="asia-northeast1")
        for count, day in enumerate(_DAYS, start=1):
            rows = [{"platform": "WEB"}] * count
            table = _PROPERTY.table(f"events_{day}")
            load_rows(clients, table, (Field("platform", "STRING"),), rows, location="asia-northeast1")
        yield running.endpoints.http


def _plan(*options: str, cloud: str = "gcp") -> int:
    return answer(["--configs", str(CONFIGS), "--cloud", cloud, "plan", PIPELINE, *options])


def test_offline_shows_every_route(capsys: pytest.CaptureFixture[str]) -> None:
    """What leaves a country, what does not, and through which datasets; the same for a program."""
    assert _plan("--offline") == 0
    shown = capsys.readouterr().out
    assert "stays there:   user_id, geo.city" in shown
    assert "reads:         acme-br (southamerica-east1)" in shown
    assert "Due now" not in shown

    assert _plan("--offline", "--json") == 0
    plan = json.loads(capsys.readouterr().out)
    assert [route["name"] for route in plan["sources"]] == ["japan", "brazil", "australia"]
    assert plan["target"] == {"project": "acme-analytics", "dataset": "marketing", "table": "ga4_events"}
    assert plan["sources"][0]["staging"]["dataset"] in shown
    assert plan["due"] is None


def test_the_statements_are_shown_when_asked(capsys: pytest.CaptureFixture[str]) -> None:
    """Every stage's SQL, headed by its name."""
    assert _plan("--offline", "--sql") == 0

    shown = capsys.readouterr().out
    for heading in ("-- take fence", "-- inventory", "-- align", "-- write commit"):
        assert heading in shown


def test_what_costs_more_than_it_seems_to_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An upsert by a key without the partition column reads the whole target; a program is told as well."""
    text = (CONFIGS / f"{PIPELINE}.yaml").read_text(encoding="utf-8")
    (tmp_path / f"{PIPELINE}.yaml").write_text(
        text.replace("merge: replace_partitions", "merge: {upsert: {keys: [event_name]}}"), encoding="utf-8"
    )
    arguments = ["--configs", str(tmp_path), "plan", PIPELINE, "--offline"]

    assert answer(arguments) == 0
    assert "in every commit" in capsys.readouterr().err
    assert answer([*arguments, "--json"]) == 0
    (warning,) = json.loads(capsys.readouterr().out)["warnings"]
    assert "reads all of acme-analytics.marketing.ga4_events" in warning


def test_what_is_due_is_known_to_the_cloud_only(capsys: pytest.CaptureFixture[str]) -> None:
    """Listing units offline is refused rather than answered with none."""
    assert _plan("--offline", "--units") == 2
    assert "leave --offline out" in capsys.readouterr().err


def test_each_source_says_what_is_due(cloud: str, capsys: pytest.CaptureFixture[str]) -> None:
    """How many units, rows and properties, and which days; a source with nothing due says so too."""
    assert _plan("--units", cloud=cloud) == 0

    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    (japan,) = [line for line in lines if line[:2] == ["japan", "3"]]
    assert (japan[2], japan[-3:]) == ("6", ["2026-11-01", "2026-11-03", "1"])
    assert ["brazil", "0", "0", "0", "B", "-", "-", "0"] in lines
    listed = [line[2:4] for line in lines if line[:2] == ["japan", str(_PROPERTY)]]
    assert listed == [[f"events_{day}", f"2026-11-{day[-2:]}"] for day in sorted(_DAYS, reverse=True)]


def test_a_program_reads_what_is_due(cloud: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Under ``due``, one entry a source; the units one by one only when they are asked for."""
    assert _plan("--json", cloud=cloud) == 0
    japan, brazil, _ = json.loads(capsys.readouterr().out)["due"]
    assert (japan["units"], japan["rows"], japan["oldest"], japan["newest"]) == (3, 6, "2026-11-01", "2026-11-03")
    assert japan["properties"] == [str(_PROPERTY)]
    assert japan["bytes"] > 0
    assert "list" not in japan
    assert (brazil["units"], brazil["oldest"], brazil["error"]) == (0, None, None)

    assert _plan("--json", "--units", cloud=cloud) == 0
    japan, _, _ = json.loads(capsys.readouterr().out)["due"]
    assert [unit["rows"] for unit in japan["list"]] == [2, 3, 1]
    assert japan["list"][0]["modified"].endswith("+00:00")


def test_a_source_that_cannot_be_asked_does_not_hide_the_others(cloud: str, capsys: pytest.CaptureFixture[str]) -> None:
    """One sentence names it and the reason; the others are shown; exit 1."""
    brazil = build_plan(load_project(CONFIGS, environment=None).pipeline(PIPELINE)).sources[1]
    clients, receipts = Clients(Endpoints.at(cloud)), brazil.staging.table(bind(RECEIPTS, brazil.names))
    create_dataset(clients, brazil.staging, location=brazil.location)
    load_rows(clients, receipts, (Field("another", "STRING"),), [{"another": "x"}], location=brazil.location)

    code = _plan(cloud=cloud)

    drop_table(clients, receipts)
    printed = capsys.readouterr()
    assert code == 1
    assert printed.err.startswith("replicator: brazil: query in southamerica-east1, project acme-replication: ")
    assert printed.err.count("\n") == 1
    due = printed.out[printed.out.index("Due now") :]
    assert [line.split()[:2] for line in due.splitlines()[3:]] == [["japan", "3"], ["australia", "0"]]


@pytest.mark.parametrize("options", [(), ("--json",)])
def test_a_cloud_that_does_not_answer_is_said_once(
    options: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    """The routes need no cloud and are shown; one sentence says why nothing else is; exit 1."""
    assert _plan(*options, cloud="http://127.0.0.1:9") == 1

    printed = capsys.readouterr()
    assert printed.err.startswith("replicator: japan, brazil, australia: http://127.0.0.1:9: ")
    assert printed.err.count("\n") == 1
    assert "acme-br" in printed.out


def test_offline_says_what_is_newer_and_what_encrypts_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Only of a source that goes by a column, or has a key."""
    key = "projects/acme-keys/locations/us-east1/keyRings/r/cryptoKeys/k"
    (tmp_path / "orders.yaml").write_text(
        "version: 1\npipeline: orders\n"
        "target: {table: acme-eu.sales.orders, location: EU, partition: {column: day, by: day}, source_column: shop}\n"
        "state: {dataset: acme-eu.memory}\nmerge: append\nincremental: {by: column, column: changed}\n"
        "sources:\n  - name: states\n    project: acme-us\n    location: us-east1\n"
        f"    tables: {{table: sales.orders}}\n    staging: {{kms_key: {key}}}\n",
        encoding="utf-8",
    )

    assert answer(["--configs", str(tmp_path), "--cloud", "gcp", "plan", "orders", "--offline"]) == 0

    shown = capsys.readouterr().out
    assert "newer by:      changed, in what has changed" in shown
    assert f"encrypted by:  {key}, as far as it is staged" in shown
