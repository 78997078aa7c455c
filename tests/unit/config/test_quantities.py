"""Spans, amounts, cron and locations, as people write them."""

from __future__ import annotations

import contextlib
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import PydanticCustomError

from replicator.config.locations import location, region
from replicator.config.quantities import duration, size
from tests.unit.config.pipelines import pipeline


@pytest.mark.parametrize(
    ("written", "span"),
    [
        ("15 minutes", timedelta(minutes=15)),
        ("1 minute", timedelta(minutes=1)),
        ("90 seconds", timedelta(seconds=90)),
        ("4 Days", timedelta(days=4)),
        ("2 weeks", timedelta(days=14)),
    ],
)
def test_a_span_is_a_whole_number_and_a_unit(written: str, span: timedelta) -> None:
    """Singular and plural, in any case."""
    assert duration(written) == span


@pytest.mark.parametrize(
    ("written", "count"),
    [("200 GB", 200 * 10**9), ("10MiB", 10 * 2**20), ("1.5 tb", 1_500_000_000_000), ("7 B", 7)],
)
def test_an_amount_is_a_number_and_a_unit(written: str, count: int) -> None:
    """GB counts in thousands, GiB in 1,024s."""
    assert size(written) == count


@given(st.text(max_size=12) | st.from_regex(r"[1-9][0-9]{0,30} ?[a-zA-Z]{1,7}", fullmatch=True))
def test_any_text_is_a_span_or_is_refused(written: str) -> None:
    """Arbitrary text never escapes as another error."""
    for read in (duration, size):
        with contextlib.suppress(PydanticCustomError):
            assert read(written)


@pytest.mark.parametrize(
    ("written", "kept"), [("eu", "EU"), ("US", "US"), ("Europe-West1", "europe-west1"), ("me-central2", "me-central2")]
)
def test_a_location_is_kept_as_bigquery_prints_it(written: str, kept: str) -> None:
    """So that the same location is the same text."""
    assert location(written) == kept


def test_a_region_that_opens_tomorrow_is_taken() -> None:
    """Only the words that regions are made of are known, not the regions."""
    assert region("africa-north7") == "africa-north7"


@pytest.mark.parametrize("cron", ["15 5 * * *", "*/10 0-6/2 1,15 jan-mar MON-FRI", "0 0 31 12 7", "5/15 * * * *"])
def test_cron_is_read_as_cloud_scheduler_reads_it(cron: str) -> None:
    """Steps, ranges, lists and names of months and days."""
    schedule = pipeline(f"schedule: {{cron: '{cron}'}}\n").schedule

    assert schedule is not None
    assert (schedule.cron, schedule.time_zone) == (cron, "UTC")
