"""What is wrong is said in one sentence, with what would be right, and nothing is touched."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import MappingProxyType
from typing import Final

import pytest

from replicator.cli.cloud import serving
from replicator.cli.exports import make_project
from replicator.gcp.clients import Clients
from replicator.gcp.endpoints import Endpoints
from replicator.gcp.load import create_dataset, load_rows
from replicator.names import DatasetRef, TableRef
from replicator.schema.fields import Field
from tests.e2e.conftest import Replicator, served

_FIVE = """\
version: 1
pipeline: ga4_events
target:
  table: acme-analytics.ga4_events
  location: EU
  partition: {column: event_day, by: fortnight}
  source_column: property
state: {dataset: acme-analytics.replicator}
lease: soon
sources:
  - name: japan
    project: acme-jp
    locaton: asia-northeast1
    datasets: "analytics_*"
    tables: {shards: "events_", suffix: "%Y%m%d"}
merge: stir
"""
_REPOSITORY = Path(__file__).parents[2]


def _cloud_of(directory: Path, *projects: str, datasets: Mapping[str, str] = MappingProxyType({})) -> str:
    """A local cloud with these projects, and these datasets by location, as ``--cloud`` names it."""
    with serving(directory) as running:
        endpoints = Endpoints.at(running.endpoints.http)
        for project in projects:
            make_project(endpoints, project)
        for dataset, location in datasets.items():
            create_dataset(Clients(endpoints), DatasetRef.parse(dataset), location=location)
    return f"local:{directory}"


def _one_sentence(text: str) -> bool:
    return text.startswith("replicator: ") and text.count("\n") == 1 and "Traceback" not in text


def test_five_mistakes_get_five_errors(replicator: Replicator, tmp_path: Path) -> None:
    """All at once, each with its place, its field and its remedy; exit 2."""
    configs = tmp_path / "configs"
    configs.mkdir()
    (configs / "ga4_events.yaml").write_text(_FIVE)

    for verb in (["validate"], ["render"], ["plan", "ga4_events"], ["run", "ga4_events"]):
        done = replicator("--configs", configs, *verb)

        lines = done.stderr.splitlines()
        assert done.returncode == 2
        assert done.stdout == ""
        for line, field in ((4, "target.table"), (6, "target.partition.by"), (9, "lease"), (13, "sources[0].locaton")):
            assert any(f"ga4_events.yaml:{line}:" in said and f" {field}: " in said for said in lines), field
        assert any("ga4_events.yaml:16:" in said and "merge" in said for said in lines)
        assert all("; " in said for said in lines)
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["configs", "ga4_events.yaml"]


@pytest.mark.parametrize("verb", ["render", "plan", "run", "status"])
def test_an_unknown_pipeline_is_answered_with_the_nearest(replicator: Replicator, verb: str) -> None:
    """Exit 2: it is the command line that is wrong."""
    done = replicator(verb, "ga4_event")

    assert done.returncode == 2
    assert _one_sentence(done.stderr)
    assert "did you mean 'ga4_events'?" in done.stderr


def test_a_cloud_that_is_none_is_refused(replicator: Replicator) -> None:
    """Exit 2, with the three that there are."""
    done = replicator("--cloud", "aws", "run", "ga4_events")

    assert done.returncode == 2
    assert _one_sentence(done.stderr)
    assert "gcp, local:DIR or http://HOST:PORT" in done.stderr


@pytest.mark.parametrize("verb", ["plan", "run", "status"])
def test_an_endpoint_where_nobody_listens_is_one_sentence(replicator: Replicator, verb: str) -> None:
    """Exit 1; port 9 of the loopback answers nobody."""
    done = replicator("--cloud", "http://127.0.0.1:9", verb, "ga4_events")

    assert done.returncode == 1
    assert _one_sentence(done.stderr)
    assert "127.0.0.1:9" in done.stderr


def test_a_directory_without_pipelines_is_one_sentence(replicator: Replicator, tmp_path: Path) -> None:
    """Exit 2, naming the directory."""
    done = replicator("--configs", tmp_path / "nowhere", "validate")

    assert done.returncode == 2
    assert _one_sentence(done.stderr)
    assert "nowhere" in done.stderr


@pytest.mark.parametrize("verb", ["plan", "run", "status"])
def test_a_directory_that_holds_no_cloud_is_one_sentence(replicator: Replicator, tmp_path: Path, verb: str) -> None:
    """Exit 2, naming the directory and what makes one; nothing is made where a name was mistyped."""
    done = replicator("--cloud", f"local:{tmp_path / 'clout'}", verb, "ga4_events")

    assert done.returncode == 2
    assert _one_sentence(done.stderr)
    assert f"{tmp_path / 'clout'} holds no local cloud" in done.stderr
    assert f"replicator local serve --dir {tmp_path / 'clout'}" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_query_to_a_directory_that_holds_no_cloud_is_one_sentence(replicator: Replicator, tmp_path: Path) -> None:
    """The same for who only asks."""
    done = replicator("local", "sql", "--dir", tmp_path / "clout", "SELECT 1")

    assert (done.returncode, done.stdout) == (2, "")
    assert _one_sentence(done.stderr)
    assert "replicator demo --dir" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_before_the_first_run_there_is_no_status(replicator: Replicator, tmp_path: Path) -> None:
    """No failure: one sentence for a person, an empty answer for a program, exit 0."""
    cloud = _cloud_of(tmp_path, "acme-analytics")

    done = replicator("--cloud", cloud, "status", "ga4_events")
    program = replicator("--cloud", cloud, "status", "ga4_events", "--json")

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("ga4_events has not run yet (")
    assert done.stdout.count("\n") == 1
    assert program.returncode == 0
    answer = json.loads(program.stdout)
    assert {key: answer[key] for key in ("fence", "runs", "freshness", "drift")} == {
        "fence": None, "runs": [], "freshness": [], "drift": [],
    }  # fmt: skip


def test_a_missing_dataset_fails_the_run_in_one_sentence(replicator: Replicator, tmp_path: Path) -> None:
    """A project without the target's dataset: exit 1, and the sentence names it, its location and the job."""
    done = replicator("--cloud", _cloud_of(tmp_path, "acme-analytics"), "run", "ga4_events", "--if-busy", "leave")

    assert (done.returncode, done.stdout) == (1, "")
    assert _one_sentence(done.stderr)
    assert "Dataset acme-analytics:marketing was not found in location EU" in done.stderr
    assert "(job acme-analytics:EU." in done.stderr


