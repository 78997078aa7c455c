"""Calls of functions as GoogleSQL's analyzer lists their signatures, with places for arguments of a type.

Only functions that the README's table says are answered are drawn, so that what is modelled from now on is drawn too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random
from typing import Final

from tests.googlesql_functions import Argument, Function, Signature, functions, languages, operator, parts_of

_README: Final = Path(__file__).parents[1] / "README.md"
_ROW: Final = re.compile(r"^\| (?!Family|---)[^|]+ \| (?P<right>.*?) \| (?P<part>.*?) \| .* \|$", re.MULTILINE)
_NAME: Final = re.compile(r"`((?:[^`\\]|\\.)+)`")
VOLATILE: Final = frozenset(
    {"CURRENT_DATE", "CURRENT_DATETIME", "CURRENT_TIME", "CURRENT_TIMESTAMP", "GENERATE_UUID", "NEW_UUID", "RAND"}
    | {"SESSION_USER"}
)
"""What has another value each time, or none without a session; they have tests of their own."""
INEXACT: Final = frozenset(
    {
        "ACOS", "ACOSH", "ASIN", "ASINH", "ATAN", "ATAN2", "ATANH", "AVG", "CBRT", "CORR", "COS", "COSH",
        "COSINE_DISTANCE", "COT", "COTH", "COVAR_POP", "COVAR_SAMP", "CSC", "CSCH", "EUCLIDEAN_DISTANCE", "EXP", "LN",
        "LOG", "LOG10", "PERCENTILE_CONT", "POW", "POWER", "SEC", "SECH", "SIN", "SINH", "STDDEV", "STDDEV_POP",
        "STDDEV_SAMP", "TAN", "TANH", "VARIANCE", "VAR_POP", "VAR_SAMP",
    }
)  # fmt: skip
"""Whose last digit is the C library's or the order of summation's."""
_LARGE: Final = frozenset({"REPEAT", "LPAD", "RPAD", "GENERATE_ARRAY", "GENERATE_DATE_ARRAY"})
"""Functions whose count makes the result so large: what is drawn for it alone is small."""
_ORDERED: Final = {"ARRAY_AGG": " ORDER BY x", "STRING_AGG": " ORDER BY x"}
_ALONE: Final = frozenset(
    {"ANY_VALUE", "APPROX_COUNT_DISTINCT", "APPROX_QUANTILES", "APPROX_TOP_COUNT", "APPROX_TOP_SUM", "ARRAY_CONCAT_AGG"}
    | {"$count_star", "COUNT", "ERROR", "FROM_BASE32", "TO_BASE32"}
)
"""What depends on the rows' order, has shapes of its own, or is not evaluated by GoogleSQL itself."""
_ANY: Final = (
    "INT64", "STRING", "FLOAT64", "NUMERIC", "BIGNUMERIC", "DATE", "TIMESTAMP", "BOOL", "BYTES", "DATETIME", "TIME",
)  # fmt: skip
_REPEATED, _OPTIONAL = 1, 2


@dataclass(frozen=True)
class Slot:
    """The place of an argument of a type."""

    kind: str


@cache
def _answered() -> frozenset[str]:
    """What the README's table says is right, or right or refused."""
    rows = [match["right"] + match["part"] for match in _ROW.finditer(_README.read_text("utf-8"))]
    return frozenset(name.replace("\\|", "|") for row in rows for name in _NAME.findall(row))


@cache
def _drawn() -> tuple[tuple[Function, Signature, str], ...]:
    """Every signature with the type of its result; where types are free, once for each type."""
    return tuple(_expanded())


def _expanded() -> Iterator[tuple[Function, Signature, str]]:
    for function in functions():
        if function.shown not in _answered() or function.name in VOLATILE | _ALONE or function.mode == "ANALYTIC":
            continue
        if function.name.startswith("$") and function.mode != "SCALAR":
            continue
        for signature in function.signatures:
            free = any("ANY" in each.kind for each in signature.arguments) or "ANY" in signature.result
            for kind in _ANY if free else ("",):
                made = signature.bound(kind)
                if all(_possible(each, function) for each in made.arguments):
                    yield function, made, made.result


def _possible(argument: Argument, function: Function) -> bool:
    if argument.cardinality == _OPTIONAL:
        return True
    if parts_of(argument.kind):
        return True
    element = argument.kind[6:-1] if argument.kind.startswith("ARRAY<") else argument.kind
    if function.mode == "AGGREGATE" and element != argument.kind:
        return False
    return element in (*_ANY, "JSON")


def signature_call(random: Random, kind: str, *, exact: bool) -> tuple[str, Sequence[str | Slot]] | None:
    """A call that has this type: the function's name, and its text with the places of arguments.

    Args:
        random: Draws.
        kind: The type that is wanted.
        exact: Leave out what is not the same to the last digit everywhere.
    """
    names = _by_result().get(kind, {})
    found = [name for name in names if not (exact and name in INEXACT)]
    if not found:
        return None
    function, signature = random.choice(names[random.choice(found)])
    given: list[list[str | Slot]] = []
    for argument in signature.arguments:
        repeats = {_REPEATED: random.choice((1, 1, 2)), _OPTIONAL: random.choice((0, 1))}.get(argument.cardinality, 1)
        if argument.cardinality == _OPTIONAL and (argument.name or not _possible_optional(argument)):
            break
        if not repeats and argument.cardinality == _OPTIONAL:
            break
        given += [[_place(random, function, len(given) + number, argument)] for number in range(repeats)]
    if function.mode == "AGGREGATE":
        return function.name, _aggregate(function.name, given)
    return function.name, _joined(operator(function.name, len(given)), given)


def _possible_optional(argument: Argument) -> bool:
    return bool(parts_of(argument.kind)) or argument.kind in (*_ANY, "ARRAY<STRING>", "ARRAY<INT64>")


@cache
def _by_result() -> dict[str, dict[str, list[tuple[Function, Signature]]]]:
    found: dict[str, dict[str, list[tuple[Function, Signature]]]] = {}
    for function, signature, result in _drawn():
        found.setdefault(result, {}).setdefault(function.name, []).append((function, signature))
    return found


def _place(random: Random, function: Function, place: int, argument: Argument) -> str | Slot:
    texts = languages(function.name, place, argument.kind)
    if texts:
        return random.choice(texts)
    if parts_of(argument.kind):
        return random.choice(parts_of(argument.kind))
    if function.name in _LARGE and place and argument.kind == "INT64":
        return random.choice(("0", "1", "2", "5", "-1"))
    return Slot(argument.kind)


def _aggregate(name: str, given: Sequence[Sequence[str | Slot]]) -> list[str | Slot]:
    """The aggregate over an array; what follows its first argument is a constant."""
    first = given[0][0]
    assert isinstance(first, Slot)
    separator = "b','" if first.kind == "BYTES" else "','"
    other = separator if name == "STRING_AGG" else "x"
    rest = [piece if isinstance(piece, str) else other for pieces in given[1:] for piece in pieces]
    call = f"{name}({', '.join(['x', *rest])}{_ORDERED.get(name, '')})"
    return [f"(SELECT {call} FROM UNNEST([", first, ", ", first, ", ", first, "]) AS x)"]


def _joined(template: str, given: Sequence[Sequence[str | Slot]]) -> list[str | Slot]:
    pieces: list[str | Slot] = []
    for number, text in enumerate(re.split(r"\{(\d)\}", template)):
        if number % 2:
            pieces += given[int(text)]
        else:
            pieces.append(text)
    return pieces
