"""Laws of parallel steps, under whatever order the branches are run in.

The order is drawn: see ``turns``. Nothing here sleeps, and a failing order can be run again.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from hypothesis import example, given, settings
from hypothesis import strategies as st

from replicator.runtime.connectors import Connectors
from replicator.runtime.environment import Environment, Moment, StepEvent, ignore
from replicator.runtime.execution import Execution
from replicator.runtime.program import load
from replicator.runtime.values import Value
from tests.unit.runtime.turns import Turns

Doing: TypeAlias = tuple[str, int]
"""One thing that a branch does: ``add`` to the shared total, to its ``own`` variable, ``sleep``, ``raise``, or
``inner``: run that many iterations in parallel, each of which adds its number."""

DOINGS = st.lists(
    st.tuples(st.sampled_from(("add", "own", "sleep", "inner")), st.integers(0, 4))
    | st.tuples(st.just("raise"), st.just(0)),
    max_size=4,
)
BRANCHES = st.lists(DOINGS, min_size=1, max_size=5)
ORDER = st.lists(st.integers(0, 6), max_size=300)

# Reads the total, lets others go on (every look at the clock does), and only then adds.
SLOW_ADD = "${total + NUMBER * int(sys.now() * 0 + 1)}"


@dataclass
class Watch:
    """How many branches stand between two of their steps at once, at most; one that waits for its own is none."""

    inside: dict[str, int] = field(default_factory=lambda: {"outer": 0, "inner": 0, "waiting": 0})
    most: dict[str, int] = field(default_factory=lambda: {"outer": 0, "inner": 0, "all": 0})

    def __call__(self, event: StepEvent) -> None:
        group, _, what = event.step.partition("_")
        change = {
            ("enter", Moment.STARTED): 1,
            ("leave", Moment.STARTED): -1,
            ("raise", Moment.STARTED): -1,
        }.get((what.rstrip("0123456789"), event.moment), 0)
        if group in {"outer", "inner"} and change:
            self.inside[group] += change
        if group == "waiting":
            self.inside["waiting"] += {Moment.STARTED: 1, Moment.FINISHED: -1}.get(event.moment, 0)
        for name in ("outer", "inner"):
            self.most[name] = max(self.most[name], self.inside[name])
        everyone = self.inside["outer"] + self.inside["inner"] - self.inside["waiting"]
        self.most["all"] = max(self.most["all"], everyone)


def steps(branch: int, doings: list[Doing], inner_limit: int) -> list[dict[str, Any]]:
    made: list[dict[str, Any]] = [{f"outer_enter{branch}": {"assign": [{"mine": "${mine + 1}"}]}}]
    for at, (what, number) in enumerate(doings):
        name = f"{what}_{branch}_{at}"
        match what:
            case "add":
                made.append({name: {"assign": [{"total": SLOW_ADD.replace("NUMBER", str(number))}]}})
            case "own":
                made.append({name: {"assign": [{"mine": f"${{mine + {number}}}"}]}})
            case "sleep":
                made.append({name: {"call": "sys.sleep", "args": {"seconds": number}}})
            case "inner":
                made.append({f"waiting_{branch}_{at}": {"parallel": inner(f"{branch}0{at}", number, inner_limit)}})
            case _:
                made.append({f"outer_raise{branch}": {"raise": f"{branch}"}})
                return made
    made.append({f"seen_{branch}": {"assign": [{f"seen[{branch}]": "${mine}"}]}})
    made.append({f"outer_leave{branch}": {"assign": [{"mine": 0}]}})
    return made


def inner(name: str, count: int, limit: int) -> dict[str, Any]:
    body: list[dict[str, Any]] = [
        {f"inner_enter{name}": {"assign": [{"mine": "${mine + 100}"}]}},
        {f"add_{name}": {"assign": [{"total": SLOW_ADD.replace("NUMBER", "v")}]}},
        {f"inner_leave{name}": {"assign": [{"mine": "${mine + 100}"}]}},
    ]
    loop = {"value": "v", "range": [1, count], "steps": body}
    return {"shared": ["total"], "concurrency_limit": limit, "for": loop}


def document(branches: list[list[Doing]], limit: int, inner_limit: int) -> str:
    made = [{f"branch{at}": {"steps": steps(at, doings, inner_limit)}} for at, doings in enumerate(branches)]
    parallel = {"shared": ["total", "seen"], "concurrency_limit": limit, "branches": made}
    failed = [{"failed": {"assign": [{"failures": "${e.branches}"}, {"tag": "${e.tags[0]}"}]}}]
    return json.dumps(
        [
            {"init": {"assign": [{"total": 0}, {"mine": 0}, {"seen": [None] * len(branches)}]}},
            {"more": {"assign": [{"failures": []}, {"tag": ""}]}},
            {"all": {"try": {"parallel": parallel}, "except": {"as": "e", "steps": failed}}},
            {"done": {"return": ["${total}", "${mine}", "${seen}", "${failures}", "${tag}"]}},
        ]
    )


def expected(branches: list[list[Doing]]) -> tuple[int, list[Value], set[str]]:
    """The same without any parallelism: the total, what each branch has of its own, and which fail."""
    total, seen, failing = 0, [], set()
    for at, doings in enumerate(branches):
        mine: Value = 1
        for what, number in doings:
            total += {"add": number, "inner": number * (number + 1) // 2}.get(what, 0)
            mine += number if what == "own" else 0  # type: ignore[operator]  # an integer until the branch fails
            if what == "raise":
                mine = None
                failing.add(f"branch{at}")
                break
        seen.append(mine)
    return total, seen, failing


def run(source: str, order: list[int], on_step: Callable[[StepEvent], None] = ignore) -> Any:
    turns = Turns(order)
    around = Environment(
        connectors=Connectors(),
        clock=turns,
        uuid=lambda: "id",
        on_step=on_step,
        cancelled=turns.pause,
        threads=turns,
    )
    return Execution.run(load(source), None, environment=around)


@settings(max_examples=150, deadline=None)
@given(branches=BRANCHES, limit=st.integers(1, 6), inner_limit=st.integers(1, 6), order=ORDER)
@example(branches=[[("inner", 4)]] * 5, limit=5, inner_limit=5, order=list(range(300)))
def test_branches_share_what_they_say_and_nothing_else(
    branches: list[list[Doing]], limit: int, inner_limit: int, order: list[int]
) -> None:
    """In any order: no shared update is lost, no branch sees another's own variables, every failure is told once."""
    watch = Watch()

    total, mine, seen, failures, tag = run(document(branches, limit, inner_limit), order, watch)

    expected_total, expected_seen, expected_failing = expected(branches)
    assert (total, mine, seen) == (expected_total, 0, expected_seen)
    assert sorted(failure["id"] for failure in failures) == sorted(expected_failing)
    assert tag == ("UnhandledBranchError" if expected_failing else "")
    assert watch.most["outer"] <= limit
    assert watch.most["all"] <= 20


