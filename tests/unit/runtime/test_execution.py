"""Executions from outside: events, traces, cancellation, arguments, memory."""

from __future__ import annotations

import threading

import pytest

from replicator.errors import FailedError
from replicator.runtime.clock import RealClock
from replicator.runtime.environment import Moment, StepEvent
from replicator.runtime.errors import WorkflowCancelled, WorkflowFailed
from replicator.runtime.execution import Execution
from replicator.runtime.program import load
from replicator.runtime.values import Value
from tests.unit.runtime.running import environment, run

NESTED = """
main:
  steps:
    - first: {assign: [{x: 1}]}
    - second:
        switch:
          - condition: true
            steps:
              - inner: {call: sub}
sub:
  steps:
    - broken: {return: "${nothing.here}"}
"""


def test_a_failure_says_where_it_came_from() -> None:
    """The trace has the innermost step of each call, the failing one first."""
    with pytest.raises(WorkflowFailed) as failed:
        run(NESTED)

    assert [(frame.routine, frame.step, frame.line) for frame in failed.value.trace] == [
        ("sub", "broken", 12),
        ("main", "inner", 9),
    ]
    assert str(failed.value) == "sub.broken (line 12): KeyError: variable not found: nothing"


def test_an_error_that_is_raised_again_starts_a_new_trace() -> None:
    """What an except raises is located where it raises it."""
    source = "- a:\n    try: {raise: one}\n    except:\n      as: e\n      steps:\n        - b: {raise: '${e}'}"

    with pytest.raises(WorkflowFailed) as failed:
        run(source)

    assert [frame.step for frame in failed.value.trace] == ["b"]


def test_each_step_is_told() -> None:
    """Steps are told when they start and end, logs with what they say, each with the steps so far."""
    events: list[StepEvent] = []
    source = "- a: {call: sys.log, args: {json: {n: 1}, severity: INFO}}\n- b: {return: 1}"

    run(source, around=environment(on_step=events.append))

    assert [(event.step, event.moment, event.count) for event in events] == [
        ("a", Moment.STARTED, 1),
        ("a", Moment.LOG, 1),
        ("a", Moment.FINISHED, 1),
        ("b", Moment.STARTED, 2),
        ("b", Moment.FINISHED, 2),
    ]
    assert (events[1].data, events[1].severity) == ({"n": 1}, "INFO")


def test_events_of_branches_come_one_at_a_time() -> None:
    """Whoever listens needs no lock of their own."""
    inside: list[int] = []
    overlaps: list[int] = []

    def listen(event: StepEvent) -> None:
        inside.append(event.count)
        if len(inside) > 1:
            overlaps.append(event.count)
        inside.pop()

    loop = "{value: v, range: [1, 100], steps: [{b: {assign: [{x: 1}]}}]}"
    run(f"- a: {{parallel: {{for: {loop}}}}}", around=environment(on_step=listen))

    assert overlaps == []


def test_a_cancelled_execution_ends_between_steps() -> None:
    """No step is started after the cancellation, and no except catches it."""
    taken: list[str] = []
    source = """
- a:
    try: {steps: [{b: {assign: [{x: 1}]}}, {c: {next: b}}]}
    except: {as: e, steps: [{d: {return: caught}}]}
"""

    with pytest.raises(WorkflowCancelled):
        run(source, around=environment(on_step=lambda e: taken.append(e.step), cancelled=lambda: len(taken) > 20))


def test_a_sleeping_execution_hears_that_it_is_cancelled() -> None:
    """A sleep of hours ends within a moment, in parallel branches too."""
    stop = threading.Event()
    around = environment(cancelled=stop.is_set)
    loop = "{value: v, in: [1, 2], steps: [{b: {call: sys.sleep, args: {seconds: 9999}}}]}"
    program = load(f"- a: {{parallel: {{for: {loop}}}}}")
    real = type(around)(connectors=around.connectors, clock=RealClock(), uuid=around.uuid, cancelled=around.cancelled)
    timer = threading.Timer(0.05, stop.set)
    timer.start()

    with pytest.raises(WorkflowCancelled):
        Execution.run(program, None, environment=real)
    timer.join()


def test_an_argument_beyond_the_limit_is_refused() -> None:
    """32 KB of JSON, as the service takes."""
    with pytest.raises(FailedError, match="may have 32768"):
        run("main: {params: [args], steps: [{a: {return: 1}}]}", "x" * 32_767)


def test_main_without_an_argument_gets_null() -> None:
    """A parameter that nothing was passed for is null."""
    assert run("main: {params: [args], steps: [{a: {return: '${args == null}'}}]}") is True


def test_memory_comes_back_when_scopes_end() -> None:
    """A loop or a call that is over costs nothing: 300 times 100 KB do not add up."""
    source = """
main:
  params: [text]
  steps:
    - a:
        for:
          value: v
          range: [1, 300]
          steps:
            - b: {assign: [{x: "${text + text + text + text}"}]}
            - c: {call: sub, args: {t: "${x}"}}
sub: {params: [t], steps: [{d: {assign: [{u: "${t}"}]}}]}
"""
    assert run(source, "x" * 25_000) is None


def test_a_program_runs_any_number_of_times() -> None:
    """Nothing of one execution is left in the program."""
    program = load("main: {params: [n], steps: [{a: {assign: [{x: [0]}, {'x[0]': '${n}'}]}}, {b: {return: '${x}'}}]}")
    results: list[Value] = [Execution.run(program, n, environment=environment()) for n in range(3)]

    assert results == [[0], [1], [2]]
