"""A run's result becomes a table and one line."""

from __future__ import annotations

import pytest

from replicator.errors import FailedError
from replicator.report.outcome import Outcome, print_outcome, reason_of, sentence, sources_of
from replicator.report.words import BY_DATASET

_RESULT = {
    "run": "ga4_events-000012",
    "epoch": 12,
    "state": "done",
    "units": 2,
    "rows": 1_300,
    "bytes": 2_500_000,
    "copies": 1,
    "sources": [
        {
            "source": "japan",
            "stage": "done",
            "units": 2,
            "rows": 1_300,
            "bytes": 2_500_000,
            "copies": 1,
            "left": 3,
            "drift": 1,
            "by_dataset": True,
            "milliseconds": {"copy": 75_000, "aligned": 40, "inventory": 500},
            "error": None,
        },
        {"source": "brazil", "stage": "quiet", "milliseconds": {"inventory": 1_200}},
    ],
}


def test_a_run_is_shown_source_by_source_with_its_totals(capsys: pytest.CaptureFixture[str]) -> None:
    """What was moved, and where the time went."""
    print_outcome(Outcome.from_json(_RESULT))

    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["japan", "done", "2", "1,300", "2.5", "MB", "1"] in lines
    assert ["brazil", "quiet", "0", "0", "0", "B", "0"] in lines
    assert ["ga4_events-000012:", "2", "units,", "1,300", "rows,", "2.5", "MB,", "1", "copy"] in lines
    assert ["inventory", "1.2", "s,", "copy", "1", "min", "15", "s,", "commit", "0.0", "s"] in lines


def test_what_a_run_did_not_bring_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    """Units that did not fit, fields that the target lacks, a region that may not be asked: one sentence each."""
    print_outcome(Outcome.from_json(_RESULT))

    lines = capsys.readouterr().out.splitlines()
    assert "japan: 3 units more due, left for the next run" in lines
    assert "japan: the target lacks 1 field of it; see 'replicator drift'" in lines
    assert f"japan: {BY_DATASET}" in lines
    assert not any(line.startswith("brazil:") for line in lines)


def test_a_run_that_found_nothing_says_so() -> None:
    """Nothing due and nothing allowed are two things."""
    assert sentence(Outcome.from_json({**_RESULT, "state": "quiet"})) == "ga4_events-000012: nothing was due"


def test_a_run_that_left_says_who_holds_the_fence_and_since_when() -> None:
    """Also where the ledger does not know it any more."""
    held = {"held_by": "orders-000011", "since": "2026-11-21 09:00:00 UTC", "expires": "2026-11-21 10:00:00+00"}

    assert sentence(Outcome.from_json({**_RESULT, "state": "left"} | held)) == (
        "orders-000011 holds the fence since 2026-11-21 09:00:00 UTC until 2026-11-21 10:00:00+00 at least; "
        "left it alone"
    )
    assert sentence(Outcome.from_json({**_RESULT, "state": "left"})) == "another run holds the fence; left it alone"


@pytest.mark.parametrize("value", [None, "done", {}, {"run": "x"}])
def test_what_is_no_result_is_refused(value: object) -> None:
    """A document of another kind does not pass for a run that moved nothing."""
    with pytest.raises(FailedError, match="without a run's result"):
        Outcome.from_json(value)


def test_a_failed_run_names_its_sources() -> None:
    """The error map carries them; any other error has none."""
    failed = {"source": "brazil", "stage": "failed", "error": "dataset not found"}

    assert [part.error for part in sources_of({"message": "1 failed", "sources": [failed]})] == ["dataset not found"]
    assert sources_of({"message": "no fence"}) == ()
    assert sources_of("no fence") == ()


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        ({"message": "no rights", "job": "p:EU.j", "console": "https://c"}, "no rights (job p:EU.j, https://c)"),
        ({"message": "japan, copy: no rights", "sources": []}, "japan, copy: no rights"),
        ({"tags": ["TypeError"]}, None),
        ("a text", None),
    ],
)
def test_why_a_run_failed_names_the_job(error: object, reason: str | None) -> None:
    """Where there is one, with the page that shows it."""
    assert reason_of(error) == reason
