"""A local cloud with a past, the command that brings it, and the oracle of what it brings."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

from replicator.cli.exports import make_project
from replicator.schema.fields import Field
from tests.e2e.clouds import Cloud, cloud, head

FIRST: Final = date(2025, 1, 1)
DAYS: Final = 24
FIELDS: Final = (Field("id", "INTEGER"),)
PLACES: Final = {"japan": "asia-northeast1", "home": "EU"}
SHARDS: Final = '{shards: "events_", suffix: "%Y%m%d"}'
CONFIG: Final = (
    head("NAME")
    + """\
deploy: {project: acme-analytics, region: europe-west1, service_account: r@acme-analytics.iam.gserviceaccount.com}
sources:
  - {name: japan, project: acme-japan, location: asia-northeast1, datasets: shop, tables: TABLES}
  - {name: home, project: acme-home, location: EU, datasets: shop, tables: TABLES}
"""
)


@contextmanager
def past(directory: Path) -> Iterator[Cloud]:
    """A local cloud with 24 days of two sources, two rows in each day."""
    with cloud(directory) as one:
        one.dataset("acme-analytics.marketing", "EU")
        make_project(one.endpoints, "acme-replication")
        for number, (name, place) in enumerate(PLACES.items()):
            one.dataset(f"acme-{name}.shop", place)
            for day in range(DAYS):
                rows = [{"id": 1_000 * number + 10 * day + row} for row in (1, 2)]
                one.load(f"acme-{name}.shop.events_{FIRST + timedelta(days=day):%Y%m%d}", FIELDS, rows, place)
        yield one


def replicator(local: Cloud, directory: Path, *words: str) -> list[str]:
    """A command line over the configs of ``directory``."""
    return [sys.executable, "-m", "replicator", "--configs", str(directory / "configs"), "--cloud",
            local.running.endpoints.http, *words]  # fmt: skip


def command(local: Cloud, directory: Path, name: str, *words: str) -> list[str]:
    """The command line of a backfill of all days."""
    configs = directory / "configs"
    configs.mkdir(exist_ok=True)
    (configs / f"{name}.yaml").write_text(CONFIG.replace("NAME", name).replace("TABLES", SHARDS), encoding="utf-8")
    span = ("--from", f"{FIRST}", "--to", f"{FIRST + timedelta(days=DAYS - 1)}")
    return replicator(local, directory, "backfill", name, *span, *words)


def backfill(local: Cloud, directory: Path, name: str, *words: str) -> Any:
    """Its answer."""
    done = subprocess.run(
        command(local, directory, name, *words, "--json"), check=False, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def expected(*, days: range = range(DAYS), sources: tuple[str, ...] = ("japan", "home")) -> list[tuple[str, str, int]]:
    """The target: the oracle, in plain Python."""
    return sorted(
        (f"acme-{name}.shop", f"{FIRST + timedelta(days=day)}", 1_000 * number + 10 * day + row)
        for number, name in enumerate(PLACES)
        if name in sources
        for day in days
        for row in (1, 2)
    )


def found(local: Cloud, name: str) -> list[tuple[str, str, int]]:
    """What the target holds."""
    rows = local.rows(f"SELECT shop, day, id FROM `acme-analytics.marketing.{name}`", "EU")
    return sorted((str(row["shop"]), f"{row['day']}", int(row["id"])) for row in rows)


def copies(local: Cloud, name: str) -> int:
    """How many runs of the pipeline's dataset copy there were, those of killed runs among them."""
    client = local.clients.transfers()
    (config,) = (
        each
        for each in client.list_transfer_configs(parent="projects/acme-analytics/locations/eu")
        if f"_{name}__" in each.destination_dataset_id
    )
    return len(list(client.list_transfer_runs(parent=config.name)))
