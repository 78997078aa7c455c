"""The target gains what the landed sources have and the policies let in, before any of them is aligned."""

from __future__ import annotations

from typing import Final

from replicator.plan.plan import Plan
from replicator.workflow.expressions import Value, Var, both, join, lt, ne
from replicator.workflow.jobs import PIPELINE, RUN, job
from replicator.workflow.steps import Assign, Call, Case, ForEach, Return, Subworkflow, Switch, Try

_STATES, _WRITTEN = Var("states"), Var("written")

EVOLUTIONS: Final = 30
"""Times that a run changes the target. After a change the views of its schema may be late (managing-table-schemas), and
then the same change is sent again, which changes nothing; sources that still lack a field after so many fail."""

SETTLE_SECONDS: Final = 2
"""Between a change and the next look at the views of the target's schema."""


def evolve_target(plan: Plan) -> Subworkflow:
    """Add what is lacking and answer with null; where nothing is, mark what has landed, and answer with the states."""
    project, location = PIPELINE["billed_to"], PIPELINE["location"]
    names = {"key": RUN["key"], "epoch": RUN["number"]}
    write = job(
        join("evolve_", Var("turn")), statement="evolve", names=names, project=project, location=location,
        run={"pipeline": PIPELINE["name"], "run": RUN["id"], "epoch": RUN["epoch"], "landed": Var("stock")["landed"],
             "landings": Var("stock")["landings"]},
    )  # fmt: skip
    send = {
        **job(
            join("gain_", Var("turn")),
            written_by=_WRITTEN["job"],
            run={"run": RUN["id"]},
            project=project,
            location=location,
        ),
        "into": {"projectId": plan.target.project, "datasetId": plan.target.dataset, "tableId": plan.target.table},
    }
    call_job: dict[str, Value] = {"pipeline": PIPELINE, "run": RUN, "job": Var("job")}
    return Subworkflow(
        name="evolve_target",
        purpose="Give the target what landed sources have and drift lets in; with nothing to give they go on.",
        parameters=("pipeline", "run", "states", "stock", "turn", "evolutions"),
        steps=(
            Assign(name="write", values=(("job", write),)),
            # A target that cannot be changed keeps out what it lacks, source by source, and nothing else.
            Try(
                name="change",
                steps=(
                    Call(name="write_change", function="finish_job", arguments=call_job, result="written"),
                    Switch(name="lacking", cases=(Case(
                        condition=both(ne(_WRITTEN["fields"], None), lt(Var("evolutions"), EVOLUTIONS)),
                        steps=(
                            Assign(name="send", values=(("job", send),)),
                            Call(name="send_change", function="finish_job", arguments=call_job),
                            Call(name="tell_change", function="sys.log", arguments={
                                "severity": "NOTICE",
                                "json": {"event": "evolved", "run": RUN["id"], "fields": _WRITTEN["fields"]}}),
                            Call(name="settle", function="sys.sleep", arguments={"seconds": SETTLE_SECONDS}),
                            Return(name="look_again", value=None),
                        ),
                    ),)),
                ),
                error="error",
                handlers=(
                    Call(name="explain_change", function="explain", result="reason", arguments={
                        "source": str(plan.target), "stage": "evolve", "error": Var("error")}),
                    Call(name="warn", function="sys.log", arguments={
                        "severity": "WARNING",
                        "json": {"event": "not_evolved", "run": RUN["id"], "reason": Var("reason")}}),
                ),
            ),
            ForEach(name="each_source", value="state", index="position", over=_STATES, steps=(
                Switch(name="on_its_way", cases=(
                    Case(condition=ne(Var("state")["stage"], "landed"), next="continue"),)),
                Assign(name="let_go", values=(("states[position].fits", True),)),
            )),
            Return(name="all_let_go", value=_STATES),
        ),
    )  # fmt: skip
