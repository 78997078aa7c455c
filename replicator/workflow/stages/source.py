"""What a source goes through, one stage at a time.

Each stage starts what is long, and looks at it when it is called again. A source's state is a map: ``stage``,
``attempts`` (of its jobs, by name), ``names`` (for its statements' braces), what is counted (``units``, ``rows``,
``bytes``, ``buffers``, ``slices``, ``left``, ``copies``, ``drift``), ``seconds`` per stage, ``error``, and the
``transfer`` on its way.
"""

from __future__ import annotations

from typing import Final

from replicator.workflow.expressions import Binary, Value, Var, call, either, eq, join, lt, ne, no
from replicator.workflow.jobs import PIPELINE, RUN, job
from replicator.workflow.steps import Assign, Call, Case, ForEach, Raise, Return, Step, Subworkflow, Switch

SOURCE: Final = Var("source")
STATE: Final = Var("state")
SEEN: Final = Var("seen")
PARAMETERS: Final = ("pipeline", "run", "source", "state")
ARGUMENTS: Final = {"pipeline": PIPELINE, "run": RUN, "source": SOURCE, "state": STATE}

FOLLOW: Final = {"pipeline": PIPELINE, "run": RUN, "job": Var("job"), "attempts": STATE["attempts"]}

FIRST: Final = "inventory_"
SECOND: Final = "inventory2_"
"""What the name of an inventory's job begins with: the first of a run, and the one after receipts were rebuilt."""

SLICES: Final = 4
"""Scripts that fill a source's buffers side by side; each loops over its share: steps do not grow with datasets."""


def inventory() -> Subworkflow:
    """Which units are due; with none the source is quiet, and nothing else is started for it."""
    return Subworkflow(
        name="inventory",
        purpose="At the source: write the manifest of what is due.",
        parameters=PARAMETERS,
        steps=(
            *follow(
                at_source(join(STATE["inventory"], SOURCE["name"]), statement="inventory",
                          run={"run": RUN["id"], "slices": SLICES, "keeps": RUN["keeps"],
                               "committed": RUN["committed"], "datasets": STATE["datasets"],
                               "first": eq(STATE["page"], 0)}),
            ),
            Switch(name="receipts_lost", cases=(
                Case(
                    condition=SEEN["answer"]["lost"],
                    steps=(
                        Assign(name="ask_the_ledger", values=(("state.stage", "rebuild"), ("state.inventory", SECOND))),
                        Return(name="rebuild_first", value=STATE),
                    ),
                ),
            )),
            Assign(
                name="due",
                values=(
                    ("state.units", SEEN["answer"]["units"]),
                    ("state.slices", SEEN["answer"]["slices"]),
                    ("state.left", SEEN["answer"]["left"]),
                    ("state.changed", SEEN["answer"]["changed"]),
                    ("state.datasets", None),
                    ("state.stage", "stage"),
                ),
            ),
            Switch(
                name="changed_since",
                cases=(
                    Case(
                        condition=ne(STATE["changed"], 0),
                        steps=(
                            Call(name="tell_changed", function="sys.log", arguments={
                                "severity": "WARNING", "json": {
                                    "event": "changed_after_commit", "run": RUN["id"], "source": SOURCE["name"],
                                    "units": STATE["changed"], "names": SEEN["answer"]["names"]}}),
                        ),
                    ),
                ),
            ),
            Switch(
                name="nothing_due",
                cases=(
                    Case(
                        condition=eq(STATE["units"], 0),
                        steps=(Assign(name="quiet", values=(("state.stage", "quiet"),)),),
                    ),
                ),
            ),
            Return(name="inventoried", value=STATE),
        ),
    )  # fmt: skip


def rebuild() -> Subworkflow:
    """Read a page of what the ledger knows of the source, for ``restore``."""
    return Subworkflow(
        name="rebuild",
        purpose="At the target: a page of what the ledger knows of a source whose receipts are lost.",
        parameters=PARAMETERS,
        steps=(
            *follow(
                at_target(join("ledger_", call("string", STATE["page"]), "_", SOURCE["name"]),
                          statement="read_stamps",
                          run={"pipeline": PIPELINE["name"], "after": STATE["after"]}),
            ),
            Assign(name="carry", values=(
                ("state.after", SEEN["answer"]["after"]), ("state.stamps", SEEN["answer"]["stamps"]),
                ("state.stage", "restore"))),
            Return(name="read", value=STATE),
        ),
    )  # fmt: skip


