"""Types with parameters in a CAST: how long a text may be, and how many digits a decimal has.

https://docs.cloud.google.com/bigquery/docs/reference/standard-sql/data-types#parameterized_data_types
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from sqlglot import exp

from replicator.local.bigquery import bignumerics
from replicator.local.bigquery.googlesql.refusals import refused, unknown
from replicator.local.bigquery.googlesql.values import BIGNUMERIC, NUMERIC, Names, Value, bound, derived, fail, quote
from replicator.local.bigquery.types import Type

_LENGTHS: Final = {"STRING": "length", "BYTES": "octet_length"}
# The digits before the point and behind it.
_DIGITS: Final = {"NUMERIC": (29, 9), "BIGNUMERIC": (38, 38)}


@dataclass(frozen=True, slots=True)
class Parameters:
    """The numbers behind a type's name.

    Attributes:
        kind: The type without them.
        numbers: A length, or precision and scale.
    """

    kind: Type
    numbers: tuple[int, ...]

    def __str__(self) -> str:
        """As it is written."""
        return f"{self.kind}({', '.join(map(str, self.numbers))})"


def parameters(node: exp.Expr, kind: Type) -> Parameters:
    """The parameters of a type, of which there are some.

    Raises:
        BigQueryError: The type has none, or not these.
    """
    for each in node.expressions:
        if behind := each.args.get("expression"):
            raise refused(node, f'Syntax error: Unexpected "{behind.name}" behind a type parameter')
    given = [each.this if isinstance(each, exp.DataTypeParam) else each for each in node.expressions]
    if any(not isinstance(each, exp.Literal) or not str(each.this).isdigit() for each in given):
        raise unknown(node, f"a parameter of {kind} that is no number")
    numbers = tuple(int(each.this) for each in given)
    if kind.name not in (*_LENGTHS, *_DIGITS):
        raise refused(node, f"{kind} does not support type parameters")
    if len(numbers) > (1 if kind.name in _LENGTHS else 2):
        raise refused(node, f"{kind} has fewer type parameters than {len(numbers)}")
    if kind.name in _DIGITS:
        _check_digits(node, kind, numbers)
    elif numbers[0] == 0:
        raise refused(node, f"{kind} length must be greater than 0")
    return Parameters(kind, numbers)


def _check_digits(node: exp.Expr, kind: Type, numbers: tuple[int, ...]) -> None:
    whole, fraction = _DIGITS[kind.name]
    precision, scale = (*numbers, 0)[:2]
    if scale > fraction:
        raise refused(node, f"In {kind}(P, S), S must be between 0 and {fraction}")
    if not max(1, scale) <= precision <= whole + scale:
        shown = f"{kind}(P, {scale})" if len(numbers) > 1 else f"{kind}(P)"
        raise refused(node, f"In {shown}, P must be between {max(1, scale)} and {whole + scale}")


def limited(value: Value, to: Parameters, names: Names) -> Value:
    """A value that fits: a decimal rounded to the scale; what is too long or too large fails."""
    if to.kind.name in _LENGTHS:
        return derived(bound(value.sql, names, lambda held: _short(held, to)), to.kind, value, fallible=True)
    wide = bignumerics.of_numeric if to.kind == NUMERIC else str
    sql = bound(value.sql, names, lambda held: bound(wide(held), names, lambda one: _few(one, to, names)))
    return derived(sql, to.kind, value, fallible=True)


def _short(held: str, to: Parameters) -> str:
    length, most = f"{_LENGTHS[to.kind.name]}({held})", to.numbers[0]
    fact = quote(f"{to} has maximum length {most} but got a value with length ")
    return f"(CASE WHEN {length} > {most} THEN {fail(to.kind, f'{fact} || CAST({length} AS VARCHAR)')} ELSE {held} END)"


def _few(held: str, to: Parameters, names: Names) -> str:
    precision, scale = (*to.numbers, 0)[:2]
    most = Decimal(10) ** (precision - scale)
    failure = fail(to.kind, quote(f"{to} has precision {precision} and scale {scale} but got a value beyond them"))
    rounded = bignumerics.cut(held, str(scale), f"'{bignumerics.held(most)}'", half=True)
    ends = f"'{bignumerics.held(-most)}'", f"'{bignumerics.held(most)}'"

    def inside(one: str) -> str:
        made = one if to.kind == BIGNUMERIC else f"CAST({bignumerics.text(one)} AS DECIMAL(38, 9))"
        return f"(CASE WHEN {one} <= {ends[0]} OR {one} >= {ends[1]} THEN {failure} ELSE {made} END)"

    return bound(rounded, names, inside)
