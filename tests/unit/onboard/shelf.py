"""Metadata as values: what a project holds, without a cloud."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from replicator.errors import NotFoundError
from replicator.names import DatasetRef, TableRef

Resource = Mapping[str, Any]


def columns(*described: str) -> list[dict[str, Any]]:
    """Fields from texts such as ``id INTEGER``; the type is STRING if none is said."""
    pairs = (text.partition(" ") for text in described)
    return [{"name": name, "type": kind or "STRING"} for name, _, kind in pairs]


@dataclass
class Shelf:
    """The port, over resources that a test puts there."""

    places: dict[DatasetRef, str] = field(default_factory=dict)
    held: dict[TableRef, dict[str, Any]] = field(default_factory=dict)
    labels: dict[DatasetRef, dict[str, str]] = field(default_factory=dict)

    def put(
        self, dataset: str, names: Iterable[str], fields: Sequence[Resource], *, at: str = "EU", **more: Any
    ) -> None:
        """Tables with these columns in a dataset; ``more`` are members of their resources."""
        ref = DatasetRef.parse(dataset)
        self.places[ref] = at
        for name in names:
            reference = {"projectId": ref.project, "datasetId": ref.dataset, "tableId": name}
            self.held[ref.table(name)] = {
                "tableReference": reference, "type": "TABLE", "schema": {"fields": list(fields)}, **more
            }  # fmt: skip

    def datasets(self, project: str) -> Sequence[Resource]:
        """As the port says."""
        return [self.dataset(ref) for ref in self.places if ref.project == project]

    def dataset(self, ref: DatasetRef) -> Resource:
        """As the port says."""
        if ref not in self.places:
            msg = f"reading dataset {ref}: not found"
            raise NotFoundError(msg)
        reference = {"projectId": ref.project, "datasetId": ref.dataset}
        labels = self.labels.get(ref, {})
        return {"datasetReference": reference, "location": self.places[ref], "labels": labels}

    def tables(self, ref: DatasetRef) -> Sequence[Resource]:
        """As the port says, without schemas."""
        return [
            {key: value for key, value in resource.items() if key != "schema"}
            for table, resource in self.held.items()
            if table.parent == ref
        ]

    def table(self, ref: TableRef) -> Resource:
        """As the port says."""
        if ref not in self.held:
            msg = f"reading table {ref}: not found"
            raise NotFoundError(msg)
        return self.held[ref]
