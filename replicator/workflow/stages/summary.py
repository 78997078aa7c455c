"""What a run moved, as its result, its ledger and a person read it."""

from __future__ import annotations

from replicator.workflow.expressions import Binary, Value, Var, call, eq, join, ne
from replicator.workflow.jobs import RUN
from replicator.workflow.stages.source import SOURCE
from replicator.workflow.steps import Assign, Case, ForEach, Return, Subworkflow, Switch

_SOURCES, _STATES = Var("sources"), Var("states")


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
                                "left": state["left"], "changed": state["changed"], "drift": state["drift"],
                                "by_dataset": state["by_dataset"],
                                "milliseconds": state["milliseconds"],
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
