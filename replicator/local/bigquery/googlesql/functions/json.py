"""JSON functions.

https://docs.cloud.google.com/bigquery/docs/reference/standard-sql/json_functions
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final, TypeAlias

from sqlglot import exp

from replicator.local.bigquery import bignumerics
from replicator.local.bigquery.googlesql.constants import constant_of
from replicator.local.bigquery.googlesql.documents import normal
from replicator.local.bigquery.googlesql.functions.rules import arguments, as_type, name_of, rule
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
_BEGUN: Final = r'^\s*(?:[\[{"\d-]|true|false|null)'
"""How a text begins of which some part is JSON."""

_LAX: Final = r"(?i)inf|nan|,\s*[\]}]"
_NUMBERS: Final = "('DOUBLE', 'UHUGEINT', 'HUGEINT', 'BIGINT')"


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
        BigQueryError: It is no path, or none that is known here.
    """
    given = resolver.value(argument)
    path = constant_of(given)
    if path is None and given.fixed:
        raise unknown(node, "a JSONPath that is NULL")
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


def _guarded(held: str, sql: str) -> str:
    # How much of a malformed text the service still reads is not known.
    doubt = "error('reading a text that is not well-formed JSON is not modelled by the local cloud')"
    # DuckDB reads NaN, Infinity and a comma behind the last member as well.
    lax = f"regexp_matches({_bare(held)}, {quote(_LAX)})"
    broken = f"{held} IS NOT NULL AND (NOT json_valid({held}) OR (regexp_matches({held}, {quote(_LAX)}) AND {lax}))"
    return (
        f"(CASE WHEN {broken} THEN CASE WHEN regexp_matches({held}, {quote(_BEGUN)}) THEN {doubt} END ELSE {sql} END)"
    )


def _text_of(held: str, path: str, whole: str) -> str:
    """A scalar's text. DuckDB prints fractions anew; one that does not stand so in the document is refused."""
    taken = f"json_extract_string({held}, {path})"
    seen = f"regexp_matches({whole}, '(^|[\\[{{:,\\s])' || regexp_escape({taken}) || '($|[\\]}},\\s])')"
    doubt = "error('a JSON number as ' || {taken} || ' prints it is not modelled by the local cloud')".replace(
        "{taken}", taken
    )
    kind = f"json_type({held}, {path})"
    return (
        f"CASE WHEN {kind} IN ('OBJECT', 'ARRAY', 'NULL') THEN NULL "
        f"WHEN {kind} IN {_NUMBERS} AND NOT {seen} THEN {doubt} ELSE {taken} END"
    )


@rule("JSON_VALUE", "JSON_EXTRACT_SCALAR")
def _value(resolver: Resolver, node: exp.Expr) -> Value:
    document, path = _document(resolver, node), _path(resolver, node)

    def sql(held: str) -> str:
        return _guarded(held, _text_of(held, path, held))

    return derived(bound(document.sql, resolver.gathering.names, sql), STRING, document)


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
        taken = f"CAST(json_extract({held}, {path}) AS VARCHAR)"
        # The JSON null is a value of type JSON, and nothing to be read from a text.
        found = taken if document.type == JSON else f"CASE WHEN json_type({held}, {path}) <> 'NULL' THEN {taken} END"
        return _guarded(held, _exact(held, found))

    text = bound(document.sql, resolver.gathering.names, sql)
    if document.type == JSON:
        return derived(f"CAST({text} AS JSON)", JSON, document)
    return derived(text, STRING, document)


@rule("JSON_VALUE_ARRAY", "JSON_EXTRACT_STRING_ARRAY")
def _value_array(resolver: Resolver, node: exp.Expr) -> Value:
    names = resolver.gathering.names
    document, path = _document(resolver, node), _path(resolver, node)
    name = names.fresh("v")

    def sql(held: str) -> str:
        members = f"json_extract({held}, {path[:-1]}[*]')"
        member = _text_of(f"CAST({name} AS VARCHAR)", "'$'", held)
        nested = f"len(list_filter({members}, lambda {name}: json_type({name}) IN ('OBJECT', 'ARRAY'))) > 0"
        taken = f"list_transform({members}, lambda {name}: {member})"
        return _guarded(
            held, f"CASE WHEN json_type({held}, {path}) <> 'ARRAY' OR {nested} THEN NULL "
            f"WHEN json_type({held}, {path}) IS NOT NULL THEN {taken} END"
        )  # fmt: skip

    return derived(bound(document.sql, names, sql), array(STRING), document)


def _listed(held: str, path: str) -> str:
    members = f"CAST(json_extract({held}, {path[:-1]}[*]') AS JSON[])"
    return f"(CASE WHEN json_type({held}, {path}) = 'ARRAY' THEN {members} END)"


@rule("JSON_QUERY_ARRAY", "JSON_EXTRACT_ARRAY")
def _query_array(resolver: Resolver, node: exp.Expr) -> Value:
    names = resolver.gathering.names
    document, path = _document(resolver, node), _path(resolver, node)
    if document.type == JSON:
        # The members of a JSON are JSON, and written as GoogleSQL writes them already.
        return derived(bound(document.sql, names, lambda held: _listed(held, path)), array(JSON), document)
    name = names.fresh("v")

    def sql(held: str) -> str:
        taken = f"list_transform(json_extract({held}, {path[:-1]}[*]'), lambda {name}: CAST({name} AS VARCHAR))"
        return _guarded(held, _exact(held, f"CASE WHEN json_type({held}, {path}) = 'ARRAY' THEN {taken} END"))

    return derived(bound(document.sql, names, sql), array(STRING), document)


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
