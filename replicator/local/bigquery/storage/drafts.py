"""What a transaction has changed and not yet committed."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import Enum, auto

from replicator.local.bigquery.storage.definitions import DatasetDefinition, TableDefinition
from replicator.local.bigquery.storage.fragments import Fragment
from replicator.local.bigquery.storage.states import Dataset, Table
from replicator.names import DatasetRef, TableRef


def hidden(dataset: str) -> bool:
    """Whether a dataset is in no list: it holds temporary tables and results, and has no past."""
    return dataset.startswith("_")


class OnExisting(Enum):
    """What creating does when the name is taken."""

    REFUSE = auto()
    KEEP = auto()
    REPLACE = auto()


class Contents(Enum):
    """What dropping a dataset does with tables that are still in it."""

    REFUSE = auto()
    DROP = auto()


@dataclass(slots=True)
class DatasetDraft:
    """A dataset that is made, changed or dropped.

    Attributes:
        ref: Its name.
        definition: What is to be said of it from now on.
        base: As the snapshot has it; None where it has none.
        created: How it is made; None when it is not.
        dropped: What happens to its tables when it is dropped; None when it is not.
        now: When the change was made.
    """

    ref: DatasetRef
    definition: DatasetDefinition
    base: Dataset | None
    now: datetime
    created: OnExisting | None = None
    dropped: Contents | None = None

    def seen(self) -> Dataset | None:
        """The dataset as its transaction sees it."""
        if self.dropped is not None:
            return None
        made = self.now if self.base is None else self.base.created
        etag = "" if self.base is None else self.base.etag
        return Dataset(self.ref, self.definition, made, self.now, etag)


@dataclass(frozen=True, slots=True)
class Compaction:
    """Many small fragments of the base written as few; the rows are the same, and nobody needs to notice.

    Attributes:
        replaced: Fragments of the base that are no longer needed.
        merged: Fragments with the same rows.
    """

    replaced: tuple[Fragment, ...]
    merged: tuple[Fragment, ...]


@dataclass(slots=True)
class Draft:
    """A table that is made, changed, filled or dropped.

    Attributes:
        ref: Its name.
        id: The number it has, or will have.
        location: Its dataset's.
        definition: What is to be said of it from now on.
        base: The snapshot's table that this continues; None for one that is made anew.
        now: When it was first touched.
        created: How it is made; None when it is not.
        dated: The creation time that a new table is given; None for the time of the commit.
        dropped: It is removed.
        overwritten: Whatever rows it has at the commit are gone.
        mutated: Rows were updated or deleted, which excludes others who do the same.
        redefined: ``definition`` differs from the base's.
        reshaped: And so do its columns, for which all of its rows were written anew.
        added: Fragments by id, written and in no catalog yet.
        removed: Fragments of the base that are no longer in force.
        compaction: What is tidied up on the way, if nobody stands in its way.
    """

    ref: TableRef
    id: int
    location: str
    definition: TableDefinition
    base: Table | None
    now: datetime
    created: OnExisting | None = None
    dated: datetime | None = None
    dropped: bool = False
    overwritten: bool = False
    mutated: bool = False
    redefined: bool = False
    reshaped: bool = False
    added: dict[int, Fragment] = field(default_factory=dict)
    removed: dict[int, Fragment] = field(default_factory=dict)
    compaction: Compaction | None = None

    @property
    def rows_changed(self) -> bool:
        """Whether rows came or went."""
        return bool(self.added or self.removed) or self.overwritten

    def seen(self) -> Table | None:
        """The table as its transaction sees it."""
        if self.dropped:
            return None
        kept = self.base if not self.overwritten else None
        rows = (kept.rows if kept else 0) + sum(f.rows for f in self.added.values())
        size = (kept.bytes if kept else 0) + sum(f.bytes for f in self.added.values())
        rows -= sum(f.rows for f in self.removed.values())
        size -= sum(f.bytes for f in self.removed.values())
        if self.base is None:
            made, now = self.dated or self.now, self.now
            return Table(self.id, self.ref, self.location, self.definition, made, now, now, rows, size, "")
        stored = self.now if self.rows_changed else self.base.storage_modified
        return replace(
            self.base, definition=self.definition, modified=self.now, storage_modified=stored, rows=rows, bytes=size
        )
