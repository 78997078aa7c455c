"""What ``backfill`` refuses before it asks any cloud."""

from __future__ import annotations

from pathlib import Path

import pytest

from replicator.cli.cloud import serving
from replicator.cli.main import answer
from replicator.demo.pipeline import CONFIGS

NOWHERE = "http://127.0.0.1:9"


def refused(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """The sentence, of a command that is wrong."""
    code = answer(["--configs", str(CONFIGS), "--cloud", NOWHERE, "backfill", "ga4_events", *words])
    assert code == 2
    return capsys.readouterr().err


def test_days_and_sources_are_checked_first(capsys: pytest.CaptureFixture[str]) -> None:
    """A span that ends before it begins, a date that is none, and a source that the pipeline does not have."""
    turned = refused(capsys, "--from", "2025-02-01", "--to", "2025-01-01")
    assert "--to 2025-01-01 lies before --from 2025-02-01; give the first day, then the last" in turned
    assert "'January'" in refused(capsys, "--from", "January", "--to", "2025-01-01")
    unknown = refused(capsys, "--from", "2025-01-01", "--to", "2025-01-31", "--source", "japn")
    assert "--source japn: ga4_events has no such source; it has japan, brazil, australia" in unknown
    assert "Missing option '--to'" in refused(capsys, "--from", "2025-01-01")


def test_a_source_that_cannot_be_asked_stops_it_before_anything_is_moved(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Each reason once, and how to go on without that source; exit 1. The local cloud is empty: no project is there."""
    words = ["backfill", "ga4_events", "--from", "2025-01-01", "--to", "2025-01-31"]
    with serving(tmp_path) as running:
        assert answer(["--configs", str(CONFIGS), "--cloud", running.endpoints.http, *words]) == 1

    said = capsys.readouterr().err
    assert "japan" in said
    assert "acme-replication has not enabled BigQuery" in said
    assert "nothing was moved; name the sources that can be asked with --source" in said
