"""BigQuery's locations: written in any case, kept as BigQuery prints them."""

from __future__ import annotations

import re
from typing import Annotated, Final

from pydantic import PlainValidator, WithJsonSchema

from replicator.config.section import nearest, refuse
from replicator.config.words import text
from replicator.source.tree import Plain

MULTI_REGIONS: Final = ("EU", "US")

# Regions come and go, the words they are made of hardly ever do: checking the words catches a typo and does not
# refuse the region that opens tomorrow. The list (bigquery/docs/locations) is only there to guess what was meant.
_AREAS: Final = "africa|asia|australia|europe|me|northamerica|southamerica|us"
_DIRECTIONS: Final = "central|east|north|northeast|northwest|south|southeast|southwest|west"
_REGION: Final = re.compile(rf"(?:{_AREAS})-(?:{_DIRECTIONS})[1-9][0-9]?")
_KNOWN: Final = (
    "africa-south1", "asia-east1", "asia-east2", "asia-northeast1", "asia-northeast2", "asia-northeast3",
    "asia-south1", "asia-south2", "asia-southeast1", "asia-southeast2", "australia-southeast1",
    "australia-southeast2", "europe-central2", "europe-north1", "europe-southwest1", "europe-west1",
    "europe-west10", "europe-west12", "europe-west2", "europe-west3", "europe-west4", "europe-west6",
    "europe-west8", "europe-west9", "me-central1", "me-central2", "me-west1", "northamerica-northeast1",
    "northamerica-northeast2", "northamerica-south1", "southamerica-east1", "southamerica-west1", "us-central1",
    "us-east1", "us-east4", "us-east5", "us-south1", "us-west1", "us-west2", "us-west3", "us-west4",
)  # fmt: skip


def location(raw: Plain) -> str:
    """A location as BigQuery prints it: ``EU``, ``US``, or a region in lower case."""
    word = text(raw)
    if word.upper() in MULTI_REGIONS:
        return word.upper()
    if not _REGION.fullmatch(word.lower()):
        refuse(f"'{word}' is no location of BigQuery", _remedy(word, "write EU, US or a region such as europe-west1"))
    return word.lower()


def region(raw: Plain) -> str:
    """A single region, as Workflows and Scheduler want it: EU and US are none."""
    word = text(raw)
    if not _REGION.fullmatch(word.lower()):
        refuse(f"'{word}' is no region", _remedy(word, "write one such as europe-west1"))
    return word.lower()


def _remedy(word: str, otherwise: str) -> str:
    meant = nearest(word, _KNOWN)
    return f"did you mean '{meant}'?" if meant else otherwise


Location = Annotated[
    str,
    PlainValidator(location),
    WithJsonSchema({"type": "string", "pattern": r"^(EU|US|eu|us|[a-z]+-[a-z]+[0-9]+)$"}),
]
Region = Annotated[str, PlainValidator(region), WithJsonSchema({"type": "string", "pattern": r"^[a-z]+-[a-z]+[0-9]+$"})]