def test_a_target_without_the_source_column_is_one_sentence(replicator: Replicator, tmp_path: Path) -> None:
    """Exit 1 before anything is read, and the sentence names target, column and remedy."""
    with served(tmp_path) as address:
        clients = Clients(Endpoints.at(address))
        target = TableRef("acme-analytics", "marketing", "ga4_events")
        create_dataset(clients, target.parent, location="EU")
        load_rows(clients, target, (Field("event_day", "DATE"),), [], location="EU")

        done = replicator("--cloud", address, "run", "ga4_events")

    assert (done.returncode, done.stdout) == (1, "")
    assert _one_sentence(done.stderr)
    assert f"{target} has no STRING column property" in done.stderr
    assert "; add it, or name the column" in done.stderr


def _configs_with(directory: Path, before: str, after: str) -> Path:
    """The committed pipeline with one thing changed."""
    directory.mkdir()
    text = (_REPOSITORY / "configs" / "ga4_events.yaml").read_text("utf-8")
    assert before in text
    (directory / "ga4_events.yaml").write_text(text.replace(before, after), encoding="utf-8")
    return directory


_PLACES: Final = {
    "acme-analytics.marketing": "EU",
    "acme-jp.analytics_1": "asia-northeast1",
    "acme-br.analytics_2": "southamerica-east1",
    "acme-au.analytics_3": "australia-southeast1",
}


@pytest.mark.parametrize(
    ("before", "after", "fact", "remedy"),
    [
        ("acme-jp\n", "acme-jpp\n", "The project acme-jpp has not enabled BigQuery", "check the project's name"),
        ("asia-northeast1", "asia-northeast9", "Cannot parse asia-northeast9 as CloudRegion", "check the location"),
        ("acme-replication", "acme-replicator", "The project acme-replicator has not", "check the project's name"),
    ],
    ids=["project", "location", "staging project"],
)
@pytest.mark.parametrize("verb", ["plan", "run"])
def test_a_source_that_is_nowhere_is_one_sentence(
    replicator: Replicator, tmp_path: Path, verb: str, before: str, after: str, fact: str, remedy: str
) -> None:
    """Exit 1, and the sentence says which source, what the service says and what to look at."""
    cloud = _cloud_of(tmp_path / "cloud", "acme-replication", datasets=_PLACES)
    configs = _configs_with(tmp_path / "configs", before, after)

    done = replicator("--configs", configs, "--cloud", cloud, verb, "ga4_events")

    said = [line for line in done.stderr.splitlines() if line.startswith("replicator: ") and "japan" in line]
    assert done.returncode == 1, done.stderr
    assert len(said) == 1
    assert fact in said[0]
    assert f"; {remedy}" in said[0]
    assert "Traceback" not in done.stderr


