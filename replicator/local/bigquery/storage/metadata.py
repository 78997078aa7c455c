"""Metadata views as relations: found by their path, read from the catalog when a query scans them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from replicator.local.bigquery.errors import unmodelled
from replicator.local.bigquery.googlesql.catalog import Column, Prune
from replicator.local.bigquery.storage.metadata_scope import FieldsView, Qualifier, Row, Scope, View, named
from replicator.local.bigquery.storage.metadata_views import TABLES_META, VIEWS
from replicator.local.bigquery.storage.overlay import Overlay
from replicator.local.bigquery.storage.projection import empty_relation, literal
from replicator.local.bigquery.storage.pruning import Extent, wanted
from replicator.local.bigquery.storage.refusals import dataset_not_found, refuse
from replicator.local.bigquery.storage.states import Dataset
from replicator.local.bigquery.types import Type, duckdb_name, duckdb_type
from replicator.names import DatasetRef, TableRef

_SCHEMA: Final = "INFORMATION_SCHEMA"
_REGION: Final = "region-"
_DEFAULT_LOCATION: Final = "US"
_TABLE_NAME: Final = frozenset({"table_catalog", "table_schema", "table_name"})
# What joins tables and their fields; no view has a column of that name.
_SHAPE: Final = "shape"
_INT64: Final = Type("INT64")


@dataclass(frozen=True)
class MetadataRelation:
    """One metadata view in one place.

    Attributes:
        name: Told in messages.
        view: The view.
        overlay: The transaction's view of the catalog.
        project: The project.
        location: Where it is.
        datasets: The datasets that are asked about.
    """

    name: str
    view: View | FieldsView
    overlay: Overlay
    project: str
    location: str
    datasets: tuple[Dataset, ...]

    @property
    def referenced(self) -> tuple[TableRef, ...]:
        """No table of anyone's."""
        return ()

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """The documented columns."""
        return tuple(Column(name, kind) for name, kind in self.view.columns)

    @property
    def prunable(self) -> frozenset[str]:
        """The names of datasets and tables, by which rows are left out before they are made."""
        return frozenset({"table_schema", "table_name"} & {name for name, _ in self.view.columns})

    def scan(self, *, columns: frozenset[str], prune: Sequence[Prune]) -> str:
        """A parenthesised DuckDB SELECT of these columns, its rows written out in it."""

        def may(known: Mapping[str, str]) -> bool:
            return wanted({name: Extent(value, value) for name, value in known.items()}, prune)

        scope = Scope(self.overlay, self.project, self.location, self.datasets, columns, may)
        kinds = {column.name: column.type for column in self.columns if column.name in columns}
        if isinstance(self.view, FieldsView):
            return _fields(scope, self.view, kinds)
        return _written_out(list(self.view.rows(scope)), kinds)

    def measure(self, columns: frozenset[str] | None, prune: Sequence[Prune]) -> Mapping[str, int]:  # noqa: ARG002 - the port's
        """What a metadata query is billed at least (information-schema-intro, pricing)."""
        return {self.name: 10 * 1024 * 1024}


