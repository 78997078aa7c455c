"""BigQuery's locations: written in any case, kept as BigQuery prints them."""

from __future__ import annotations

import re
from typing import Annotated, Final

from pydantic import PlainValidator, WithJsonSchema

from replicator.config.section import nearest, refuse
from replicator.config.words import text
from replicator.names import MULTI_REGIONS, REGIONS
from replicator.source.tree import Plain

# Regions come and go, the words they are made of hardly ever do: checking the words catches a typo and does not
# refuse the region that opens tomorrow. The list of those that are open is only there to guess what was meant.
_AREAS: Final = "africa|asia|australia|europe|me|northamerica|southamerica|us"
_DIRECTIONS: Final = "central|east|north|northeast|northwest|south|southeast|southwest|west"
_REGION: Final = re.compile(rf"(?:{_AREAS})-(?:{_DIRECTIONS})[1-9][0-9]?")


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
    meant = nearest(word, REGIONS)
    return f"did you mean '{meant}'?" if meant else otherwise


Location = Annotated[
    str,
    PlainValidator(location),
    WithJsonSchema({"type": "string", "pattern": r"^(EU|US|eu|us|[a-z]+-[a-z]+[0-9]+)$"}),
]
Region = Annotated[str, PlainValidator(region), WithJsonSchema({"type": "string", "pattern": r"^[a-z]+-[a-z]+[0-9]+$"})]
