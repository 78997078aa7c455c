"""The loop that drives a run: each turn renews the lease, moves every source on by one stage, commits what has landed."""

from __future__ import annotations

from replicator.plan.plan import Plan
from replicator.workflow.expressions import Binary, Value, Var, both, call, default, either, eq, get, join, ne
from replicator.workflow.jobs import PIPELINE, RUN, job
from replicator.workflow.stages.source import ARGUMENTS, PARAMETERS, SOURCE, STATE
from replicator.workflow.steps import (
    Assign,
    Call,
    Case,
    ForEach,
    ParallelFor,
    Return,
    Step,
    Subworkflow,
    Switch,
    Try,
)

_SOURCES, _STATES, _WAIT = Var("sources"), Var("states"), Var("wait")


def begin_source() -> Subworkflow:
    """A source's state before its first stage."""
    return Subworkflow(
        name="begin_source",
        purpose="A source's state before its first stage.",
        parameters=("run", "source"),
        steps=(
            Return(
                name="state",
                value={
                    "stage": "inventory", "since": call("sys.now"), "seconds": {}, "attempts": {},
                    "units": 0, "rows": 0, "bytes": 0, "copies": 0, "buffers": 0, "slices": 0, "left": 0, "drift": 0,
                    "error": None,
                    "names": {
                        "project": SOURCE["project"], "location": SOURCE["location"],
                        "region": call("text.to_lower", SOURCE["location"]),
                        "staging": SOURCE["staging"], "landing": SOURCE["landing"], "epoch": RUN["number"],
                    },
                },
            ),
        ),
    )  # fmt: skip


def advance() -> Subworkflow:
    """Move one source on by one stage where it can; what goes wrong is the source's own."""
    stages = ("inventory", "stage", "copy", "align", "clear")
    waiting = {"inventory": "inventory", "stage": "stage", "copy": "copy", "landed": "align", "committed": "clear"}
    assert set(waiting.values()) == set(stages)  # noqa: S101  # one case a stage
    error = Var("error")
    moves = tuple(
        Case(
            condition=both(eq(STATE["stage"], at), eq(RUN["target_exists"], True))
            if at == "landed"
            else eq(STATE["stage"], at),
            steps=(Call(name=f"do_{stage}", function=stage, arguments=ARGUMENTS, result="state"),),
        )
        for at, stage in waiting.items()
    )
    return Subworkflow(
        name="advance",
        purpose="Move one source on by one stage where it can; what goes wrong stops this source and no other.",
        parameters=PARAMETERS,
        steps=(
            Assign(name="before", values=(("was", STATE["stage"]),)),
            Try(
                name="move",
                steps=(Switch(name="by_stage", cases=moves),),
                error="error",
                handlers=(
                    Call(name="explain", function="explain", result="reason",
                         arguments={"source": SOURCE["name"], "stage": Var("was"), "error": error}),
                    Switch(
                        name="how_bad",
                        cases=(
                            # The rows are in the target; receipts and tables that stay are put right by the next run.
                            Case(
                                condition=eq(Var("was"), "committed"),
                                steps=(
                                    Call(name="warn", function="sys.log", arguments={
                                        "severity": "WARNING", "json": {"event": "not_cleared", "run": RUN["id"],
                                                                        "source": SOURCE["name"],
                                                                        "reason": Var("reason")}}),
                                    Assign(name="done_all_the_same", values=(("state.stage", "done"),)),
                                ),
                            ),
                            Case(
                                condition=True,
                                steps=(
                                    Assign(name="fail", values=(
                                        ("state.stage", "failed"), ("state.error", Var("reason")))),
                                ),
                            ),
                        ),
                    ),
                ),
            ),
            Switch(
                name="moved",
                cases=(Case(condition=eq(STATE["stage"], Var("was")), steps=(Return(name="as_before", value=STATE),)),),
            ),
            *note_stage(),
            Return(name="after", value=STATE),
        ),
    )  # fmt: skip


