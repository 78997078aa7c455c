"""A BigQuery and a transfer service that do as a test says, behind the runtime's port, and documents to run on them."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from replicator.plan.plan import Plan
from replicator.runtime.clock import VirtualClock
from replicator.runtime.connectors import Connectors, Method
from replicator.runtime.environment import Environment, Moment, StepEvent
from replicator.runtime.errors import HttpError
from replicator.runtime.execution import Execution
from replicator.runtime.program import Program, load
from replicator.runtime.values import Value
from replicator.workflow.document import Document, build_document, pipeline_block
from replicator.workflow.expressions import Var, get
from replicator.workflow.render import to_yaml
from replicator.workflow.steps import Call, Return, Subworkflow

HOLDER: Final = "execution-1"
NOW: Final = 1_795_000_000.25


@dataclass(frozen=True)
class Failed:
    """How a job ended that did not end well."""

    message: str
    reason: str = "invalidQuery"


@dataclass(frozen=True)
class Running:
    """A job that is running for so many questions before it ends."""

    questions: int
    then: Any = None


@dataclass
class Job:
    """A job as it was started.

    Attributes:
        name: What the document calls it: the id without what all ids of the run share, and without the attempt.
        attempt: Counted from 1.
        body: The request.
        ending: What it answers, None for no rows; or ``Failed``.
        text: What stands beside its answer: the script that it has written, where ``script`` is in the answer.
        questions: How often it has still to be asked before it has ended.
    """

    name: str
    attempt: int
    body: Any
    ending: Any
    questions: int = 0
    text: str = "COMMIT"

    @property
    def sql(self) -> str:
        """Its text."""
        return str(self.body["configuration"]["query"]["query"])

    def parameter(self, name: str) -> Any:
        """One of its two parameters, decoded."""
        parameters = self.body["configuration"]["query"]["queryParameters"]
        return json.loads(next(p["parameterValue"]["value"] for p in parameters if p["name"] == name))


@dataclass
class Fault:
    """The next call of a method goes wrong.

    Attributes:
        method: The end of its name.
        error: What the caller sees.
        acts: Whether the service has done what was asked of it all the same.
    """

    method: str
    error: Exception
    acts: bool = False


@dataclass
class Service:
    """Answers the connectors.

    Attributes:
        decide: What becomes of a job, by its name and whatever else it looks at.
        faults: Calls that go wrong, each once.
        calls: Every call in order: the last two words of the method's name, and the job's id or the resource's name.
        jobs: What was started, by id.
        transfers: Transfer configs by name, with the runs of each.
        transfer_state: What a transfer run has become when it is asked for.
        datasets: What datasets.list shows, page by page: names and locations.
    slow: Sources whose transfers are running for so many questions.
    """

    decide: Callable[[Job], Any]
    faults: list[Fault] = field(default_factory=list)
    calls: list[tuple[str, str]] = field(default_factory=list)
    jobs: dict[str, Job] = field(default_factory=dict)
    transfers: dict[str, dict[str, Any]] = field(default_factory=dict)
    transfer_state: str = "SUCCEEDED"
    datasets: tuple[Mapping[str, str], ...] = ()
    slow: dict[str, int] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, method: Method, arguments: Mapping[str, Value], *, deadline: float) -> Value:
        assert deadline > 0
        with self.lock:
            fault = next((fault for fault in self.faults if method.name.endswith(fault.method)), None)
            if fault is not None:
                self.faults.remove(fault)
                if fault.acts:
                    self._act(method, arguments)
                raise fault.error
            answer: Value = self._act(method, arguments)
            return answer

    def started(self, name: str) -> list[str]:
        """The ids under which a job was started, in order."""
        return [id_ for id_, job in self.jobs.items() if job.name == name]

    def _act(self, method: Method, arguments: Any) -> Any:
        name = method.name
        verb = ".".join(name.split(".")[-2:])
        body = arguments.get("body", {})
        id_ = body.get("jobReference", {}).get("jobId") or arguments.get("jobId") or arguments.get("name")
        self.calls.append((verb, str(id_ or arguments.get("parent"))))
        match verb:
            case "datasets.list":
                return self._list_datasets(int(arguments["pageToken"] or 0))
            case "jobs.insert":
                return self._insert(id_, body)
            case "jobs.get":
                return self._get(id_)
            case "jobs.getQueryResults":
                return self._results(id_)
            case "transferConfigs.list":
                return {"transferConfigs": list(self.transfers.values())} if self.transfers else {}
            case "transferConfigs.create":
                config = {**body, "name": f"{arguments['parent']}/transferConfigs/{len(self.transfers)}", "runs": []}
                self.transfers[config["name"]] = config
                return config
            case "transferConfigs.startManualRuns":
                config = self.transfers[arguments["parent"]]
                run = {
                    "name": f"{config['name']}/runs/{len(config['runs'])}",
                    # The service writes times with a fraction where it likes.
                    "runTime": body["requestedRunTime"].replace(".000000Z", ".000Z"),
                }
                config["runs"].append(run)
                return {"runs": [run]}
            case "runs.list":
                runs = self.transfers[arguments["parent"]]["runs"]
                return {"transferRuns": runs} if runs else {}
            case "runs.get":
                return {"name": id_, "state": self._state(id_), "errorStatus": {"message": "no rights on shop_1"}}
        msg = f"{name} is not scripted"
        raise AssertionError(msg)

    def _list_datasets(self, page: int) -> dict[str, Any]:
        found = self.datasets[page].items() if self.datasets else ()
        listed = [{"datasetReference": {"datasetId": name}, "location": place} for name, place in found]
        more = {"nextPageToken": str(page + 1)} if page + 1 < len(self.datasets) else {}
        return ({"datasets": listed} if listed else {}) | more

    def _state(self, run: str) -> str:
        config = self.transfers.get(run.partition("/runs/")[0], {})
        for source, questions in self.slow.items():
            if questions and f" {source} " in config.get("displayName", ""):
                self.slow[source] -= 1
                return "RUNNING"
        return self.transfer_state

    def _insert(self, id_: str, body: Any) -> Any:
        if id_ in self.jobs:
            raise _http(409, f"Already Exists: Job {id_}")
        # replicator_<pipeline>_<key>_<run>_<name>_<attempt>_<holder>
        name, _, attempt = id_.removesuffix(f"_{HOLDER}").split("_", 4)[4].rpartition("_")
        job = Job(name, int(attempt), body, None)
        self.jobs[id_] = job
        decided = self.decide(job)
        if isinstance(decided, Mapping):
            job.text = str(decided.get("script", job.text))
        job.ending, job.questions = (decided.then, decided.questions) if isinstance(decided, Running) else (decided, 0)
        return body

    def _job(self, id_: str) -> Job:
        if id_ not in self.jobs:
            raise _http(404, f"Not found: Job {id_}")
        return self.jobs[id_]

    def _get(self, id_: str) -> Any:
        job = self._job(id_)
        status: dict[str, Any] = {"state": "RUNNING" if job.questions else "DONE"}
        if not job.questions and isinstance(job.ending, Failed):
            status["errorResult"] = {"message": job.ending.message, "reason": job.ending.reason}
        return {"status": status}

    def _results(self, id_: str) -> Any:
        job = self._job(id_)
        if job.questions:
            job.questions -= 1
            return {"jobComplete": False}
        if isinstance(job.ending, Failed):
            raise _http(400, job.ending.message)
        if job.ending is None:
            return {"jobComplete": True}
        cells = [{"v": json.dumps(job.ending)}, {"v": job.text}]
        return {"jobComplete": True, "rows": [{"f": cells}]}


def _http(status: int, message: str) -> HttpError:
    return HttpError(status, message, body={"error": {"code": status, "message": message}})


class Bench:
    """The document of a plan, and its subworkflows one by one, on virtual time.

    Attributes:
        plan: What the document is made from.
        pipeline: The pipeline's block, as the document hands it to its subworkflows.
        of_run: What a run knows of itself once it has the fence.
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.pipeline = pipeline_block(plan)
        self.of_run = {
            "id": "orders-000012", "epoch": 12, "number": "000012", "key": plan.key, "holder": HOLDER,
            "target_exists": True,
        }  # fmt: skip
        self._programs: dict[str, Program] = {}

    def job_id(self, name: str, attempt: int = 1) -> str:
        """Under which id the run above starts an attempt of a job."""
        return f"replicator_{self.plan.pipeline}_{self.plan.key}_{self.of_run['number']}_{name}_{attempt}_{HOLDER}"

    def run(self, function: str, service: Service, **arguments: Any) -> Any:
        """Run ``main``, whose argument these are, or call one subworkflow with them.

        Raises:
            WorkflowFailed: An error came out of it.
        """
        return self.run_logged(function, service, logged=[], **arguments)

    def run_logged(self, function: str, service: Service, *, logged: list[Any], **arguments: Any) -> Any:
        """The same; what is logged is added to ``logged``."""

        def listen(event: StepEvent) -> None:
            if event.moment is Moment.LOG:
                logged.append(event.data)

        return self._run(function, service, listen, arguments)

    def run_counted(self, function: str, service: Service, *, step: Callable[[], object], **arguments: Any) -> Any:
        """The same; ``step`` is called at each step."""

        def listen(event: StepEvent) -> None:
            if event.moment is Moment.STARTED:
                step()

        return self._run(function, service, listen, arguments)

    def _run(
        self, function: str, service: Service, listen: Callable[[StepEvent], None], arguments: Mapping[str, Any]
    ) -> Any:
        environment = Environment(
            connectors=Connectors(transport=service),
            clock=VirtualClock(NOW),
            uuid=lambda: "id",
            variables={"GOOGLE_CLOUD_WORKFLOW_EXECUTION_ID": HOLDER},
            on_step=listen,
        )
        return Execution.run(self._program(function), dict(arguments) or None, environment=environment)

    def _program(self, function: str) -> Program:
        if function not in self._programs:
            document = build_document(self.plan)
            if function != "main":
                document = Document(document.header, (_calling(document, function), *document.subworkflows[1:]))
            self._programs[function] = load(to_yaml(document))
        return self._programs[function]


def _calling(document: Document, function: str) -> Subworkflow:
    called = next(sub for sub in document.subworkflows if sub.name == function)
    names = [parameter if isinstance(parameter, str) else parameter[0] for parameter in called.parameters]
    given = {name: get(Var("args"), name) for name in names}
    return Subworkflow(
        name="main",
        purpose=f"Call {function}.",
        parameters=("args",),
        steps=(
            Call(name="call", function=function, arguments=given, result="answer"),
            Return(name="answer", value=Var("answer")),
        ),
    )
