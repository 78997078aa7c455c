"""What a dataset copy does to the tables of two datasets, seen through Google's client."""

from __future__ import annotations

import pytest

from replicator import limits
from tests.conformance.transfer.cloud import LANDING, SOURCE, Cloud

DAY = 86_400


def test_tables_are_copied_and_the_run_succeeds(cloud: Cloud) -> None:
    """A run of a new config brings every table over, whatever the two locations."""
    cloud.datasets.put(SOURCE, "a", 1, 2)
    cloud.datasets.put(SOURCE, "b", 3)

    run = cloud.run(cloud.config())

    assert run.state.name == "SUCCEEDED"
    assert cloud.datasets.rows(LANDING) == {"a": (1, 2), "b": (3,)}
    assert run.params["source_dataset_id"] == SOURCE.dataset
    assert run.destination_dataset_id == LANDING.dataset
    assert run.start_time <= run.end_time


def test_an_unchanged_table_is_skipped_even_with_overwrite(cloud: Cloud) -> None:
    """Edits of the destination are not noticed, nor that a table is gone there."""
    cloud.datasets.put(SOURCE, "a", 1)
    cloud.datasets.put(SOURCE, "b", 2)
    config = cloud.config(overwrite=True)
    cloud.run(config)
    cloud.datasets.put(LANDING, "a", 99, modified=7)
    del cloud.datasets.contents[LANDING]["b"]

    assert cloud.run(config).state.name == "SUCCEEDED"
    assert cloud.datasets.rows(LANDING) == {"a": (99,)}


def test_a_changed_table_is_truncated_and_replaced(cloud: Cloud) -> None:
    """Never appended; an unchanged neighbour is not touched."""
    cloud.datasets.put(SOURCE, "a", 1, 2, modified=10)
    cloud.datasets.put(SOURCE, "b", 5, modified=10)
    config = cloud.config(overwrite=True)
    cloud.run(config)
    cloud.datasets.put(SOURCE, "a", 3, modified=11)

    cloud.run(config)

    assert cloud.datasets.rows(LANDING) == {"a": (3,), "b": (5,)}
    assert cloud.datasets.copies == ["a", "b", "a"]


def test_without_overwrite_a_changed_table_fails_the_run_and_others_are_copied(cloud: Cloud) -> None:
    """The error names the table; what could be copied was."""
    cloud.datasets.put(SOURCE, "a", 1, modified=10)
    config = cloud.config(overwrite=False)
    cloud.run(config)
    cloud.datasets.put(SOURCE, "a", 2, modified=11)
    cloud.datasets.put(SOURCE, "b", 3)

    run = cloud.run(config)

    assert run.state.name == "FAILED"
    assert "Already Exists: Table acme-analytics:landing.a" in run.error_status.message
    assert cloud.datasets.rows(LANDING) == {"a": (1,), "b": (3,)}
    assert any("Already Exists" in line for line in cloud.log(run.name))


@pytest.mark.parametrize("kind", ["VIEW", "MATERIALIZED_VIEW", "EXTERNAL", "SNAPSHOT"])
def test_other_kinds_than_tables_are_left_out(cloud: Cloud, kind: str) -> None:
    """The run succeeds without them and its log says so."""
    cloud.datasets.put(SOURCE, "thing", 1, kind=kind)
    cloud.datasets.put(SOURCE, "a", 1)

    run = cloud.run(cloud.config())

    assert run.state.name == "SUCCEEDED"
    assert set(cloud.datasets.rows(LANDING)) == {"a"}
    assert any(kind in line for line in cloud.log(run.name))


def test_a_source_dataset_that_is_missing_fails_the_run(cloud: Cloud) -> None:
    """The config can be made; the run says which dataset is not there."""
    config = cloud.config()
    del cloud.datasets.locations[SOURCE]

    run = cloud.run(config)

    assert run.state.name == "FAILED"
    assert "Not found: Dataset acme-japan:staging" in run.error_status.message