def note_stage() -> tuple[Step, ...]:
    """Steps that book the time of the stage that was left, and tell of the one that was entered."""
    now = Var("now")
    return (
        Assign(
            name="book_time",
            values=(
                ("now", call("sys.now")),
                ("state.seconds[was]", Binary(
                    "+", default(get(STATE["seconds"], Var("was")), 0), Binary("-", now, STATE["since"]))),
                ("state.since", now),
            ),
        ),
        Call(
            name="tell_stage",
            function="sys.log",
            arguments={
                "severity": "INFO",
                "json": {
                    "event": "stage", "run": RUN["id"], "source": SOURCE["name"], "from": Var("was"),
                    "stage": STATE["stage"], "units": STATE["units"], "rows": STATE["rows"], "error": STATE["error"],
                },
            },
        ),
    )  # fmt: skip


def explain() -> Subworkflow:
    """One sentence of an error: stage, source, what happened, job and console page."""
    error = Var("error")
    return Subworkflow(
        name="explain",
        purpose="One sentence of an error: source, stage, what happened, which job, where to look.",
        parameters=("source", "stage", "error"),
        steps=(
            Switch(
                name="a_text",
                cases=(
                    Case(
                        condition=eq(call("get_type", error), "string"),
                        steps=(Return(name="plainly", value=join(Var("source"), ", ", Var("stage"), ": ", error)),),
                    ),
                    Case(
                        condition=eq(get(error, "job"), None),
                        steps=(
                            Return(name="with_message", value=join(
                                Var("source"), ", ", Var("stage"), ": ",
                                default(get(error, "body", "error", "message"),
                                        default(get(error, "message"), call("json.encode_to_string", error))))),
                        ),
                    ),
                ),
            ),
            Return(name="with_job", value=join(
                Var("source"), ", ", Var("stage"), ": ", error["message"], " (job ", error["job"], ", ",
                error["console"], ")")),
        ),
    )  # fmt: skip


