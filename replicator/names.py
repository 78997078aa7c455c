"""BigQuery's names: what may be one, and the three that are made of them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Self

# bigquery/docs/datasets#dataset-naming, bigquery/docs/tables#table_naming,
# cloud.google.com/resource-manager/docs/creating-managing-projects (a domain-scoped project holds one colon)
PROJECT: Final = re.compile(r"(?:[a-z0-9.-]+:)?[a-z][a-z0-9-]{4,28}[a-z0-9]")
DATASET: Final = re.compile(r"[A-Za-z0-9_]{1,1024}")
TABLE: Final = re.compile(r"[\w\- ]{1,1024}")

# bigquery/docs/locations: where datasets may lie. Regions are added a few times a year.
MULTI_REGIONS: Final = ("EU", "US")
REGIONS: Final = (
    "africa-south1", "asia-east1", "asia-east2", "asia-northeast1", "asia-northeast2", "asia-northeast3",
    "asia-south1", "asia-south2", "asia-southeast1", "asia-southeast2", "australia-southeast1",
    "australia-southeast2", "europe-central2", "europe-north1", "europe-north2", "europe-southwest1", "europe-west1",
    "europe-west10", "europe-west12", "europe-west2", "europe-west3", "europe-west4", "europe-west6",
    "europe-west8", "europe-west9", "me-central1", "me-central2", "me-west1", "northamerica-northeast1",
    "northamerica-northeast2", "northamerica-south1", "southamerica-east1", "southamerica-west1", "us-central1",
    "us-east1", "us-east4", "us-east5", "us-south1", "us-west1", "us-west2", "us-west3", "us-west4",
)  # fmt: skip
_LOCATIONS: Final = {name.casefold(): name for name in (*MULTI_REGIONS, *REGIONS)}


def known_location(text: str) -> str | None:
    """The location of that name as BigQuery prints it, whatever its case; None where there is none."""
    return _LOCATIONS.get(text.casefold())


class MalformedNameError(ValueError):
    """A text is not a BigQuery name of the kind that was asked for."""


@dataclass(frozen=True, slots=True, order=True)
class DatasetRef:
    """``project.dataset``."""

    project: str
    dataset: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``project.dataset``.

        Raises:
            MalformedNameError: A part is missing, or is no such name.
        """
        project, _, dataset = text.rpartition(".")
        if not PROJECT.fullmatch(project) or not DATASET.fullmatch(dataset):
            msg = f"{text!r} is not '<project>.<dataset>'"
            raise MalformedNameError(msg)
        return cls(project, dataset)

    def table(self, table: str) -> TableRef:
        """The table of that name in this dataset."""
        return TableRef(self.project, self.dataset, table)

    def __str__(self) -> str:
        return f"{self.project}.{self.dataset}"


@dataclass(frozen=True, slots=True, order=True)
class TableRef:
    """``project.dataset.table``."""

    project: str
    dataset: str
    table: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``project.dataset.table``.

        Raises:
            MalformedNameError: A part is missing, or is no such name.
        """
        parent, _, table = text.rpartition(".")
        project, _, dataset = parent.rpartition(".")
        if not (PROJECT.fullmatch(project) and DATASET.fullmatch(dataset) and TABLE.fullmatch(table)):
            msg = f"{text!r} is not '<project>.<dataset>.<table>'"
            raise MalformedNameError(msg)
        return cls(project, dataset, table)

    @property
    def parent(self) -> DatasetRef:
        """The dataset that holds the table."""
        return DatasetRef(self.project, self.dataset)

    def __str__(self) -> str:
        return f"{self.project}.{self.dataset}.{self.table}"
