"""JSON functions.

https://docs.cloud.google.com/bigquery/docs/reference/standard-sql/json_functions
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final, TypeAlias

from sqlglot import exp

from replicator.local.bigquery import bignumerics
from replicator.local.bigquery.googlesql.constants import constant_of, is_null
from replicator.local.bigquery.googlesql.documents import normal
from replicator.local.bigquery.googlesql.functions.rules import NullArgumentError, arguments, as_type, name_of, rule
from replicator.local.bigquery.googlesql.refusals import refused, unknown
from replicator.local.bigquery.googlesql.resolver import Resolver
from replicator.local.bigquery.googlesql.texts import datetime_text, float_text, fraction_text, numeric_text, time_text
from replicator.local.bigquery.googlesql.values import (
    BOOL,
    JSON,
    STRING,
    Names,
    Origin,
    Value,
    bound,
    derived,
    fail,
    field_sql,
    quote,
)
from replicator.local.bigquery.types import Type, array

_STEP: Final = re.compile(
    r"""\.(?P<name>[^.\[\]"'\s]+)|\."(?P<quoted>[^"]*)"|\[(?P<index>\d+)\]|\["(?P<key>[^"]*)"\]"""
)
_LEGACY: Final = re.compile(r"""\.(?P<name>[^.\[\]"'\s]+)|(?P<quoted>(?!))|\[(?P<index>\d+)\]|\['(?P<key>[^']*)'\]""")
"""JSON_EXTRACT and its like quote keys otherwise: json_functions#JSONPath_format."""
_BEGUN: Final = r"^\s*[\[{]"
"""How a text begins that is an object or an array, if it is well-formed."""
_OPENED: Final = r"\s*[\[{]\s*"
_SCALAR: Final = r'^\s*(-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null|"(?:[^"\\]|\\.)*")(?:[^.eE]|$)'
"""A scalar that a text begins with."""
_REWRITTEN: Final = r"\d[.eE]|\d{19}|-0"
"""Numbers that DuckDB may write otherwise."""
_TEXT_OR_NUMBER: Final = r'("(?:[^"\\]|\\.)*")|(-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)'
_MARK: Final = 57_344
"""A character of private use."""

_LAX: Final = r"(?i)inf|nan|,\s*[\]}]"


def _path(resolver: Resolver, node: exp.Expr) -> str:
    """The second argument, a JSONPath, as DuckDB's; ``$`` where there is none.

    Raises:
        BigQueryError: It is no path.
    """
    if len(node.expressions) < 2:
        return quote("$")
    steps = steps_of(resolver, node, node.expressions[1])
    return quote("$" + "".join(f"[{step}]" if isinstance(step, int) else f'."{step}"' for step in steps))


def steps_of(resolver: Resolver, node: exp.Expr, argument: exp.Expr) -> list[str | int]:
    """The keys and indexes of a call's JSONPath.

    Raises:
        NullArgumentError: It is NULL.
        BigQueryError: It is no path, or none that is known here.
    """
    given = resolver.value(argument)
    path = constant_of(given)
    if is_null(given) and (given.type == STRING or given.origin is Origin.NULL):
        raise NullArgumentError(argument, "$")
    if not isinstance(path, str):
        raise refused(argument, "JSONPath must be a string literal or query parameter")
    if not path.startswith("$"):
        raise refused(argument, "JSONPath must start with '$'")
    position = 1
    steps: list[str | int] = []
    while position < len(path):
        match = (_LEGACY if name_of(node).startswith("JSON_EXTRACT") else _STEP).match(path, position)
        if match is None:
            raise refused(argument, f"Invalid token in JSONPath at: {path[position:]}")
        if match["index"] is not None:
            steps.append(int(match["index"]))
        else:
            name = next(part for part in (match["name"], match["quoted"], match["key"]) if part is not None)
            if '"' in name or "*" in name or "\\" in name:
                raise unknown(node, f"the JSONPath {path}")
            steps.append(name)
        position = match.end()
    return steps


def _document(resolver: Resolver, node: exp.Expr) -> Value:
    """The first argument: a text that holds JSON, or a JSON."""
    values = arguments(resolver, node, 1, 2)
    if values[0].type == JSON:
        return derived(f"CAST({values[0].sql} AS VARCHAR)", JSON, values[0])
    return as_type(resolver, node, values, 0, STRING)


def _bare(held: str) -> str:
    """A document without what stands in quotes."""
    return f"regexp_replace({held}, '\"(?:[^\"\\\\]|\\\\.)*\"', '', 'g')"


def _read(document: Value, names: Names, body: Callable[[str], str]) -> str:
    """``body`` of a document that DuckDB reads: it never sees another, not even where it would not be looked at.

    Of a text that is not well-formed GoogleSQL reads what comes first. Where that is a scalar, it is all that there is;
    how much is read of an object or an array is not modelled.
    """
    return bound(document.sql, names, lambda held: bound(_sound(held), names, body))


def _sound(held: str) -> str:
    doubt = "error('reading a text that is not well-formed JSON is not modelled by the local cloud')"
    # DuckDB reads NaN, Infinity and a comma behind the last member as well.
    lax = f"regexp_matches({_bare(held)}, {quote(_LAX)})"
    broken = f"NOT json_valid({held}) OR (regexp_matches({held}, {quote(_LAX)}) AND {lax})"
    first = f"nullif(regexp_extract({held}, {quote(_SCALAR)}, 1), '')"
    return (
        f"(CASE WHEN {held} IS NULL THEN NULL WHEN {broken} THEN CASE WHEN NOT regexp_matches({held}, {quote(_BEGUN)}) "
        f"THEN {first} WHEN NOT regexp_full_match({held}, {quote(_OPENED)}) THEN {doubt} END "
        f"ELSE {masked(held)} END)"
    )


def masked(held: str) -> str:
    """A document with its numbers as marked texts: DuckDB writes many of them anew, and GoogleSQL as they stand."""
    doubt = "error('JSON with a character of private use is not modelled by the local cloud')"
    mark = f"chr({_MARK})"
    marked = f"""'\\1"' || {mark} || '\\2' || {mark} || '"'"""
    made = f"regexp_replace({held}, {quote(_TEXT_OR_NUMBER)}, {marked}, 'g')"
    texts = f"""replace({made}, '"' || {mark} || {mark} || '"', '')"""
    return (
        f"CASE WHEN NOT regexp_matches({held}, {quote(_REWRITTEN)}) THEN {held} "
        f"WHEN contains({held}, {mark}) THEN {doubt} ELSE {texts} END"
    )


def unmasked(sql: str) -> str:
    """A text of JSON with its numbers as they were."""
    mark = f"chr({_MARK})"
    return f"""replace(replace({sql}, '"' || {mark}, ''), {mark} || '"', '')"""


def _text_of(held: str, path: str) -> str:
    """A scalar's text."""
    taken = f"replace(json_extract_string({held}, {path}), chr({_MARK}), '')"
    return f"CASE WHEN json_type({held}, {path}) NOT IN ('OBJECT', 'ARRAY', 'NULL') THEN {taken} END"


@rule("JSON_VALUE", "JSON_EXTRACT_SCALAR")
def _value(resolver: Resolver, node: exp.Expr) -> Value:
    document, path = _document(resolver, node), _path(resolver, node)
    return derived(_read(document, resolver.gathering.names, lambda held: _text_of(held, path)), STRING, document)


def _exact(held: str, sql: str) -> str:
    """JSON without blanks, numbers as they were written; DuckDB writes fractions anew, so others are refused."""
    doubt = "error('a JSON number that is written otherwise than DuckDB writes it is not modelled by the local cloud')"
    bare = _bare(held)
    odd = "lambda n: n <> CAST(json_extract(n, '$') AS VARCHAR)"
    fractions = f"regexp_extract_all({bare}, '-?\\d+(?:\\.\\d+)?(?:[eE][+-]?\\d+)?')"
    return f"CASE WHEN len(list_filter({fractions}, {odd})) > 0 THEN {doubt} ELSE {sql} END"


@rule("JSON_QUERY", "JSON_EXTRACT")
def _query(resolver: Resolver, node: exp.Expr) -> Value:
    document, path = _document(resolver, node), _path(resolver, node)

    def sql(held: str) -> str:
        taken = unmasked(f"CAST(json_extract({held}, {path}) AS VARCHAR)")
        # The JSON null is a value of type JSON, and nothing to be read from a text.
        return taken if document.type == JSON else f"CASE WHEN json_type({held}, {path}) <> 'NULL' THEN {taken} END"

    text = _read(document, resolver.gathering.names, sql)
    if document.type == JSON:
        return derived(f"CAST({text} AS JSON)", JSON, document)
    return derived(text, STRING, document)


@rule("JSON_VALUE_ARRAY", "JSON_EXTRACT_STRING_ARRAY")
def _value_array(resolver: Resolver, node: exp.Expr) -> Value:
    names = resolver.gathering.names
    document, path = _document(resolver, node), _path(resolver, node)
    name = names.fresh("v")

    def sql(held: str) -> str:
        members = _members(held, path)
        member = _text_of(name, "'$'")
        nested = f"len(list_filter({members}, lambda {name}: json_type({name}) IN ('OBJECT', 'ARRAY'))) > 0"
        return (
            f"CASE WHEN json_type({held}, {path}) = 'ARRAY' AND NOT ({nested}) "
            f"THEN list_transform({members}, lambda {name}: {member}) END"
        )

    return derived(_read(document, names, sql), array(STRING), document)


def _members(held: str, path: str) -> str:
    """The texts of an array's members."""
    return f"CAST(json_extract({held}, {path[:-1]}[*]') AS VARCHAR[])"


@rule("JSON_QUERY_ARRAY", "JSON_EXTRACT_ARRAY")
def _query_array(resolver: Resolver, node: exp.Expr) -> Value:
    names = resolver.gathering.names
    document, path = _document(resolver, node), _path(resolver, node)
    name = names.fresh("v")

    def sql(held: str) -> str:
        taken = f"list_transform({_members(held, path)}, lambda {name}: {unmasked(name)})"
        return f"(CASE WHEN json_type({held}, {path}) = 'ARRAY' THEN {taken} END)"

    text = _read(document, names, sql)
    if document.type == JSON:
        return derived(f"CAST({text} AS JSON[])", array(JSON), document)
    return derived(text, array(STRING), document)


@rule("PARSE_JSON")
def _parse(resolver: Resolver, node: exp.Expr) -> Value:
    values = arguments(resolver, node, 1)
    text = as_type(resolver, node, values, 0, STRING)
    written = constant_of(text)
    if isinstance(written, str):
        document = normal(written)
        if document is None:
            return derived(fail(JSON, quote("Invalid input to PARSE_JSON")), JSON, text, fallible=True)
        return derived(f"CAST({quote(document)} AS JSON)", JSON, text)

    def sql(held: str) -> str:
        # Keys come out sorted and escapes resolved; of a text that is not known, neither is done here.
        bare = f"regexp_replace({held}, '\"[^\"]*\"', '', 'g')"
        doubt = "error('PARSE_JSON of an object of several keys, or of escapes, is not modelled by the local cloud')"
        odd = f"contains({held}, chr(92)) OR (contains({bare}, '{{') AND contains({bare}, ','))"
        failure = fail(JSON, quote("Invalid input to PARSE_JSON"))
        return (
            f"(CASE WHEN {held} IS NULL THEN NULL WHEN NOT json_valid({held}) THEN {failure} WHEN {odd} THEN {doubt} "
            f"ELSE {_exact(held, f'json({held})')} END)"
        )

    return derived(bound(text.sql, resolver.gathering.names, sql), JSON, text, fallible=True)


@rule("TO_JSON_STRING")
def _to_json_string(resolver: Resolver, node: exp.Expr) -> Value:
    value, *pretty = arguments(resolver, node, 1, 2)
    if pretty and (pretty[0].type != BOOL or constant_of(pretty[0]) is not False):
        raise unknown(node, "TO_JSON_STRING with line breaks, or with a second argument that is not constant")
    if value.origin is Origin.NULL and not value.fallible:
        return Value("'null'", STRING, fixed=True)
    return derived(json_text(value, resolver.gathering.names), STRING, value)


Order: TypeAlias = "Callable[[Sequence[str], Type], tuple[Sequence[str], Type]]"
"""Puts the members of a struct, and its type, in another order."""


def json_text(value: Value, names: Names) -> str:
    """The JSON of a value, as text; ``null`` for NULL."""
    return printed(value, names, PRINTED, lambda members, kind: (members, kind))


def printed(value: Value, names: Names, scalars: Mapping[str, Callable[[str], str]], order: Order) -> str:
    """The JSON of a value with scalars as ``scalars`` print them."""
    if value.parts is not None and value.type.name == "STRUCT":
        # A constructor's members are printed one by one, so that none is computed twice.
        return _object(*order([printed(part, names, scalars, order) for part in value.parts], value.type))
    return bound(value.sql, names, lambda held: f"coalesce({_json(held, value.type, names, scalars, order)}, 'null')")


def _object(members: Sequence[str], kind: Type) -> str:
    keys = [quote(("{" if index == 0 else ",") + _key(name) + ":") for index, (name, _) in enumerate(kind.fields)]
    pieces = [f"{key} || {member}" for key, member in zip(keys, members, strict=True)]
    return f"({' || '.join(pieces)} || '}}')"


def _key(name: str) -> str:
    if re.search(r'["\\\x00-\x1f]', name):
        raise unknown(None, f"JSON with the key {name!r}")
    return f'"{name}"'


def _json(sql: str, kind: Type, names: Names, scalars: Mapping[str, Callable[[str], str]], order: Order) -> str:
    """The JSON of a short expression; NULL of NULL."""
    if kind.element is not None:
        name = names.fresh("v")
        member = f"coalesce({_json(name, kind.element, names, scalars, order)}, 'null')"
        joined = f"coalesce(array_to_string(list_transform({sql}, lambda {name}: {member}), ','), '')"
        return f"CASE WHEN {sql} IS NOT NULL THEN '[' || {joined} || ']' END"
    if kind.name == "STRUCT":
        members = [
            f"coalesce({_json(field_sql(sql, kind, index), child, names, scalars, order)}, 'null')"
            for index, (_, child) in enumerate(kind.fields)
        ]
        return f"CASE WHEN {sql} IS NOT NULL THEN {_object(*order(members, kind))} END"
    if kind.name not in scalars:
        raise unknown(None, f"the JSON of a value of type {kind}")
    return scalars[kind.name](sql)


def _int64(sql: str) -> str:
    # A number beyond what a double holds is written as a text.
    text = f"CAST({sql} AS VARCHAR)"
    return f"CASE WHEN abs({sql}::HUGEINT) > {_EXACT} THEN {_quoted(text)} ELSE {text} END"


def _numeric(sql: str) -> str:
    text = numeric_text(sql)
    return f"CASE WHEN {sql} = trunc({sql}) AND abs({sql}) <= {_EXACT} THEN {text} ELSE {_quoted(text)} END"


def _bignumeric(sql: str) -> str:
    text = bignumerics.text(sql)
    exact = f"NOT contains(t, '.') AND abs(TRY_CAST(t AS HUGEINT)) <= {_EXACT}"
    return f"list_transform([{text}], lambda t: CASE WHEN {exact} THEN t ELSE {_quoted('t')} END)[1]"


def _float64(sql: str) -> str:
    special = f"CASE WHEN isnan({sql}) THEN '\"NaN\"' WHEN {sql} > 0 THEN '\"Infinity\"' ELSE '\"-Infinity\"' END"
    return f"CASE WHEN isfinite({sql}) THEN {float_text(sql)} WHEN {sql} IS NOT NULL THEN {special} END"


def _timestamp(sql: str) -> str:
    wall = f"({sql} AT TIME ZONE 'UTC')"
    return _quoted(f"strftime({wall}, '%Y-%m-%dT%H:%M:%S') || {fraction_text(f'microsecond({wall})')} || 'Z'")


def _quoted(sql: str) -> str:
    return f"('\"' || {sql} || '\"')"


_EXACT: Final = 2**53
PLAIN: Final[Mapping[str, Callable[[str], str]]] = {
    "BOOL": lambda sql: f"CAST({sql} AS VARCHAR)",
    "BYTES": lambda sql: _quoted(f"to_base64({sql})"),
    "DATE": lambda sql: _quoted(f"strftime({sql}, '%Y-%m-%d')"),
    "DATETIME": lambda sql: _quoted(f"replace({datetime_text(sql)}, ' ', 'T')"),
    "JSON": lambda sql: f"CAST({sql} AS VARCHAR)",
    "TIME": lambda sql: _quoted(time_text(sql)),
    "TIMESTAMP": _timestamp,
}
"""The scalars that TO_JSON and TO_JSON_STRING print alike."""
PRINTED: Final[Mapping[str, Callable[[str], str]]] = {
    **PLAIN,
    "BIGNUMERIC": _bignumeric,
    "FLOAT64": _float64,
    "INT64": _int64,
    "NUMERIC": _numeric,
    # Line separators are escaped for JavaScript's sake.
    "STRING": lambda sql: (
        f"replace(replace(CAST(to_json({sql}) AS VARCHAR), chr(8232), '\\u2028'), chr(8233), '\\u2029')"
    ),
}
"""The scalars as TO_JSON_STRING prints them."""
