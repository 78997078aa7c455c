"""Deploying workflows through Google's client."""

from __future__ import annotations

import re
from typing import Any

import pytest
from google.api_core import exceptions
from google.cloud import workflows_v1
from google.protobuf import field_mask_pb2

from replicator import limits
from tests.conformance.workflows.cloud import PARENT, SOURCE, Cloud

NAME = f"{PARENT}/workflows/ga4"


def test_a_workflow_is_created_by_an_operation_that_is_done(cloud: Cloud) -> None:
    """Its result and a later read are the same resource."""
    workflow = workflows_v1.Workflow(source_contents=SOURCE, description="nightly", labels={"team": "data"})

    operation = cloud.workflows.create_workflow(parent=PARENT, workflow_id="ga4", workflow=workflow)

    assert operation.done()
    assert operation.metadata.verb == "create"
    assert operation.metadata.target == NAME
    made = operation.result(timeout=5)
    assert made == cloud.workflows.get_workflow(name=NAME)
    assert (made.name, made.description, dict(made.labels)) == (NAME, "nightly", {"team": "data"})
    assert made.state.name == "ACTIVE"
    assert re.fullmatch(r"000001-[0-9a-f]{3}", made.revision_id)


def test_an_operation_can_be_read_again(cloud: Cloud) -> None:
    """Under its name, as long as the server has its data."""
    workflow = workflows_v1.Workflow(source_contents=SOURCE)
    operation = cloud.workflows.create_workflow(parent=PARENT, workflow_id="ga4", workflow=workflow)

    read = cloud.workflows.get_operation({"name": operation.operation.name})

    assert read == operation.operation


def test_a_name_is_taken_once(cloud: Cloud) -> None:
    """The second creation is refused and changes nothing."""
    cloud.deploy()

    with pytest.raises(exceptions.Conflict):
        cloud.deploy(description="second")
    assert cloud.workflows.get_workflow(name=NAME).description == ""


@pytest.mark.parametrize("name", ["", "1st", "a-", "a b", "a" * 65])
def test_a_name_that_is_none_is_refused(cloud: Cloud, name: str) -> None:
    """1 to 64 letters, digits, hyphens and underscores, as the API has it."""
    with pytest.raises(exceptions.BadRequest):
        cloud.deploy(name=name)


@pytest.mark.parametrize(
    "source",
    ["", "main:\n  steps:\n    - a:\n        unknown_key: 1\n", "main: [", "# " + "x" * limits.SOURCE_BYTES.value],
    ids=["none", "unknown key", "no YAML", "too large"],
)
def test_a_source_is_checked_on_deploy(cloud: Cloud, source: str) -> None:
    """A workflow that cannot run is not deployed, and does not take the name."""
    with pytest.raises(exceptions.BadRequest):
        cloud.deploy(source=source)
    with pytest.raises(exceptions.NotFound):
        cloud.workflows.get_workflow(name=NAME)


def test_a_mistake_in_the_source_is_named_with_its_place(cloud: Cloud) -> None:
    """Line and column, as the person who wrote it needs them."""
    with pytest.raises(exceptions.BadRequest, match=r"4:9"):
        cloud.deploy(source="main:\n  steps:\n    - a:\n        unknown_key: 1\n")


def test_a_variable_that_is_none_is_refused_on_deploy(cloud: Cloud) -> None:
    """As its page shows (troubleshooting, "Deployment errors")."""
    with pytest.raises(exceptions.BadRequest, match=r"failed to build:\n.*4:16: main.b: no variable 'varC' here"):
        cloud.deploy(source="- a:\n    assign:\n    - varA: Hello\n- b: {return: '${varC + varA}'}\n")


def test_a_variable_that_is_read_too_early_is_deployed(cloud: Cloud) -> None:
    """It fails when it is reached, and not before."""
    assert cloud.deploy(source="- a: {next: c}\n- b: {return: '${x}'}\n- c: {assign: [{x: 1}]}\n").revision_id


