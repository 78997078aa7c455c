"""JSON documents as GoogleSQL holds them: keys sorted, blanks gone, numbers and texts written one way.

https://docs.cloud.google.com/bigquery/docs/reference/standard-sql/json_functions#parse_json
"""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any, Final, NoReturn

from replicator.local.bigquery.googlesql.refusals import unknown

_INT_END: Final = 2**64
_INT_START: Final = -(2**63)
# Within these a FLOAT64 is written out, on both sides in the same way.
_PLAIN: Final = (1e-4, 1e15)


def normal(text: str) -> str | None:
    """The document, or None where the text is none that PARSE_JSON takes.

    Raises:
        BigQueryError: notImplemented, for numbers and texts whose form is not known here.
    """
    try:
        document = json.loads(
            text, object_pairs_hook=_first, parse_int=_integer, parse_float=_fraction, parse_constant=_refused
        )
    except (ValueError, RecursionError):
        return None
    if "\\ud" in text.lower() or "\\uD" in text:
        raise unknown(None, "JSON with surrogates")
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def normalized(value: Any) -> Any:
    """A document that has been read, its keys in order, its numbers as GoogleSQL holds them.

    Args:
        value: As ``json.loads`` gives it, fractions as ``Decimal``.

    Raises:
        ValueError: A number would not be the same after being written and read.
        BigQueryError: notImplemented, for numbers whose form is not known here.
    """
    match value:
        case bool():
            return value
        case int():
            return _integer(str(value))
        case Decimal():
            return _fraction(str(value))
        case list():
            return [normalized(item) for item in value]
        case dict():
            return _first([(key, normalized(item)) for key, item in value.items()])
        case _:
            return value


def _first(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    # Of a key that is there twice the first value stands.
    kept: dict[str, Any] = {}
    for key, value in pairs:
        kept.setdefault(key, value)
    return dict(sorted(kept.items(), key=lambda item: item[0].encode()))


def _integer(digits: str) -> int | float:
    whole = int(digits)
    return whole if _INT_START <= whole < _INT_END else _fraction(digits)


def _fraction(digits: str) -> float:
    number = float(digits)
    if not number.is_integer() and Decimal(digits) != Decimal(repr(number)):
        message = "the number cannot round-trip through a string"
        raise ValueError(message)
    if number and not _PLAIN[0] <= abs(number) < _PLAIN[1]:
        raise unknown(None, f"JSON with the number {digits}")
    return number


def _refused(word: str) -> NoReturn:
    raise ValueError(word)
