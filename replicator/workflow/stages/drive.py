"""The loop that drives a run.

Each turn renews the lease, moves every source on by one stage, and commits what has landed.
"""

from __future__ import annotations

from typing import Final

from replicator import limits
from replicator.plan.plan import Plan
from replicator.workflow.expressions import Binary, Value, Var, add, both, call, default, either, eq, get, join, ne, no
from replicator.workflow.jobs import PIPELINE, RUN, job
from replicator.workflow.stages.advance import note_stage
from replicator.workflow.stages.source import SOURCE
from replicator.workflow.steps import Assign, Call, Case, ForEach, ParallelFor, Return, Step, Subworkflow, Switch

_SOURCES, _STATES = Var("sources"), Var("states")
_POSITION, _STATE, _BATCH = Var("position"), Var("state"), Var("batch")

FIRST_PAUSE_SECONDS: Final = 1
"""Between turns in which nothing moved, at first; half as much again each time, to a third of the lease."""

SIDE_BY_SIDE: Final = 4
"""The most sources that are moved on at once."""

TIMES_HELD: Final = 3
"""How often a statement is held on its way to the service; measured, and rounded up."""

KEPT_FREE: Final = 256 * 1024
"""Of the bytes that all variables share, what the sources' blocks and states are left."""


def drive(plan: Plan) -> Subworkflow:
    """The loop."""
    pause = Var("pause")
    create = job(
        "create_target", project=PIPELINE["billed_to"], location=PIPELINE["location"],
        statement="create_target", run={"landings": Var("stock")["landings"]},
        names={"key": RUN["key"], "epoch": RUN["number"]},
    )  # fmt: skip
    return Subworkflow(
        name="drive",
        purpose="Turn by turn: renew the lease, move every source on by one stage, commit what is aligned.",
        parameters=("pipeline", "sources", "run"),
        steps=(
            Assign(name="begin", values=(
                ("states", []), ("turn", 0), ("batches", 0), ("pause", FIRST_PAUSE_SECONDS),
                *((("evolutions", 0),) if plan.statements.evolve is not None else ()))),
            ForEach(
                name="each_source", value="source", over=_SOURCES,
                steps=(
                    Call(name="begin_state", function="begin_source", arguments={"run": RUN, "source": SOURCE},
                         result="state"),
                    Assign(name="add_state", values=(("states", call("list.concat", _STATES, _STATE)),)),
                ),
            ),
            Assign(name="next_turn", values=(("turn", add(Var("turn"), 1)), ("moved", 0), ("now", call("sys.now")))),
            Call(name="renew", function="renew_fence",
                 arguments={"pipeline": PIPELINE, "run": RUN, "turn": Var("turn")}),
            _advance_all(_side_by_side(plan)),
            Switch(name="as_before", cases=(
                Case(condition=both(eq(Var("moved"), 0), ne(Var("turn"), 1)), next="rest"),)),
            Call(name="stock", function="take_stock", result="stock",
                 arguments={"run": RUN, "sources": _SOURCES, "states": _STATES}),
            # A missing target gets the union of the sources' schemas, so its making waits for those on their way.
            Switch(
                name="target_missing",
                cases=(
                    Case(
                        condition=both(
                            no(RUN["target_exists"]), eq(Var("stock")["on_their_way"], 0),
                            ne(call("len", Var("stock")["landings"]), 0)),
                        steps=(
                            Assign(name="describe_target", values=(("job", create),)),
                            Call(name="make_target", function="finish_job",
                                 arguments={"pipeline": PIPELINE, "run": RUN, "job": Var("job")}),
                            Assign(name="made", values=(
                                ("run.target_exists", True), ("pause", FIRST_PAUSE_SECONDS)),
                                # What may evolve the target moves by that alone.
                                next="next_turn" if plan.statements.evolve is None else "stock"),
                        ),
                    ),
                    *(_evolve_first() if plan.statements.evolve is not None else ()),
                    Case(
                        condition=ne(call("len", Var("stock")["batch"]), 0),
                        steps=(
                            Assign(name="number_batch", values=(("batches", add(Var("batches"), 1)),)),
                            Call(name="commit_batch", function="commit", result="outcome",
                                 arguments={"pipeline": PIPELINE, "run": RUN, "batch": Var("stock")["batch"],
                                            "number": call("string", Var("batches"))}),
                            _book_outcome(),
                            # Where every source of the batch failed nothing moves any more, and the run may be over.
                            Assign(name="committed", values=(("pause", FIRST_PAUSE_SECONDS),), next="stock"),
                        ),
                    ),
                    Case(
                        condition=eq(Var("stock")["open"], 0),
                        steps=(Return(name="states", value=_STATES),),
                    ),
                    Case(
                        condition=ne(Var("moved"), 0),
                        steps=(Assign(name="quickly", values=(("pause", FIRST_PAUSE_SECONDS),), next="next_turn"),),
                    ),
                ),
            ),
            Call(name="rest", function="sys.sleep", arguments={"seconds": pause}),
            Assign(
                name="slower",
                values=(("pause", call("math.min", Binary("*", pause, 1.5), Binary("/", PIPELINE["lease"], 3))),),
                next="next_turn",
            ),
        ),
    )  # fmt: skip


