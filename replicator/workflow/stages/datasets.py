"""A source of which no metadata view of the whole region may be read: its datasets are listed, to be asked each."""

from __future__ import annotations

from replicator.sql.metadata import SEEN
from replicator.workflow.expressions import Binary, Var, call, default, eq, get, join, ne
from replicator.workflow.jobs import BRIEFLY, RUN
from replicator.workflow.stages.source import PARAMETERS, SOURCE, STATE
from replicator.workflow.steps import Assign, Call, Case, ForEach, Raise, Return, Subworkflow, Switch

PAGE = 200
"""Datasets a page: some 60 KB, of the 512 that all variables share."""

MOST = 1000
"""Datasets of one location whose names the variables have room for."""


def see_datasets() -> Subworkflow:
    """List the datasets that the account may see, so that the inventory is taken again with views of its own."""
    names, page, dataset, token = Var("names"), Var("page"), Var("dataset"), Var("token")
    here = eq(call("text.to_lower", dataset["location"]), call("text.to_lower", SOURCE["location"]))
    return Subworkflow(
        name="see_datasets",
        purpose="Where only datasets are granted: list them, for the inventory to ask each.",
        parameters=PARAMETERS,
        steps=(
            Assign(name="none_listed", values=(("names", []), ("token", ""))),
            Call(
                name="list", function="googleapis.bigquery.v2.datasets.list", result="page",
                arguments={"projectId": STATE["names"]["project"], "maxResults": PAGE, "pageToken": token, **BRIEFLY}),
            Switch(name="any", cases=(Case(condition=eq(get(page, "datasets"), None), next="further"),)),
            ForEach(
                name="each", value="dataset", over=page["datasets"],
                steps=(
                    Assign(name="name_it", values=(
                        ("names", call("if", here, call("list.concat", names, dataset["datasetReference"]["datasetId"]),
                                       names)),)),
                ),
            ),
            Assign(name="further", values=(("token", default(get(page, "nextPageToken"), "")),)),
            Switch(name="more", cases=(
                Case(
                    condition=Binary(">", call("len", names), MOST),
                    steps=(Raise(name="too_many", value=f"more than {MOST} datasets: grant rights on the project"),),
                ),
                Case(condition=ne(token, ""), next="list"),
            )),
            Assign(name="by_dataset", values=(
                ("state.datasets", names), ("state.stage", "inventory"),
                ("state.names.views", join("`", SOURCE["staging"], f"`.{SEEN}", RUN["key"], "_")),
                ("state.inventory", join("datasets_", STATE["inventory"])))),
            Return(name="seen", value=STATE),
        ),
    )  # fmt: skip