def drive(plan: Plan) -> Subworkflow:
    """The loop. Turns are a second apart at first and never more than a third of the lease."""
    state, each, batch = Var("state"), Var("position"), Var("batch")
    part: Value = {
        "source": SOURCE["name"],
        "manifest": join(SOURCE["landing"], ".manifest_", RUN["number"]),
        "aligned": join(SOURCE["landing"], ".aligned_", RUN["number"]),
    }
    create = job(
        "create_target", project=PIPELINE["billed_to"], location=PIPELINE["location"],
        sql=plan.statements.create_target, run={"landings": Var("landings")}, names={"epoch": RUN["number"]},
    )  # fmt: skip
    moving = either(*(eq(state["stage"], stage) for stage in ("inventory", "stage", "copy")))
    return Subworkflow(
        name="drive",
        purpose="Turn by turn: renew the lease, move every source on by one stage, commit what is aligned.",
        parameters=("pipeline", "sources", "run"),
        steps=(
            Assign(name="no_states", values=(("states", []), ("wait", 1), ("turn", 0), ("batches", 0))),
            ForEach(
                name="each_source", value="source", over=_SOURCES,
                steps=(
                    Call(name="begin", function="begin_source", arguments={"run": RUN, "source": SOURCE}, result="state"),
                    Assign(name="add", values=(("states", call("list.concat", _STATES, state)),)),
                ),
            ),
            Assign(name="next_turn", values=(("turn", Binary("+", Var("turn"), 1)), ("moved", 0))),
            Call(name="renew", function="renew_fence",
                 arguments={"pipeline": PIPELINE, "run": RUN, "turn": Var("turn")}),
            ParallelFor(
                name="side_by_side", shared=("states", "moved"),
                loop=ForEach(
                    name="side_by_side", value="source", index="position", over=_SOURCES,
                    steps=(
                        Assign(name="current", values=(("before", _STATES[each]["stage"]),)),
                        Call(name="advance_source", function="advance", result="after",
                             arguments={"pipeline": PIPELINE, "run": RUN, "source": SOURCE, "state": _STATES[each]}),
                        Assign(name="keep", values=(("states[position]", Var("after")),)),
                        Switch(name="has_moved", cases=(Case(
                            condition=ne(Var("after")["stage"], Var("before")),
                            steps=(Assign(name="count_move", values=(("moved", Binary("+", Var("moved"), 1)),)),)),)),
                    ),
                ),
            ),
            Assign(name="look_around", values=(
                ("batch", []), ("landings", []), ("on_their_way", 0), ("open", 0))),
            ForEach(
                name="each_state", value="source", index="position", over=_SOURCES,
                steps=(
                    Assign(name="this_state", values=(("state", _STATES[each]),)),
                    Switch(name="on_its_way", cases=(Case(
                        condition=moving,
                        steps=(Assign(name="count_way", values=(
                            ("on_their_way", Binary("+", Var("on_their_way"), 1)),)),)),)),
                    Switch(name="has_landed", cases=(Case(
                        condition=eq(state["stage"], "landed"),
                        steps=(Assign(name="add_landing", values=(
                            ("landings", call("list.concat", Var("landings"), SOURCE["landing"])),)),)),)),
                    Switch(name="is_aligned", cases=(Case(
                        condition=eq(state["stage"], "aligned"),
                        steps=(
                            Assign(name="describe", values=(("part", part),)),
                            Assign(name="add_part", values=(
                                ("batch", call("list.concat", batch, Var("part"))),)),
                        )),)),
                    Switch(name="is_open", cases=(Case(
                        condition=both(ne(state["stage"], "quiet"), ne(state["stage"], "done"),
                                       ne(state["stage"], "failed")),
                        steps=(Assign(name="count_open", values=(("open", Binary("+", Var("open"), 1)),)),)),)),
                ),
            ),
            # A missing target gets the union of the sources' schemas, so its making waits for those on their way.
            Switch(
                name="target_missing",
                cases=(
                    Case(
                        condition=both(
                            eq(RUN["target_exists"], False), eq(Var("on_their_way"), 0),
                            ne(call("len", Var("landings")), 0)),
                        steps=(
                            Assign(name="make", values=(("job", create),)),
                            Call(name="make_target", function="finish_job",
                                 arguments={"pipeline": PIPELINE, "run": RUN, "job": Var("job")}),
                            Assign(name="made", values=(
                                ("run.target_exists", True), ("moved", Binary("+", Var("moved"), 1)))),
                        ),
                    ),
                    Case(
                        condition=ne(call("len", batch), 0),
                        steps=(
                            Assign(name="next_batch", values=(("batches", Binary("+", Var("batches"), 1)),)),
                            Call(name="commit_batch", function="commit", result="outcome",
                                 arguments={"pipeline": PIPELINE, "run": RUN, "batch": batch,
                                            "number": call("string", Var("batches"))}),
                            ForEach(
                                name="each_committed", value="source", index="position", over=_SOURCES,
                                steps=(
                                    Assign(name="state_now", values=(("state", _STATES[each]), ("was", "aligned"))),
                                    Switch(name="in_batch", cases=(
                                        Case(condition=ne(state["stage"], "aligned"), next="continue"),)),
                                    Switch(
                                        name="well_or_not",
                                        cases=(
                                            Case(
                                                condition=eq(Var("outcome")[SOURCE["name"]], None),
                                                steps=(Assign(name="well", values=(("state.stage", "committed"),)),),
                                            ),
                                            Case(
                                                condition=True,
                                                steps=(
                                                    Call(name="explain_commit", function="explain", result="reason",
                                                         arguments={"source": SOURCE["name"], "stage": "commit",
                                                                    "error": Var("outcome")[SOURCE["name"]]}),
                                                    Assign(name="kept_out", values=(
                                                        ("state.stage", "failed"), ("state.error", Var("reason")))),
                                                ),
                                            ),
                                        ),
                                    ),
                                    *note_stage(),
                                    Assign(name="keep_state", values=(
                                        ("states[position]", state), ("moved", Binary("+", Var("moved"), 1)))),
                                ),
                            ),
                        ),
                    ),
                ),
            ),
            Switch(name="all_done", cases=(Case(
                condition=eq(Var("open"), 0), steps=(Return(name="states", value=_STATES),)),)),
            Switch(name="went_on", cases=(Case(
                condition=ne(Var("moved"), 0),
                steps=(Assign(name="quickly", values=(("wait", 1),)),), next="next_turn"),)),
            Call(name="pause", function="sys.sleep", arguments={"seconds": _WAIT}),
            Assign(name="slower", values=(
                ("wait", call("math.min", Binary("*", _WAIT, 1.5), Binary("/", PIPELINE["lease"], 3))),),
                next="next_turn"),
        ),
    )  # fmt: skip


