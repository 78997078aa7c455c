"""Where a run is killed: at each of its calls, in the process that runs it, which leaves the cloud as it is."""

from __future__ import annotations

import json
import multiprocessing
import os
import re
import signal
import time
import uuid
from collections import Counter
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final, Protocol

from google.cloud.workflows.executions_v1 import Execution as Deployed

from replicator.gcp.endpoints import Endpoints
from replicator.gcp.inprocess import environment
from replicator.runtime.errors import WorkflowFailed
from replicator.runtime.execution import Execution
from replicator.runtime.program import Program, load
from tests.e2e.crash.bench import VARIABLES, HurriedClock
from tests.e2e.crash.nights import NAME, WORKFLOW, Night, Standing, children

ARGUMENT: Final = {"if_busy": "leave"}
_JOB: Final = re.compile(rf"/queries/replicator_{NAME}_[0-9a-f]{{6}}_[^_]+_(?P<name>\w+)_[0-9a-f-]{{36}}$")
_ID: Final = re.compile(r"/[0-9a-f]{8}-[0-9a-f-]{27}\b")
_FORKS: Final = multiprocessing.get_context("forkserver")


@dataclass(frozen=True, order=True)
class Call:
    """One call of a run, told by what it is about: its place among the others is not the same in two runs.

    Attributes:
        method: The HTTP method.
        job: The name and attempt of the BigQuery job that it is about, or an empty text.
        path: Where it is about none, the path, with ``*`` for ids.
        nth: Which of the calls that are alike.
    """

    method: str
    job: str
    path: str
    nth: int

    def __str__(self) -> str:
        return f"{self.method} {self.job or self.path}" + (f" ({self.nth})" if self.nth > 1 else "")

    def match(self) -> dict[str, str]:
        """What the control port knows it by."""
        if self.job:
            return {"method": self.method, "job": rf"replicator_{NAME}_\w{{6}}_[^_]+_{self.job}_"}
        return {"method": self.method, "path": re.escape(self.path).replace(r"\*", "[^/?]+") + r"(\?|$)"}


def calls_of(standing: Standing) -> list[Call]:
    """What the cloud was asked by a run, without the order."""
    seen: Counter[tuple[str, str, str]] = Counter()
    inserted = 0
    for call in standing.control.get("/calls")["calls"]:
        if call["service"] not in {"bigquery", "transfer"}:
            continue
        path = str(call["path"]).partition("?")[0]
        job = _JOB.search(path)
        if call["method"] == "POST" and path.endswith("/jobs"):
            inserted += 1
        elif job is not None:
            seen[call["method"], job["name"], ""] += 1
        else:
            seen[call["method"], "", _ID.sub("/*", path)] += 1
    # The record of an insert does not say of which job; each job is inserted once and then asked for.
    jobs = {job for _, job, _ in seen if job}
    assert inserted == len(jobs), f"{inserted} inserts, {sorted(jobs)}"
    seen.update(("POST", job, "") for job in jobs)
    return sorted(Call(*alike, nth) for alike, times in seen.items() for nth in range(1, times + 1))


class Running(Protocol):
    """A run in a process of its own."""

    def ended(self) -> Mapping[str, Any] | None:
        """How it ended, None while it has not."""

    def kill(self) -> None:
        """End its process by SIGKILL; when this returns there is none."""


class Way(Protocol):
    """How the document is run."""

    def start(self, standing: Standing) -> Running:
        """Begin a run."""

    def run(self, standing: Standing) -> Mapping[str, Any]:
        """A run from its beginning to its end."""


def killed_at(way: Way, standing: Standing, call: Call, when: str) -> bool:
    """Kill a run at a call, ``before`` the server acts or ``after`` it has; whether the run came to that call."""
    control = standing.control
    hold = control.hold(when, call.match(), nth=call.nth)
    run = way.start(standing)
    while control.get(f"/holds/{hold}?wait=0.5")["state"] != "holding":
        ended = run.ended()
        if ended is not None:
            assert ended["state"] == "done", ended
            control.ask("DELETE", "/holds")
            return False
    run.kill()
    # The server may not have seen yet that nobody waits for the answer: it is told not to act any more.
    control.release(hold, "drop")
    control.ask("DELETE", "/holds")
    return True