def restore() -> Subworkflow:
    """Write the page that ``rebuild`` read as receipts; after the last one the source's inventory is taken."""
    return Subworkflow(
        name="restore",
        purpose="At the source: that page becomes receipts; after the last one comes the inventory.",
        parameters=PARAMETERS,
        steps=(
            *follow(
                at_source(join("restore_", call("string", STATE["page"]), "_", SOURCE["name"]),
                          statement="restore_receipts", run={"stamps": STATE["stamps"]}),
            ),
            # A page's jobs are over, and there may be thousands of pages.
            Assign(name="put_down", values=(
                ("state.page", Binary("+", STATE["page"], 1)), ("state.stamps", None), ("state.attempts", {}),
                ("state.stage", "rebuild"))),
            Switch(name="last_page", cases=(
                Case(
                    condition=eq(STATE["after"], None),
                    steps=(Assign(name="rebuilt", values=(("state.stage", "inventory"),)),),
                ),
            )),
            Return(name="restored", value=STATE),
        ),
    )  # fmt: skip


def stage() -> Subworkflow:
    """Fill the buffers, a bounded number of scripts at a time, and count what is ready to leave."""
    slice_ = Var("slice")
    fill = at_source(
        join("fill_", SOURCE["name"], "_", call("string", slice_)), statement="fill_slice",
        run={"run": RUN["id"], "slices": STATE["slices"], "slice": slice_},
    )  # fmt: skip
    return Subworkflow(
        name="stage",
        purpose="At the source: fill this run's buffers, several scripts side by side, and count what is in them.",
        parameters=PARAMETERS,
        steps=(
            Assign(
                name="none_filled", values=(("filled", 0),),
            ),
            ForEach(
                name="start_slices", value="slice", range=(0, Binary("-", STATE["slices"], 1)),
                steps=(
                    Assign(name="share", values=(("job", fill),)),
                    Call(name="start_slice", function="start_once", result="attempts",
                         arguments=FOLLOW),
                    Assign(name="note_start", values=(("state.attempts", Var("attempts")),)),
                ),
            ),
            ForEach(
                name="look_at_slices", value="slice", range=(0, Binary("-", STATE["slices"], 1)),
                steps=(
                    Assign(name="same_share", values=(("job", fill),)),
                    Call(name="follow_slice", function="follow", result="seen",
                         arguments=FOLLOW),
                    Assign(name="note", values=(("state.attempts", SEEN["attempts"]),)),
                    Switch(name="slice_done", cases=(Case(
                        condition=SEEN["done"],
                        steps=(Assign(name="one_more", values=(("filled", Binary("+", Var("filled"), 1)),)),)),)),
                ),
            ),
            Switch(
                name="all_filled",
                cases=(
                    Case(
                        condition=lt(Var("filled"), STATE["slices"]),
                        steps=(Return(name="still_filling", value=STATE),),
                    ),
                ),
            ),
            *follow(
                at_source(join("count_", SOURCE["name"]), statement="count_staged", run={"run": RUN["id"]}),
            ),
            Switch(
                name="complete",
                cases=(
                    Case(
                        condition=ne(SEEN["answer"]["unstaged"], 0),
                        steps=(
                            Raise(name="unstaged", value=join(
                                call("string", SEEN["answer"]["unstaged"]),
                                " units of the manifest were neither staged nor failed")),
                        ),
                    ),
                    Case(
                        condition=eq(SEEN["answer"]["units"], 0),
                        steps=(Raise(name="none_staged", value=SEEN["answer"]["error"]),),
                    ),
                ),
            ),
            Assign(
                name="totals",
                values=(
                    ("state.units", SEEN["answer"]["units"]),
                    ("state.rows", SEEN["answer"]["rows"]),
                    ("state.bytes", SEEN["answer"]["bytes"]),
                    ("state.buffers", SEEN["answer"]["buffers"]),
                    ("state.error", SEEN["answer"]["error"]),
                    ("state.stage", "copy"),
                ),
            ),
            Switch(
                name="needs_no_copy",
                cases=(
                    Case(
                        condition=eq(SOURCE["staging"], SOURCE["landing"]),
                        steps=(Assign(name="here_already", values=(("state.stage", "landed"),)),),
                    ),
                ),
            ),
            Return(name="staged", value=STATE),
        ),
    )  # fmt: skip


