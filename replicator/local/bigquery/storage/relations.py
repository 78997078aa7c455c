"""Tables, views and wildcards as queries see them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Final

from replicator.local.bigquery.googlesql.catalog import Column, Prune
from replicator.local.bigquery.storage.fragments import Fragment
from replicator.local.bigquery.storage.instants import micros
from replicator.local.bigquery.storage.partitions import ingestion_partitioned, partition_column
from replicator.local.bigquery.storage.projection import literal
from replicator.local.bigquery.storage.pruning import Extent, certain, extents, filters, wanted
from replicator.local.bigquery.storage.reading import FRAGMENT, FRAGMENT_ID, ROW, ROW_POSITION, PerFragment, read
from replicator.local.bigquery.storage.refusals import refuse
from replicator.local.bigquery.storage.sizes import leaves
from replicator.local.bigquery.storage.states import Table
from replicator.local.bigquery.types import Type, type_of
from replicator.names import TableRef

SUFFIX: Final = "_TABLE_SUFFIX"
_STRING, _INT64, _TIMESTAMP, _DATE = Type("STRING"), Type("INT64"), Type("TIMESTAMP"), Type("DATE")


@dataclass(frozen=True)
class Shard:
    """One table of a relation.

    Attributes:
        table: The table.
        suffix: What the wildcard stands for in its name; None where the relation is no wildcard.
        fragments: Asks for its fragments, when the relation is read.
    """

    table: Table
    suffix: str | None
    fragments: Callable[[], list[Fragment]]


@dataclass(frozen=True)
class TableRelation:
    """One table, or the tables that a wildcard matches, read under one table's schema.

    Attributes:
        root: The store's folder.
        reference: The table whose schema it has.
        shards: What is read; none where a wildcard is asked for in a location in which its tables are not.
        wildcard: It offers ``_TABLE_SUFFIX``.
        referenced: The tables that the relation names, whether read or not.
    """

    root: Path
    reference: Table
    shards: tuple[Shard, ...]
    wildcard: bool
    referenced: tuple[TableRef, ...]

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """The table's columns, then the pseudo columns."""
        stored = [Column(field.name, type_of(field)) for field in self.reference.definition.fields]
        pseudo = [Column(name, kind, pseudo=True) for name, kind in self._pseudo_types().items()]
        return (*stored, *pseudo)

    @cached_property
    def prunable(self) -> frozenset[str]:
        """The partition column, and the wildcard's suffix."""
        names = {SUFFIX} if self.wildcard else set()
        column = partition_column(self.reference.definition)
        if column is not None:
            names.add(column)
        if ingestion_partitioned(self.reference.definition):
            names.add("_PARTITIONDATE")
        return frozenset(names)

    def scan(self, *, columns: frozenset[str], prune: Sequence[Prune]) -> str:
        """A parenthesised DuckDB SELECT of these columns; fragments that ``prune`` excludes are not in it.

        Raises:
            BigQueryError: The table requires a filter on its partition column.
        """
        fields = [field for field in self.reference.definition.fields if field.name in columns]
        chosen = self._chosen(prune)
        owners = {fragment.id: shard for shard, fragment in chosen}
        pseudo = [(name, self._pseudo_column(name, owners)) for name in self._pseudo_types() if name in columns]
        return f"({read(self.root, [fragment for _, fragment in chosen], fields, pseudo)})"

    def measure(self, columns: frozenset[str] | None, prune: Sequence[Prune]) -> Mapping[str, int]:
        """The logical bytes of these columns in each table that is read, by its full name.

        Args:
            columns: Columns, or fields by dotted path; a record stands for all that is in it. None is all columns.
            prune: As of ``scan``.
        """
        names = None if columns is None else {name.casefold() for name in columns}
        total = {str(shard.table.ref): 0 for shard in self.shards if wanted(_suffix(shard), prune)}
        for shard, fragment in self._chosen(prune):
            total[str(shard.table.ref)] += fragment.bytes if names is None else _covered_bytes(fragment, names)
        return total

    def covered(self, prune: Sequence[Prune]) -> bool:
        """Whether the partitions that ``prune`` leaves in satisfy it with all of their rows, by what their ids say."""
        definition = self.reference.definition
        return definition.partitioning is not None and all(
            certain(extents(definition, fragment.place), prune) for _, fragment in self._chosen(prune)
        )

    def _chosen(self, prune: Sequence[Prune]) -> list[tuple[Shard, Fragment]]:
        definition = self.reference.definition
        column = partition_column(definition)
        if definition.require_partition_filter and column is not None:
            names = ("_PARTITIONTIME", "_PARTITIONDATE") if ingestion_partitioned(definition) else (column,)
            if not any(filters(name, prune) for name in names):
                listed = "', '".join(names)
                refuse(
                    f"Cannot query over table '{self.reference.ref}' without a filter over column(s) '{listed}' "
                    "that can be used for partition elimination",
                    reason="invalidQuery",
                )
        chosen: list[tuple[Shard, Fragment]] = []
        for shard in self.shards:
            known = _suffix(shard)
            if not wanted(known, prune):
                continue
            chosen.extend(
                (shard, fragment)
                for fragment in shard.fragments()
                if not prune or wanted({**known, **extents(shard.table.definition, fragment.place)}, prune)
            )
        return chosen

    def _pseudo_types(self) -> dict[str, Type]:
        kinds: dict[str, Type] = {}
        if ingestion_partitioned(self.reference.definition):
            kinds |= {"_PARTITIONTIME": _TIMESTAMP, "_PARTITIONDATE": _DATE}
        if self.wildcard:
            return kinds | {SUFFIX: _STRING}
        return kinds | {FRAGMENT: _STRING, ROW: _INT64}

    def _pseudo_column(self, name: str, owners: dict[int, Shard]) -> PerFragment:
        if name == FRAGMENT:
            return FRAGMENT_ID
        if name == ROW:
            return ROW_POSITION
        if name == SUFFIX:
            return PerFragment("VARCHAR", lambda fragment: literal(owners[fragment.id].suffix or ""))
        kind = "TIMESTAMPTZ" if name == "_PARTITIONTIME" else "DATE"
        definition = self.reference.definition

        def value(fragment: Fragment) -> str:
            extent = extents(definition, fragment.place).get(name)
            if extent is None or extent.first is None:
                return f"NULL::{kind}"
            start: datetime = extent.first
            return f"make_timestamptz({micros(start)})" if kind == "TIMESTAMPTZ" else f"DATE '{start.date()}'"

        return PerFragment(kind, value)


