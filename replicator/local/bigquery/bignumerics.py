"""BIGNUMERIC: how DuckDB, which has no such type, holds it.

A value is counted in its last digits, the 38th behind the point, as a whole number of 256 bits, and is held as the text
of that number with 5 * 10^77 added. All such texts have 78 digits, so they are equal, sorted, grouped and stored as the
values are. DuckDB's BIGNUM adds and subtracts whole numbers of any size; products and quotients are made here.
https://docs.cloud.google.com/bigquery/docs/reference/standard-sql/data-types#decimal_types
"""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Final

SCALE: Final = 38
_SHIFT: Final = 5 * 10**77
_LEAST: Final = -(2**255)
_MOST: Final = 2**255 - 1
# More digits than any value has, and than a text that is read here needs.
_CONTEXT: Final = Context(prec=200, rounding=ROUND_HALF_UP)
_TEXT: Final = re.compile(r"[+-]?(?P<digits>\d+\.?\d*|\.\d+)(?:[eE](?P<power>[+-]?\d+))?")
_FARTHEST: Final = 1_000_000
_PARTS: Final = r"^\s*([+-]?)(\d*)\.?(\d*)(?:[eE]([+-]?\d+))?\s*$"
_LIMB: Final = 18
# Fields stand in brackets: what has a dot may be a column of that name.
_DIVIDEND: Final = "d['n']"
_DIVISOR: Final = "d['b']"
_LIMBS: Final = 5

LEAST: Final = f"'{_LEAST + _SHIFT}'"
MOST: Final = f"'{_MOST + _SHIFT}'"
ZERO: Final = f"'{_SHIFT}'"


def read(text: str) -> Decimal | None:
    """The value of a literal's text, or None where it is none, or has digits behind the 38th, or is too large."""
    match = _TEXT.fullmatch(text.strip())
    if match is None:
        return None
    if not match["digits"].strip("0."):
        return Decimal(0)
    if not -SCALE <= int(match["power"] or 0) <= _FARTHEST:
        return None
    value = Decimal(match[0])
    if value.adjusted() > SCALE or len(value.normalize(_CONTEXT).as_tuple().digits) > 2 * SCALE + 1:
        return None
    return value if value == _CONTEXT.quantize(value, Decimal(1).scaleb(-SCALE)) and _fits(value) else None


def rounded_to(text: str) -> Decimal | None:
    """The value that a number as it is written comes to, with 38 digits behind the point; None beyond the largest."""
    value = Decimal(text)
    if not value.is_finite() or value.adjusted() > SCALE:
        return None
    made = _CONTEXT.quantize(value, Decimal(1).scaleb(-SCALE))
    return made if _fits(made) else None


def _fits(value: Decimal) -> bool:
    return _LEAST <= int(_CONTEXT.scaleb(value, SCALE)) <= _MOST


def held(value: Decimal | int) -> str:
    """The text by which a value is held; at most 38 of its digits are behind the point."""
    return str(int(_CONTEXT.scaleb(Decimal(value), SCALE)) + _SHIFT)


def value_of(text: str) -> Decimal:
    """The value that is held by a text."""
    return Decimal(int(text) - _SHIFT).scaleb(-SCALE, _CONTEXT)


def _big(number: int) -> str:
    return f"CAST('{number}' AS BIGNUM)"


def counted(sql: str) -> str:
    """The whole number of last digits, a BIGNUM."""
    return f"(CAST({sql} AS BIGNUM) - {_big(_SHIFT)})"


def checked(sql: str, beyond: str) -> str:
    """The value of a BIGNUM of last digits; ``beyond`` where there is no such value."""
    made = f"CAST(n + {_big(_SHIFT)} AS VARCHAR)"
    inside = f"n BETWEEN {_big(_LEAST)} AND {_big(_MOST)}"
    return _with("n", sql, f"CASE WHEN n IS NULL THEN NULL WHEN {inside} THEN {made} ELSE {beyond} END")


