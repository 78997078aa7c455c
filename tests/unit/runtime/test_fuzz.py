"""Whatever a document says, it is run or refused: no other exception comes out, and nothing hangs."""

from __future__ import annotations

import signal
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Final

import pytest

from replicator.errors import FailedError
from replicator.runtime.clock import VirtualClock
from replicator.runtime.connectors import Connectors, HttpRequest, HttpResponse, Method
from replicator.runtime.environment import Environment
from replicator.runtime.errors import ConnectionBroken, HttpError, WorkflowCancelled, WorkflowFailed
from replicator.runtime.execution import Execution
from replicator.runtime.program import SyntaxProblems, load
from replicator.runtime.values import Value
from tests.unit.runtime.fuzzing import Fuzz

REAL: Final = (Path(__file__).parents[3] / "workflows" / "ga4_events.yaml").read_text("utf-8")
ENDS: Final = {"refused", "failed", "stopped", "done"}
SEEDS: Final = 600
ALL_SEEDS: Final = 10_000
STEPS: Final = 300
PATIENCE_SECONDS: Final = 20
"""How long one document may take on a slow machine that does other things; the usual is a thousandth of it."""


def outcome(seed: int) -> str:
    """How the document of a seed ends."""
    taken = 0

    def cancelled() -> bool:
        nonlocal taken
        taken += 1
        return taken > STEPS

    around = Environment(
        connectors=Connectors(transport=answer, http=respond),
        clock=VirtualClock(1_800_000_000.0),
        uuid=lambda: "id",
        variables={"GOOGLE_CLOUD_PROJECT_ID": "acme"},
        cancelled=cancelled,
    )
    try:
        Execution.run(load(Fuzz(seed).source(REAL)), {"k": [1, "a"]}, environment=around)
    except SyntaxProblems as refused:
        return "refused" if str(refused).startswith("workflow:") else f"refused without a place: {refused}"
    except WorkflowFailed:
        return "failed"
    except WorkflowCancelled:
        return "stopped"
    return "done"


def answer(method: Method, arguments: Mapping[str, Value], *, deadline: float) -> Value:
    """A service of moods: what it answers depends on what it is asked."""
    assert deadline > 0
    match (len(method.name) + len(arguments)) % 4:
        case 0:
            raise HttpError(503, "")
        case 1:
            raise ConnectionBroken
        case 2:
            return {"status": {"state": "DONE"}, "name": "n", "state": "SUCCEEDED"}
        case _:
            return ["an", "answer"]


def respond(request: HttpRequest, *, deadline: float) -> HttpResponse:
    """A web server that answers with what looks like JSON."""
    assert deadline > 0
    return HttpResponse(200 + 100 * (len(request.url) % 4), {"content-type": "application/json"}, b'{"a": [1]}')


@contextmanager
def patience(seed: int) -> Iterator[None]:
    """Fail, with the seed, what does not come back."""

    def give_up(_signal: int, _frame: FrameType | None) -> None:
        pytest.fail(f"the document of seed {seed} hangs")

    before = signal.signal(signal.SIGALRM, give_up)
    signal.setitimer(signal.ITIMER_REAL, PATIENCE_SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def outcomes(seeds: range) -> Counter[str]:
    counted: Counter[str] = Counter()
    for seed in seeds:
        with patience(seed):
            try:
                counted[outcome(seed)] += 1
            except FailedError as error:
                pytest.fail(f"seed {seed}: {error}")
            except Exception as error:
                error.add_note(f"the document of seed {seed}")
                raise
    return counted


def test_a_document_is_run_or_refused() -> None:
    """A sample of what CI runs in full: every end is one of the four, and a fair part gets as far as running."""
    counted = outcomes(range(SEEDS))

    assert set(counted) <= ENDS
    assert min(counted["refused"], counted["failed"], counted["done"]) >= SEEDS // 20


@pytest.mark.slow
def test_the_rest_of_ten_thousand_documents_is_run_or_refused() -> None:
    """The same for the seeds behind the sample, in a little more than a minute of one processor."""
    assert set(outcomes(range(SEEDS, ALL_SEEDS))) == ENDS
