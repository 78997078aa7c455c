"""The document: ``main`` reads as a run's stages, one subworkflow each; pipelines differ in one block of data."""

from __future__ import annotations

from dataclasses import dataclass

from replicator.plan.plan import Plan, SourceRoute
from replicator.sql.units import Kind
from replicator.workflow import following, jobs
from replicator.workflow.expressions import (
    Binary,
    Items,
    Not,
    Value,
    Var,
    both,
    call,
    default,
    eq,
    get,
    join,
    lt,
    ne,
    no,
)
from replicator.workflow.jobs import PIPELINE, RUN
from replicator.workflow.stages import advance, commit, copy, drive, fence, source, summary
from replicator.workflow.steps import Assign, Call, Case, ForEach, Raise, Return, Subworkflow, Switch, Try

ARGUMENTS = ("adopt", "again", "if_busy", "window")
"""What an execution's argument may hold; anything else is refused by the document's first step."""


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
            check_argument(),
            name_datasets(),
            fence.take_fence(plan),
            drive.drive(plan),
            fence.renew_fence(plan),
            advance.begin_source(),
            advance.advance(),
            source.inventory(plan),
            source.stage(plan),
            copy.copy(plan),
            copy.transfer_config(),
            copy.start_transfer(),
            source.align(plan),
            drive.take_stock(),
            drive.commit_batch(),
            commit.commit(plan),
            source.clear(plan),
            summary.summarize(),
            fence.finish(plan),
            advance.explain(),
            following.finish_job(),
            following.follow(),
            following.start_once(),
            jobs.start_job(),
            jobs.job_error(),
            following.look(),
            jobs.job_reference(),
            jobs.bind(),
        ),
    )