def _with(name: str, sql: str, body: str) -> str:
    """``body`` with ``sql`` evaluated once, under that name."""
    return f"list_transform([{sql}], lambda {name}: {body})[1]"


def _digits(sql: str) -> str:
    """The digits of a BIGNUM, without its sign."""
    return f"ltrim(CAST({sql} AS VARCHAR), '-')"


def _signed(sql: str, negative: str) -> str:
    return f"CASE WHEN {negative} THEN -({sql}) ELSE {sql} END"


def negated(sql: str) -> str:
    """The value of the other sign, which the least has none of."""
    return f"CAST({_big(2 * _SHIFT)} - CAST({sql} AS BIGNUM) AS VARCHAR)"


def total(one: str, other: str, beyond: str) -> str:
    """The sum of two values."""
    return checked(f"{counted(one)} + {counted(other)}", beyond)


def difference(one: str, other: str, beyond: str) -> str:
    """One value less the other."""
    return checked(f"{counted(one)} - {counted(other)}", beyond)


def product(one: str, other: str, beyond: str) -> str:
    """The product of two values, a half of the last digit rounded away from zero."""
    # Columns of products of limbs are shorter than three limbs: every third of them fits into one text.
    parts = []
    for first in range(3):
        columns = [_column(place) for place in (first + 6, first + 3, first) if place < 2 * _LIMBS - 1]
        texts = " || ".join(f"lpad(CAST({column} AS VARCHAR), {3 * _LIMB}, '0')" for column in columns)
        parts.append(f"CAST({texts} || '{'0' * _LIMB * first}' AS BIGNUM)")
    made = f"CAST({' + '.join(parts)} + {_big(5 * 10 ** (SCALE - 1))} AS VARCHAR)"
    cut = f"CAST('0' || left({made}, -{SCALE}) AS BIGNUM)"
    whole = _with("q", _split(other), _with("p", _split(one), cut))
    return checked(_signed(whole, f"({one} < {ZERO}) <> ({other} < {ZERO})"), beyond)


def _split(sql: str) -> str:
    cuts = (f"CAST(substr(t, {1 + _LIMB * (_LIMBS - 1 - place)}, {_LIMB}) AS HUGEINT)" for place in range(_LIMBS))
    return _with("t", f"lpad({_digits(counted(sql))}, {_LIMB * _LIMBS}, '0')", f"[{', '.join(cuts)}]")


def _column(place: int) -> str:
    pairs = ((one, place - one) for one in range(_LIMBS) if 0 <= place - one < _LIMBS)
    return " + ".join(f"p[{one + 1}] * q[{other + 1}]" for one, other in pairs)


def _division(dividend: str, divisor: str, result: str) -> str:
    """``result`` of two BIGNUMs, from ``s[1]``, the digits of their quotient, and ``s[2]``, what is left over.

    A divisor of zero is not to come here. In ``result``, ``d`` are the two numbers.
    """
    multiples = ", ".join(" + ".join(["b"] * times) for times in range(1, 10))
    left = f"[s[1] || k, CAST(r - coalesce(m[k], {_big(0)}) AS VARCHAR)]"
    fitting = _with("k", "len(list_filter(m, lambda e: e <= r))", left)
    step = _with("r", "CAST(s[2] || i[1] AS BIGNUM)", fitting)
    digits = f"list_transform(string_split({_digits(_DIVIDEND)}, ''), lambda c: [c])"
    walked = f"list_reduce(list_prepend(['0', '0'], {digits}), lambda s, i: {step})"
    made = _with("b", f"CAST({_digits(_DIVISOR)} AS BIGNUM)", _with("m", f"[{multiples}]", walked))
    known = f"CASE WHEN {_DIVIDEND} IS NOT NULL AND {_DIVISOR} IS NOT NULL THEN {_with('s', made, result)} END"
    return _with("d", f"struct_pack(n := {dividend}, b := {divisor})", known)


