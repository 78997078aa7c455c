"""Where a value stands inside a document: ``sources[0].columns.exclude[1]``."""

from __future__ import annotations

import re
from typing import Final

FieldPath = tuple[str | int, ...]
"""Keys of maps and indices of lists, from the top of the document."""

# A column's path, such as geo.city, may be a key: it is quoted, or it would read as two keys.
_BARE: Final = re.compile(r"[\w-]+|<<")


def show(path: FieldPath) -> str:
    """Write ``path`` as a person would: ``sources[0].name``; the document itself is the empty text."""
    shown = ""
    for part in path:
        if isinstance(part, int):
            shown += f"[{part}]"
        elif _BARE.fullmatch(part):
            shown += f".{part}" if shown else part
        else:
            shown += f"['{part}']"
    return shown
