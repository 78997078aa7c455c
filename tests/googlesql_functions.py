"""GoogleSQL's own list of its functions, and calls of each over edge values.

The signatures are those that GoogleSQL's analyzer knows. An argument that is a text of some language, a pattern or a
format for example, is drawn from texts of that language, since all others only fail.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from random import Random
from typing import Any, Final

from tests import googlesql
from tests.googlesql_values import BYTE_PATTERNS, LANGUAGES, PATTERNS, VALUES

_OPERATORS: Final = {
    "$add": "({0} + {1})", "$and": "({0} AND {1})", "$array_at_offset": "{0}[OFFSET({1})]",
    "$array_at_ordinal": "{0}[ORDINAL({1})]", "$between": "({0} BETWEEN {1} AND {2})", "$bitwise_and": "({0} & {1})",
    "$bitwise_left_shift": "({0} << {1})", "$bitwise_not": "(~{0})", "$bitwise_or": "({0} | {1})",
    "$bitwise_right_shift": "({0} >> {1})", "$bitwise_xor": "({0} ^ {1})", "$concat_op": "({0} || {1})",
    "$divide": "({0} / {1})", "$equal": "({0} = {1})", "$greater": "({0} > {1})", "$greater_or_equal": "({0} >= {1})",
    "$is_distinct_from": "({0} IS DISTINCT FROM {1})", "$is_not_distinct_from": "({0} IS NOT DISTINCT FROM {1})",
    "$is_false": "({0} IS FALSE)", "$is_null": "({0} IS NULL)", "$is_true": "({0} IS TRUE)", "$less": "({0} < {1})",
    "$less_or_equal": "({0} <= {1})", "$like": "({0} LIKE {1})", "$multiply": "({0} * {1})", "$not": "(NOT {0})",
    "$not_equal": "({0} != {1})", "$or": "({0} OR {1})", "$safe_array_at_offset": "{0}[SAFE_OFFSET({1})]",
    "$safe_array_at_ordinal": "{0}[SAFE_ORDINAL({1})]", "$subtract": "({0} - {1})", "$unary_minus": "(-{0})",
    "$in_array": "({0} IN UNNEST({1}))", "$subscript": "{0}[{1}]", "$extract": "EXTRACT({1} FROM {0})",
    "$extract_date": "EXTRACT(DATE FROM {0})", "$extract_time": "EXTRACT(TIME FROM {0})",
    "$extract_datetime": "EXTRACT(DATETIME FROM {0})", "$in": "({0} IN ({1}))", "$make_array": "[{0}]",
    "$case_no_value": "(CASE WHEN {0} THEN {1} ELSE {2} END)", "$count_star": "COUNT(*)",
    "$case_with_value": "(CASE {0} WHEN {1} THEN {2} ELSE {3} END)", "$like_any": "({0} LIKE ANY ({1}))",
    "$like_all": "({0} LIKE ALL ({1}))", "$interval": "INTERVAL {0} {1}",
}  # fmt: skip
"""Operators and special forms by the analyzer's names for them, as they are written."""
_ADDED: Final = ("_ADD", "_SUB")
_ORDERED: Final = frozenset({"ARRAY_AGG", "STRING_AGG", "ARRAY_CONCAT_AGG"})
"""Aggregates whose value depends on the rows' order."""
_SHARED: Final = {
    "ARG_TYPE_ANY_1": "ANY", "ARG_TYPE_ANY_2": "ANY", "ARG_TYPE_ARBITRARY": "ANY", "ARG_ARRAY_TYPE_ANY_1": "ARRAY<ANY>",
    "ARG_RANGE_TYPE_ANY_1": "RANGE<ANY>",
}  # fmt: skip
_ANY: Final = ("INT64", "STRING", "FLOAT64", "NUMERIC", "BIGNUMERIC", "DATE", "TIMESTAMP", "BOOL", "BYTES")
_REPEATED, _OPTIONAL = 1, 2
_NAMED_ONLY = 3