def main(plan: Plan) -> Subworkflow:
    """The run on one screen."""
    run, states, moved, error = Var("run"), Var("states"), Var("summary"), Var("error")
    return Subworkflow(
        name="main",
        purpose="One run: take the fence, drive the sources to their commits, say what was moved.",
        parameters=("args",),
        steps=(
            Assign(name="pipeline", values=(("pipeline", pipeline_block(plan)),)),
            Assign(name="sources", values=(("sources", [_short_block(plan, route) for route in plan.sources]),)),
            Call(name="argument", function="check_argument", arguments={"args": Var("args")}, result="args"),
            Call(name="datasets", function="name_datasets", result="sources",
                 arguments={"pipeline": PIPELINE, "sources": Var("sources"), "args": Var("args")}),
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
                                "expires": run["expires"],
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


def check_argument() -> Subworkflow:
    """Refuse an argument that this document does not know, before anything is touched."""
    args, known = Var("args"), Var("known")
    return Subworkflow(
        name="check_argument",
        purpose="Refuse an argument that is not known, before anything is touched.",
        parameters=("args",),
        steps=(
            Switch(name="none", cases=(
                Case(condition=eq(args, None), steps=(Return(name="no_argument", value={}),)),
                Case(
                    condition=ne(call("get_type", args), "map"),
                    steps=(Raise(name="no_map", value="the argument is no map; pass {} or nothing"),),
                ),
            )),
            Assign(name="knows", values=(("known", list(ARGUMENTS)), ("busy", ["wait", "leave"]))),
            ForEach(
                name="each_key", value="key", over=call("keys", args),
                steps=(
                    Switch(name="is_known", cases=(
                        Case(
                            condition=Not(Binary("in", Var("key"), known)),
                            steps=(
                                Raise(name="unknown_key", value=join(
                                    "the argument has an unknown key '", Var("key"),
                                    f"'; known are {', '.join(ARGUMENTS)}")),
                            ),
                        ),
                    )),
                ),
            ),
            Switch(name="if_busy_is", cases=(
                Case(
                    condition=Not(Binary("in", default(get(args, "if_busy"), "wait"), Var("busy"))),
                    steps=(Raise(name="bad_if_busy", value="if_busy is neither 'wait' nor 'leave'"),),
                ),
            )),
            Switch(name="again_is", cases=(
                Case(
                    condition=Not(Binary("in", default(get(args, "again"), otherwise=False), Items((True, False)))),
                    steps=(Raise(name="bad_again", value="again is neither true nor false"),),
                ),
            )),
            Switch(name="any_window", cases=(
                Case(condition=eq(get(args, "window"), None), steps=(Return(name="unbounded", value=args),)),
            )),
            Assign(name="what_a_date_is", values=(
                ("begins", ""), ("ends", ""), ("date", "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"))),
            Switch(name="two_dates", cases=(
                Case(
                    condition=eq(call("get_type", args["window"]), "map"),
                    steps=(Assign(name="dates", values=(
                        ("begins", call("json.encode_to_string", get(args["window"], "from"))),
                        ("ends", call("json.encode_to_string", get(args["window"], "to"))),
                        ("begins", call("text.replace_all", Var("begins"), '"', "")),
                        ("ends", call("text.replace_all", Var("ends"), '"', "")))),),
                ),
            )),
            Switch(name="window_is", cases=(
                Case(
                    condition=both(
                        call("text.match_regex", Var("begins"), Var("date")),
                        call("text.match_regex", Var("ends"), Var("date")),
                        lt(call("time.parse", join(Var("begins"), "T00:00:00Z")),
                           call("time.parse", join(Var("ends"), "T00:00:00Z")))),
                    steps=(Return(name="fine", value=args),),
                ),
            )),
            Raise(name="bad_window", value=(
                "window is no span of days; pass {from, to} as dates such as 2026-11-01, to exclusive and later")),
        ),
    )  # fmt: skip


def name_datasets() -> Subworkflow:
    """The sources with the names of their datasets, derived where the file gives none, and with what is asked for."""
    each, stem = Var("source"), Var("stem")
    return Subworkflow(
        name="name_datasets",
        purpose="Name the datasets of each source whose file names none, and say with it which units are asked for.",
        parameters=("pipeline", "sources", "args"),
        steps=(
            Assign(name="none_named", values=(("named", []),)),
            ForEach(
                name="each_source", value="source", over=Var("sources"),
                steps=(
                    Assign(name="derive", values=(
                        ("stem", join(".replicator_", PIPELINE["name"], "__", each["name"], "__", PIPELINE["key"])),
                        ("source.staging", default(
                            get(each, "staging"), join(each["billed_to"], stem, "_staging"))),
                        ("source.landing", default(
                            get(each, "landing"), join(PIPELINE["billed_to"], stem, "_landing"))),
                        ("source.again", get(Var("args"), "again")),
                        ("source.from", get(Var("args"), "window", "from")),
                        ("source.to", get(Var("args"), "window", "to")),
                        ("named", call("list.concat", Var("named"), each)),
                    )),
                ),
            ),
            Return(name="all_named", value=Var("named")),
        ),
    )  # fmt: skip


def _short_block(plan: Plan, route: SourceRoute) -> dict[str, Value]:
    """A source's block without the names that ``name_datasets`` derives: a document has room for many sources."""
    stem = plan.derived(route.name)
    derived = {"staging": f"{route.staging.project}.{stem}_staging", "landing": f"{plan.state.project}.{stem}_landing"}
    return {key: value for key, value in source_block(route).items() if derived.get(key) != value}


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


def source_block(route: SourceRoute) -> dict[str, Value]:
    """One source as data, without what it does not set; no statement and no step is added for it."""
    optional: dict[str, Value] = {
        "id": route.id,
        "exclude": list(route.exclude),
        "drop": list(route.drop),
        "hash": list(route.hash),
        "rename": [list(pair) for pair in route.rename],
        "where": route.where,
        "lookback": route.lookback_days,
        "kind": None if route.kind is Kind.SHARDS else route.kind.value,
        "dataset": route.dataset,
        "pattern": route.pattern,
        "query": route.query,
        "by": route.by,
        "always": route.always,
        "labels": dict(route.labels),
        "max_bytes_billed": None if route.max_bytes_billed is None else str(route.max_bytes_billed),
    }
    return {
        "name": route.name,
        "project": route.project,
        "location": route.location,
        "billed_to": route.staging.project,
        "staging": str(route.staging),
        "landing": str(route.landing),
        "include": list(route.include),
        "prefix": route.prefix,
        **{key: value for key, value in optional.items() if value},
    }