def test_another_source_makes_a_new_revision(cloud: Cloud) -> None:
    """Older ones can be read, and are listed newest first."""
    first = cloud.deploy()
    changed = workflows_v1.Workflow(name=NAME, source_contents=SOURCE + "# more\n")

    second = cloud.workflows.update_workflow(
        workflow=changed, update_mask=field_mask_pb2.FieldMask(paths=["source_contents"])
    ).result(timeout=5)

    assert second.revision_id.startswith("000002-")
    old = cloud.workflows.get_workflow(workflows_v1.GetWorkflowRequest(name=NAME, revision_id=first.revision_id))
    assert old.source_contents == SOURCE
    listed = cloud.workflows.list_workflow_revisions({"name": NAME})
    assert [one.revision_id for one in listed] == [second.revision_id, first.revision_id]


def test_a_description_is_not_of_a_revision(cloud: Cloud) -> None:
    """Changing it, or setting the same source again, keeps the revision; what the mask leaves out is kept."""
    first = cloud.deploy(description="old", labels={"team": "data"})
    changed = workflows_v1.Workflow(name=NAME, description="new", source_contents=SOURCE)

    second = cloud.workflows.update_workflow(
        workflow=changed, update_mask=field_mask_pb2.FieldMask(paths=["description", "source_contents"])
    ).result(timeout=5)

    assert second.revision_id == first.revision_id
    assert second.description == "new"
    assert dict(second.labels) == {"team": "data"}


def test_an_update_is_checked_as_a_creation_is(cloud: Cloud) -> None:
    """The deployed revision stays."""
    first = cloud.deploy()
    changed = workflows_v1.Workflow(name=NAME, source_contents="main: [")

    with pytest.raises(exceptions.BadRequest):
        cloud.workflows.update_workflow(workflow=changed)
    assert cloud.workflows.get_workflow(name=NAME).revision_id == first.revision_id


def test_workflows_are_listed_in_pages(cloud: Cloud) -> None:
    """Each once; those of another location are not among them."""
    for number in range(5):
        cloud.deploy(name=f"w{number}")

    pages = list(cloud.workflows.list_workflows(workflows_v1.ListWorkflowsRequest(parent=PARENT, page_size=2)).pages)
    elsewhere = cloud.workflows.list_workflows(parent="projects/acme-analytics/locations/us-east1")

    assert [len(page.workflows) for page in pages] == [2, 2, 1]
    assert [one.name for page in pages for one in page.workflows] == [f"{PARENT}/workflows/w{n}" for n in range(5)]
    assert list(elsewhere) == []


def test_a_deleted_workflow_is_gone_with_its_executions(cloud: Cloud) -> None:
    """A workflow deployed again under the name starts anew."""
    cloud.deploy()
    execution = cloud.ended(cloud.execute().name)

    cloud.workflows.delete_workflow(name=NAME).result(timeout=5)

    with pytest.raises(exceptions.NotFound):
        cloud.workflows.get_workflow(name=NAME)
    with pytest.raises(exceptions.NotFound):
        cloud.executions.get_execution(name=execution.name)
    assert cloud.deploy().revision_id.startswith("000001-")


@pytest.mark.parametrize(
    ("field", "value"),
    [("crypto_key_name", "projects/p/locations/l/keyRings/r/cryptoKeys/k"), ("execution_history_level", 2)],
)
def test_what_is_not_modelled_is_refused(cloud: Cloud, field: str, value: Any) -> None:
    """Rather than taken and not done."""
    with pytest.raises(exceptions.MethodNotImplemented):
        cloud.deploy(**{field: value})


@pytest.mark.parametrize("variables", [{"GOOGLE_X": "1"}, {"WORKFLOWS_X": "1"}, {f"V{n}": "1" for n in range(21)}])
def test_reserved_or_too_many_variables_are_refused(cloud: Cloud, variables: dict[str, str]) -> None:
    """As the API's own words have it."""
    with pytest.raises(exceptions.BadRequest):
        cloud.deploy(user_env_vars=variables)


def test_workflows_outlive_the_server(cloud: Cloud) -> None:
    """What was deployed is there after a restart."""
    made = cloud.deploy()

    cloud.stop()
    cloud.start()

    assert cloud.workflows.get_workflow(name=NAME) == made
