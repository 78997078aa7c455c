"""Which values of the target's source column belong to whom.

A unit's rows are replaced by (source value, range): two sources with one value would delete each other's rows.
"""

from __future__ import annotations

from replicator.config.globs import GlobSet, common_name
from replicator.config.sources import Source
from replicator.config.tables import Partitioned, Query, Shards, WholeTable


def owned_values(source: Source) -> GlobSet:
    """The values that ``source`` may write: its id, ``<project>.<dataset>``, or ``<project>.<dataset>.<table>``."""
    if source.id is not None:
        return GlobSet((source.id,))
    match source.tables:
        case Shards():
            return source.datasets.globs.prefixed(f"{source.project}.")
        case Partitioned() | WholeTable() as named:
            return GlobSet((f"{source.project}.{named.table}",))
        case Query():
            return GlobSet(())


def common_value(one: Source, other: Source) -> str | None:
    """A value that both sources would write, or None when there can be none."""
    return common_name(owned_values(one), owned_values(other))