def ratio(dividend: str, divisor: str) -> str:
    """One BIGNUM by another that is not zero, a half rounded away from zero."""
    up = f"CASE WHEN CAST(s[2] AS BIGNUM) + CAST(s[2] AS BIGNUM) >= CAST({_digits(_DIVISOR)} AS BIGNUM)"
    whole = f"CAST(s[1] AS BIGNUM) + {up} THEN {_big(1)} ELSE {_big(0)} END"
    return _division(dividend, divisor, _signed(whole, f"({_DIVIDEND} < {_big(0)}) <> ({_DIVISOR} < {_big(0)})"))


def quotient(dividend: str, divisor: str, zero: str, beyond: str) -> str:
    """One value by another; ``zero`` for a divisor of zero."""
    longer = f"CAST(CAST({counted(dividend)} AS VARCHAR) || '{'0' * SCALE}' AS BIGNUM)"
    return _unless_zero(divisor, zero, checked(ratio(longer, counted(divisor)), beyond))


def whole_quotient(dividend: str, divisor: str, zero: str, beyond: str) -> str:
    """DIV: what is behind the point of the quotient is cut off."""
    cut = f"CAST(s[1] || '{'0' * SCALE}' AS BIGNUM)"
    signed = _signed(cut, f"({_DIVIDEND} < {_big(0)}) <> ({_DIVISOR} < {_big(0)})")
    return _unless_zero(divisor, zero, checked(_division(counted(dividend), counted(divisor), signed), beyond))


def remainder(dividend: str, divisor: str, zero: str) -> str:
    """MOD: its sign is the dividend's."""
    rest = _signed("CAST(s[2] AS BIGNUM)", f"{_DIVIDEND} < {_big(0)}")
    return _unless_zero(divisor, zero, checked(_division(counted(dividend), counted(divisor), rest), "NULL"))


def _unless_zero(divisor: str, zero: str, sql: str) -> str:
    return f"CASE WHEN {divisor} = {ZERO} THEN {zero} ELSE {sql} END"


def cut(sql: str, digits: str, beyond: str, *, half: bool) -> str:
    """A value with so many digits behind the point, an INT64; the rest is cut off, or with ``half`` rounded.

    Cutting off digits of the text that holds it rounds down; a value below zero is mirrored for it.
    """
    count = f"CAST({SCALE} - greatest(least({digits}, {SCALE}), -{SCALE + 2}) AS INTEGER)"
    five = "CAST('5' || repeat('0', c - 1) AS BIGNUM)"
    raised = f"CAST(CAST(a AS BIGNUM) + {five} AS VARCHAR)" if half else "a"
    # At the 40th digit before the point there is nothing, nor is there a half of it.
    down = f"CASE WHEN c <= 0 THEN a WHEN c > 77 THEN {ZERO} ELSE left({raised}, 78 - c) || repeat('0', c) END"
    above = _with("c", count, down)
    one = _with("a", f"CASE WHEN {sql} < {ZERO} THEN {negated(sql)} ELSE {sql} END", above)
    made = _with("a", one, f"CASE WHEN {sql} < {ZERO} THEN {negated('a')} ELSE a END")
    inside = f"CASE WHEN v BETWEEN {LEAST} AND {MOST} THEN v ELSE {beyond} END"
    return f"CASE WHEN {sql} IS NOT NULL AND {digits} IS NOT NULL THEN {_with('v', made, inside)} END"


def floor(sql: str, beyond: str) -> str:
    """The largest whole number that is not larger."""
    return _within(f"left({sql}, {78 - SCALE}) || '{'0' * SCALE}'", beyond)


def ceiling(sql: str, beyond: str) -> str:
    """The smallest whole number that is not smaller."""
    up = f"CAST(CAST({sql} AS BIGNUM) + {_big(10**SCALE - 1)} AS VARCHAR)"
    return floor(up, beyond)


def _within(sql: str, beyond: str) -> str:
    return _with("v", sql, f"CASE WHEN v IS NULL THEN NULL WHEN v BETWEEN {LEAST} AND {MOST} THEN v ELSE {beyond} END")