def align() -> Subworkflow:
    """Check what has landed against what left, and bring it to the target's schema."""
    return Subworkflow(
        name="align",
        purpose="At the target: everything that left has landed; bring it to the target's schema.",
        parameters=PARAMETERS,
        steps=(
            *follow(
                at_target(
                    join("align_", SOURCE["name"]), statement="align",
                    run={"run": RUN["id"], "epoch": RUN["epoch"], "pipeline": PIPELINE["name"],
                         "units": STATE["units"], "rows": STATE["rows"], "buffers": STATE["buffers"]},
                ),
            ),
            Switch(
                name="same_rows",
                cases=(
                    Case(
                        condition=ne(SEEN["answer"]["rows"], STATE["rows"]),
                        steps=(
                            Raise(name="rows_differ", value=join(
                                call("string", SEEN["answer"]["rows"]), " rows are aligned, ",
                                call("string", STATE["rows"]), " had left the source")),
                        ),
                    ),
                ),
            ),
            Assign(name="ready", values=(("state.stage", "aligned"), ("state.drift", SEEN["answer"]["drift"]))),
            Switch(
                name="drifted",
                cases=(
                    Case(
                        condition=either(ne(STATE["drift"], 0), ne(SEEN["answer"]["refusal"], None)),
                        steps=(
                            Call(name="tell_drift", function="sys.log", arguments={
                                "severity": "WARNING", "json": {
                                    "event": "drift", "run": RUN["id"], "source": SOURCE["name"],
                                    "fields": SEEN["answer"]["fields"], "refusal": SEEN["answer"]["refusal"]}}),
                        ),
                    ),
                ),
            ),
            Return(name="aligned", value=STATE),
        ),
    )  # fmt: skip


def clear() -> Subworkflow:
    """After the commit: receipts, and this run's tables go on both sides. Any of it may be lost."""
    return Subworkflow(
        name="clear",
        purpose="After the commit: receipts at the source, and this run's tables go on both sides.",
        parameters=PARAMETERS,
        steps=(
            *follow(
                at_source(join("receipts_", SOURCE["name"]), statement="write_receipts",
                          run={"run": RUN["id"]}),
            ),
            Switch(
                name="one_side_only",
                cases=(Case(condition=eq(SOURCE["staging"], SOURCE["landing"]), next="over"),),
            ),
            *follow(
                at_target(join("drop_", SOURCE["name"]), statement="drop_landed", run={"run": RUN["id"]}),
                prefix="landing_",
            ),
            Assign(name="over", values=(("state.stage", "done"),)),
            Return(name="cleared", value=STATE),
        ),
    )  # fmt: skip


def at_source(name: Value, *, statement: str, run: dict[str, Value]) -> dict[str, Value]:
    """A job of the source's, in its location, paid by its staging project."""
    return job(name, project=SOURCE["billed_to"], location=SOURCE["location"], statement=statement, run=run,
               source=SOURCE, names=STATE["names"])  # fmt: skip


def at_target(name: Value, *, statement: str, run: dict[str, Value]) -> dict[str, Value]:
    """A job for the source in the target's location, paid by the state's project."""
    return job(name, project=PIPELINE["billed_to"], location=PIPELINE["location"], statement=statement, run=run,
               source=SOURCE, names=STATE["names"])  # fmt: skip


def follow(this: dict[str, Value], *, prefix: str = "") -> tuple[Step, ...]:
    """Steps that start or look at a job and leave the subworkflow until it is done; then ``seen`` has its answer."""
    return (
        Assign(name=f"{prefix}job", values=(("job", this),)),
        Call(
            name=f"{prefix}follow_job", function="follow", result="seen",
            arguments=FOLLOW,
        ),
        Assign(name=f"{prefix}remember", values=(("state.attempts", SEEN["attempts"]),)),
        Switch(
            name=f"{prefix}not_yet",
            cases=(
                Case(condition=no(SEEN["done"]), steps=(Return(name=f"{prefix}later", value=STATE),)),
            ),
        ),
    )  # fmt: skip