def metadata_relation(overlay: Overlay, path: tuple[str, ...], location: str | None) -> MetadataRelation | None:
    """The metadata view of that path; None where the path names none.

    Raises:
        BigQueryError: There is no such view, it lies elsewhere, or is qualified by what it cannot be.
    """
    if len(path) > 1 and path[-1].upper() == "__TABLES__":
        ref = DatasetRef(*path[-3:-1])
        only = _here(overlay, ref, location)
        return MetadataRelation(".".join(path), TABLES_META, overlay, ref.project, only.definition.location, (only,))
    if len(path) < 2 or path[-2].upper() != _SCHEMA:
        return None
    name, project = path[-1].upper(), path[0]
    if name not in VIEWS:
        what = f"{_SCHEMA}.{name}"
        raise unmodelled(what)
    view, qualifier = VIEWS[name], path[1] if len(path) == 4 else None
    if qualifier is not None and not qualifier.lower().startswith(_REGION):
        if Qualifier.DATASET not in view.qualifiers:
            refuse(
                f"{_SCHEMA}.{name} is qualified by a region, `region-…`, and not by a dataset", reason="invalidQuery"
            )
        only = _here(overlay, DatasetRef(project, qualifier), location)
        return MetadataRelation(".".join(path), view, overlay, project, only.definition.location, (only,))
    if Qualifier.REGION not in view.qualifiers:
        refuse(f"{_SCHEMA}.{name} must be qualified with a dataset", reason="invalidQuery")
    region = qualifier[len(_REGION) :] if qualifier is not None else location or _DEFAULT_LOCATION
    if location is not None and region.casefold() != location.casefold():
        raise dataset_not_found(DatasetRef(project, qualifier or _SCHEMA), location)
    overlay.rights.check_region(project, name, region)
    datasets = tuple(
        dataset for dataset in overlay.datasets(project) if dataset.definition.location.casefold() == region.casefold()
    )
    return MetadataRelation(".".join(path), view, overlay, project, region, datasets)


def _fields(scope: Scope, view: FieldsView, kinds: Mapping[str, Type]) -> str:
    """Tables, and the rows of each kind of table, joined by DuckDB.

    A region holds hundreds of datasets and few schemas, so there are far fewer of both than there are fields.
    """
    tables: list[Row] = []
    rows: list[Row] = []
    shapes: dict[object, int] = {}
    found = list(scope.tables())
    # The tables are held while their schemas are told apart by identity: equal ones are one object (read_schema).
    for table in found:
        definition = table.definition
        key = (id(definition.fields), definition.partitioning, definition.clustering)
        if key not in shapes:
            shapes[key] = len(shapes)
            rows.extend({_SHAPE: shapes[key], **row} for row in view.rows(definition))
        tables.append({_SHAPE: shapes[key], **named(table)})
    outer = {name: kind for name, kind in kinds.items() if name in _TABLE_NAME}
    inner = {name: kind for name, kind in kinds.items() if name not in _TABLE_NAME}
    if not rows:
        return _written_out(rows, kinds)
    listed = [f"t.{duckdb_name(name)}" if name in outer else f"f.{duckdb_name(name)}" for name in kinds]
    return (
        f"(SELECT {', '.join(listed) or 'true AS counted'} FROM {_written_out(tables, {_SHAPE: _INT64, **outer})} t "
        f"JOIN {_written_out(rows, {_SHAPE: _INT64, **inner})} f ON t.{_SHAPE} = f.{_SHAPE})"
    )


def _written_out(rows: Sequence[Row], kinds: Mapping[str, Type]) -> str:
    """A parenthesised SELECT of these rows' columns, by name with their DuckDB types."""
    if not rows:
        return f"({empty_relation([(name, duckdb_type(kind)) for name, kind in kinds.items()])})"
    if not kinds:
        return f"(SELECT true AS counted FROM range({len(rows)}))"
    # One literal of JSON, a list per column: DuckDB reads thousands of rows from it faster than it parses as VALUES.
    held = {name: [row.get(name) for row in rows] for name in kinds}
    text = literal(json.dumps(held, ensure_ascii=False, separators=(",", ":")))
    structure = literal(json.dumps({name: [_structure(kind)] for name, kind in kinds.items()}))
    listed = ", ".join(f"unnest(r.{duckdb_name(name)}) AS {duckdb_name(name)}" for name in kinds)
    return f"(SELECT {listed} FROM (SELECT from_json({text}, {structure}) AS r))"


def _here(overlay: Overlay, ref: DatasetRef, location: str | None) -> Dataset:
    dataset = overlay.find_dataset(ref)
    if dataset is None or (location is not None and dataset.definition.location.casefold() != location.casefold()):
        raise dataset_not_found(ref, location)
    return dataset


def _structure(kind: Type) -> object:
    """A type as DuckDB's ``from_json`` takes it."""
    if kind.element is not None:
        return [_structure(kind.element)]
    if kind.name == "STRUCT":
        return {name: _structure(child) for name, child in kind.fields}
    return duckdb_type(kind)