def _side_by_side(plan: Plan) -> int:
    """How many sources at once the variables have room for, each with the longest statement of a source."""
    statements = plan.statements
    longest = max(len(text) for text in (statements.inventory, statements.fill_slice, statements.align))
    room = (limits.VARIABLE_BYTES.value - KEPT_FREE) // (TIMES_HELD * longest)
    return max(1, min(SIDE_BY_SIDE, room))


def _evolve_first() -> tuple[Case, ...]:
    """The case that sources have landed, and the target may lack what they have; as if one of them had moved."""
    evolved = Var("evolved")
    return (
        Case(
            condition=both(RUN["target_exists"], ne(call("len", Var("stock")["landings"]), 0)),
            steps=(
                Call(name="evolve", function="evolve_target", result="evolved",
                     arguments={"pipeline": PIPELINE, "run": RUN, "states": _STATES, "stock": Var("stock"),
                                "turn": call("string", Var("turn")), "evolutions": Var("evolutions")}),
                Assign(name="evolved", values=(
                    ("evolutions", add(Var("evolutions"), call("if", eq(evolved, None), 1, 0))),
                    ("states", default(evolved, _STATES)),
                    ("turn", add(Var("turn"), 1)), ("moved", 1), ("now", call("sys.now"))), next="renew"),
            ),
        ),
    )  # fmt: skip


def _advance_all(side_by_side: int) -> Step:
    """All sources side by side; a branch cannot fail, since ``advance`` keeps a source's errors to the source."""
    return ParallelFor(
        name="side_by_side", shared=("states", "moved"), concurrency_limit=side_by_side,
        loop=ForEach(
            name="side_by_side", value="source", index="position", over=_SOURCES,
            steps=(
                # A look costs steps, and an execution has 100,000: what has waited for long is looked at rarely.
                Switch(name="due_for_a_look", cases=(
                    Case(
                        condition=Binary("<=", _STATES[_POSITION]["look_at"], Var("now")),
                        steps=(
                            Assign(name="before", values=(("was", _STATES[_POSITION]["stage"]),)),
                            Call(name="advance_source", function="advance", result="after",
                                 arguments={"pipeline": PIPELINE, "run": RUN, "source": SOURCE,
                                            "state": _STATES[_POSITION]}),
                            Assign(name="keep", values=(("states[position]", Var("after")),)),
                            Switch(name="has_moved", cases=(
                                Case(
                                    condition=ne(Var("after")["stage"], Var("was")),
                                    steps=(Assign(name="count_move", values=(("moved", add(Var("moved"), 1)),)),),
                                ),
                            )),
                        ),
                    ),
                )),
            ),
        ),
    )  # fmt: skip


