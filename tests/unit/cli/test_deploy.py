"""What is wrong with a deployment before any cloud is asked."""

from __future__ import annotations

from pathlib import Path

import pytest

from replicator.cli.main import answer
from tests.unit.config.pipelines import ORDERS

_NO_CLOUD = ("--cloud", "http://127.0.0.1:1")


def test_a_file_that_does_not_say_where_to_deploy_is_told_with_its_place(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The key is missing, and a line to copy is the remedy."""
    (tmp_path / "orders.yaml").write_text(ORDERS, encoding="utf-8")

    code = answer(["--configs", str(tmp_path), *_NO_CLOUD, "deploy", "orders"])

    assert code == 2
    assert capsys.readouterr().err.startswith(
        f"{tmp_path}/orders.yaml:1:1: deploy: is missing, so there is nowhere to deploy to; add 'deploy: {{project: "
    )


def test_a_mistake_of_an_environment_is_told_in_its_own_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The pipeline's file is right, and says nothing of a region."""
    (tmp_path / "orders.yaml").write_text(ORDERS, encoding="utf-8")
    (tmp_path / "environments").mkdir()
    (tmp_path / "environments" / "prod.yaml").write_text(
        "deploy:\n  project: acme-analytics\n  region: EU\n  service_account: r@acme.iam.gserviceaccount.com\n",
        encoding="utf-8",
    )

    code = answer(["--configs", str(tmp_path), "--env", "prod", *_NO_CLOUD, "deploy", "orders"])

    assert code == 2
    assert capsys.readouterr().err.startswith(
        f"{tmp_path}/environments/prod.yaml:3:11: deploy.region: 'EU' is no region"
    )
