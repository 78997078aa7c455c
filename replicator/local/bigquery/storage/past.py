"""Tables as they were: what time travel reads.

Whatever goes out of force is kept beside what is in force: fragments with the time until which they were, tables with
each definition they had. A dataset's window, and what the store has room for (retention.py), bound how far back.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from replicator.local.bigquery.errors import unmodelled
from replicator.local.bigquery.storage.commit import FORGOTTEN, REPLACED
from replicator.local.bigquery.storage.drafts import hidden
from replicator.local.bigquery.storage.fragments import Fragment
from replicator.local.bigquery.storage.instants import micros
from replicator.local.bigquery.storage.overlay import Overlay
from replicator.local.bigquery.storage.refusals import table_not_found
from replicator.local.bigquery.storage.states import Table
from replicator.local.bigquery.storage.time_travel import MOST_TIME_TRAVEL, too_early, too_late
from replicator.names import TableRef

_LIVING: Final = """
SELECT id, since FROM tables WHERE project = ? AND dataset = ? AND name = ? AND deleted IS NULL"""
_ENDED: Final = f"""
SELECT count(*) FROM past_tables
WHERE project = ? AND dataset = ? AND name = ? AND until > ? AND ending <> '{REPLACED}'"""
_FIRST: Final = """
SELECT min(since) FROM past_tables WHERE project = ? AND dataset = ? AND name = ?"""


@dataclass(frozen=True, slots=True)
class Version:
    """A table as it was.

    Attributes:
        table: The table; rows and bytes are those of then.
        fragments: Its rows, oldest first.
    """

    table: Table
    fragments: list[Fragment]


def version(overlay: Overlay, ref: TableRef, moment: datetime, *, deleted: bool = False) -> Version:
    """The table as it was.

    Args:
        overlay: The transaction's view; what it has changed itself is not the past.
        ref: The table's name, its dataset there.
        moment: As of when, in UTC.
        deleted: Tables that are gone by now are found, too.

    Raises:
        BigQueryError: There is no such table, it was not there yet, the time is outside of the window or to come, or
            what was there then is not known any more (notImplemented).
    """
    _check_known(overlay, ref, moment)
    names, at = (ref.project, ref.dataset, ref.table), micros(moment)
    living = overlay.snapshot.query(_LIVING, names)
    if not living and not deleted:
        raise table_not_found(ref)
    _check_window(overlay, ref, at)
    if overlay.snapshot.query(_ENDED, (*names, at))[0][0] > (0 if living else 1):
        what = f"a time before table {ref} was deleted and made again"
        raise unmodelled(what)
    table = overlay.snapshot.table(ref) if living and living[0][1] <= at else overlay.snapshot.past_table(ref, at)
    if table is None:
        first = overlay.snapshot.query(_FIRST, names)[0][0] or (living[0][1] if living else None)
        if first is None or at >= first:
            raise table_not_found(ref)
        raise too_early(ref, at, first)
    fragments = overlay.snapshot.past_fragments(table.id, at)
    if any(fragment.settles is not None and fragment.settles > moment for fragment in fragments):
        what = f"a time at which rows of table {ref} were in the streaming buffer"
        raise unmodelled(what)
    return Version(table, [replace(fragment, settles=None) for fragment in fragments])


def _check_known(overlay: Overlay, ref: TableRef, moment: datetime) -> None:
    if hidden(ref.dataset):
        what = "the past of a temporary table"
        raise unmodelled(what)
    if ref in overlay.changes.tables and moment >= overlay.now:
        what = f"table {ref} as of a time within the transaction that changes it"
        raise unmodelled(what)


def _check_window(overlay: Overlay, ref: TableRef, at: int) -> None:
    now = micros(overlay.now)
    if at > now:
        raise too_late(ref, at)
    window = overlay.dataset(ref.parent).definition.time_travel or MOST_TIME_TRAVEL
    first = micros(overlay.now - window)
    if at < first:
        raise too_early(ref, at, first)
    forgotten = overlay.record(*FORGOTTEN)
    if forgotten is not None and at < int(forgotten):
        what = f"{ref} as of a time whose files this local cloud did not keep (past_bytes)"
        raise unmodelled(what)