def test_a_location_where_nothing_of_the_source_lies_fails_the_source(replicator: Replicator, tmp_path: Path) -> None:
    """A location that there is, and a project that there is, but no dataset of it there: never a quiet success."""
    cloud = _cloud_of(tmp_path / "cloud", "acme-replication", datasets=_PLACES)
    configs = _configs_with(tmp_path / "configs", "asia-northeast1", "asia-northeast2")

    done = replicator("--configs", configs, "--cloud", cloud, "run", "ga4_events")

    assert done.returncode == 1
    assert "japan, inventory: no dataset of project acme-jp in asia-northeast2 matches" in done.stderr
    assert "check datasets, project and location of the source" in done.stderr


def test_a_location_where_nothing_of_the_source_lies_is_no_quiet_plan(replicator: Replicator, tmp_path: Path) -> None:
    """The forecast says the run's own sentence, and does not call the source up to date."""
    cloud = _cloud_of(tmp_path / "cloud", "acme-replication", datasets=_PLACES)
    configs = _configs_with(tmp_path / "configs", "asia-northeast1", "asia-northeast2")

    done = replicator("--configs", configs, "--cloud", cloud, "plan", "ga4_events")

    assert done.returncode == 1
    assert "japan: no dataset of project acme-jp in asia-northeast2 matches" in done.stderr


@pytest.mark.parametrize("verb", ["run", "status"])
def test_a_target_in_no_project_is_one_sentence(replicator: Replicator, tmp_path: Path, verb: str) -> None:
    """Exit 1 before anything is read; the sentence names the project and what to look at."""
    cloud = _cloud_of(tmp_path / "cloud", "acme-replication", datasets=_PLACES)
    configs = _configs_with(tmp_path / "configs", "acme-analytics.", "acme-analytiks.")

    done = replicator("--configs", configs, "--cloud", cloud, verb, "ga4_events")

    assert (done.returncode, done.stdout) == (1, "")
    assert _one_sentence(done.stderr)
    assert "The project acme-analytiks has not enabled BigQuery" in done.stderr
    assert "; check the project's name in the pipeline's file" in done.stderr


@contextmanager
def _silent_cloud() -> Iterator[tuple[str, threading.Event]]:
    """The address of a server that says it is a local cloud and then answers nothing; set once it was asked."""
    asked, over = threading.Event(), threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path != "/endpoints":
                self.do_POST()
                return
            body = json.dumps({"http": address, "executions": "127.0.0.1:9", "pid": 1}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self) -> None:
            asked.set()
            over.wait()

        def log_message(self, *_: object) -> None:
            """Nothing: the test's output is its own."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        address = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield address, asked
        finally:
            over.set()
            server.shutdown()
            thread.join()


def test_an_interrupted_run_says_when_its_lease_ends() -> None:
    """Nothing is known of what goes on at the service, so the fence is left to its lease: exit 130, no traceback."""
    with _silent_cloud() as (address, asked):
        command = [sys.executable, "-m", "replicator", "--cloud", address, "run", "ga4_events"]
        process = subprocess.Popen(command, cwd=_REPOSITORY, stderr=subprocess.PIPE, text=True)
        assert asked.wait(60)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=30)

    assert process.returncode == 130
    assert said.strip() == (
        "replicator: interrupted; its lease ends at most 15 minutes from now, what is not committed stays due"
    )


def test_render_check_tells_what_is_out_of_date(replicator: Replicator, tmp_path: Path) -> None:
    """Exit 3 before rendering and after a change by hand, 0 in between."""
    configs = tmp_path / "configs"
    configs.mkdir()
    (configs / "ga4_events.yaml").write_bytes((_REPOSITORY / "configs" / "ga4_events.yaml").read_bytes())
    document = tmp_path / "workflows" / "ga4_events.yaml"

    before = replicator("--configs", configs, "render", "--check")
    rendered = replicator("--configs", configs, "render")
    after = replicator("--configs", configs, "render", "--check")
    document.write_text(document.read_text() + "# by hand\n")
    changed = replicator("--configs", configs, "render", "--check")

    assert (before.returncode, rendered.returncode, after.returncode, changed.returncode) == (3, 0, 0, 3)
    assert rendered.stdout == f"{document}\n"
    assert f"{document} is out of date" in changed.stderr
