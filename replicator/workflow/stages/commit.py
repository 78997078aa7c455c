"""The commit: everything that is aligned, in one transaction.

A batch that fails is halved until the bad source stands alone.
"""

from __future__ import annotations

from typing import Final

from replicator.plan.plan import Plan
from replicator.workflow.expressions import Binary, Var, both, call, default, eq, get, join
from replicator.workflow.jobs import PIPELINE, RUN, job
from replicator.workflow.steps import Assign, Call, Case, ForEach, Raise, Return, Subworkflow, Switch, Try

STATEMENT_CHARACTERS: Final = 40_000
"""The longest script of a batch of several sources; a longer one is halved."""


def commit(plan: Plan) -> Subworkflow:
    """Commit a batch; the answer maps each source to null, or to the error that kept it out.

    A fence that has moved on is no source's fault: nothing more can be committed, and the run ends.
    """
    batch, number, error = Var("batch"), Var("number"), Var("error")
    written, outcome, half = Var("written"), Var("outcome"), Var("half")
    names = {"key": RUN["key"], "epoch": RUN["number"], "batch": number}
    target = {"project": PIPELINE["billed_to"], "location": PIPELINE["location"]}
    write = job(
        join("write_", number), sql=plan.statements.write_commit, names=names, **target,
        run={"pipeline": PIPELINE["name"], "run": RUN["id"], "epoch": RUN["epoch"], "holder": RUN["holder"],
             "lease": PIPELINE["lease"], "batch": batch},
    )  # fmt: skip
    send = job(join("commit_", number), sql=written["statement"], run={"run": RUN["id"]}, **target)
    call_job = {"pipeline": PIPELINE, "run": RUN, "job": Var("job")}
    return Subworkflow(
        name="commit",
        purpose="Commit a batch in one transaction; halve it when it fails, until the bad source stands alone.",
        parameters=("pipeline", "run", "batch", "number"),
        steps=(
            Assign(name="nothing_wrong", values=(("outcome", {}),)),
            ForEach(name="each_source", value="part", over=batch, steps=(
                Assign(name="assume_well", values=(("outcome[part.source]", None),)),)),
            Try(
                name="transaction",
                steps=(
                    Assign(name="write", values=(("job", write),)),
                    Call(name="write_script", function="finish_job", arguments=call_job, result="written"),
                    Switch(name="nothing_new", cases=(
                        Case(condition=eq(get(written, "statement"), None),
                             steps=(Return(name="known_already", value=outcome),)),)),
                    # Variables share 512 KB, and the statement is held several times on its way to the service.
                    Switch(name="too_long", cases=(
                        Case(
                            condition=both(
                                Binary(">", call("len", written["statement"]), STATEMENT_CHARACTERS),
                                Binary(">", call("len", batch), 1)),
                            steps=(Raise(name="cut", value={"message": "the statement is too long for one batch"}),),
                        ),
                    )),
                    Assign(name="send", values=(("job", send),)),
                    Call(name="commit_script", function="finish_job", arguments=call_job),
                    Return(name="committed", value=outcome),
                ),
                error="error",
                handlers=(
                    Switch(
                        name="whose_fault",
                        cases=(
                            Case(
                                condition=call(
                                    "text.match_regex", default(get(error, "message"), ""), "the fence has moved on"),
                                steps=(Raise(name="fenced_off", value=error),),
                            ),
                            Case(
                                condition=eq(call("len", batch), 1),
                                steps=(
                                    Assign(name="alone", values=(("outcome[batch[0].source]", error),)),
                                    Return(name="kept_out", value=outcome),
                                ),
                            ),
                        ),
                    ),
                ),
            ),
            Assign(name="halve", values=(("halves", [[], []]),)),
            ForEach(
                name="deal", value="part", index="position", over=batch,
                steps=(
                    Assign(name="side", values=(("half", Binary("%", Var("position"), 2)),)),
                    Assign(name="put", values=(
                        ("halves[half]", call("list.concat", Var("halves")[half], Var("part"))),)),
                ),
            ),
            ForEach(
                name="each_half", value="half", range=(0, 1),
                steps=(
                    Call(
                        name="commit_half", function="commit", result="part_outcome",
                        arguments={"pipeline": PIPELINE, "run": RUN, "batch": Var("halves")[half],
                                   "number": join(number, "_", call("string", half))},
                    ),
                    ForEach(name="each_outcome", value="name", over=call("keys", Var("part_outcome")), steps=(
                        Assign(name="take_over", values=(("outcome[name]", Var("part_outcome")[Var("name")]),)),)),
                ),
            ),
            Return(name="all_outcomes", value=outcome),
        ),
    )  # fmt: skip
