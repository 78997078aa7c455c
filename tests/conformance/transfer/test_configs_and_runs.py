"""Transfer configs, runs and logs as resources, through Google's client."""

from __future__ import annotations

import threading
import time

import pytest
from google.api_core import exceptions
from google.cloud import bigquery_datatransfer_v1 as datatransfer
from google.protobuf import field_mask_pb2

from tests.conformance.transfer.cloud import LANDING, SOURCE, Cloud, on_demand

PARENT = "projects/acme-analytics/locations/eu"


def test_a_config_is_made_read_listed_and_deleted(cloud: Cloud) -> None:
    """What was said about it comes back, with a name in the parent's location."""
    made = cloud.api.create_transfer_config(parent=PARENT, transfer_config=on_demand())

    read = cloud.api.get_transfer_config(name=made.name)
    listed = [config.name for config in cloud.api.list_transfer_configs(parent=PARENT)]
    cloud.api.delete_transfer_config(name=made.name)

    assert made.name.startswith(f"{PARENT}/transferConfigs/")
    assert read == made
    assert dict(read.params) == {
        "source_project_id": SOURCE.project,
        "source_dataset_id": SOURCE.dataset,
        "overwrite_destination_table": True,
    }
    assert read.schedule_options.disable_auto_scheduling
    assert read.dataset_region == "eu"
    assert listed == [made.name]
    with pytest.raises(exceptions.NotFound):
        cloud.api.get_transfer_config(name=made.name)


def test_a_config_lies_in_its_destinations_location(cloud: Cloud) -> None:
    """Anywhere else it is refused, and the error names the right parent."""
    with pytest.raises(exceptions.BadRequest, match="locations/eu"):
        cloud.config(parent="projects/acme-analytics/locations/us")


def test_a_parent_without_a_location_means_us(cloud: Cloud) -> None:
    """A dataset in the EU has no config there; one in the US has, found under both names."""
    with pytest.raises(exceptions.BadRequest):
        cloud.config(parent="projects/acme-analytics")
    cloud.datasets.make(LANDING, "US")

    name = cloud.config(parent="projects/acme-analytics")

    located = name.replace("projects/acme-analytics/", "projects/acme-analytics/locations/us/")
    assert cloud.api.get_transfer_config(name=located).name == name


def test_a_destination_dataset_must_exist(cloud: Cloud) -> None:
    """A dataset copy does not make it."""
    with pytest.raises(exceptions.NotFound, match="acme-analytics:nowhere"):
        cloud.api.create_transfer_config(parent=PARENT, transfer_config=on_demand(dataset="nowhere"))


@pytest.mark.parametrize(
    ("field", "value", "error"),
    [
        ("data_source_id", "scheduled_query", exceptions.MethodNotImplemented),
        ("params", {"source_dataset_id": "staging"}, exceptions.BadRequest),
        ("params", {"source_project_id": "acme-japan"}, exceptions.BadRequest),
        (
            "params",
            {"source_project_id": "acme-japan", "source_dataset_id": "staging", "tables": "a"},
            exceptions.BadRequest,
        ),
        (
            "params",
            {"source_project_id": "acme-japan", "source_dataset_id": "staging", "overwrite_destination_table": "yes"},
            exceptions.BadRequest,
        ),
        (
            "params",
            {"source_project_id": "acme-analytics", "source_dataset_id": "landing"},
            exceptions.BadRequest,
        ),
        ("schedule_options", {}, exceptions.MethodNotImplemented),
        ("destination_dataset_id", "no dataset", exceptions.BadRequest),
        ("notification_pubsub_topic", "projects/p/topics/t", exceptions.MethodNotImplemented),
    ],
)
def test_a_config_that_is_wrong_or_not_modelled_is_refused(
    cloud: Cloud, field: str, value: object, error: type[Exception]
) -> None:
    """Nothing is made."""
    config = on_demand()
    setattr(config, field, value)

    with pytest.raises(error):
        cloud.api.create_transfer_config(parent=PARENT, transfer_config=config)
    assert list(cloud.api.list_transfer_configs(parent=PARENT)) == []


def test_a_patch_changes_the_fields_of_its_mask_and_no_others(cloud: Cloud) -> None:
    """What the body says beyond the mask is not taken."""
    name = cloud.config()
    changes = datatransfer.TransferConfig(name=name, display_name="other", params={"source_dataset_id": "ignored"})

    cloud.api.update_transfer_config(
        transfer_config=changes, update_mask=field_mask_pb2.FieldMask(paths=["display_name"])
    )

    read = cloud.api.get_transfer_config(name=name)
    assert read.display_name == "other"
    assert read.params["source_dataset_id"] == SOURCE.dataset


