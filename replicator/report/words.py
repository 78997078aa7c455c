"""Numbers in plain words, the same way everywhere."""

from __future__ import annotations

from typing import Final

BY_DATASET: Final = (
    "the account may not read the metadata of the source's project as a whole, so its datasets were asked one by one"
)
_UNITS: Final = ("kB", "MB", "GB", "TB", "PB")


def number(value: int) -> str:
    """``1234567`` as ``1,234,567``."""
    return f"{value:,}"


def counted(value: int, singular: str, plural: str | None = None) -> str:
    """``1 unit``, ``0 units``, ``1,234 units``."""
    return f"{number(value)} {singular if value == 1 else plural or singular + 's'}"


def size(count: int) -> str:
    """Bytes in powers of 1,000: ``512 B``, ``1.5 kB``, ``2.0 GB``."""
    if abs(count) < 1_000:
        return f"{count} B"
    value = float(count)
    for unit in _UNITS:
        value /= 1_000
        # 999.95 would be printed as 1000.0 of the smaller unit.
        if abs(value) < 999.95 or unit == _UNITS[-1]:
            return f"{value:,.1f} {unit}"
    raise AssertionError(count)


def duration(seconds: float) -> str:
    """``0.4 s``, ``12 s``, ``3 min 05 s``, ``2 h 07 min``."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3_600:
        return f"{whole // 60} min {whole % 60:02} s"
    return f"{whole // 3_600} h {whole % 3_600 // 60:02} min"
