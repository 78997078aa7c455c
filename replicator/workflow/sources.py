"""The sources as data in the document: what they have in common stands there once, and what can be derived is left out.

A document has at most 128 KB for however many sources; no statement and no step is added for one of them.
"""

from __future__ import annotations

from replicator.plan.plan import Plan, SourceRoute
from replicator.sql.units import Kind
from replicator.workflow.expressions import (
    Binary,
    Not,
    Value,
    Var,
    both,
    call,
    default,
    either,
    eq,
    get,
    join,
    lt,
    ne,
)
from replicator.workflow.jobs import PIPELINE
from replicator.workflow.steps import Assign, Case, ForEach, Raise, Return, Step, Subworkflow, Switch


def source_block(route: SourceRoute) -> dict[str, Value]:
    """One source as data, without what it does not set."""
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
        "kms_key": route.kms_key,
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


def split_blocks(plan: Plan) -> tuple[dict[str, Value], list[dict[str, Value]]]:
    """What all sources have in common, and of each source what is its own; its name is always its own."""
    blocks = [_short_block(plan, route) for route in plan.sources]
    alike = {
        key: value
        for key, value in blocks[0].items()
        if len(blocks) > 1 and key != "name" and all(block.get(key) == value for block in blocks)
    }
    return alike, [{key: value for key, value in block.items() if key not in alike} for block in blocks]


def _short_block(plan: Plan, route: SourceRoute) -> dict[str, Value]:
    """A source's block without the names that ``complete_sources`` derives."""
    stem = plan.derived(route.name)
    derived = {"staging": f"{route.staging.project}.{stem}_staging", "landing": f"{plan.state.project}.{stem}_landing"}
    return {key: value for key, value in source_block(route).items() if derived.get(key) != value}


def _refuse_window(plan: Plan) -> tuple[Step, ...]:
    """Steps that refuse a window for a source whose units have no range of dates, where the plan has such a source."""
    each = Var("each")
    wide = {
        Kind.TABLE: eq(get(each, "kind"), Kind.TABLE.value),
        Kind.QUERY: both(eq(get(each, "kind"), Kind.QUERY.value), eq(get(each, "by"), None)),
    }
    found = [wide[kind] for kind in wide if any(route.kind is kind and route.by is None for route in plan.sources)]
    if not found:
        return ()
    return (
        Switch(name="window_or_whole", cases=(
            Case(
                condition=both(ne(each["from"], None), either(*found)),
                steps=(
                    Raise(name="no_range", value=join(
                        "window: the source ", each["name"], " is taken as a whole and has no days to choose from; ",
                        "leave window out, or name others in sources")),
                ),
            ),
        )),
    )  # fmt: skip


def complete_sources(plan: Plan) -> Subworkflow:
    """The sources with what they have in common, the names of their datasets, and which units are asked for."""
    each, stem, whole, asked = Var("each"), Var("stem"), Var("whole"), get(Var("args"), "sources")
    return Subworkflow(
        name="complete_sources",
        purpose="Give each source what all have in common, the names of its datasets, and which units are asked for.",
        parameters=("pipeline", "alike", "sources", "args"),
        steps=(
            Assign(name="none_yet", values=(("whole", []),)),
            ForEach(
                name="each_source", value="source", over=Var("sources"),
                steps=(
                    Switch(name="is_asked_for", cases=(
                        Case(
                            condition=both(ne(asked, None), Not(Binary("in", Var("source")["name"], asked))),
                            next="continue",
                        ),
                    )),
                    Assign(name="complete", values=(
                        ("each", call("map.merge", Var("alike"), Var("source"))),
                        ("stem", join(".replicator_", PIPELINE["name"], "__", each["name"], "__", PIPELINE["key"])),
                        ("each.staging", default(
                            get(each, "staging"), join(each["billed_to"], stem, "_staging"))),
                        ("each.landing", default(
                            get(each, "landing"), join(PIPELINE["billed_to"], stem, "_landing"))),
                        ("each.again", get(Var("args"), "again")),
                        ("each.rebuild_receipts", get(Var("args"), "rebuild_receipts")),
                        ("each.from", get(Var("args"), "window", "from")),
                        ("each.to", get(Var("args"), "window", "to")),
                        ("whole", call("list.concat", whole, each)),
                    )),
                    *_refuse_window(plan),
                ),
            ),
            Switch(name="all_found", cases=(
                Case(
                    condition=both(ne(asked, None), lt(call("len", whole), call("len", asked))),
                    steps=(Raise(name="unknown_source", value=join(
                        "sources names one that the pipeline does not have, or one twice: ",
                        call("json.encode_to_string", asked))),),
                ),
            )),
            Return(name="all_whole", value=whole),
        ),
    )  # fmt: skip
