"""Connectors against the local cloud: a document's calls do what they say, and what it does not have is refused."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from replicator.cli.cloud import serving
from replicator.gcp.clients import Clients
from replicator.gcp.endpoints import Endpoints
from replicator.gcp.inprocess import environment
from replicator.runtime.clock import RealClock
from replicator.runtime.errors import WorkflowFailed
from replicator.runtime.execution import Execution
from replicator.runtime.program import load

EXECUTIONS = "googleapis.workflowexecutions.v1.projects.locations.workflows.executions"
CHILD = """\
main:
  params: [args]
  steps:
    - check:
        switch:
          - condition: ${args.number < 0}
            raise: {code: 7, message: negative}
    - done: {return: {double: "${args.number * 2}"}}
"""
DATASET = """
- make:
    call: googleapis.bigquery.v2.datasets.insert
    args: {projectId: acme-data, body: {datasetReference: {projectId: acme-data, datasetId: NAME}, location: EU}}
"""


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endpoints]:
    """A served local cloud in which the workflow ``child`` is deployed."""
    with serving(tmp_path_factory.mktemp("cloud")) as running:
        endpoints = Endpoints.at(running.endpoints.http)
        ran(endpoints, DATASET.replace("NAME", "there"))
        deployed(endpoints)
        yield endpoints


def deployed(endpoints: Endpoints) -> None:
    from google.cloud import workflows_v1

    workflow = workflows_v1.Workflow(source_contents=CHILD)
    Clients(endpoints).workflows().create_workflow(
        parent="projects/acme-data/locations/europe-west1", workflow_id="child", workflow=workflow
    ).result(timeout=5)


def ran(endpoints: Endpoints, source: str) -> Any:
    """What a document returns."""
    names = {"GOOGLE_CLOUD_PROJECT_ID": "acme-data", "GOOGLE_CLOUD_LOCATION": "europe-west1"}
    around = environment(endpoints, clock=RealClock(), variables=names)
    return Execution.run(load(source), None, environment=around)


def failure(endpoints: Endpoints, source: str) -> dict[str, Any]:
    """The error that a document ends with."""
    with pytest.raises(WorkflowFailed) as failed:
        ran(endpoints, source)
    assert isinstance(failed.value.error, dict)
    return failed.value.error


QUICK = "connector_params: {polling_policy: {initial_delay: 0.02, max_delay: 0.1, multiplier: 1.25}}"


def test_a_job_is_run_and_its_rows_are_read(cloud: Endpoints) -> None:
    """``jobs.insert`` waits, ``jobs.getQueryResults`` reads."""
    source = f"""
- run:
    call: googleapis.bigquery.v2.jobs.insert
    args:
      projectId: acme-data
      body:
        jobReference: {{location: EU}}
        configuration: {{query: {{query: "SELECT 6 * 7 AS answer", useLegacySql: false}}}}
      {QUICK}
    result: job
- rows:
    call: googleapis.bigquery.v2.jobs.getQueryResults
    args: {{projectId: acme-data, jobId: "${{job.jobReference.jobId}}", location: EU}}
    result: answer
- done: {{return: ["${{job.status.state}}", "${{answer.rows[0].f[0].v}}"]}}
"""

    assert ran(cloud, source) == ["DONE", "42"]


def test_a_job_that_fails_is_an_operations_error(cloud: Endpoints) -> None:
    """With the job and the reason that it gives."""
    source = f"""
- run:
    call: googleapis.bigquery.v2.jobs.insert
    args:
      projectId: acme-data
      body:
        jobReference: {{location: EU}}
        configuration: {{query: {{query: "SELECT ERROR('no')", useLegacySql: false}}}}
      {QUICK}
"""
    error = failure(cloud, source)

    assert error["tags"] == ["OperationError"]
    assert error["operation"]["status"]["state"] == "DONE"
    assert error["error"]["reason"] == "invalidQuery"


def test_what_is_not_there_is_an_http_error_with_the_services_words(cloud: Endpoints) -> None:
    """Status, body and tag, as a document tells them apart."""
    source = "- a: {call: googleapis.bigquery.v2.datasets.get, args: {projectId: acme-data, datasetId: none}}"
    error = failure(cloud, source)

    assert (error["tags"], error["code"]) == (["HttpError"], 404)
    assert "none" in error["body"]["error"]["message"]


def test_running_a_workflow_gives_its_result(cloud: Endpoints) -> None:
    """``run`` takes the argument as it is, and gives back what the workflow returned."""
    source = f"""
- run:
    call: {EXECUTIONS}.run
    args: {{workflow_id: child, argument: {{number: 21}}, {QUICK}}}
    result: answer
