"""What a pipeline's document logs while it runs, in plain sentences."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from replicator.report.words import counted


@dataclass(frozen=True, slots=True)
class Said:
    """One thing to tell a person.

    Attributes:
        source: The source it is about, or None for the run itself.
        text: What to tell.
        ended: Whether the source is at its end.
    """

    source: str | None
    text: str
    ended: bool = False


# What a source does once it is in a stage.
_DOING: Final = {
    "inventory": "looking for what is due",
    "datasets": "listing the datasets that it may",
    "rebuild": "rebuilding receipts from the ledger",
    "restore": "rebuilding receipts from the ledger",
    "stage": "staging",
    "copy": "copying",
    "landed": "aligning",
    "aligned": "committing",
    "committed": "writing receipts",
}

# What it has done when it leaves a stage of which there is nothing to count.
_DONE: Final = {
    "copy": "copied",
    "landed": "aligned",
    "rebuild": "the ledger is read",
    "restore": "receipts are written",
    "datasets": "datasets are listed",
}

_STATES: Final = frozenset({"quiet", "done", "failed", *_DOING})


def explain(event: object) -> Said | None:
    """The sentence for one of the document's events; None for what is none of them, or has another form.

    Args:
        event: What was logged, as ``sys.log`` was given it.
    """
    if not isinstance(event, Mapping):
        return None
    source = event.get("source")
    match event.get("event"):
        case "stage" if isinstance(source, str) and {event.get("from"), event.get("stage")} <= _STATES:
            return _stage(source, event)
        case "waiting":
            since = f" since {event.get('since')}" if event.get("since") else ""
            holder = event.get("held_by") or event.get("holder")
            return Said(None, f"waiting for the fence: {holder} holds it{since}, until {event.get('expires')}")
        case "transfer_requested" if isinstance(source, str):
            return Said(source, f"copying, as a run of {event.get('config')}")
        case "drift" if isinstance(source, str):
            lacking = f"the target lacks {event['fields']}; see 'replicator drift'" if event.get("fields") else ""
            reason = event.get("refusal")
            refused = f"no wildcard reads what landed, so each schema was projected: {reason}" if reason else ""
            return Said(None, f"{source}: {'; '.join(filter(None, (lacking, refused)))}")
        case "evolved":
            return Said(None, f"the target gained {event.get('fields')}")
        case "not_evolved":
            return Said(None, f"the target could not be changed, which keeps out what it lacks: {event.get('reason')}")
        case "not_cleared" if isinstance(source, str):
            fact = f"{source}: committed, but not cleared up, which the next run does"
            return Said(None, f"{fact}: {event.get('reason')}")
        case "not_finished":
            fact = "how the run ended could not be written, so its lease runs out by itself"
            return Said(None, f"{fact}: {event.get('reason')}")
        case _:
            return None


def _stage(source: str, event: Mapping[str, Any]) -> Said:
    was, stage = event["from"], event["stage"]
    units = counted(int(event.get("units") or 0), "unit")
    amount = f"{units}, {counted(int(event.get('rows') or 0), 'row')}"
    match stage:
        case "failed":
            return Said(source, f"failed: {event.get('error')}", ended=True)
        case "quiet":
            return Said(source, "nothing is due", ended=True)
        case "done":
            return Said(source, f"{amount} done", ended=True)
        case _:
            over = {"inventory": f"{units} due", "stage": f"{amount} staged", "aligned": f"{amount} committed"}
            if stage == "datasets":
                return Said(source, f"the account may not ask the whole region; {_DOING[stage]}")
            if stage == "rebuild":
                return Said(source, f"receipts are missing; {_DOING[stage]}")
            fact = over.get(was, _DONE.get(was, was))
            return Said(source, f"{fact}; {_DOING.get(stage, stage)}")
