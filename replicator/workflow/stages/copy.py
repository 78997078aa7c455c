"""The copy: the transfer service carries the staging dataset to the landing dataset, started here and never waited for.

A transfer run has no id of ours. Its requestedRunTime is written to the log before the call, and found again by it
(REST startManualRuns). Tables of other runs that are still there are unchanged, and those the service skips
(managing-datasets).
"""

from __future__ import annotations

from typing import Final

from replicator.workflow.expressions import Binary, Items, Var, add, both, call, default, either, eq, get, join, lt, ne
from replicator.workflow.jobs import ATTEMPTS, BRIEFLY, CALL_SECONDS, PIPELINE, RUN, insisting
from replicator.workflow.stages.source import PARAMETERS, SOURCE, STATE, at_target, follow
from replicator.workflow.steps import Assign, Call, Case, ForEach, Raise, Return, Step, Subworkflow, Switch, Try

COPY_SECONDS: Final = 36 * 3600
"""After which a copy is given up: twice its own deadline, and the 12 hours that a start may be held back."""

CONSOLE: Final = join("https://console.cloud.google.com/bigquery/transfers?project=", PIPELINE["billed_to"])

_CONFIGS: Final = "googleapis.bigquerydatatransfer.v1.projects.locations.transferConfigs"


def copy() -> Subworkflow:
    """Start the source's copy once, then look at it."""
    found = Var("found")
    return Subworkflow(
        name="copy",
        purpose="Carry the staging dataset across: start the transfer once, then look at it.",
        parameters=PARAMETERS,
        steps=(
            Switch(name="under_way", cases=(
                Case(condition=ne(get(STATE, "transfer"), None), next="insist_look_at_transfer"),)),
            *follow(
                at_target(join("landing_", SOURCE["name"]), statement="create_landing", run={"run": RUN["id"]}),
            ),
            Call(name="find_config", function="transfer_config", result="config",
                 arguments={"pipeline": PIPELINE, "source": SOURCE}),
            Call(name="start_transfer", function="start_transfer", result="transfer",
                 arguments={"run": RUN, "source": SOURCE, "config": Var("config")}),
            Assign(name="note_transfer", values=(("state.transfer", Var("transfer")),)),
            Return(name="started", value=STATE),
            insisting(Call(name="look_at_transfer", function=f"{_CONFIGS}.runs.get", result="found",
                           arguments={"name": STATE["transfer"], **BRIEFLY})),
            Switch(
                name="transfer_state",
                cases=(
                    Case(
                        condition=eq(found["state"], "SUCCEEDED"),
                        steps=(
                            Assign(name="landed", values=(
                                ("state.stage", "landed"), ("state.copies", Binary("+", STATE["buffers"], 2)))),
                        ),
                    ),
                    Case(
                        condition=either(eq(found["state"], "FAILED"), eq(found["state"], "CANCELLED")),
                        steps=(
                            Raise(name="transfer_failed", value={
                                "message": join(
                                    "the copy to ", SOURCE["landing"], " is ", found["state"], ": ",
                                    default(get(found, "errorStatus", "message"), "the service gave no reason")),
                                "job": STATE["transfer"],
                                "console": CONSOLE,
                            }),
                        ),
                    ),
                    Case(
                        condition=Binary(">", Binary("-", call("sys.now"), STATE["since"]), COPY_SECONDS),
                        steps=(
                            Raise(name="never_ends", value={
                                "message": join(
                                    "the copy to ", SOURCE["landing"], " is still ", found["state"], " after ",
                                    f"{COPY_SECONDS // 3600} hours"),
                                "job": STATE["transfer"],
                                "console": CONSOLE,
                            }),
                        ),
                    ),
                ),
            ),
            Return(name="looked", value=STATE),
        ),
    )  # fmt: skip


