"""What may be set while the local cloud serves: how late things are seen, and what no page settles.

The control port reads and sets every field by its name; whoever models a thing reads the field when it needs it.
Comments name the page or say that there is none. Fields are assigned whole, so a thread sees the old or the new value.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(slots=True)
class Lags:
    """How late the service sees what has happened; seconds of the local clock, from 0.

    Attributes:
        table_storage_seconds: How long INFORMATION_SCHEMA.TABLE_STORAGE does not show a change of data
            (information-schema-table-storage: seconds to minutes late).
    """

    table_storage_seconds: float = 0.0


@dataclass(slots=True)
class Keeping:
    """How much is kept of what was.

    Attributes:
        past_bytes: The logical bytes of rows that are no longer in any table and can still be read as of a time
            within seven days (time-travel); of more than that the oldest go, and who asks for a time before is
            refused. 0 keeps nothing.
    """

    past_bytes: int = 1_000_000_000


@dataclass(slots=True)
class Unsettled:
    """What no page settles about dataset copies, with the answer that is given unless a test asks for another.

    Attributes:
        manual_runs_apart_seconds: A manual run of a transfer config starts no sooner than this after the config's
            run before it. 0: practitioners run them on demand; 43,200 holds them to the 12 h that managing-datasets
            names for scheduled ones.
        future_run_times: What startManualRuns does with a requestedRunTime in the future, which its page excludes:
            ``at_once`` as one was seen to run (googleapis/python-bigquery-datatransfer#94), ``wait`` until then, or
            ``refuse`` it.
        copies_keep_creation_time: A table that a dataset copy makes has its source's creation time, and not that of
            the copy. False: the copy is a new table in another place.
    """

    manual_runs_apart_seconds: float = 0.0
    future_run_times: Literal["at_once", "wait", "refuse"] = "at_once"
    copies_keep_creation_time: bool = False
