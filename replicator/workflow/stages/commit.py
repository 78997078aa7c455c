"""The commit: everything that is aligned, in one transaction.

A batch that fails is halved until the bad source stands alone.
"""

from __future__ import annotations

from typing import Final

from replicator.workflow.expressions import Binary, Var, add, both, call, default, eq, get, join, lt
from replicator.workflow.jobs import ATTEMPTS, PIPELINE, RUN, job
from replicator.workflow.steps import Assign, Call, Case, ForEach, Raise, Return, Subworkflow, Switch, Try

STATEMENT_BYTES: Final = 30_000
"""Room for the script of a commit; what does not fit is committed by the next one, within the same run.

Variables share 512 KB, and the script is held three times on its way from the job that wrote it to its own.
"""


def commit() -> Subworkflow:
    """Commit a batch; the answer maps each source to null, or to the error that kept it out.

    A fence that has moved on is no source's fault: nothing more can be committed, and the run ends. Units that are
    committed already were committed by a job that said it had failed: what is left, if anything, is written anew.
    """
    batch, number, error = Var("batch"), Var("number"), Var("error")
    written, outcome, half, first = Var("written"), Var("outcome"), Var("half"), Var("first")
    names = {"key": RUN["key"], "epoch": RUN["number"], "batch": number}
    write = job(
        join("write_", number), statement="write_commit", names=names,
        project=PIPELINE["billed_to"], location=PIPELINE["location"],
        run={"pipeline": PIPELINE["name"], "run": RUN["id"], "epoch": RUN["epoch"], "holder": RUN["holder"],
             "lease": PIPELINE["lease"], "batch": batch, "room": STATEMENT_BYTES},
    )  # fmt: skip
    send = job(
        join("commit_", number), written_by=written["job"], run={"run": RUN["id"]}, project=PIPELINE["billed_to"],
        location=PIPELINE["location"],
    )  # fmt: skip
    call_job = {"pipeline": PIPELINE, "run": RUN, "job": Var("job")}
    message = default(get(error, "message"), "")
    next_part = (
        ("parts", add(Var("parts"), 1)),
        ("number", join(first, "_then_", call("string", Var("parts")))),
    )
    return Subworkflow(
        name="commit",
        purpose="Commit a batch in one transaction; halve it when it fails, until the bad source stands alone.",
        parameters=("pipeline", "run", "batch", "number"),
        steps=(
            Assign(name="nothing_wrong", values=(("outcome", {}), ("parts", 1), ("first", number))),
            ForEach(name="each_source", value="part", over=batch, steps=(
                Assign(name="assume_well", values=(("outcome[part.source]", None),)),)),
            Try(
                name="transaction",
                steps=(
                    Assign(name="write", values=(("job", write),)),
                    Call(name="write_script", function="finish_job", arguments=call_job, result="written"),
                    Switch(name="nothing_new", cases=(
                        Case(condition=eq(written["units"], 0),
                             steps=(Return(name="known_already", value=outcome),)),)),
                    Assign(name="send", values=(("job", send),)),
                    Call(name="commit_script", function="finish_job", arguments=call_job),
                    Switch(name="all_of_it", cases=(
                        Case(condition=eq(written["more"], 0), steps=(Return(name="committed", value=outcome),)),)),
                    Assign(name="the_rest", next="transaction", values=next_part),
                ),
                error="error",
                handlers=(
                    Switch(
                        name="whose_fault",
                        cases=(
                            Case(
                                condition=call("text.match_regex", message, "the fence has moved on"),
                                steps=(Raise(name="fenced_off", value=error),),
                            ),
                            Case(
                                condition=both(
                                    call("text.match_regex", message, "are committed already"),
                                    lt(Var("parts"), ATTEMPTS)),
                                steps=(Assign(name="look_again", next="transaction", values=next_part),),
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
            Assign(name="halve", values=(("halves", [[], []]), ("job", None))),
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
                                   "number": join(first, "_", call("string", half))},
                    ),
                    ForEach(name="each_outcome", value="name", over=call("keys", Var("part_outcome")), steps=(
                        Assign(name="take_over", values=(("outcome[name]", Var("part_outcome")[Var("name")]),)),)),
                ),
            ),
            Return(name="all_outcomes", value=outcome),
        ),
    )  # fmt: skip
