"""What one run did, read from the document's result, and shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final, Self

from replicator.errors import FailedError
from replicator.report.tables import print_table
from replicator.report.words import BY_DATASET, counted, duration, number, size

# The document books time under what a source is in; once it has landed it waits to be aligned, and so on.
_STAGES: Final = {
    "inventory": "inventory",
    "datasets": "listing",
    "rebuild": "ledger",
    "restore": "old receipts",
    "stage": "stage",
    "copy": "copy",
    "landed": "align",
    "aligned": "commit",
    "committed": "receipts",
}


@dataclass(frozen=True, slots=True)
class SourceOutcome:
    """One source's part.

    Attributes:
        source: Its name.
        stage: How far it came: ``done``, ``quiet`` (nothing was due) or ``failed``.
        units: Units committed.
        rows: Rows committed.
        bytes: Logical bytes that crossed locations.
        copies: Tables that crossed.
        left: Units that are due and did not fit into this run.
        drift: Fields that it has and the target lacks.
        by_dataset: Its datasets were asked one by one, since the metadata of its project is denied as a whole.
        seconds: The time it spent in each stage, waiting for other sources included.
        error: Why it failed.
    """

    source: str
    stage: str
    units: int
    rows: int
    bytes: int
    copies: int
    left: int
    drift: int
    by_dataset: bool
    seconds: Mapping[str, float]
    error: str | None

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Read one entry of the result's ``sources``."""
        return cls(
            source=str(value["source"]),
            stage=str(value["stage"]),
            units=int(value.get("units") or 0),
            rows=int(value.get("rows") or 0),
            bytes=int(value.get("bytes") or 0),
            copies=int(value.get("copies") or 0),
            left=int(value.get("left") or 0),
            drift=int(value.get("drift") or 0),
            by_dataset=value.get("by_dataset") is True,
            seconds=_seconds(value.get("milliseconds") or {}),
            error=None if value.get("error") is None else str(value["error"]),
        )


@dataclass(frozen=True, slots=True)
class Outcome:
    """The whole run.

    Attributes:
        run: Its id, pipeline and epoch.
        state: ``done``, ``quiet`` (nothing was due) or ``left`` (another run holds the fence).
        sources: In the order of the pipeline's file.
        held_by: Where another run holds the fence, its id.
        since: Since when it does, as the ledger says.
        expires: Until when it does if it does no more.
    """

    run: str
    state: str
    units: int
    rows: int
    bytes: int
    copies: int
    sources: tuple[SourceOutcome, ...]
    held_by: str | None = None
    since: str | None = None
    expires: str | None = None

    @classmethod
    def from_json(cls, value: object) -> Self:
        """Read what the workflow document returned.

        Raises:
            FailedError: It is no result of a pipeline's document.
        """
        if not isinstance(value, Mapping) or "run" not in value or "state" not in value:
            msg = (
                "the workflow ended without a run's result; was it rendered by another version? run 'replicator render'"
            )
            raise FailedError(msg)
        return cls(
            run=str(value["run"]),
            state=str(value["state"]),
            units=int(value.get("units") or 0),
            rows=int(value.get("rows") or 0),
            bytes=int(value.get("bytes") or 0),
            copies=int(value.get("copies") or 0),
            sources=tuple(SourceOutcome.from_json(source) for source in value.get("sources") or ()),
            held_by=_text(value.get("held_by")),
            since=_text(value.get("since")),
            expires=_text(value.get("expires")),
        )

    @property
    def left(self) -> int:
        """Units of all sources that are due and did not fit into this run."""
        return sum(source.left for source in self.sources)

    def as_json(self) -> dict[str, Any]:
        """The same as plain values, for a program."""
        return asdict(self)


def sentence(outcome: Outcome) -> str:
    """The run in one line."""
    match outcome.state:
        case "quiet":
            return f"{outcome.run}: nothing was due"
        case "left":
            holder = f"{outcome.held_by or 'another run'} holds the fence"
            since = f" since {outcome.since}" if outcome.since else ""
            until = f" until {outcome.expires} at least" if outcome.expires else ""
            return f"{holder}{since}{until}; left it alone"
        case _:
            moved = ", ".join(
                (
                    counted(outcome.units, "unit"),
                    counted(outcome.rows, "row"),
                    size(outcome.bytes),
                    counted(outcome.copies, "copy", "copies"),
                )
            )
            return f"{outcome.run}: {moved}"


def stages(outcome: Outcome) -> str:
    """The time of each stage in one line: that of the slowest source, since they move side by side."""
    slowest = {
        stage: max(part.seconds[stage] for part in outcome.sources if stage in part.seconds)
        for stage in _STAGES.values()
        if any(stage in part.seconds for part in outcome.sources)
    }
    return ", ".join(f"{stage} {duration(spent)}" for stage, spent in slowest.items())


def remainders(outcome: Outcome) -> tuple[str, ...]:
    """A sentence for each thing that a person may want to know: what the run did not bring, how it had to ask."""
    said = []
    for part in outcome.sources:
        if part.left:
            said.append(f"{part.source}: {counted(part.left, 'unit')} more due, left for the next run")
        if part.drift:
            said.append(f"{part.source}: the target lacks {counted(part.drift, 'field')} of it; see 'replicator drift'")
        if part.by_dataset:
            said.append(f"{part.source}: {BY_DATASET}")
    return tuple(said)


def sources_of(error: object) -> tuple[SourceOutcome, ...]:
    """What a failed run says of each source; empty when it failed before it had any."""
    parts = error.get("sources") if isinstance(error, Mapping) else None
    return tuple(SourceOutcome.from_json(part) for part in parts) if isinstance(parts, list) else ()


def reason_of(error: object) -> str | None:
    """Why a run failed, with the job and its console page where the error has them; None where it has no message.

    Where a call was refused and there is no job, Workflows' message has the status only, and the body what was said.
    """
    match error:
        case {"body": {"error": {"message": str(words)}}}:
            return words
    if not isinstance(error, Mapping) or not isinstance(error.get("message"), str):
        return None
    job = f" (job {error['job']}, {error.get('console')})" if "job" in error else ""
    return f"{error['message']}{job}"


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _seconds(milliseconds: Mapping[str, Any]) -> dict[str, float]:
    return {stage: int(milliseconds[at]) / 1_000 for at, stage in _STAGES.items() if at in milliseconds}


def print_outcome(outcome: Outcome) -> None:
    """Print the sources' table and the totals on stdout."""
    print_sources(outcome.sources)
    print(sentence(outcome))  # the answer goes to stdout
    for line in (stages(outcome), *remainders(outcome)):
        if line:
            print(line)  # as above


def print_sources(sources: Sequence[SourceOutcome]) -> None:
    """Print one line a source on stdout."""
    if not sources:
        return
    print_table(
        ["source", "state", "units", "rows", "bytes", "copies"],
        [
            [part.source, part.stage, number(part.units), number(part.rows), size(part.bytes), number(part.copies)]
            for part in sources
        ],
        right=["units", "rows", "bytes", "copies"],
    )