def text(sql: str) -> str:
    """The value as GoogleSQL prints it: no zeros at the end, no exponent."""
    digits = f"'{'0' * SCALE}' || ltrim(n, '-')"
    pointed = f"coalesce(nullif(ltrim(left({digits}, -{SCALE}), '0'), ''), '0') || '.' || right({digits}, {SCALE})"
    signed = f"CASE WHEN starts_with(n, '-') THEN '-' ELSE '' END || regexp_replace({pointed}, '\\.?0+$', '')"
    return _with("n", f"CAST({counted(sql)} AS VARCHAR)", signed)


def to_float(sql: str) -> str:
    """The FLOAT64 nearest to the value."""
    return f"CAST({text(sql)} AS DOUBLE)"


def of_digits(sql: str, zeros: int) -> str:
    """The value of a text of digits, to which so many zeros are put to count it in last digits."""
    return f"CAST(CAST({sql} || '{'0' * zeros}' AS BIGNUM) + {_big(_SHIFT)} AS VARCHAR)"


def of_integer(sql: str) -> str:
    """The value of an INT64."""
    return of_digits(f"CAST({sql} AS VARCHAR)", SCALE)


def of_numeric(sql: str) -> str:
    """The value of a NUMERIC, all nine of whose digits DuckDB prints."""
    return of_digits(f"replace(CAST({sql} AS VARCHAR), '.', '')", SCALE - 9)


def of_float(sql: str, beyond: str) -> str:
    """The value of a FLOAT64, digit by digit: DuckDB prints all that it has."""
    fraction = f"printf('%.100f', abs({sql}) - trunc(abs({sql})))"
    digits = f"CAST(CAST(trunc(abs({sql})) AS BIGNUM) AS VARCHAR) || substr(f, 3, {SCALE})"
    up = f"CASE WHEN substr(f, {SCALE + 3}, 1) >= '5' THEN {_big(1)} ELSE {_big(0)} END"
    whole = _with("f", fraction, f"CAST({digits} AS BIGNUM) + {up}")
    inside = f"isfinite({sql}) AND abs({sql}) < 1e39"
    made = checked(_signed(whole, f"{sql} < 0"), beyond)
    return f"CASE WHEN {sql} IS NULL THEN NULL WHEN {inside} THEN {made} ELSE {beyond} END"


def of_text(sql: str, beyond: str) -> str:
    """The value of a text that is a number, an exponent being allowed: rounded to the digits that there are."""
    parts = f"regexp_extract({sql}, '{_PARTS}', ['sign', 'whole', 'fraction', 'power'])"
    far = "CASE WHEN starts_with(t['power'], '-') THEN -1000000 ELSE 1000000 END"
    near = "CAST(t['power'] AS INTEGER)"
    power = f"CASE WHEN t['power'] = '' THEN 0 WHEN length(t['power']) > 6 THEN {far} ELSE {near} END"
    shift = f"CAST({SCALE} - length(t['fraction']) + {power} AS INTEGER)"
    digits = "ltrim(t['whole'] || t['fraction'], '0')"
    kept = "length(g['digits']) + g['shift']"
    up = f"CASE WHEN substr(g['digits'], {kept} + 1, 1) >= '5' THEN {_big(1)} ELSE {_big(0)} END"
    cut_off = f"CAST('0' || left(g['digits'], {kept}) AS BIGNUM) + {up}"
    number = (
        f"CASE WHEN g['digits'] = '' OR {kept} < 0 THEN {_big(0)} WHEN {kept} > 78 THEN {_big(10**78)} "
        f"WHEN g['shift'] >= 0 THEN CAST(g['digits'] || repeat('0', g['shift']) AS BIGNUM) ELSE {cut_off} END"
    )
    counts = _with("g", f"struct_pack(digits := {digits}, shift := {shift})", number)
    return _with("t", parts, checked(_signed(counts, "t['sign'] = '-'"), beyond))