- done: {{return: "${{answer.double}}"}}
"""

    assert ran(cloud, source) == 42


def test_a_workflow_that_fails_is_an_operations_error(cloud: Endpoints) -> None:
    """With the execution, its error's payload among it."""
    error = failure(
        cloud, f"- run: {{call: {EXECUTIONS}.run, args: {{workflow_id: child, argument: {{number: -1}}, {QUICK}}}}}"
    )

    assert error["tags"] == ["OperationError"]
    assert error["operation"]["state"] == "FAILED"
    assert json.loads(error["error"]["payload"]) == {"code": 7, "message": "negative"}


def test_an_execution_that_is_not_waited_for_is_active(cloud: Endpoints) -> None:
    """``create`` with ``skip_polling``; the document looks it up later, lists it and cannot cancel what has ended."""
    source = f"""
- start:
    call: {EXECUTIONS}.create
    args:
      parent: projects/acme-data/locations/europe-west1/workflows/child
      body: {{argument: '{{"number": 1}}'}}
      connector_params: {{skip_polling: true}}
    result: started
- wait:
    call: sys.sleep
    args: {{seconds: 0.05}}
- look:
    call: {EXECUTIONS}.get
    args: {{name: "${{started.name}}"}}
    result: now
- again:
    switch:
      - condition: ${{now.state == "ACTIVE"}}
        next: wait
- list:
    call: {EXECUTIONS}.list
    args: {{parent: projects/acme-data/locations/europe-west1/workflows/child, filter: 'state="SUCCEEDED"'}}
    result: some
- cancel:
    try:
      call: {EXECUTIONS}.cancel
      args: {{name: "${{started.name}}"}}
    except:
      as: e
      steps:
        - tell: {{return: ["${{started.state}}", "${{now.result}}", "${{len(some.executions) > 0}}", "${{e.code}}"]}}
"""

    assert ran(cloud, source) == ["ACTIVE", '{"double":2}', True, 400]


def test_a_transfer_config_is_made_and_its_run_is_waited_for(cloud: Endpoints) -> None:
    """A dataset copy into another location, started by hand; the run's state is read back."""
    source = f"""
- target:
    call: googleapis.bigquery.v2.datasets.insert
    args:
      projectId: acme-data
      body: {{datasetReference: {{projectId: acme-data, datasetId: landed}}, location: US}}
- make:
    call: googleapis.bigquerydatatransfer.v1.projects.locations.transferConfigs.create
    args:
      parent: projects/acme-data/locations/us
      body:
        dataSourceId: cross_region_copy
        destinationDatasetId: landed
        displayName: copy
        params: {{source_project_id: acme-data, source_dataset_id: there}}
        scheduleOptions: {{disableAutoScheduling: true}}
    result: config
- start:
    call: googleapis.bigquerydatatransfer.v1.projects.locations.transferConfigs.startManualRuns
    args:
      parent: "${{config.name}}"
      body: {{requestedRunTime: "${{time.format(sys.now() - 60)}}"}}
      {QUICK}
    result: answer
- look:
    call: googleapis.bigquerydatatransfer.v1.projects.locations.transferConfigs.runs.get
    args: {{name: "${{answer.runs[0].name}}"}}
    result: run
- done: {{return: "${{run.state}}"}}
"""

    assert ran(cloud, source) == "SUCCEEDED"


def test_messages_are_published_pulled_and_acknowledged(cloud: Endpoints) -> None:
    """What was published arrives as it was written, and once it is acknowledged never again."""
    source = """
- names:
    assign:
      - topic: projects/acme-data/topics/news
      - subscription: projects/acme-data/subscriptions/readers
- make_topic: {call: googleapis.pubsub.v1.projects.topics.create, args: {name: "${topic}"}}
- subscribe:
    call: googleapis.pubsub.v1.projects.subscriptions.create
    args: {name: "${subscription}", body: {topic: "${topic}"}}
- publish:
    call: googleapis.pubsub.v1.projects.topics.publish
    args:
      topic: ${topic}
      body:
        messages:
          - {data: '${base64.encode(text.encode("first é"))}', attributes: {kind: greeting}}
          - {data: '${base64.encode(text.encode("second"))}'}
    result: published
- pull:
    call: googleapis.pubsub.v1.projects.subscriptions.pull
    args: {subscription: "${subscription}", body: {maxMessages: 10}}
    result: pulled
- received: {assign: [{texts: []}, {ids: []}, {acks: []}, {first: "${pulled.receivedMessages[0].message}"}]}
- each:
    for:
      value: one
      in: ${pulled.receivedMessages}
      steps:
        - keep:
            assign:
              - texts: ${list.concat(texts, text.decode(base64.decode(one.message.data)))}
              - ids: ${list.concat(ids, one.message.messageId)}
              - acks: ${list.concat(acks, one.ackId)}
- acknowledge:
    call: googleapis.pubsub.v1.projects.subscriptions.acknowledge
    args: {subscription: "${subscription}", body: {ackIds: "${acks}"}}
- again:
    call: googleapis.pubsub.v1.projects.subscriptions.pull
    args: {subscription: "${subscription}", body: {maxMessages: 10}}
    result: rest
- done: {return: ["${texts}", "${first.attributes.kind}", "${ids == published.messageIds}", "${rest}"]}
"""

    assert ran(cloud, source) == [["first é", "second"], "greeting", True, {}]


