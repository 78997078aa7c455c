"""The argument of an execution: what it may hold, and the refusal of anything else before something is touched."""

from __future__ import annotations

from replicator.workflow.expressions import Binary, Items, Not, Var, both, call, default, eq, get, join, lt, ne
from replicator.workflow.steps import Assign, Case, ForEach, Raise, Return, Subworkflow, Switch, Try

ARGUMENTS = ("adopt", "again", "if_busy", "rebuild_receipts", "sources", "window")
"""What an execution's argument may hold; anything else is refused by the document's first step."""


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
            Switch(name="flags_are", cases=tuple(
                Case(
                    condition=Not(Binary("in", default(get(args, flag), otherwise=False), Items((True, False)))),
                    steps=(Raise(name=f"bad_{flag}", value=f"{flag} is neither true nor false"),),
                )
                for flag in ("again", "adopt", "rebuild_receipts")
            )),
            Switch(name="sources_are", cases=(
                Case(
                    condition=Not(Binary("in", call("get_type", get(args, "sources")), Items(("null", "list")))),
                    steps=(Raise(name="bad_sources", value="sources is no list; pass names of sources"),),
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
            Try(
                name="days_of_the_calendar",
                steps=(
                    Switch(name="window_is", cases=(
                        Case(
                            condition=both(
                                eq(call("len", args["window"]), 2),
                                call("text.match_regex", Var("begins"), Var("date")),
                                call("text.match_regex", Var("ends"), Var("date")),
                                lt(call("time.parse", join(Var("begins"), "T00:00:00Z")),
                                   call("time.parse", join(Var("ends"), "T00:00:00Z")))),
                            steps=(Return(name="fine", value=args),),
                        ),
                    )),
                ),
                error="no_date",
                handlers=(Assign(name="no_such_day", values=(("begins", ""),)),),
            ),
            Raise(name="bad_window", value=(
                "window is no span of days; pass {from, to} as dates such as 2026-11-01, to exclusive and later")),
        ),
    )  # fmt: skip
