"""What JSON holds many of: the scalars of an array, the members of nested arrays, the keys of objects.

https://docs.cloud.google.com/bigquery/docs/reference/standard-sql/json_functions#json_keys
"""

from __future__ import annotations

from typing import Final

from sqlglot import exp

from replicator.local.bigquery.googlesql.constants import constant_of
from replicator.local.bigquery.googlesql.functions.jsonscalars import TYPES, lax, strict
from replicator.local.bigquery.googlesql.functions.rules import arguments, as_type, mismatch, name_of, rule, with_names
from replicator.local.bigquery.googlesql.refusals import refused, unknown
from replicator.local.bigquery.googlesql.resolver import Resolver
from replicator.local.bigquery.googlesql.values import INT64, JSON, STRING, Value, bound, derived, fail, quote
from replicator.local.bigquery.types import array

_DEEPEST: Final = 500
"""How deep a document may be nested (json_functions#parse_json)."""
_NONE: Final = "CAST([] AS JSON[])"


def members(held: str) -> str:
    """The members of an array as JSON; a JSON null is one."""
    return f"CAST(json_extract({held}, '$[*]') AS JSON[])"


def _only_json(resolver: Resolver, node: exp.Expr) -> Value:
    values = arguments(resolver, node, 1)
    if values[0].type != JSON:
        raise mismatch(node, values)
    return values[0]


@rule("BOOL_ARRAY", "FLOAT64_ARRAY", "INT64_ARRAY", "STRING_ARRAY")
def _scalars(resolver: Resolver, node: exp.Expr) -> Value:
    value, names = _only_json(resolver, node), resolver.gathering.names
    to = TYPES[name_of(node).removesuffix("_ARRAY")]
    name = names.fresh("v")
    failure = fail(array(to), quote("The provided JSON input is not an array"))

    def sql(held: str) -> str:
        taken = f"list_transform({members(held)}, lambda {name}: {strict(name, to)})"
        return f"(CASE WHEN json_type({held}) = 'ARRAY' THEN {taken} WHEN {held} IS NOT NULL THEN {failure} END)"

    return derived(bound(value.sql, names, sql), array(to), value, fallible=True)


@rule("LAX_BOOL_ARRAY", "LAX_FLOAT64_ARRAY", "LAX_INT64_ARRAY", "LAX_STRING_ARRAY")
def _lax_scalars(resolver: Resolver, node: exp.Expr) -> Value:
    value, names = _only_json(resolver, node), resolver.gathering.names
    to = TYPES[name_of(node).removeprefix("LAX_").removesuffix("_ARRAY")]
    name = names.fresh("v")

    def sql(held: str) -> str:
        taken = f"list_transform({members(held)}, lambda {name}: {lax(name, to)})"
        return f"(CASE WHEN json_type({held}) = 'ARRAY' THEN {taken} END)"

    return derived(bound(value.sql, names, sql), array(to), value)


def _depth(held: str, sign: str) -> str:
    """A number of levels that is not too small."""
    return f"least(len(string_split(CAST({held} AS VARCHAR), '{sign}')) - 1, {_DEEPEST})"


def _flat(sql: str, held: str) -> str:
    """A list of JSON with the members of its arrays, of any depth, in their places."""
    opened = f"CASE WHEN json_type(e) = 'ARRAY' THEN {members('e')} ELSE [e] END"
    steps = f"list_transform(range({_depth(held, '[')}), lambda i: {_NONE})"
    return f"list_reduce(list_concat([{sql}], {steps}), lambda s, i: flatten(list_transform(s, lambda e: {opened})))"


@rule("JSON_FLATTEN")
def _flatten(resolver: Resolver, node: exp.Expr) -> Value:
    value = _only_json(resolver, node)

    def sql(held: str) -> str:
        return f"(CASE WHEN {held} IS NOT NULL THEN {_flat(f'[{held}]', held)} END)"

    return derived(bound(value.sql, resolver.gathering.names, sql), array(JSON), value)