@settings(max_examples=60, deadline=None)
@given(count=st.integers(1, 40), limit=st.integers(1, 25), order=ORDER)
@example(count=30, limit=4, order=list(range(1_000)))
@example(count=40, limit=25, order=list(range(2_000)))
def test_a_loop_runs_no_more_iterations_at_once_than_its_limit(count: int, limit: int, order: list[int]) -> None:
    """Nor more than 20, whatever the limit says."""
    watch = Watch()
    init = {"init": {"assign": [{"total": 0}, {"mine": 0}]}}
    source = json.dumps([init, {"all": {"parallel": inner("", count, limit)}}, {"done": {"return": "${total}"}}])

    total = run(source, order, watch)

    assert total == count * (count + 1) // 2
    assert watch.most["inner"] <= min(limit, 20)


def test_nested_branches_together_are_no_more_than_twenty() -> None:
    """Five branches that run ten each: the branches that wait hold no place, and those at work never are 21."""
    most = []
    for first in range(5):
        watch = Watch()
        total, *_ = run(document([[("inner", 10)]] * 5, 5, 10), list(range(first, 2_000)), watch)
        assert total == 5 * 55
        most.append(watch.most["all"])

    assert max(most) == 20


def test_the_order_is_the_schedulers() -> None:
    """Two branches are seen in both orders, and mixed: the laws above are not shown for one order alone."""

    def seen(order: list[int]) -> str:
        branches: list[str] = []

        def listen(event: StepEvent) -> None:
            if event.moment is Moment.STARTED and event.step.startswith("own"):
                branches.append(event.step[len("own_")])

        run(document([[("own", 1), ("own", 1)]] * 2, 2, 1), order, listen)
        return "".join(branches)

    assert len({seen(order) for order in ([0], [1] * 300, [2, 1, 0] * 100, [1, 0] * 150)}) >= 3


def test_the_same_order_gives_the_same_run() -> None:
    """What is told, and when, is decided by the order alone."""
    source = document([[("sleep", 2), ("add", 1)], [("raise", 0)], [("inner", 3)]], 3, 2)

    def told() -> list[tuple[str, float]]:
        events: list[tuple[str, float]] = []
        run(source, [3, 1, 4, 1, 5, 9, 2, 6] * 40, lambda event: events.append((event.step, event.at)))
        return events

    assert told() == told()
