"""What a statement is billed for: logical bytes of what it reads, and of what DML has to write again.

https://docs.cloud.google.com/bigquery/docs/reference/standard-sql/dml-syntax#on-demand_query_size_calculation
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, Protocol, cast

from replicator.local.bigquery.googlesql.catalog import Prune, Relation
from replicator.local.bigquery.googlesql.context import Scan
from replicator.names import TableRef

_MEGABYTE: Final = 1024 * 1024
_LEAST: Final = 10 * _MEGABYTE


class Measured(Relation, Protocol):
    """A relation that can say what reading it costs, as every relation of the storage can."""

    @property
    def referenced(self) -> tuple[TableRef, ...]:
        """The tables behind it."""
        ...

    def measure(self, columns: frozenset[str] | None, prune: Sequence[Prune]) -> Mapping[str, int]:
        """The bytes of these columns, or fields by dotted path, in each table that is read, by its full name."""
        ...


def billed(read: Mapping[str, int]) -> int:
    """``totalBytesBilled``: each table's bytes up to the megabyte, 10 MB at least; nothing where nothing is read.

    https://cloud.google.com/bigquery/pricing, on-demand: at least 10 MB for each table that is referenced, and for
    each query.
    """
    if not any(read.values()):
        return 0
    return sum(max(-(-size // _MEGABYTE) * _MEGABYTE, _LEAST) for size in read.values())


def read_bytes(scans: Iterable[Scan]) -> Mapping[str, int]:
    """The bytes of the columns that are read, in the partitions that are left after pruning, by table."""
    total: Counter[str] = Counter()
    for scan in scans:
        total.update(_measured(scan).measure(_columns([scan]), tuple(scan.prune)))
    return total


def read_once(scans: Sequence[Scan]) -> Counter[str]:
    """The same for the parts of one statement, which name one relation several times and read it once.

    Parts that prune differently prune nothing.
    """
    groups: dict[tuple[str, ...], list[Scan]] = {}
    for scan in scans:
        groups.setdefault(scan.path, []).append(scan)
    total: Counter[str] = Counter()
    for group in groups.values():
        first = tuple(group[0].prune)
        prune = first if all(tuple(scan.prune) == first for scan in group) else ()
        total.update(_measured(group[0]).measure(_columns(group), prune))
    return total


def whole_bytes(scans: Iterable[Scan], ref: TableRef) -> int:
    """The bytes of all columns of ``ref`` in the partitions that any of the scans leaves in."""
    path = (ref.project, ref.dataset, ref.table)
    measured = (_measured(scan).measure(None, tuple(scan.prune)) for scan in scans if scan.path == path)
    return max((sum(each.values()) for each in measured), default=0)


def tables_of(scans: Iterable[Scan]) -> tuple[TableRef, ...]:
    """The tables behind what is read, each once, in the order in which they are met."""
    return tuple(dict.fromkeys(table for scan in scans for table in _measured(scan).referenced))


def _columns(scans: Iterable[Scan]) -> frozenset[str]:
    return frozenset(".".join(path) for scan in scans for path in scan.read)


def _measured(scan: Scan) -> Measured:
    return cast("Measured", scan.relation)
