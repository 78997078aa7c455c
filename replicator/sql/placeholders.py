"""What differs from source to source and from run to run, in braces until the document puts the name there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from replicator.sql.quoting import quote_name

PROJECT: Final = "{project}"
"""The project that holds the source's datasets."""
LOCATION: Final = "{location}"
"""The source's location, as BigQuery spells it."""
VIEWS: Final = "{views}"
"""What stands before the name of a metadata view over all of the source's datasets; see ``region_view``."""
STAGING: Final = "{staging}"
"""``project.dataset`` of the source's staging dataset."""
LANDING: Final = "{landing}"
"""``project.dataset`` of the source's landing dataset."""
DATASET: Final = "{dataset}"
"""The dataset of a source that names its table; empty for others."""
KEY: Final = "{key}"
"""Six digits of the target's name: two targets never share a table, even where they share a dataset."""
EPOCH: Final = "{epoch}"
"""The run's epoch in six digits, which every table of the run carries in its name."""
BATCH: Final = "{batch}"
"""The number of the commit within the run."""

BRACES: Final = (PROJECT, LOCATION, VIEWS, STAGING, LANDING, DATASET, KEY, EPOCH, BATCH)
"""All of them."""

MANIFEST: Final = f"manifest_{KEY}_{EPOCH}"
BUFFER_PREFIX: Final = f"buffer_{KEY}_{EPOCH}_"
ALIGNED: Final = f"aligned_{KEY}_{EPOCH}"
REFERENCE: Final = f"{BUFFER_PREFIX}DONOTUSE"
RECEIPTS: Final = f"receipts_{KEY}"
QUERY: Final = f"query_{KEY}"
"""A view in the staging dataset: the columns of a source's own query, which no other metadata tells."""


def region_view(view: str) -> str:
    """A metadata view over all of the source's datasets.

    It is INFORMATION_SCHEMA's, qualified with the region, or where that is denied the run's own of the same name
    (``metadata``).
    """
    return f"{VIEWS}{view}"


def dataset_view(dataset: str, view: str) -> str:
    """A dataset-qualified INFORMATION_SCHEMA view; ``dataset`` is ``project.dataset`` or stands for one."""
    return f"{quote_name(dataset)}.INFORMATION_SCHEMA.{view}"


def run_value(name: str) -> str:
    """A text out of the run's own arguments."""
    return f"JSON_VALUE(@run, '$.{name}')"


def source_value(name: str) -> str:
    """A text out of the source's block of data."""
    return f"JSON_VALUE(@source, '$.{name}')"


def bind(statement: str, names: Mapping[str, str]) -> str:
    """``statement`` with names put in its braces, as the document does it for each job."""
    for name, value in names.items():
        statement = statement.replace(f"{{{name}}}", value)
    return statement
