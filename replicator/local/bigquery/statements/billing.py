"""What a statement is billed for: logical bytes of what it reads, and of what DML has to write again.

https://docs.cloud.google.com/bigquery/docs/reference/standard-sql/dml-syntax#on-demand_query_size_calculation
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol, cast

from replicator.local.bigquery.googlesql.catalog import Prune, Relation
from replicator.local.bigquery.googlesql.context import Scan
from replicator.names import TableRef


class Measured(Relation, Protocol):
    """A relation that can say what reading it costs, as every relation of the storage can."""

    @property
    def referenced(self) -> tuple[TableRef, ...]:
        """The tables behind it."""
        ...

    def logical_bytes(self, columns: frozenset[str] | None, prune: Sequence[Prune]) -> int:
        """The bytes that reading these columns, or fields by dotted path, is billed for."""
        ...


def read_bytes(scans: Iterable[Scan]) -> int:
    """The bytes of the columns that are read, in the partitions that are left after pruning."""
    return sum(_measured(scan).logical_bytes(_columns([scan]), tuple(scan.prune)) for scan in scans)


def read_once(scans: Sequence[Scan]) -> int:
    """The same for the parts of one statement, which name one relation several times and read it once.

    Parts that prune differently prune nothing.
    """
    groups: dict[tuple[str, ...], list[Scan]] = {}
    for scan in scans:
        groups.setdefault(scan.path, []).append(scan)
    total = 0
    for group in groups.values():
        first = tuple(group[0].prune)
        prune = first if all(tuple(scan.prune) == first for scan in group) else ()
        total += _measured(group[0]).logical_bytes(_columns(group), prune)
    return total


def whole_bytes(scans: Iterable[Scan], ref: TableRef) -> int:
    """The bytes of all columns of ``ref`` in the partitions that any of the scans leaves in."""
    path = (ref.project, ref.dataset, ref.table)
    return max((_measured(s).logical_bytes(None, tuple(s.prune)) for s in scans if s.path == path), default=0)


def tables_of(scans: Iterable[Scan]) -> tuple[TableRef, ...]:
    """The tables behind what is read, each once, in the order in which they are met."""
    return tuple(dict.fromkeys(table for scan in scans for table in _measured(scan).referenced))


def _columns(scans: Iterable[Scan]) -> frozenset[str]:
    return frozenset(".".join(path) for scan in scans for path in scan.read)


def _measured(scan: Scan) -> Measured:
    return cast("Measured", scan.relation)
