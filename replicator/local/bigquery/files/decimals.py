"""The type that a decimal of a file becomes.

https://docs.cloud.google.com/bigquery/docs/reference/rest/v2/Job#JobConfigurationLoad.FIELDS.decimal_target_types
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from replicator.local.bigquery.errors import refuse, unmodelled

_DEFAULT: Final = ("NUMERIC",)
# The digits before the point and behind it, in the order in which the types are tried.
_HOLDS: Final = {"NUMERIC": (29, 9), "BIGNUMERIC": (39, 38)}


def check_targets(targets: Sequence[str]) -> None:
    """Refuse what is no type that a decimal may become.

    Raises:
        BigQueryError: ``invalid``.
    """
    for each in targets:
        if each not in (*_HOLDS, "STRING"):
            refuse("invalid", f"Invalid value for decimalTargetTypes: {each}", location="decimalTargetTypes")


def check_decimal(name: str, precision: int, scale: int, targets: Sequence[str]) -> str:
    """The first of NUMERIC, BIGNUMERIC, STRING that is allowed and holds ``DECIMAL(precision, scale)``.

    Raises:
        BigQueryError: It would be a STRING, or none of them.
    """
    allowed = targets or _DEFAULT
    for kind, (whole, fraction) in _HOLDS.items():
        if kind in allowed and scale <= fraction and precision - scale <= whole:
            return kind
    what = f"the decimal {name} of {precision} digits, {scale} of them behind the point, as {', '.join(allowed)}"
    raise unmodelled(what)