def transfer_config() -> Subworkflow:
    """The source's transfer config: found by its name, made when it is missing.

    ``disableAutoScheduling`` makes it one that runs on demand only (managing-datasets); the parent's location is the
    destination's (dts-locations).
    """
    page, config = Var("page"), Var("config")
    parent = join("projects/", PIPELINE["billed_to"], "/locations/", call("text.to_lower", PIPELINE["location"]))
    title = join("replicator ", PIPELINE["name"], " ", SOURCE["name"], " ", PIPELINE["key"])
    return Subworkflow(
        name="transfer_config",
        purpose="The name of a source's transfer config, which is made when it is missing.",
        parameters=("pipeline", "source"),
        steps=(
            Assign(name="place", values=(("sent", 1), ("parent", parent), ("title", title),
                ("destination", call("text.replace_all", SOURCE["landing"], join(PIPELINE["billed_to"], "."), "")),
                ("origin", call("text.replace_all", SOURCE["staging"], join(SOURCE["billed_to"], "."), "")))),
            Assign(name="first_page", values=(("token", ""),)),
            insisting(Call(
                name="list_configs", function=f"{_CONFIGS}.list", result="page",
                arguments={"parent": Var("parent"), "dataSourceIds": ["cross_region_copy"], "pageSize": 1000,
                           "pageToken": Var("token"), **BRIEFLY})),
            Switch(name="any", cases=(Case(condition=eq(get(page, "transferConfigs"), None), next="more"),)),
            ForEach(
                name="each_config", value="config", over=page["transferConfigs"],
                steps=(
                    Switch(name="ours", cases=(
                        Case(
                            condition=both(
                                eq(config["displayName"], Var("title")),
                                eq(get(config, "destinationDatasetId"), Var("destination")),
                                eq(get(config, "params", "source_project_id"), SOURCE["billed_to"]),
                                eq(get(config, "params", "source_dataset_id"), Var("origin"))),
                            steps=(Return(name="found", value=config["name"]),),
                        ),
                    )),
                ),
            ),
            Assign(name="more", values=(("token", default(get(page, "nextPageToken"), "")),)),
            Switch(name="next_page", cases=(Case(condition=ne(Var("token"), ""), next="insist_list_configs"),)),
            Try(
                name="create",
                steps=(
                    Call(
                        name="create_config", function=f"{_CONFIGS}.create", result="config",
                        arguments={
                            "parent": Var("parent"),
                            "body": {
                                "displayName": Var("title"),
                                "dataSourceId": "cross_region_copy",
                                "destinationDatasetId": Var("destination"),
                                "params": {
                                    "source_project_id": SOURCE["billed_to"],
                                    "source_dataset_id": Var("origin"),
                                    "overwrite_destination_table": True,
                                },
                                "scheduleOptions": {"disableAutoScheduling": True},
                            },
                            **BRIEFLY,
                        },
                    ),
                ),
                error="error",
                # A call that arrived after all has made the config, and the list then has it.
                handlers=again("first_page"),
            ),
            Return(name="created", value=config["name"]),
        ),
    )  # fmt: skip


def start_transfer() -> Subworkflow:
    """Start the copy, or find it started: the answer is the transfer run's name."""
    started, page, each = Var("started"), Var("page"), Var("each")
    return Subworkflow(
        name="start_transfer",
        purpose="Start a transfer run and do not wait for it; after a broken call, find it by its requested time.",
        parameters=("run", "source", "config"),
        steps=(
            Assign(name="note_time", values=(
                ("sent", 1), ("requested", call("time.format", call("int", call("sys.now")))))),
            Call(name="announce", function="sys.log", arguments={
                "severity": "INFO",
                "json": {"event": "transfer_requested", "run": RUN["id"], "source": SOURCE["name"],
                         "config": Var("config"), "requestedRunTime": Var("requested")},
            }),
            Try(
                name="start",
                steps=(
                    Call(name="start_run", function=f"{_CONFIGS}.startManualRuns", result="started",
                         arguments={"parent": Var("config"), "body": {"requestedRunTime": Var("requested")},
                                    "connector_params": {"skip_polling": True, "timeout": CALL_SECONDS}}),
                    Return(name="run_name", value=started["runs"][0]["name"]),
                ),
                error="error",
                handlers=(
                    insisting(Call(name="list_runs", function=f"{_CONFIGS}.runs.list", result="page",
                                   arguments={"parent": Var("config"), **BRIEFLY})),
                    ForEach(
                        name="each_run", value="each", over=default(get(page, "transferRuns"), Items(())),
                        steps=(
                            Switch(name="requested_by_us", cases=(
                                Case(
                                    condition=both(
                                        ne(get(each, "runTime"), None),
                                        eq(call("time.parse", each["runTime"]), call("time.parse", Var("requested")))),
                                    steps=(Return(name="found", value=each["name"]),),
                                ),
                            )),
                        ),
                    ),
                    # With the time that was asked for before: should both have arrived, the second has nothing to copy.
                    *again("start"),
                ),
            ),
        ),
    )  # fmt: skip


def again(step: str) -> tuple[Step, ...]:
    """Handlers: go back to ``step`` a little later when the error may pass, a few times; else raise it."""
    return (
        Call(name="may_pass", function="passes", arguments={"error": Var("error")}, result="passing"),
        Switch(name="try_again", cases=(
            Case(
                condition=both(lt(Var("sent"), ATTEMPTS), Var("passing")),
                steps=(
                    Call(name="wait_a_little", function="sys.sleep", arguments={"seconds": Var("sent")}),
                    Assign(name="count_call", values=(("sent", add(Var("sent"), 1)),), next=step),
                ),
            ),
        )),
        Raise(name="refused", value=Var("error")),
    )  # fmt: skip