@pytest.mark.parametrize("paths", [[], ["data_source_id"], ["nonsense"]])
def test_a_patch_with_a_wrong_mask_is_refused(cloud: Cloud, paths: list[str]) -> None:
    """A mask is needed, and names what can be changed."""
    changes = datatransfer.TransferConfig(name=cloud.config(), data_source_id="x")

    with pytest.raises(exceptions.BadRequest):
        cloud.api.update_transfer_config(transfer_config=changes, update_mask=field_mask_pb2.FieldMask(paths=paths))


def test_a_patched_source_is_what_the_next_run_copies(cloud: Cloud) -> None:
    """A run takes the parameters of its config as they are when it is started."""
    other = type(SOURCE)("acme-brazil", "staging")
    cloud.datasets.make(other, "southamerica-east1")
    cloud.datasets.put(other, "b", 1)
    name = cloud.config()
    config = on_demand()
    config.name = name
    config.params["source_project_id"] = other.project

    cloud.api.update_transfer_config(transfer_config=config, update_mask=field_mask_pb2.FieldMask(paths=["params"]))
    cloud.run(name)

    assert set(cloud.datasets.rows(LANDING)) == {"b"}


def test_configs_are_listed_in_pages_and_by_data_source(cloud: Cloud) -> None:
    """Every config once, whatever the size of a page; none of a data source that has none."""
    made = [cloud.config() for _ in range(5)]

    pages = list(
        cloud.api.list_transfer_configs(
            datatransfer.ListTransferConfigsRequest(parent=PARENT, page_size=2, data_source_ids=["cross_region_copy"])
        ).pages
    )
    others = cloud.api.list_transfer_configs(
        datatransfer.ListTransferConfigsRequest(parent=PARENT, data_source_ids=["google_cloud_storage"])
    )

    assert [len(page.transfer_configs) for page in pages] == [2, 2, 1]
    assert [config.name for page in pages for config in page.transfer_configs] == made
    assert list(others) == []


def test_an_on_demand_config_refuses_a_run_without_a_time(cloud: Cloud) -> None:
    """There is no schedule to take it from."""
    request = datatransfer.StartManualTransferRunsRequest(parent=cloud.config())

    with pytest.raises(exceptions.BadRequest, match="requested_run_time"):
        cloud.api.start_manual_transfer_runs(request=request)


def test_a_run_is_found_again_by_its_requested_time(cloud: Cloud) -> None:
    """To the microsecond; its id is the service's."""
    config = cloud.config()
    asked = {"seconds": 1_700_000_000, "nanos": 123_456_000}
    request = datatransfer.StartManualTransferRunsRequest(parent=config, requested_run_time=asked)

    started = cloud.api.start_manual_transfer_runs(request=request).runs[0]

    found = [run for run in cloud.api.list_transfer_runs(parent=config) if run.run_time == started.run_time]
    assert [run.name for run in found] == [started.name]
    assert started.state.name == "PENDING"
    assert found[0].run_time.timestamp() == pytest.approx(1_700_000_000.123456)


def test_a_time_range_asks_for_a_run_a_day(cloud: Cloud) -> None:
    """From the start, inclusive, to the end, exclusive."""
    start, days = 1_700_006_400, 3
    request = datatransfer.StartManualTransferRunsRequest(
        parent=cloud.config(),
        requested_time_range={"start_time": {"seconds": start}, "end_time": {"seconds": start + days * 86_400}},
    )

    runs = cloud.api.start_manual_transfer_runs(request=request).runs

    assert [run.run_time.timestamp() for run in runs] == [start + day * 86_400 for day in range(days)]


def test_one_run_of_a_config_is_active_and_others_queue(cloud: Cloud) -> None:
    """Runs of another config go on beside it."""
    cloud.datasets.put(SOURCE, "a", 1)
    cloud.datasets.released.clear()
    first_config, second_config = cloud.config(), cloud.config()
    runs = [cloud.start_run(first_config), cloud.start_run(first_config), cloud.start_run(second_config)]
    wait_for(lambda: cloud.datasets.running == 2)

    states = [cloud.api.get_transfer_run(name=run).state.name for run in runs]
    cloud.datasets.released.set()
    ended = [cloud.finished(run).state.name for run in runs]

    assert states == ["RUNNING", "PENDING", "RUNNING"]
    assert ended == ["SUCCEEDED"] * 3
    assert cloud.datasets.most_running == 2


