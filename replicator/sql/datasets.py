"""The datasets that a pipeline makes: where they lie, what is said of them, when their tables expire.

A run makes the ones that it does not find and a deployment makes the same beforehand, so both read this.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from replicator.names import DatasetRef, TableRef
from replicator.sql.placeholders import LANDING, LOCATION, STAGING, source_value
from replicator.sql.quoting import quote_name, quote_string

STAGING_DAYS: Final = 7
"""Days after which what a run left behind expires: longer than a transfer run's deadline (12 h) and its queue."""

OWN_LABEL: Final = {"managed-by": "replicator"}
"""Of everything that is made here; what does not carry it belongs to somebody else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetOptions:
    """What is said of a dataset when it is made.

    Attributes:
        description: For people.
        labels: Whose it is.
        expiration_days: After which its tables expire unless they say otherwise; None for never.
    """

    description: str
    labels: Mapping[str, str]
    expiration_days: int | None = None


def state_options() -> DatasetOptions:
    """Of the state dataset. Pipelines may share one, so it carries the name of none of them."""
    return DatasetOptions(description="replicator: ledger and fences", labels=OWN_LABEL)


def staging_options(target: TableRef, labels: Mapping[str, str]) -> DatasetOptions:
    """Of a source's staging dataset."""
    description = f"replicator: what is on its way to {target}"
    return DatasetOptions(description=description, labels=labels, expiration_days=STAGING_DAYS)


def landing_options(target: TableRef, labels: Mapping[str, str]) -> DatasetOptions:
    """Of a source's landing dataset."""
    description = f"replicator: what has arrived for {target}"
    return DatasetOptions(description=description, labels=labels, expiration_days=STAGING_DAYS)


def create_state(state: DatasetRef, *, location: str) -> str:
    """Make the state dataset where it is missing."""
    return create_dataset(str(state), location=location, options=state_options())


def create_staging(options: DatasetOptions) -> str:
    """Make a source's staging dataset where it is missing."""
    return create_dataset(STAGING, location=LOCATION, options=options)


def encrypt_staging() -> str:
    """Have what is made in the staging dataset from now on encrypted by the source's own key, if it has one.

    Argument in ``@source``: ``kms_key``. What no table option says the dataset's default does
    (customer-managed-encryption#dataset_default_key); a table that is there keeps the key that it has.
    """
    statement = quote_string(f"ALTER SCHEMA {quote_name(STAGING)} SET OPTIONS (default_kms_key_name = %T)")
    key = source_value("kms_key")
    return f"""\
IF {key} IS NOT NULL THEN
  EXECUTE IMMEDIATE FORMAT({statement}, {key});
END IF;
"""


def create_landing(options: DatasetOptions, *, location: str) -> str:
    """Make a source's landing dataset, in the target's location, where it is missing."""
    return create_dataset(LANDING, location=location, options=options)


def create_dataset(path: str, *, location: str, options: DatasetOptions) -> str:
    """Make a dataset where it is missing. ``path`` and ``location`` may stand for names that a run puts there."""
    said = [f"location = {quote_string(location)}"]
    if options.expiration_days is not None:
        said.append(f"default_table_expiration_days = {options.expiration_days}")
    said.append(f"description = {quote_string(options.description)}")
    said.append(f"labels = {label_array(options.labels)}")
    return f"""\
CREATE SCHEMA IF NOT EXISTS {quote_name(path)}
OPTIONS ({", ".join(said)});
"""


def label_array(labels: Mapping[str, str]) -> str:
    """Labels as GoogleSQL's options have them."""
    pairs = (f"({quote_string(key)}, {quote_string(value)})" for key, value in labels.items())
    return f"[{', '.join(pairs)}]"
