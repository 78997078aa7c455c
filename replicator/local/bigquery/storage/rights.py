"""What callers may do in a project: everything, unless a test takes their rights on the project itself away.

Then they have those on its datasets that are left to them: a view of metadata over a whole region is denied
(information-schema-table-storage, required permissions), and lists show the datasets that are granted
(listing-datasets).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from replicator.local.bigquery.storage.refusals import refuse
from replicator.names import DatasetRef


@dataclass(slots=True)
class Rights:
    """Which projects are granted by datasets only; may be set while it serves.

    Attributes:
        withheld: For each such project a pattern of the whole names of the datasets that are not granted, either.
    """

    withheld: dict[str, re.Pattern[str]] = field(default_factory=dict)

    def shows(self, ref: DatasetRef) -> bool:
        """Whether the caller knows that the dataset is there."""
        pattern = self.withheld.get(ref.project)
        return pattern is None or pattern.fullmatch(ref.dataset) is None

    def check_dataset(self, ref: DatasetRef) -> None:
        """Let pass who may use the dataset.

        Raises:
            BigQueryError: accessDenied.
        """
        if not self.shows(ref):
            name = f"{ref.project}:{ref.dataset}"
            fact = f"Permission bigquery.datasets.get denied on dataset {name} (or it may not exist)."
            refuse(f"Access Denied: Dataset {name}: {fact}", reason="accessDenied")

    def check_region(self, project: str, view: str, location: str) -> None:
        """Let pass who may read a metadata view of a whole region.

        Raises:
            BigQueryError: accessDenied, as joshtemple/harlequin-bigquery#12 has it.
        """
        if project in self.withheld:
            name = f"{project}:region-{location}.INFORMATION_SCHEMA.{view}"
            fact = f"User does not have permission to query table {name}, or perhaps it does not exist in location"
            refuse(f"Access Denied: Table {name}: {fact} {location}.", reason="accessDenied")
