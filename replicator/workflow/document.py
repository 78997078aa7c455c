"""The document: ``main`` reads as a run's stages, one subworkflow each; pipelines differ in one block of data."""

from __future__ import annotations

from dataclasses import dataclass

from replicator.plan.plan import Plan
from replicator.workflow import following, jobs, sources
from replicator.workflow.expressions import Value, Var, eq, no
from replicator.workflow.jobs import PIPELINE, RUN
from replicator.workflow.stages import advance, argument, commit, copy, datasets, drive, evolve, fence, source, summary
from replicator.workflow.steps import Assign, Call, Case, Raise, Return, Subworkflow, Switch, Try


@dataclass(frozen=True, slots=True)
class Document:
    """A workflow's source as values: comment lines, and subworkflows with ``main`` first."""

    header: tuple[str, ...]
    subworkflows: tuple[Subworkflow, ...]


def build_document(plan: Plan) -> Document:
    """Write the document of a plan; the same plan gives the same document."""
    return Document(
        header=(
            f"Made by 'replicator render {plan.pipeline}' from the pipeline's file; edits here are lost.",
            f"Brings {', '.join(route.name for route in plan.sources)} into {plan.target} in {plan.location}.",
        ),
        subworkflows=(
            main(plan),
            argument.check_argument(),
            sources.complete_sources(plan),
            fence.take_fence(),
            drive.drive(plan),
            fence.renew_fence(),
            advance.begin_source(),
            advance.advance(plan),
            source.inventory(),
            datasets.see_datasets(plan),
            source.rebuild(),
            source.restore(),
            source.stage(),
            copy.copy(),
            copy.transfer_config(),
            copy.start_transfer(),
            source.align(),
            drive.take_stock(plan),
            *((evolve.evolve_target(plan),) if plan.statements.evolve is not None else ()),
            commit.commit(),
            source.clear(),
            summary.summarize(),
            fence.finish(),
            advance.explain(),
            following.finish_job(),
            following.follow(),
            following.start_once(),
            jobs.start_job(plan),
            jobs.job_error(),
            jobs.passes(),
            following.look(),
            jobs.job_reference(),
            jobs.written_text(),
            jobs.statement(plan),
        ),
    )


def main(plan: Plan) -> Subworkflow:
    """The run on one screen."""
    run, states, moved, error = Var("run"), Var("states"), Var("summary"), Var("error")
    alike, own = sources.split_blocks(plan)
    return Subworkflow(
        name="main",
        purpose="One run: take the fence, drive the sources to their commits, say what was moved.",
        parameters=("args",),
        steps=(
            Call(name="argument", function="check_argument", arguments={"args": Var("args")}, result="args"),
            Assign(name="pipeline", values=(("pipeline", pipeline_block(plan)),)),
            Assign(name="sources", values=(("alike", alike), ("sources", own))),
            Call(name="whole_sources", function="complete_sources", result="sources",
                 arguments={"pipeline": PIPELINE, "alike": Var("alike"), "sources": Var("sources"),
                            "args": Var("args")}),
            Call(name="fence", function="take_fence", result="run",
                 arguments={"pipeline": PIPELINE, "args": Var("args")}),
            Switch(
                name="busy",
                cases=(
                    Case(
                        condition=no(run["taken"]),
                        steps=(
                            Return(name="left", value={
                                "run": run["run"], "epoch": run["epoch"], "state": "left", "holder": run["holder"],
                                "expires": run["expires"], "held_by": run["held_by"], "since": run["since"],
                                "units": 0, "rows": 0, "bytes": 0, "copies": 0, "sources": [],
                            }),
                        ),
                    ),
                ),
            ),
            Try(
                name="drive",
                steps=(
                    Call(name="drive_sources", function="drive", result="states",
                         arguments={"pipeline": PIPELINE, "sources": Var("sources"), "run": RUN}),
                ),
                error="error",
                handlers=(
                    Call(name="explain_end", function="explain", result="reason",
                         arguments={"source": PIPELINE["name"], "stage": "run", "error": error}),
                    Try(
                        name="write_failure",
                        steps=(
                            Call(name="finish_failed", function="finish",
                                 arguments={"pipeline": PIPELINE, "run": RUN, "outcome": "failed", "sources": [],
                                            "error": Var("reason")}),
                        ),
                        error="unwritten",
                        handlers=(
                            Call(name="tell_unwritten", function="sys.log", arguments={
                                "severity": "ERROR",
                                "json": {"event": "not_finished", "run": RUN["id"], "reason": Var("reason")}}),
                        ),
                    ),
                    Raise(name="ended_early", value={"message": Var("reason"), "run": RUN["id"]}),
                ),
            ),
            Call(name="summary", function="summarize", result="summary",
                 arguments={"run": RUN, "sources": Var("sources"), "states": states}),
            Call(name="finish", function="finish",
                 arguments={"pipeline": PIPELINE, "run": RUN, "outcome": moved["state"],
                            "sources": moved["sources"], "error": moved["error"]}),
            Switch(
                name="failures",
                cases=(
                    Case(
                        condition=eq(moved["state"], "failed"),
                        steps=(
                            Raise(name="failed", value={
                                "message": moved["error"], "run": RUN["id"], "sources": moved["sources"]}),
                        ),
                    ),
                ),
            ),
            Return(name="done", value=moved),
        ),
    )  # fmt: skip


def pipeline_block(plan: Plan) -> dict[str, Value]:
    """The data in which pipelines differ."""
    return {
        "name": plan.pipeline,
        "key": plan.key,
        "target": str(plan.target),
        "location": plan.location,
        "billed_to": plan.state.project,
        "lease": plan.lease_seconds,
    }