def summarize() -> Subworkflow:
    """What the run moved, source by source and in all."""
    state, summary = Var("state"), Var("summary")

    def total(key: str) -> tuple[str, Value]:
        return (f"summary.{key}", Binary("+", summary[key], state[key]))

    return Subworkflow(
        name="summarize",
        purpose="What the run moved, source by source and in all; state is quiet, done or failed.",
        parameters=("run", "sources", "states"),
        steps=(
            Assign(
                name="nothing_yet",
                values=(
                    ("summary", {"run": RUN["id"], "epoch": RUN["epoch"], "state": "quiet", "units": 0, "rows": 0,
                                 "bytes": 0, "copies": 0, "sources": []}),
                    ("reasons", []),
                ),
            ),
            ForEach(
                name="each_source", value="source", index="position", over=_SOURCES,
                steps=(
                    Assign(
                        name="this_source",
                        values=(
                            ("state", _STATES[Var("position")]),
                            ("line", {
                                "source": SOURCE["name"], "stage": state["stage"], "units": state["units"],
                                "rows": state["rows"], "bytes": state["bytes"], "copies": state["copies"],
                                "left": state["left"], "drift": state["drift"], "seconds": state["seconds"],
                                "error": state["error"],
                            }),
                            ("summary.sources", call("list.concat", summary["sources"], Var("line"))),
                        ),
                    ),
                    Switch(
                        name="went_well",
                        cases=(
                            Case(
                                condition=eq(state["stage"], "done"),
                                steps=(
                                    Assign(name="add_up", values=(
                                        total("units"), total("rows"), total("bytes"), total("copies"))),
                                    Switch(name="anything_moved", cases=(Case(
                                        condition=eq(summary["state"], "quiet"),
                                        steps=(Assign(name="moved", values=(("summary.state", "done"),)),)),)),
                                ),
                            ),
                        ),
                    ),
                    Switch(
                        name="went_wrong",
                        cases=(
                            Case(
                                condition=ne(state["error"], None),
                                steps=(
                                    Assign(name="failed", values=(
                                        ("summary.state", "failed"),
                                        ("reasons", call("list.concat", Var("reasons"), state["error"])))),
                                ),
                            ),
                        ),
                    ),
                ),
            ),
            Assign(name="reasons_given", values=(("summary.error", None),)),
            ForEach(
                name="each_reason", value="reason", over=Var("reasons"),
                steps=(
                    Switch(name="first", cases=(
                        Case(condition=eq(summary["error"], None),
                             steps=(Assign(name="only", values=(("summary.error", Var("reason")),)),)),
                        Case(condition=True,
                             steps=(Assign(name="more", values=(
                                 ("summary.error", join(summary["error"], "; ", Var("reason"))),)),)),
                    )),
                ),
            ),
            Return(name="summary", value=summary),
        ),
    )  # fmt: skip
