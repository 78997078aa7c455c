"""``onboard`` and then ``run``, with no edit between: the target equals what plain Python expects, for every kind."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import pytest
import requests

from replicator.cli.main import answer
from replicator.config.pipeline import Pipeline
from replicator.config.project import load_project
from replicator.gcp.load import load_rows
from replicator.names import TableRef
from replicator.schema.fields import Field
from tests.e2e.clouds import Cloud, cloud, record, repeated
from tests.e2e.units import ordered

pytestmark = pytest.mark.slow

TARGET: Final = "acme-analytics.marketing"
JAPAN: Final = "asia-northeast1"
EVENTS: Final = (
    Field("event_date", "STRING"),
    Field("event_timestamp", "INTEGER"),
    Field("event_name", "STRING"),
    repeated("event_params", Field("key", "STRING")),
    Field("user_pseudo_id", "STRING"),
    record("device", Field("category", "STRING"), Field("advertising_id", "STRING")),
)
COMMERCE: Final = record("ecommerce", Field("total", "FLOAT"))
NUMBERS: Final = (Field("n", "INTEGER"), Field("note", "STRING"))


@dataclass
class Desk:
    """A local cloud and a directory of configs, used by the command line alone."""

    local: Cloud
    configs: Path
    capsys: pytest.CaptureFixture[str]

    def type(self, *arguments: str, code: int = 0) -> str:
        """Type a command; what it answered on stdout, or on stderr where it shall fail."""
        self.capsys.readouterr()
        given = answer(["--configs", str(self.configs), "--cloud", str(self.local.endpoints.http), *arguments])
        said = self.capsys.readouterr()
        assert given == code, said.err
        return said.out if code == 0 else said.err

    def onboard(self, *arguments: str) -> dict[str, Any]:
        """Onboard, and the answer of that as JSON."""
        found = json.loads(self.type("onboard", *arguments, "--json"))
        assert isinstance(found, dict)
        return found

    def run(self, pipeline: str) -> list[dict[str, Any]]:
        """Run a pipeline, and the rows of its target."""
        result = json.loads(self.type("run", pipeline, "--json"))
        assert result["state"] == "done"
        return ordered(self.local.rows(f"SELECT * FROM `{self.pipeline(pipeline).target.table}`", "EU"))

    def pipeline(self, name: str) -> Pipeline:
        """What the written file says."""
        return load_project(self.configs, environment=None).pipeline(name)


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """A local cloud that the tests of this file share; the target's dataset is there, as its owners made it."""
    with cloud(tmp_path_factory.mktemp("onboard") / "cloud") as running:
        running.dataset(TARGET, "EU")
        yield running