def take_stock(plan: Plan) -> Subworkflow:
    """How far the sources are: what can be committed, what waits for a target, how many are still on their way."""
    stage = _STATE["stage"]
    part: Value = {
        "source": SOURCE["name"],
        "manifest": join(SOURCE["landing"], ".manifest_", RUN["key"], "_", RUN["number"]),
        "aligned": join(SOURCE["landing"], ".aligned_", RUN["key"], "_", RUN["number"]),
    }
    evolves = plan.statements.evolve is not None
    landed = eq(stage, "landed")
    at_source = either(*(eq(stage, name) for name in ("inventory", "rebuild", "restore", "stage", "copy")))
    at_its_end = either(*(eq(stage, name) for name in ("quiet", "done", "failed")))
    return Subworkflow(
        name="take_stock",
        purpose="How far the sources are: what can be committed, what waits for a target, what is on its way.",
        parameters=("run", "sources", "states"),
        steps=(
            Assign(name="nothing_seen", values=(
                ("batch", []), ("landings", []), *((("landed", []),) if evolves else ()), ("on_their_way", 0),
                ("open", 0))),
            ForEach(
                name="each_source", value="source", index="position", over=_SOURCES,
                steps=(
                    Assign(name="this_state", values=(("state", _STATES[_POSITION]),)),
                    Switch(name="at_its_end", cases=(Case(condition=at_its_end, next="continue"),)),
                    Assign(name="count_open", values=(("open", add(Var("open"), 1)),)),
                    Switch(
                        name="by_stage",
                        cases=(
                            Case(condition=at_source, steps=(
                                Assign(name="count_way", values=(("on_their_way", add(Var("on_their_way"), 1)),)),)),
                            Case(condition=both(landed, eq(get(_STATE, "fits"), None)) if evolves else landed, steps=(
                                Assign(name="add_landing", values=(
                                    ("landings", call("list.concat", Var("landings"), SOURCE["landing"])),
                                    *((("landed", call("list.concat", Var("landed"), SOURCE["name"])),)
                                      if evolves else ()))),)),
                            Case(condition=eq(stage, "aligned"), steps=(
                                Assign(name="add_part", values=(
                                    ("part", part), ("batch", call("list.concat", _BATCH, Var("part"))))),)),
                        ),
                    ),
                ),
            ),
            Return(name="stock", value={
                "batch": _BATCH, "landings": Var("landings"), "on_their_way": Var("on_their_way"),
                "open": Var("open"), **({"landed": Var("landed")} if evolves else {})}),
        ),
    )  # fmt: skip


def _book_outcome() -> Step:
    """Note with each source of the batch whether it is committed, or what kept it out."""
    outcome = Var("outcome")
    return ForEach(
        name="book_outcome", value="source", index="position", over=_SOURCES,
        steps=(
            Assign(name="this_state", values=(("state", _STATES[_POSITION]), ("was", "aligned"))),
            Switch(name="in_batch", cases=(Case(condition=ne(_STATE["stage"], "aligned"), next="continue"),)),
            Switch(
                name="well_or_not",
                cases=(
                    Case(
                        condition=eq(outcome[SOURCE["name"]], None),
                        steps=(Assign(name="well", values=(("state.stage", "committed"),)),),
                    ),
                    Case(
                        condition=True,
                        steps=(
                            Call(name="explain_commit", function="explain", result="reason",
                                 arguments={"source": SOURCE["name"], "stage": "commit",
                                            "error": outcome[SOURCE["name"]]}),
                            Assign(name="kept_out", values=(
                                ("state.stage", "failed"), ("state.error", Var("reason")))),
                        ),
                    ),
                ),
            ),
            *note_stage(),
            Assign(name="keep_state", values=(("states[position]", _STATE),)),
        ),
    )  # fmt: skip
