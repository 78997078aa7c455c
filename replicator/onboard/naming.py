"""Names of pipelines and sources, made from BigQuery's."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final

_LONGEST: Final = 31
"""Characters of a name in a pipeline file."""


def name_of(*parts: str) -> str:
    """The parts as one name: lower-case letters, digits and single underscores, a letter first."""
    name = re.sub(r"[^a-z0-9]+", "_", "_".join(parts).lower()).strip("_")
    name = name if name[:1].isalpha() else f"t_{name}".strip("_")
    return name[:_LONGEST].strip("_")


def unique(name: str, taken: Collection[str]) -> str:
    """The name, or with the first number behind it that makes it one of its own."""
    number, found = 1, name
    while found in taken:
        number += 1
        found = f"{name[: _LONGEST - 1 - len(str(number))].rstrip('_')}_{number}"
    return found