def test_runs_are_listed_by_state_and_newest_first(cloud: Cloud) -> None:
    """A filter with several states takes the runs of each."""
    config = cloud.config()
    good = cloud.run(config)
    del cloud.datasets.locations[SOURCE]
    bad = cloud.run(config)

    def listed(*states: datatransfer.TransferState) -> list[str]:
        request = datatransfer.ListTransferRunsRequest(parent=config, states=list(states))
        return [run.name for run in cloud.api.list_transfer_runs(request)]

    assert listed() == [bad.name, good.name]
    assert listed(datatransfer.TransferState.SUCCEEDED) == [good.name]
    assert listed(datatransfer.TransferState.FAILED, datatransfer.TransferState.SUCCEEDED) == [bad.name, good.name]
    assert listed(datatransfer.TransferState.RUNNING) == []
    assert cloud.api.get_transfer_config(name=config).state.name == "FAILED"


def test_a_deleted_run_is_gone_and_does_not_go_on(cloud: Cloud) -> None:
    """The table being copied is finished, the next is not begun."""
    cloud.datasets.put(SOURCE, "a", 1)
    cloud.datasets.put(SOURCE, "b", 1)
    cloud.datasets.released.clear()
    run = cloud.start_run(cloud.config())
    wait_for(lambda: cloud.datasets.running == 1)

    cloud.api.delete_transfer_run(name=run)
    cloud.datasets.released.set()
    wait_for(lambda: cloud.datasets.running == 0)

    with pytest.raises(exceptions.NotFound):
        cloud.api.get_transfer_run(name=run)
    assert set(cloud.datasets.rows(LANDING)) <= {"a"}


def test_logs_are_filtered_by_severity(cloud: Cloud) -> None:
    """Errors can be read alone."""
    config = cloud.config()
    del cloud.datasets.locations[SOURCE]
    run = cloud.run(config)
    request = datatransfer.ListTransferLogsRequest(
        parent=run.name, message_types=[datatransfer.TransferMessage.MessageSeverity.ERROR]
    )

    errors = list(cloud.api.list_transfer_logs(request))

    assert errors
    assert all(message.severity.name == "ERROR" for message in errors)
    assert len(errors) < len(cloud.log(run.name))


def test_the_data_source_is_told_with_its_parameters(cloud: Cloud) -> None:
    """The three that there are; another data source is refused."""
    listed = list(cloud.api.list_data_sources(parent=PARENT))

    source = cloud.api.get_data_source(name=f"{PARENT}/dataSources/cross_region_copy")
    assert [one.data_source_id for one in listed] == ["cross_region_copy"]
    assert {one.param_id for one in source.parameters} == {
        "source_project_id",
        "source_dataset_id",
        "overwrite_destination_table",
    }
    with pytest.raises(exceptions.MethodNotImplemented):
        cloud.api.get_data_source(name=f"{PARENT}/dataSources/amazon_s3")


def test_a_run_that_the_server_left_unfinished_goes_on_after_a_restart(cloud: Cloud) -> None:
    """Its log says so, and what was copied before is not copied again."""
    cloud.datasets.put(SOURCE, "a", 1)
    cloud.datasets.put(SOURCE, "b", 1)
    cloud.datasets.released.clear()
    run = cloud.start_run(cloud.config())
    wait_for(lambda: cloud.datasets.running == 1)
    # The server stops after the table at hand, which is released once it has stopped to look for runs.
    dispatchers = [thread for thread in threading.enumerate() if thread.name == "transfer-runs"]
    stopping = threading.Thread(target=cloud.stop)
    stopping.start()
    for dispatcher in dispatchers:
        dispatcher.join(timeout=30)
    cloud.datasets.released.set()
    stopping.join()
    copied_before = list(cloud.datasets.copies)

    cloud.start()
    ended = cloud.finished(run)

    assert copied_before == ["a"]
    assert ended.state.name == "SUCCEEDED"
    assert cloud.datasets.copies == ["a", "b"]
    assert any("restarted" in line for line in cloud.log(run))


def test_the_rations_used_up_survive_a_restart_and_a_deleted_config(cloud: Cloud) -> None:
    """They are the project's, not the config's."""
    for number in range(1_000):
        cloud.datasets.put(SOURCE, f"t{number:04}", number)
    for _ in range(2):
        config = cloud.config()
        cloud.run(config)
        cloud.api.delete_transfer_config(name=config)
    cloud.stop()
    cloud.start()

    assert "Quota exceeded" in cloud.run(cloud.config()).error_status.message


def wait_for(condition: object) -> None:
    """Until it is so, at most five seconds."""
    assert callable(condition)
    for _ in range(500):
        if condition():
            return
        time.sleep(0.01)
    pytest.fail("it did not become so within 5 s")