@dataclass(frozen=True)
class ViewRelation:
    """A view: the analysis reads its text in its place.

    Attributes:
        ref: The view.
        query: Its GoogleSQL text.
        columns: As they were when it was made.
    """

    ref: TableRef
    query: str
    columns: tuple[Column, ...]
    prunable: frozenset[str] = frozenset()

    @property
    def referenced(self) -> tuple[TableRef, ...]:
        """The view itself; what its text names comes on top."""
        return (self.ref,)

    def scan(self, *, columns: frozenset[str], prune: Sequence[Prune]) -> str:  # noqa: ARG002 - the port's signature
        """Never: a view holds no rows, and is read through ``query``."""
        refuse(f"View {self.ref} holds no rows of its own", reason="internalError")

    def measure(self, columns: frozenset[str] | None, prune: Sequence[Prune]) -> Mapping[str, int]:  # noqa: ARG002 - as above
        """Nothing: what its text reads is counted there."""
        return {}


def _suffix(shard: Shard) -> Mapping[str, Extent]:
    return {} if shard.suffix is None else {SUFFIX: Extent(shard.suffix, shard.suffix)}


def _covered_bytes(fragment: Fragment, names: set[str]) -> int:
    paths = leaves(fragment.fields)
    return sum(size for path, size in zip(paths, fragment.leaf_bytes(), strict=True) if _covered(path, names))


def _covered(path: str, names: set[str]) -> bool:
    if path in names:
        return True
    while "." in path:
        path = path.rpartition(".")[0]
        if path in names:
            return True
    return False
