"""One source moved on by one stage: what it is in, what comes next, what becomes of an error."""

from __future__ import annotations

from typing import Final

from replicator.plan.plan import Plan
from replicator.sql.metadata import DENIED
from replicator.workflow.expressions import Binary, Var, both, call, default, eq, get, join, ne, no
from replicator.workflow.jobs import RUN
from replicator.workflow.stages.source import ARGUMENTS, FIRST, PARAMETERS, SOURCE, STATE
from replicator.workflow.steps import Assign, Call, Case, Return, Step, Subworkflow, Switch, Try

_STAGES = {
    "inventory": "inventory", "datasets": "see_datasets", "rebuild": "rebuild", "restore": "restore",
    "stage": "stage", "copy": "copy", "landed": "align", "committed": "clear",
}  # fmt: skip
"""What a source is in, and the subworkflow that moves it on; in every other stage it waits, or is at its end."""


LOOK_SECONDS: Final = 4 * 1800
"""A source that has been in a stage for so long is looked at every half hour; before, after a quarter of its time."""


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
                    "stage": "inventory", "since": call("sys.now"), "milliseconds": {}, "attempts": {}, "look_at": 0,
                    "units": 0, "rows": 0, "bytes": 0, "copies": 0, "buffers": 0, "slices": 0, "left": 0, "changed": 0,
                    "drift": 0, "by_dataset": False, "datasets": None, "inventory": FIRST, "page": 0, "after": None,
                    "error": None,
                    "names": {
                        "project": SOURCE["project"], "location": SOURCE["location"],
                        "views": join("`", SOURCE["project"], "`.`region-", call("text.to_lower", SOURCE["location"]),
                                      "`.INFORMATION_SCHEMA."),
                        "staging": SOURCE["staging"], "landing": SOURCE["landing"],
                        "dataset": default(get(SOURCE, "dataset"), ""), "key": RUN["key"], "epoch": RUN["number"],
                    },
                },
            ),
        ),
    )  # fmt: skip


def advance(plan: Plan) -> Subworkflow:
    """Move one source on by one stage where it can; what goes wrong is the source's own."""
    error = Var("error")
    # What has landed waits for a target that is still to be made, or may be given what it lacks.
    landed = eq(STATE["stage"], "landed")
    evolves = plan.statements.evolve is not None
    ready = {"landed": both(landed, ne(get(STATE, "fits"), None) if evolves else RUN["target_exists"])}
    moves = tuple(
        Case(
            condition=ready.get(at, eq(STATE["stage"], at)),
            steps=(Call(name=f"do_{stage}", function=stage, arguments=ARGUMENTS, result="state"),),
        )
        for at, stage in _STAGES.items()
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
                                condition=both(
                                    eq(Var("was"), "inventory"), no(STATE["by_dataset"]),
                                    call("text.match_regex", Var("reason"), DENIED)),
                                steps=(Assign(name="ask_datasets", values=(("state.stage", "datasets"),)),),
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
                cases=(
                    # A target that is made ends this wait at once.
                    Case(
                        condition=both(
                            landed, eq(Var("was"), "landed"), *(() if evolves else (no(RUN["target_exists"]),))),
                        steps=(Return(name="waiting", value=STATE),),
                    ),
                    Case(
                        condition=eq(STATE["stage"], Var("was")),
                        steps=(
                            Assign(name="look_later", values=(
                                ("now", call("sys.now")),
                                ("state.look_at", Binary("+", Var("now"), Binary(
                                    "/", call("math.min", Binary("-", Var("now"), STATE["since"]), LOOK_SECONDS), 4))),
                            )),
                            Return(name="as_before", value=STATE),
                        ),
                    ),
                ),
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
                ("spent", call("int", Binary("*", Binary("-", now, STATE["since"]), 1000))),
                ("state.milliseconds[was]", Binary(
                    "+", default(get(STATE["milliseconds"], Var("was")), 0), Var("spent"))),
                ("state.since", now),
                ("state.look_at", 0),
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