@pytest.fixture
def desk(local: Cloud, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Desk:
    """That cloud, and a directory of configs that is not there yet."""
    return Desk(local, tmp_path / "configs", capsys)


def event(name: str, person: str) -> dict[str, Any]:
    """A row of an export."""
    return {
        "event_date": "20260101", "event_timestamp": 1, "event_name": name, "event_params": [{"key": "k"}],
        "user_pseudo_id": person, "device": {"category": "desktop", "advertising_id": None},
    }  # fmt: skip


def hashed(row: dict[str, Any]) -> dict[str, Any]:
    """The row as it may leave."""
    return {**row, "user_pseudo_id": sha256(row["user_pseudo_id"].encode()).hexdigest()}


def test_exports_and_partitioned_tables_of_one_pipeline(desk: Desk) -> None:
    """An export makes the pipeline; others join it, wherever they lie, each by a source of its own."""
    local = desk.local
    for dataset, place in (("analytics_1", JAPAN), ("analytics_2", JAPAN), ("analytics_3", "US")):
        local.dataset(f"acme-jp.{dataset}", place)
        rows = [{**event("buy", f"p{dataset}"), "ecommerce": {"total": 1.5}}]
        local.load(f"acme-jp.{dataset}.events_20260101", (*EVENTS, COMMERCE), rows, place)
    local.load("acme-jp.analytics_1.events_intraday_20260102", EVENTS, [event("now", "p")], JAPAN)
    local.dataset("acme-pays.any", "EU")
    local.dataset("acme-br.1_all", "EU")
    local.load("acme-br.1_all.select from-20260102", NUMBERS, [{"n": 1, "note": "shard"}], "EU")
    columns = "n INT64, note STRING"
    local.rows(f"CREATE TABLE `acme-br.1_all.my orders` ({columns}, o_day DATE) PARTITION BY o_day", "EU")
    local.rows("INSERT INTO `acme-br.1_all.my orders` VALUES (2, 'part', DATE '2026-01-03')", "EU")
    local.rows(f"CREATE TABLE `acme-br.1_all.logs` ({columns}) PARTITION BY _PARTITIONDATE", "EU")
    partition = TableRef("acme-br", "1_all", "logs$20260104")
    load_rows(local.clients, partition, NUMBERS, [{"n": 3, "note": "in"}], location="EU")

    made = desk.onboard("acme-jp", "--target", f"{TARGET}.ga4_events", "--staging-project", "acme-pays")
    joined = [desk.onboard(f"acme-br.1_all.{table}", "--into", "ga4_events")["sources"]
              for table in ("select from-*", "my orders", "logs")]  # fmt: skip

    assert made["sources"] == ["acme_jp_asia_northeast1", "acme_jp_us"]
    assert joined == [["acme_br"], ["acme_br_my_orders"], ["acme_br_logs"]]
    assert [(due["units"], due["rows"]) for due in made["due"]] == [(2, 2), (1, 1)]
    first = {"day": date(2026, 1, 1), "property": "acme-jp.analytics_"}
    rows = desk.run("ga4_events")
    shown = [{key: value for key, value in row.items() if value not in (None, [])} for row in rows]
    expected = [
        *(
            {**hashed(event("buy", f"panalytics_{n}")), "ecommerce": {"total": 1.5}, "event_day": first["day"],
             "property": f"{first['property']}{n}"}
            for n in (1, 2, 3)
        ),
        {"n": 1, "note": "shard", "event_day": date(2026, 1, 2), "property": "acme-br.1_all"},
        {"n": 2, "note": "part", "event_day": date(2026, 1, 3), "property": "acme-br.1_all.my orders"},
        {"n": 3, "note": "in", "event_day": date(2026, 1, 4), "property": "acme-br.1_all.logs"},
    ]  # fmt: skip
    assert ordered(shown) == ordered(expected)


def test_plain_tables_and_what_only_looks_partitioned(desk: Desk) -> None:
    """With a date, replaced as a whole; with none, by a query; by whole numbers, as if it were not partitioned."""
    local = desk.local
    local.dataset("shop-fr.crm", "EU")
    people = "customer_id INT64, email STRING, created_at TIMESTAMP, updated_at TIMESTAMP, source STRING"
    local.rows(f"CREATE TABLE `shop-fr.crm.people` ({people})", "EU")
    values = "(1, 'a@b.c', TIMESTAMP '2026-01-02 03:04:05+00', NULL, 'web'), (2, NULL, NULL, NULL, NULL)"
    local.rows(f"INSERT INTO `shop-fr.crm.people` VALUES {values}", "EU")
    layout = "PARTITION BY RANGE_BUCKET(n, GENERATE_ARRAY(0, 100, 10))"
    local.rows(f"CREATE TABLE `shop-fr.crm.order-lines` (n INT64, note STRING) {layout}", "EU")
    local.rows("INSERT INTO `shop-fr.crm.order-lines` VALUES (1, 'x'), (55, 'y')", "EU")

    refused = desk.type("onboard", "shop-fr.crm", code=2)
    desk.onboard("shop-fr.crm.people", "--target", f"{TARGET}.people")
    desk.onboard("shop-fr.crm.order-lines", "--target", f"{TARGET}.lines", "--into", "lines")

    assert "shop-fr.crm.order-lines  table order-lines" in refused
    created = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    owner, unknown = {"replicated_source": "shop-fr.crm.people"}, {"created_at": None, "updated_at": None}
    assert desk.run("people") == ordered([
        {**unknown, **owner, "customer_id": 1, "created_at": created, "source": "web"},
        {**unknown, **owner, "customer_id": 2, "source": None},
    ])  # fmt: skip
    text = (desk.configs / "people.yaml").read_text("utf-8")
    assert "# A guess: rows may be told apart by customer_id" in text
    assert "- email  # a way to reach a person" in text
    lines = {"source": "shop-fr.crm.order-lines", "undated": date(2000, 1, 1)}
    expected = ordered([{"n": 1, "note": "x", **lines}, {"n": 55, "note": "y", **lines}])
    assert desk.run("lines") == expected
    local.rows("DELETE FROM `shop-fr.crm.order-lines` WHERE n = 1", "EU")
    assert desk.run("lines") == expected[1:]


def test_what_the_service_refuses_is_one_sentence(desk: Desk) -> None:
    """Metadata that may not be read stops before anything is written; a forecast that may not be made does not."""
    local = desk.local
    local.dataset("shop-it.crm", "EU")
    local.load("shop-it.crm.t_20260101", NUMBERS, [{"n": 1}], "EU")
    arguments = ("onboard", "shop-it.crm", "--target", f"{TARGET}.italy", "--into", "italy")

    missing = {"kind": "accessDenied", "permission": "bigquery.tables.list", "resource": "Dataset shop-it:crm"}
    with fault(local, missing, "GET", "/projects/shop-it/datasets/crm/tables"):
        denied = desk.type(*arguments, code=1)
    with fault(local, {"kind": "apiDisabled"}, "GET", r"/projects/shop-it/datasets/crm\?"):
        disabled = desk.type(*arguments, code=1)
    assert not desk.configs.exists()
    with fault(local, missing, "POST", "/projects/shop-it/(jobs|queries)"):
        written = desk.type(*arguments)

    assert denied.startswith("replicator: listing the tables of shop-it.crm: Access Denied")
    assert denied.endswith("; it takes bigquery.metadataViewer on the dataset\n")
    assert "run 'gcloud services enable bigquery.googleapis.com --project shop-it'" in disabled
    assert (denied.count("\n"), disabled.count("\n")) == (1, 1)
    assert "italy.yaml: new shop_it" in written
    assert "run italy" in written


@contextmanager
def fault(local: Cloud, kind: dict[str, str], method: str, path: str) -> Iterator[None]:
    """Every such call is answered so, until the block ends."""
    rule: Any = {**kind, "times": "every", "match": {"service": "bigquery", "method": method, "path": path}}
    url = f"{local.endpoints.http}/control/faults"
    requests.post(url, json=rule, timeout=10).raise_for_status()
    try:
        yield
    finally:
        requests.delete(url, timeout=10).raise_for_status()


def test_at_a_terminal_it_asks(local: Cloud, tmp_path: Path) -> None:
    """Which of several things, and where to; questions are no part of the answer on stdout."""
    local.dataset("shop-es.crm", "EU")
    for table in ("a_20260101", "b_20260101"):
        local.load(f"shop-es.crm.{table}", NUMBERS, [{"n": 1}], "EU")
    terminal, other = pty.openpty()
    cloud_options = ("--configs", str(tmp_path / "configs"), "--cloud", str(local.endpoints.http))
    with subprocess.Popen(
        [sys.executable, "-m", "replicator", *cloud_options, "onboard", "shop-es.crm", "--dry-run"],
        stdin=other, stdout=subprocess.PIPE, stderr=other, text=True,
    ) as process:  # fmt: skip
        os.close(other)
        os.write(terminal, f"2\n{TARGET}.spain\n".encode())
        answered, _ = process.communicate(timeout=120)
    asked = os.read(terminal, 10_000).decode()
    os.close(terminal)

    assert process.returncode == 0, asked
    assert "shop-es.crm.b_*  shards b_%Y%m%d" in asked
    assert "Table that the rows shall go to" in asked
    assert f"  table: {TARGET}.spain\n" in answered
    assert not (tmp_path / "configs").exists()
