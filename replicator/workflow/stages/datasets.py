"""A source of which no metadata view of the whole region may be read: its datasets are listed, to be asked each."""

from __future__ import annotations

from replicator.plan.plan import Plan
from replicator.sql.metadata import DATASETS, SEEN
from replicator.sql.units import Kind
from replicator.workflow.expressions import Binary, Expression, Var, both, call, default, either, eq, get, join, ne
from replicator.workflow.jobs import BRIEFLY, RUN
from replicator.workflow.stages.source import PARAMETERS, SOURCE, STATE
from replicator.workflow.steps import Assign, Call, Case, ForEach, Raise, Return, Subworkflow, Switch

PAGE = 200
"""Datasets a page: some 60 KB, of the 512 that all variables share."""


def see_datasets(plan: Plan) -> Subworkflow:
    """List the source's datasets that the account may see: the inventory is then taken again, of views of its own."""
    names, page, dataset, token = Var("names"), Var("page"), Var("dataset"), Var("token")
    id_ = dataset["datasetReference"]["datasetId"]
    here = eq(call("text.to_lower", dataset["location"]), call("text.to_lower", SOURCE["location"]))
    few = both(eq(token, ""), eq(call("len", names), 0))
    return Subworkflow(
        name="see_datasets",
        purpose="Where only datasets are granted: list the source's, for the inventory to ask each.",
        parameters=PARAMETERS,
        steps=(
            Assign(name="none_listed", values=(
                ("names", []), ("none", []), ("token", ""), ("patterns", _patterns(plan)))),
            Call(
                name="list", function="googleapis.bigquery.v2.datasets.list", result="page",
                arguments={"projectId": STATE["names"]["project"], "maxResults": PAGE, "pageToken": token, **BRIEFLY}),
            ForEach(
                name="each", value="dataset", over=default(get(page, "datasets"), Var("none")),
                steps=(
                    ForEach(name="each_pattern", value="pattern", over=Var("patterns"), steps=(
                        Assign(name="name_it", values=(
                            ("names", call(
                                "if", both(here, call("text.match_regex", id_, Var("pattern"))),
                                call("list.concat", names, id_), names)),)),
                    )),
                ),
            ),
            Assign(name="further", values=(("token", default(get(page, "nextPageToken"), "")),)),
            Switch(name="more", cases=(
                Case(
                    condition=either(Binary(">", call("len", names), DATASETS), few),
                    steps=(
                        Raise(name="refuse", value=join(
                            "the account sees ", call("string", call("len", names)), " datasets of the source, and not "
                            "the metadata of all of project ", STATE["names"]["project"], "; grant it "
                            f"bigquery.metadataViewer there, or on 1 to {DATASETS} of the datasets")),
                    ),
                ),
                Case(condition=ne(token, ""), next="list"),
            )),
            Assign(name="by_dataset", values=(
                ("state.by_dataset", True), ("state.datasets", names), ("state.stage", "inventory"),
                ("state.names.views", join("`", SOURCE["staging"], f"`.{SEEN}", RUN["key"], "_")),
                ("state.inventory", join("datasets_", STATE["inventory"])))),
            Return(name="seen", value=STATE),
        ),
    )  # fmt: skip


def _patterns(plan: Plan) -> Expression:
    """The patterns of the source's datasets, also of the one that its table is in, or the view of its query."""
    kinds = {route.kind for route in plan.sources}
    found: Expression = SOURCE["include"]
    if kinds & {Kind.TABLE, Kind.PARTITIONED}:
        found = call("list.concat", found, join("^", STATE["names"]["dataset"], "$"))
    if Kind.QUERY in kinds:
        found = call("list.concat", found, join("^", call("text.split", SOURCE["staging"], ".")[1], "$"))
    return found