def test_a_destination_dataset_that_has_gone_fails_the_run(cloud: Cloud) -> None:
    """It is not made anew."""
    config = cloud.config()
    del cloud.datasets.locations[LANDING]

    run = cloud.run(config)

    assert run.state.name == "FAILED"
    assert "Not found: Dataset acme-analytics:landing" in run.error_status.message


def test_a_destination_dataset_made_anew_elsewhere_fails_the_run(cloud: Cloud) -> None:
    """A config stays in its location."""
    config = cloud.config()
    cloud.datasets.make(LANDING, "US")

    assert "is located in US" in cloud.run(config).error_status.message


def test_what_bigquery_refuses_fails_the_run_with_its_words(cloud: Cloud) -> None:
    """One table's failure does not keep the others."""
    cloud.datasets.put(SOURCE, "a", 1)
    cloud.datasets.put(SOURCE, "b", 1)
    cloud.datasets.broken["a"] = "Table a has policy tags"

    run = cloud.run(cloud.config())

    assert run.error_status.message == "Table a has policy tags"
    assert set(cloud.datasets.rows(LANDING)) == {"b"}


def test_a_thousand_tables_cross_in_one_run_and_the_rest_a_day_later(cloud: Cloud) -> None:
    """The service starts the following run by itself, 24 hours on, over the server's clock."""
    for number in range(limits.TABLES_PER_COPY.value + 3):
        cloud.datasets.put(SOURCE, f"t{number:04}", number)
    config = cloud.config()

    first = cloud.run(config)
    waiting = next(iter(cloud.api.list_transfer_runs(parent=config)))
    copied_at_first = len(cloud.datasets.rows(LANDING))
    cloud.clock.move(DAY - 60)
    still = cloud.api.get_transfer_run(name=waiting.name).state.name
    cloud.clock.move(DAY + 60)
    second = cloud.finished(waiting.name)

    assert first.state.name == "SUCCEEDED"
    assert copied_at_first == limits.TABLES_PER_COPY.value
    assert still == "PENDING"
    assert second.state.name == "SUCCEEDED"
    assert len(cloud.datasets.rows(LANDING)) == limits.TABLES_PER_COPY.value + 3


def test_two_thousand_tables_a_day_cross_into_a_project(cloud: Cloud) -> None:
    """Failed ones count; the next day there are two thousand again."""
    for number in range(limits.TABLES_PER_COPY.value):
        cloud.datasets.put(SOURCE, f"t{number:04}", number)
    cloud.datasets.broken["t0000"] = "refused"
    cloud.run(cloud.config())
    cloud.datasets.broken.clear()
    cloud.run(cloud.config())

    exhausted = cloud.run(cloud.config())
    cloud.clock.move(DAY + 60)
    next_day = cloud.run(cloud.config())

    assert exhausted.state.name == "FAILED"
    assert "Quota exceeded" in exhausted.error_status.message
    assert next_day.state.name == "SUCCEEDED"


def test_a_table_is_copied_a_hundred_times_a_day(cloud: Cloud) -> None:
    """The hundred and first time fails, for this table alone."""
    config = cloud.config()
    for time in range(limits.COPIES_OF_A_TABLE_A_DAY.value):
        cloud.datasets.put(SOURCE, "a", time, modified=time + 1)
        assert cloud.run(config).state.name == "SUCCEEDED"
    cloud.datasets.put(SOURCE, "a", 1, modified=1_000)
    cloud.datasets.put(SOURCE, "b", 1)

    run = cloud.run(config)

    assert "Your table exceeded quota for cross-region copies: acme-analytics:landing.a" in run.error_status.message
    assert "b" in cloud.datasets.rows(LANDING)


def test_within_a_location_no_ration_is_used(cloud: Cloud) -> None:
    """The rations are those of copies across locations."""
    cloud.datasets.locations[SOURCE] = "EU"
    for number in range(limits.TABLES_PER_COPY.value + 1):
        cloud.datasets.put(SOURCE, f"t{number:04}", number)

    cloud.run(cloud.config())

    assert len(cloud.datasets.rows(LANDING)) == limits.TABLES_PER_COPY.value + 1