def test_a_topic_that_is_not_there_is_an_http_error(cloud: Endpoints) -> None:
    """With the service's code, whoever publishes to it."""
    error = failure(
        cloud,
        "- a: {call: googleapis.pubsub.v1.projects.topics.publish, "
        "args: {topic: projects/acme-data/topics/none, body: {messages: [{data: aGVsbG8=}]}}}",
    )

    assert (error["tags"], error["code"]) == (["HttpError"], 404)
    assert error["body"]["error"]["status"] == "NOT_FOUND"


def test_objects_go_into_a_bucket_and_into_a_table(cloud: Endpoints) -> None:
    """A document makes a bucket, puts an object in, lists and loads it, extracts the table, and removes the object."""
    source = f"""
- bucket:
    call: googleapis.storage.v1.buckets.insert
    args: {{project: acme-data, body: {{name: connected, location: EU}}}}
- put:
    call: googleapis.storage.v1.objects.insert
    args: {{bucket: connected, name: "a/b.json", uploadType: media, body: {{n: 7}}}}
- look:
    call: googleapis.storage.v1.objects.list
    args: {{bucket: connected, prefix: a/}}
    result: listed
- load:
    call: googleapis.bigquery.v2.jobs.insert
    args:
      projectId: acme-data
      body:
        jobReference: {{location: EU}}
        configuration:
          load:
            sourceUris: ["gs://connected/a/*"]
            sourceFormat: NEWLINE_DELIMITED_JSON
            autodetect: true
            destinationTable: {{projectId: acme-data, datasetId: there, tableId: loaded}}
      {QUICK}
    result: loaded
- extract:
    call: googleapis.bigquery.v2.jobs.insert
    args:
      projectId: acme-data
      body:
        jobReference: {{location: EU}}
        configuration:
          extract:
            destinationUris: ["gs://connected/out-*"]
            sourceTable: {{projectId: acme-data, datasetId: there, tableId: loaded}}
      {QUICK}
    result: extracted
- get:
    call: googleapis.storage.v1.objects.get
    args: {{bucket: connected, object: out-000000000000, alt: media}}
    result: got
- remove:
    call: googleapis.storage.v1.objects.delete
    args: {{bucket: connected, object: a%2Fb.json}}
- done:
    return:
      - ${{listed.items[0].name}}
      - ${{loaded.statistics.load.outputRows}}
      - ${{extracted.statistics.extract.destinationUriFileCounts}}
      - ${{text.decode(got)}}
"""

    assert ran(cloud, source) == ["a/b.json", "1", ["1"], "n\n7\n"]


@pytest.mark.parametrize(
    ("call", "service"),
    [
        ("googleapis.storage.v1.buckets.get, args: {bucket: b}", "storage"),
        ("googleapis.storage.v1.objects.insert, args: {bucket: b, name: o, uploadType: media, body: x}", "storage"),
        ("googleapis.pubsub.v1.projects.topics.list, args: {project: projects/acme-data}", "pubsub"),
    ],
)
def test_calls_are_counted_and_meet_faults_under_their_services_name(cloud: Endpoints, call: str, service: str) -> None:
    """A fault for one service is for its connector's calls, in the words of that service."""
    fault = json.dumps({"match": {"service": service}, "kind": "apiDisabled", "times": 1})
    made = requests.post(f"{cloud.http}/control/faults", data=fault, timeout=5)
    assert made.status_code == 200, made.text

    error = failure(cloud, f"- a: {{call: {call}}}")

    assert error["code"] == 403
    [info] = [detail for detail in error["body"]["error"]["details"] if detail["@type"].endswith("ErrorInfo")]
    assert info["metadata"]["service"] == f"{service}.googleapis.com"


@pytest.mark.parametrize(
    "call",
    [
        "googleapis.storage.v1.buckets.get, args: {bucket: b}",
        "googleapis.bigquery.v2.models.list, args: {projectId: acme-data, datasetId: there}",
        "googleapis.bigquerydatatransfer.v1.projects.locations.list, args: {name: projects/acme-data}",
    ],
)
def test_what_the_local_cloud_does_not_have_is_refused(cloud: Endpoints, call: str) -> None:
    """With an HTTP error that says so, and never with an answer that is made up."""
    error = failure(cloud, f"- a: {{call: {call}}}")

    assert error["tags"] == ["HttpError"]
    assert error["code"] in {404, 501}
    assert error["body"]["error"]["message"]
