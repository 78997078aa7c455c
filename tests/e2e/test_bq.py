"""Google's ``bq`` against the local cloud: each of its commands, where ``bq`` is installed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from google.auth.credentials import AnonymousCredentials
from google.cloud import storage

from tests.e2e.clouds import Cloud, cloud

BQ: Final = shutil.which("bq")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(BQ is None, reason="bq is not installed; it comes with the Google Cloud CLI"),
]


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    with cloud(tmp_path_factory.mktemp("bq")) as running:
        running.dataset("acme-analytics.web", "EU")
        yield running


class Bq:
    """Runs ``bq`` with nobody's credentials, and with a home of its own."""

    def __init__(self, local: Cloud, home: Path) -> None:
        self.local, self.home = local, home
        (home / "bigqueryrc").touch()

    def __call__(self, *words: str) -> str:
        """What the command prints; it has to succeed."""
        command = [
            str(BQ), "--oauth_access_token=nobody", "--api", str(self.local.endpoints.http), "--format", "json",
            "--project_id", "acme-analytics", "--bigqueryrc", str(self.home / "bigqueryrc"), *words,
        ]  # fmt: skip
        environment = {"HOME": str(self.home), "CLOUDSDK_CONFIG": str(self.home), "PATH": os.environ["PATH"]}
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, env=environment)
        assert done.returncode == 0, f"{words}\n{done.stdout}{done.stderr}"
        return done.stdout


@pytest.fixture
def bq(local: Cloud, tmp_path: Path) -> Bq:
    return Bq(local, tmp_path)


def test_each_command_does_what_it_says(bq: Bq) -> None:
    """ls, mk, load, query, cp, extract, show, update, rm and head, over one table."""
    files = storage.Client(
        project="acme-analytics", credentials=AnonymousCredentials(),
        client_options={"api_endpoint": str(bq.local.endpoints.http)},
    )  # fmt: skip
    files.create_bucket("acme-files", location="EU")
    rows = bq.home / "rows.csv"
    rows.write_text("1,a\n2,b\n", encoding="ascii")
    bq("mk", "--dataset", "--location=EU", "acme-analytics:shop")
    bq("mk", "--table", "shop.orders", "id:INTEGER,note:STRING")
    bq("load", "--source_format=CSV", "shop.orders", str(rows))
    bq("cp", "shop.orders", "shop.copied")
    bq("extract", "shop.copied", "gs://acme-files/copied.csv")
    bq("update", "--description", "all of them", "shop.orders")

    assert files.bucket("acme-files").blob("copied.csv").download_as_text() == "id,note\n1,a\n2,b\n"
    assert json.loads(bq("query", "--nouse_legacy_sql", "SELECT SUM(id) AS n FROM shop.copied")) == [{"n": "3"}]
    assert json.loads(bq("show", "shop.orders"))["description"] == "all of them"
    assert json.loads(bq("head", "-n", "1", "shop.orders")) == [{"id": "1", "note": "a"}]
    bq("rm", "-f", "-t", "shop.copied")
    assert [one["tableReference"]["tableId"] for one in json.loads(bq("ls", "shop"))] == ["orders"]
    bq("rm", "-r", "-f", "-d", "shop")
    assert "shop" not in bq("ls")
