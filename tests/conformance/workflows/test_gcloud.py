"""The gcloud command against the local cloud: its own arguments, its own reading of the answers."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from replicator.local.server import serve

GCLOUD = shutil.which("gcloud")
pytestmark = pytest.mark.skipif(GCLOUD is None, reason="gcloud is not installed here, so nothing shows that it works")

SOURCE = """\
main:
  params: [args]
  steps:
    - greet:
        call: hello
        args: {name: "${args.name}"}
        result: words
    - done:
        return: {words: "${words}", tier: '${sys.get_env("TIER")}'}
hello:
  params: [name]
  steps:
    - known:
        switch:
          - condition: ${name == "nobody"}
            raise: {code: 7, message: nobody is there}
    - say: {return: '${"hello " + name}'}
"""


@dataclass(frozen=True)
class Gcloud:
    """gcloud with nothing of this machine's configuration, and loopback alone to talk to."""

    home: Path
    endpoint: str

    def __call__(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        assert GCLOUD is not None
        nowhere = "http://127.0.0.1:9"
        return subprocess.run(
            [GCLOUD, "workflows", *arguments],
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(self.home),
                "CLOUDSDK_CONFIG": str(self.home / "gcloud"),
                "CLOUDSDK_CORE_PROJECT": "acme-analytics",
                "CLOUDSDK_WORKFLOWS_LOCATION": "europe-west1",
                "CLOUDSDK_CORE_DISABLE_PROMPTS": "true",
                "CLOUDSDK_CORE_DISABLE_USAGE_REPORTING": "true",
                "CLOUDSDK_CORE_CHECK_GCE_METADATA": "false",
                "CLOUDSDK_COMPONENT_MANAGER_DISABLE_UPDATE_CHECK": "true",
                "CLOUDSDK_SURVEY_DISABLE_PROMPTS": "true",
                "CLOUDSDK_AUTH_DISABLE_CREDENTIALS": "true",
                "CLOUDSDK_API_ENDPOINT_OVERRIDES_WORKFLOWS": f"{self.endpoint}/",
                "CLOUDSDK_API_ENDPOINT_OVERRIDES_WORKFLOWEXECUTIONS": f"{self.endpoint}/",
                # Whatever wants to leave this machine fails.
                "HTTP_PROXY": nowhere,
                "HTTPS_PROXY": nowhere,
                "http_proxy": nowhere,
                "https_proxy": nowhere,
                "NO_PROXY": "127.0.0.1",
                "no_proxy": "127.0.0.1",
            },
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def told(self, *arguments: str) -> Any:
        """What a command that succeeds prints."""
        done = self(*arguments, "--format=json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)


@pytest.fixture(scope="module")
def gcloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gcloud]:
    directory = tmp_path_factory.mktemp("gcloud")
    source = directory / "greeting.yaml"
    source.write_text(SOURCE, encoding="utf-8")
    with serve(directory / "cloud", executor=[sys.executable, "-m", "replicator.cli.execute"]) as running:
        command = Gcloud(directory, running.endpoints.http)
        deployed = command("deploy", "greeting", f"--source={source}", "--labels=team=data", "--set-env-vars=TIER=test")
        assert deployed.returncode == 0, deployed.stderr
        yield command


def test_a_deployed_workflow_is_described(gcloud: Gcloud) -> None:
    """Source, revision, labels and variables, as they were deployed."""
    workflow = gcloud.told("describe", "greeting")

    assert workflow["name"] == "projects/acme-analytics/locations/europe-west1/workflows/greeting"
    assert workflow["sourceContents"] == SOURCE
    assert workflow["state"] == "ACTIVE"
    assert workflow["revisionId"].startswith("000001-")
    assert (workflow["labels"], workflow["userEnvVars"]) == ({"team": "data"}, {"TIER": "test"})


def test_a_run_is_waited_for_and_described_afterwards(gcloud: Gcloud) -> None:
    """``run`` prints the execution that has ended; ``executions describe`` the same again."""
    ran = gcloud.told("run", "greeting", '--data={"name": "Zoë"}', "--labels=by=hand")
    described = gcloud.told("executions", "describe", ran["name"])

    assert ran["state"] == "SUCCEEDED"
    assert json.loads(ran["result"]) == {"words": "hello Zoë", "tier": "test"}
    assert json.loads(ran["argument"]) == {"name": "Zoë"}
    assert ran["labels"] == {"team": "data", "by": "hand"}
    assert described == ran


def test_an_execution_is_started_and_its_failure_is_described(gcloud: Gcloud) -> None:
    """With the error's value and the calls that it came through; ``execute`` also says how much is to be kept."""
    started = gcloud.told("execute", "greeting", '--data={"name": "nobody"}')
    waited = gcloud.told("executions", "wait", started["name"])

    assert started["state"] == "ACTIVE"
    assert waited["state"] == "FAILED"
    assert json.loads(waited["error"]["payload"]) == {"code": 7, "message": "nobody is there"}
    frames = [(one["routine"], one["step"]) for one in waited["error"]["stackTrace"]["elements"]]
    assert frames == [("hello", "known"), ("main", "greet")]


def test_a_source_that_is_wrong_is_not_deployed(gcloud: Gcloud) -> None:
    """Each mistake is printed with its place, and the command fails; the deployed revision stays."""
    wrong = gcloud.home / "wrong.yaml"
    wrong.write_text("- a: {return: '${varC}'}\n- b: {retrun: 1}\n", encoding="utf-8")

    refused = gcloud("deploy", "greeting", f"--source={wrong}")

    assert refused.returncode == 1
    assert (
        "[INVALID_ARGUMENT] failed to build:" in refused.stderr
        or "INVALID_ARGUMENT: failed to build:" in refused.stderr
    )
    assert "1:16: main.a: no variable 'varC' here" in refused.stderr
    assert "2:7: main.b: no such key: 'retrun'; did you mean 'return'?" in refused.stderr
    assert gcloud.told("describe", "greeting")["revisionId"].startswith("000001-")
