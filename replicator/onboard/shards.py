"""Date-sharded families: tables that differ in nothing but the date at the end of their names."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

_NAME: Final = re.compile(r"(?P<prefix>.*[^0-9])(?P<digits>[0-9]+)", re.DOTALL)
_SUFFIXES: Final = {10: "%Y%m%d%H", 8: "%Y%m%d", 6: "%Y%m", 4: "%Y"}
# A table called orders_2026 or batch_202611 may mean no date at all; two of them that read as dates do.
_ALONE: Final = frozenset({"%Y%m%d%H", "%Y%m%d"})
_YEARS: Final = range(1970, 2100)


@dataclass(frozen=True, slots=True)
class Family:
    """Shards of one dataset.

    Attributes:
        prefix: What stands before the date.
        suffix: The date, as a pipeline file writes it.
        tables: The shards' names, oldest first.
    """

    prefix: str
    suffix: str
    tables: tuple[str, ...]


def families(names: Iterable[str]) -> tuple[Family, ...]:
    """The families among the names of a dataset's tables, by prefix; what belongs to none is in none."""
    found: dict[tuple[str, str], list[str]] = defaultdict(list)
    for name in names:
        match = _NAME.fullmatch(name)
        suffix = _suffix(match["digits"]) if match is not None else None
        if match is not None and suffix is not None:
            found[match["prefix"], suffix].append(name)
    return tuple(
        Family(prefix, suffix, tuple(sorted(tables)))
        for (prefix, suffix), tables in sorted(found.items())
        if len(tables) > 1 or suffix in _ALONE
    )


def _suffix(digits: str) -> str | None:
    """The suffix that the digits are a date of, or None."""
    suffix = _SUFFIXES.get(len(digits))
    if suffix is None or int(digits[:4]) not in _YEARS:
        return None
    try:
        datetime.strptime(digits, suffix)  # noqa: DTZ007  # only asked whether it is a date
    except ValueError:
        return None
    return suffix