@dataclass(frozen=True)
class Argument:
    """One argument of a signature.

    Attributes:
        kind: A type as GoogleSQL writes it, ``ANY`` or ``ARRAY<ANY>`` for one that others share, an enum's name, or
            empty for what no call here can give.
        cardinality: 0 for one, 1 for any number, 2 for one or none.
        name: Of an argument that is passed by name.
    """

    kind: str
    cardinality: int
    name: str = ""


@dataclass(frozen=True)
class Signature:
    """What a function takes, and the type that it has then."""

    arguments: tuple[Argument, ...]
    result: str

    def bound(self, kind: str) -> Signature:
        """With a type in the place of the one that arguments share."""
        made = tuple(replace(each, kind=each.kind.replace("ANY", kind)) for each in self.arguments)
        return Signature(made, self.result.replace("ANY", kind))


@dataclass(frozen=True)
class Function:
    """A function, or an operator.

    Attributes:
        name: In capitals, ``NET.HOST``; the analyzer's own for an operator, ``$add``.
        mode: ``SCALAR``, ``AGGREGATE`` or ``ANALYTIC``.
        signatures: The ways in which it may be called.
    """

    name: str
    mode: str
    signatures: tuple[Signature, ...]

    @property
    def shown(self) -> str:
        """As a person would look it up."""
        if self.name not in _OPERATORS:
            return self.name
        written = _OPERATORS[self.name].format("x", "y", "z", "v")
        return written[1:-1] if written.startswith("(") else written


@cache
def functions() -> tuple[Function, ...]:
    """Every function and operator that GoogleSQL's analyzer knows, by name."""
    return tuple(sorted((_function(one) for one in googlesql.builtin_functions()), key=lambda each: each.name))


def calls(function: Function, random: Random, count: int) -> Iterator[str]:
    """Queries that call the function: with each signature in turn, with values that are drawn.

    Args:
        function: What is called.
        random: Draws.
        count: How many queries; none where no signature can be called.
    """
    if function.name.startswith("$") and function.name not in _OPERATORS:
        return
    signatures = [signature.arguments for signature in function.signatures]
    callable_ = [signature for signature in signatures if all(_known(each) for each in signature)]
    for number in range(count if callable_ else 0):
        yield _query(function, callable_[number % len(callable_)], random)


def _known(argument: Argument) -> bool:
    kind = argument.kind
    return (kind[6:-1] if kind.startswith("ARRAY<") else kind) in (*VALUES, "ANY")


def _function(proto: Any) -> Function:
    name = ".".join(proto.name_path)
    return Function(
        name if name.startswith("$") else name.upper(),
        _word(proto, "mode"),
        tuple(
            Signature(tuple(_argument(each) for each in one.argument), _kind(one.return_type))
            for one in proto.signature
        ),
    )


def _argument(proto: Any) -> Argument:
    options = proto.options
    by_name = options.named_argument_kind == _NAMED_ONLY
    return Argument(_kind(proto), options.cardinality, options.argument_name if by_name else "")


def _kind(proto: Any) -> str:
    kind = _word(proto, "kind")
    return _type(proto.type) if kind == "ARG_TYPE_FIXED" else _SHARED.get(kind, "")


def _type(proto: Any) -> str:
    name = _word(proto, "type_kind").removeprefix("TYPE_")
    match name:
        case "ARRAY":
            return f"ARRAY<{_type(proto.array_type.element_type)}>"
        case "RANGE":
            return f"RANGE<{_type(proto.range_type.element_type)}>"
        case "ENUM":
            return str(proto.enum_type.enum_name).rpartition(".")[2]
        case _:
            return "FLOAT64" if name == "DOUBLE" else name


def _word(proto: Any, field: str) -> str:
    """The name of an enum's value."""
    return str(proto.DESCRIPTOR.fields_by_name[field].enum_type.values_by_number[getattr(proto, field)].name)


