"""The fence: taken before anything is looked at, renewed at each turn, given back at the end."""

from __future__ import annotations

from replicator.workflow.expressions import Binary, Var, call, default, eq, get, join
from replicator.workflow.jobs import PIPELINE, RUN, job
from replicator.workflow.steps import Assign, Call, Case, Raise, Return, Subworkflow, Switch

_TARGET = {"project": PIPELINE["billed_to"], "location": PIPELINE["location"]}
_CALL = {"pipeline": PIPELINE, "run": RUN, "job": Var("job")}


def take_fence() -> Subworkflow:
    """Take the fence, or wait for it, or leave. The execution's own id is the holder; the epoch makes the run's id."""
    taken = Var("taken")
    take = job(
        join("take_", call("string", Var("turn"))), statement="take_fence", **_TARGET,
        run={"pipeline": PIPELINE["name"], "holder": RUN["holder"], "lease": PIPELINE["lease"],
             "adopt": get(Var("args"), "adopt"), "turn": Var("when")},
    )  # fmt: skip
    busy, window = default(get(Var("args"), "if_busy"), "wait"), get(Var("args"), "window")
    when = call("if", eq(busy, "leave"), "now", call("if", eq(window, None), "next", "after"))
    return Subworkflow(
        name="take_fence",
        purpose="At the target: make the ledger, look at the target, and take the fence, or wait for it, or leave.",
        parameters=("pipeline", "args"),
        steps=(
            Assign(
                name="whoever_runs",
                values=(
                    ("turn", 0),
                    ("when", when),
                    ("holder", call("sys.get_env", "GOOGLE_CLOUD_WORKFLOW_EXECUTION_ID")),
                    ("run", {"holder": Var("holder"), "number": Var("holder")}),
                ),
            ),
            Assign(name="try_it", values=(("turn", Binary("+", Var("turn"), 1)), ("job", take))),
            Call(name="take", function="finish_job", arguments=_CALL, result="taken"),
            Switch(
                name="is_it_ours",
                cases=(
                    Case(
                        condition=taken["taken"],
                        steps=(
                            Return(
                                name="ours",
                                value={
                                    "taken": True, "id": taken["run"], "epoch": taken["epoch"],
                                    "number": taken["number"], "key": PIPELINE["key"], "holder": Var("holder"),
                                    "target_exists": taken["target_exists"], "keeps": get(taken, "keeps"),
                                    "committed": get(taken, "committed"),
                                },
                            ),
                        ),
                    ),
                    Case(
                        condition=eq(Var("when"), "now"),
                        steps=(
                            Return(
                                name="leave",
                                value={"taken": False, "run": taken["run"], "epoch": taken["epoch"],
                                       "holder": taken["holder"], "expires": taken["expires"],
                                       "held_by": get(taken, "held_by"), "since": get(taken, "since")},
                            ),
                        ),
                    ),
                ),
            ),
            Call(name="tell", function="sys.log", arguments={
                "severity": "INFO",
                "json": {"event": "waiting", "pipeline": PIPELINE["name"], "holder": taken["holder"],
                         "expires": taken["expires"], "held_by": get(taken, "held_by"),
                         "since": get(taken, "since")},
            }),
            Call(name="wait", function="sys.sleep", arguments={"seconds": Binary("/", PIPELINE["lease"], 6)},
                 next="try_it"),
        ),
    )  # fmt: skip


def renew_fence() -> Subworkflow:
    """Move the lease on; a run that has lost it ends here, before it does anything more."""
    renew = job(
        join("renew_", call("string", Var("turn"))), statement="renew_fence", **_TARGET,
        run={"holder": RUN["holder"], "epoch": RUN["epoch"], "lease": PIPELINE["lease"]},
    )  # fmt: skip
    return Subworkflow(
        name="renew_fence",
        purpose="Move the lease on; fail when another run holds the fence.",
        parameters=("pipeline", "run", "turn"),
        steps=(
            Assign(name="ask", values=(("job", renew),)),
            Call(name="renew", function="finish_job", arguments=_CALL, result="renewed"),
            Switch(
                name="still_ours",
                cases=(Case(condition=Var("renewed")["held"], steps=(Return(name="held", value=True),)),),
            ),
            Raise(
                name="lost",
                value={
                    "message": join("the fence has moved on: ", RUN["id"], " lost its lease to another run"),
                    "stage": "renew",
                },
            ),
        ),
    )  # fmt: skip


def finish() -> Subworkflow:
    """Write how the run ended, give the fence back."""
    end = job(
        "finish", statement="finish", **_TARGET,
        run={"pipeline": PIPELINE["name"], "run": RUN["id"], "epoch": RUN["epoch"], "holder": RUN["holder"],
             "state": Var("outcome"), "sources": Var("sources"), "error": Var("error")},
    )  # fmt: skip
    return Subworkflow(
        name="finish",
        purpose="At the target: write how the run ended, and give the fence back.",
        parameters=("pipeline", "run", "outcome", "sources", "error"),
        steps=(
            Assign(name="close", values=(("job", end),)),
            Call(name="write_end", function="finish_job", arguments=_CALL),
        ),
    )  # fmt: skip