_MODES: Final = ("strict", "lax", "lax recursive")


@rule("JSON_KEYS")
def _keys(resolver: Resolver, node: exp.Expr) -> Value:
    given, named = with_names(node)
    values = [resolver.value(argument) for argument in given]
    if not 1 <= len(values) <= 2 or values[0].type != JSON or set(named) - {"mode"}:
        raise mismatch(node, values)
    mode: object = "strict"
    if "mode" in named:
        mode = constant_of(as_type(resolver, node, [resolver.value(named["mode"])], 0, STRING))
        if mode is None:
            raise unknown(node, "JSON_KEYS with a mode that is NULL or not constant")
        if str(mode).lower() not in _MODES:
            raise refused(node, "Invalid JSON mode specified")
    names = resolver.gathering.names
    deepest = as_type(resolver, node, values, 1, INT64).sql if len(values) > 1 else f"{_DEEPEST}::BIGINT"
    failure = fail(array(STRING), quote("max_depth must be positive."))

    def sql(held: str, depth: str) -> str:
        found = _found(held, str(mode).lower(), f"least(coalesce({depth}, {_DEEPEST}), {_depth(held, '{')})")
        return f"(CASE WHEN {held} IS NULL THEN NULL WHEN {depth} <= 0 THEN {failure} ELSE {found} END)"

    made = bound(values[0].sql, names, lambda held: bound(deepest, names, lambda depth: sql(held, depth)))
    return derived(made, array(STRING), *values, fallible=True)


def _found(held: str, mode: str, depth: str) -> str:
    """The paths of all keys, level by level: what was found before, and with it the values to look into next."""
    # Fields stand in brackets: what has a dot may be a column of that name.
    # A key stands in quotes where it has a dot, or where JSON writes it otherwise than it is.
    written = "CAST(to_json(k) AS VARCHAR)"
    key = f"CASE WHEN contains(k, '.') OR {written} <> '\"' || k || '\"' THEN {written} ELSE k END"
    path = f"CASE WHEN f['p'] IS NULL THEN '' ELSE f['p'] || '.' END || {key}"
    inside = "json_extract(f['j'], '/' || replace(replace(k, '~', '~0'), '/', '~1'))"
    child = f"struct_pack(p := {path}, j := {inside}, n := true)"
    below = f"list_transform(CASE WHEN json_type(f['j']) = 'OBJECT' THEN json_keys(f['j']) END, lambda k: {child})"
    inner = members("e['j']")
    opened = {
        "strict": "[e['j']]",
        "lax": f"CASE WHEN json_type(e['j']) = 'ARRAY' THEN {inner} ELSE [e['j']] END",
        "lax recursive": _flat("[e['j']]", "e['j']"),
    }[mode]
    objects = f"list_transform({opened}, lambda j: struct_pack(p := e['p'], j := j))"
    level = f"flatten(list_transform({objects}, lambda f: coalesce({below}, [])))"
    fresh = f"flatten(list_transform(list_filter(s, lambda e: e['n']), lambda e: {level}))"
    seen = "list_transform(s, lambda e: struct_pack(p := e['p'], j := CAST(NULL AS JSON), n := false))"
    kind = "STRUCT(p VARCHAR, j JSON, n BOOLEAN)[]"
    begun = f"CAST([struct_pack(p := CAST(NULL AS VARCHAR), j := {held}, n := true)] AS {kind})"
    steps = f"list_transform(range({depth}), lambda i: CAST([] AS {kind}))"
    reached = f"list_reduce(list_concat([{begun}], {steps}), lambda s, i: list_concat({seen}, {fresh}))"
    paths = f"list_transform(list_filter({reached}, lambda e: e['p'] IS NOT NULL), lambda e: e['p'])"
    return f"list_sort(list_distinct({paths}))"