def _query(function: Function, signature: Sequence[Argument], random: Random) -> str:
    shared = random.choice(_ANY)
    if function.mode == "SCALAR":
        return f"SELECT {_written(function, _arguments(function, signature, random, shared))}"
    count = _columns(function, signature)
    kinds = [each.kind.replace("ANY", shared) for each in signature[:count]]
    made: list[str] = []
    for row in range(random.choice((1, 3, 4))):
        cells = [_value(function.name, place, kind, random, shared) for place, kind in enumerate(kinds)]
        made.append(f"STRUCT({', '.join([str(row), *cells])})")
    values = ", ".join(made)
    columns = ", ".join(f"{name} {kind}" for name, kind in zip(("o", "x", "y"), ("INT64", *kinds), strict=False))
    given = ", ".join([*("x", "y")[:count], *_arguments(function, signature[count:], random, shared, count)])
    name = "COUNT" if function.name == "$count_star" else function.name
    given = "*" if function.name == "$count_star" else given
    rows = f"FROM UNNEST(ARRAY<STRUCT<{columns}>>[{values}])"
    if function.mode == "AGGREGATE":
        order = " ORDER BY o" if function.name in _ORDERED else ""
        limit = " LIMIT 1" if function.name == "ANY_VALUE" else ""
        return f"SELECT {name}({given}{order}) FROM (SELECT * {rows}{limit})"
    window = "" if function.name.startswith("PERCENTILE_") else "ORDER BY x DESC, o" if count else "ORDER BY o"
    return f"SELECT o, {name}({given}) OVER ({window}) {rows} ORDER BY o"


def _columns(function: Function, signature: Sequence[Argument]) -> int:
    """How many of the first arguments differ from row to row; the others have to be constants."""
    if not signature or function.name == "NTILE" or signature[0].name:
        return 0
    two = len(signature) > 1 and signature[1].kind in ("FLOAT64", "NUMERIC", "BIGNUMERIC") and not signature[1].name
    return 2 if two and not function.name.startswith("PERCENTILE_") else 1


def _arguments(
    function: Function, signature: Sequence[Argument], random: Random, shared: str, before: int = 0
) -> list[str]:
    given: list[str] = []
    for argument in signature:
        repeats = {_REPEATED: random.choice((0, 1, 2)), _OPTIONAL: random.choice((0, 1))}.get(argument.cardinality, 1)
        repeats = 1 if function.name in _OPERATORS else repeats
        if not repeats and argument.cardinality == _OPTIONAL and not argument.name:
            break
        for _ in range(repeats):
            value = _value(function.name, before + len(given), argument.kind, random, shared)
            given.append(f"{argument.name} => {value}" if argument.name else value)
    return given


def languages(function: str, place: int, kind: str) -> Sequence[str]:
    """What an argument is drawn from where it is a text of some language, or has to be small."""
    texts = LANGUAGES.get((function, place), ())
    if texts and (kind in ("STRING", "INT64", "DATE", "TIMESTAMP") or (kind == "BYTES" and texts[0].startswith("b'"))):
        return texts
    return BYTE_PATTERNS if kind == "BYTES" and texts is PATTERNS else ()


def parts_of(kind: str) -> Sequence[str]:
    """The values of an enum, a date part for example."""
    return VALUES[kind] if kind in ("DateTimestampPart", "RoundingMode", "NormalizeMode") else ()


def _value(function: str, place: int, kind: str, random: Random, shared: str) -> str:
    kind = kind.replace("ANY", shared)
    texts = languages(function, place, kind)
    if texts:
        return random.choice(texts)
    if kind.startswith("ARRAY<"):
        element = kind[6:-1]
        values = ", ".join(random.choice(VALUES[element]) for _ in range(random.choice((1, 2, 3))))
        return random.choice((f"[{values}]",) * 4 + (f"CAST([] AS {kind})", f"CAST(NULL AS {kind})"))
    return random.choice(VALUES[kind])


def _written(function: Function, given: Sequence[str]) -> str:
    return operator(function.name, len(given)).format(*given)


def operator(name: str, count: int) -> str:
    """How a call with so many arguments is written, ``{0}`` and so on in their places."""
    if name in _OPERATORS:
        return _OPERATORS[name]
    if name.endswith(_ADDED) and count > 2:
        return f"{name}({{0}}, INTERVAL {{1}} {{2}})"
    return f"{name}({', '.join(f'{{{place}}}' for place in range(count))})"