def run_again(way: Way, standing: Standing) -> Mapping[str, Any]:
    """The next run, once the lease of the killed one has ended; a job of it that is still on may renew that once."""
    ended: Mapping[str, Any] = {}
    for _ in range(3):
        standing.let_leases_expire()
        ended = way.run(standing)
        if ended["state"] != "left":
            break
    assert ended["state"] in {"done", "quiet"}, ended
    return ended


# In process: the client is killed -----------------------------------------------------------------------------------
class InProcess:
    """Runs the document as ``replicator run`` does; what is killed is forked from a process that has it loaded."""

    def __init__(self, night: Night, opened: ExitStack) -> None:
        """Load the document, here and in the process that forks; that one ends with ``opened``."""
        self._program = load(night.text, file=Path(f"{NAME}.yaml"))
        self._mine, theirs = _FORKS.Pipe()
        _FORKS.set_forkserver_preload([__name__, "replicator.gcp.clients", "google.cloud.bigquery",
                                       "google.cloud.bigquery_datatransfer"])  # fmt: skip
        self._nursery = _FORKS.Process(target=_fork_runs, args=(night.text, theirs))
        self._nursery.start()
        theirs.close()
        opened.callback(self._close)

    def start(self, standing: Standing) -> Running:
        """Begin a run in a process of its own."""
        self._mine.send(standing.cloud.endpoints)
        return _Forked(self._mine.recv(), self._mine)

    def run(self, standing: Standing) -> Mapping[str, Any]:
        """A run in this process."""
        return _run(self._program, standing.cloud.endpoints)

    def _close(self) -> None:
        self._mine.send(None)
        self._nursery.join(30)


@dataclass
class _Forked:
    pid: int
    answers: Connection

    def ended(self) -> Mapping[str, Any] | None:
        if not self.answers.poll(0):
            return None
        told: Mapping[str, Any] = self.answers.recv()
        return told

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)
        with suppress(ProcessLookupError):
            while True:
                os.kill(self.pid, 0)
                time.sleep(0.005)


def _fork_runs(text: str, orders: Connection) -> None:
    """Fork a run for each endpoint that is ordered, and tell its id; it tells itself how it ended."""
    program = load(text, file=Path(f"{NAME}.yaml"))
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while (endpoints := orders.recv()) is not None:
        pid = os.fork()
        if pid == 0:
            orders.send(_run(program, endpoints))
            os._exit(0)
        orders.send(pid)


def _run(program: Program, endpoints: Endpoints) -> Mapping[str, Any]:
    variables = {
        **VARIABLES, "GOOGLE_CLOUD_WORKFLOW_ID": NAME,
        "GOOGLE_CLOUD_WORKFLOW_EXECUTION_ID": str(uuid.uuid4()),
    }  # fmt: skip
    surroundings = environment(endpoints, clock=HurriedClock(), variables=variables)
    try:
        result = Execution().run(program, dict(ARGUMENT), environment=surroundings)
    except WorkflowFailed as failure:
        return {"state": "failed", "error": json.dumps(failure.error, default=str)}
    assert isinstance(result, dict)
    return dict(result)


# Deployed: the execution's process is killed ------------------------------------------------------------------------
class InService:
    """Runs the deployed workflow; what is killed is the process in which the local cloud runs the execution."""

    def start(self, standing: Standing) -> Running:
        """Begin an execution, as Cloud Scheduler does."""
        executions = standing.cloud.clients.executions()
        execution = Deployed(argument=json.dumps(ARGUMENT))
        return _Executing(standing, executions.create_execution(parent=WORKFLOW, execution=execution).name)

    def run(self, standing: Standing) -> Mapping[str, Any]:
        """An execution from its beginning to its end."""
        execution = self.start(standing)
        while (ended := execution.ended()) is None:
            time.sleep(0.3)
        return ended


@dataclass
class _Executing:
    standing: Standing
    name: str

    def ended(self) -> Mapping[str, Any] | None:
        execution = self.standing.cloud.clients.executions().get_execution(name=self.name)
        if execution.state is Deployed.State.ACTIVE:
            return None
        if execution.state is Deployed.State.SUCCEEDED:
            return dict(json.loads(execution.result))
        return {"state": "failed", "error": execution.error.payload}

    def kill(self) -> None:
        [pid] = [child for child, command in children().items() if "replicator.cli.execute" in command]
        os.kill(pid, signal.SIGKILL)
        while (ended := self.ended()) is None:
            time.sleep(0.01)
        assert ended["state"] == "failed", ended
        assert "killed by signal 9" in str(ended["error"]), ended
