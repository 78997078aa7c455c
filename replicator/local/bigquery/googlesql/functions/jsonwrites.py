"""JSON documents that are changed: JSON_SET, JSON_REMOVE, JSON_STRIP_NULLS, JSON_ARRAY_APPEND, JSON_ARRAY_INSERT.

https://docs.cloud.google.com/bigquery/docs/reference/standard-sql/json_functions#json_set
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Final, Protocol

from sqlglot import exp

from replicator.local.bigquery.googlesql.constants import constant_of
from replicator.local.bigquery.googlesql.functions.json import masked, steps_of, unmasked
from replicator.local.bigquery.googlesql.functions.jsonvalues import document
from replicator.local.bigquery.googlesql.functions.rules import NullArgumentError, mismatch, name_of, rule, with_names
from replicator.local.bigquery.googlesql.refusals import refused, unknown
from replicator.local.bigquery.googlesql.resolver import Resolver
from replicator.local.bigquery.googlesql.values import BOOL, JSON, Names, Value, bound, derived, filled, quote


class Change(Protocol):
    """The SQL of a document after a change."""

    def __call__(self, held: str, steps: Sequence[str | int], value: Value) -> str:
        """The document ``held`` with ``value`` put where ``steps`` lead."""
        ...


_STRING: Final = r'("(?:[^"\\]|\\.)*")'
_BEFORE: Final = _STRING + r"|null,"
_LAST: Final = _STRING + r"|,?null(\])"
"""Nulls of an array before other members, and at its end; what stands in quotes is passed over."""


def _subject(resolver: Resolver, node: exp.Expr) -> tuple[Value, list[exp.Expr], dict[str, exp.Expr]]:
    given, named = with_names(node)
    subject = resolver.value(given[0]) if given else None
    if subject is None or subject.type != JSON:
        raise mismatch(node, [resolver.value(each) for each in given])
    return subject, given[1:], named


def _flag(resolver: Resolver, node: exp.Expr, named: dict[str, exp.Expr], name: str, *, default: bool) -> bool:
    """A BOOL that is given by name, the only one that the function takes.

    Raises:
        BigQueryError: It is not constant, or there is another one.
    """
    if set(named) - {name}:
        raise unknown(node, f"{name_of(node)} with {', '.join(sorted(set(named) - {name}))}")
    if name not in named:
        return default
    value = resolver.value(named[name])
    constant = constant_of(value)
    if value.type != BOOL or not isinstance(constant, bool):
        raise unknown(node, f"{name_of(node)} with {name} that is NULL or not constant")
    return constant


def _path(steps: Sequence[str | int]) -> str:
    """DuckDB's JSONPath, quoted."""
    return quote("$" + "".join(f"[{step}]" if isinstance(step, int) else f'."{step}"' for step in steps))


def _made(steps: Sequence[str | int], sql: str) -> str:
    """The text of a document that has nothing but a value at the path."""
    for step in reversed(steps):
        if isinstance(step, int):
            sql = f"{quote('[' + 'null,' * step)} || {sql} || ']'"
        else:
            sql = f"""{quote('{"' + step + '":')} || {sql} || '}}'"""
    return f"({sql})"


def _put(held: str, steps: Sequence[str | int], text: str) -> str:
    if not steps:
        return f"CAST({text} AS JSON)"
    made = f"json_set({masked(f'CAST({held} AS VARCHAR)')}, {_path(steps)}, CAST({masked(text)} AS JSON))"
    return f"CAST({unmasked(f'CAST(json_normalize({made}) AS VARCHAR)')} AS JSON)"


def _set(held: str, steps: Sequence[str | int], text: str, *, creates: bool) -> str:
    """The document with a text of JSON at a path, and with what is missing on the way there."""
    arms = [f"WHEN json_type({held}, {_path(steps)}) IS NOT NULL THEN {_put(held, steps, text)}"]
    for depth in range(len(steps) - 1, -1, -1) if creates else ():
        before, step = steps[:depth], steps[depth]
        kind = f"json_type({held}, {_path(before)})"
        added = _put(held, steps[: depth + 1], _made(steps[depth + 1 :], text))
        if isinstance(step, int):
            size = f"json_array_length({held}, {_path(before)})"
            doubt = "error('JSON_SET far behind the end of an array is not modelled by the local cloud')"
            wanted, added = "ARRAY", f"CASE WHEN {size} = {step} THEN {added} ELSE {doubt} END"
        else:
            wanted = "OBJECT"
        arms.append(
            f"WHEN {kind} = '{wanted}' THEN {added} WHEN {kind} = 'NULL' "
            f"THEN {_put(held, before, _made(steps[depth:], text))} WHEN {kind} IS NOT NULL THEN {held}"
        )
    return f"(CASE WHEN {held} IS NULL THEN NULL {' '.join(arms)} ELSE {held} END)"


@rule("JSON_SET")
def _json_set(resolver: Resolver, node: exp.Expr) -> Value:
    subject, given, named = _subject(resolver, node)
    creates = _flag(resolver, node, named, "create_if_missing", default=True)

    def change(held: str, steps: Sequence[str | int], value: Value) -> str:
        text = document(value, resolver.gathering.names)
        return bound(text, resolver.gathering.names, lambda text: _set(held, steps, text, creates=creates))

    return _changed(resolver, node, subject, given, change)


def _changed(
    resolver: Resolver,
    node: exp.Expr,
    subject: Value,
    given: Sequence[exp.Expr],
    change: Change,
) -> Value:
    """A document after a change for each pair of a path and a value."""
    if not given or len(given) % 2:
        raise mismatch(node, [subject, *(resolver.value(each) for each in given)])
    values: list[Value] = []
    sql, names = subject.sql, resolver.gathering.names
    for path, each in zip(given[::2], given[1::2], strict=True):
        value = resolver.value(each)
        values.append(value)
        try:
            steps = steps_of(resolver, node, path)
        except NullArgumentError:
            # Nothing is changed by it.
            continue
        sql = bound(sql, names, partial(change, steps=steps, value=value))
    return derived(sql, JSON, subject, *values)


@rule("JSON_REMOVE")
def _remove(resolver: Resolver, node: exp.Expr) -> Value:
    subject, given, named = _subject(resolver, node)
    if not given or named:
        raise mismatch(node, [subject])
    sql = "{document}"
    for path in given:
        try:
            steps = steps_of(resolver, node, path)
        except NullArgumentError:
            continue
        if not steps:
            raise refused(path, "The JSONPath cannot be '$'")
        sql = f"json_remove({sql}, {_path(steps)})"
    return _rewritten(resolver, subject, lambda held: filled(sql, {"document": held}))


@rule("JSON_STRIP_NULLS")
def _strip(resolver: Resolver, node: exp.Expr) -> Value:
    subject, given, named = _subject(resolver, node)
    if given:
        raise unknown(node, "JSON_STRIP_NULLS of a part of a document")
    arrays = _flag(resolver, node, named, "include_arrays", default=True)

    def sql(held: str) -> str:
        stripped = f"json_strip_nulls({held})"
        if not arrays:
            return stripped
        # What is left of nulls are members of arrays: those before others, then those at the end.
        inner = f"regexp_replace(CAST({stripped} AS VARCHAR), {quote(_BEFORE)}, '\\1', 'g')"
        return f"regexp_replace({inner}, {quote(_LAST)}, '\\1\\2', 'g')"

    return _rewritten(resolver, subject, sql)


def _rewritten(resolver: Resolver, subject: Value, change: Callable[[str], str]) -> Value:
    """A document after a change by DuckDB, its numbers as they were."""
    names = resolver.gathering.names
    made = bound(
        f"CAST({subject.sql} AS VARCHAR)",
        names,
        lambda text: bound(masked(text), names, lambda held: unmasked(f"CAST({change(held)} AS VARCHAR)")),
    )
    return derived(f"CAST({made} AS JSON)", JSON, subject)


@rule("JSON_ARRAY_APPEND")
def _append(resolver: Resolver, node: exp.Expr) -> Value:
    subject, given, named = _subject(resolver, node)
    spreads = _flag(resolver, node, named, "append_each_element", default=True)
    names = resolver.gathering.names

    def change(held: str, steps: Sequence[str | int], value: Value) -> str:
        return _listed(held, steps, names, lambda old: f"list_concat({old}, {_members(value, names, spreads=spreads)})")

    return _changed(resolver, node, subject, given, change)


@rule("JSON_ARRAY_INSERT")
def _insert(resolver: Resolver, node: exp.Expr) -> Value:
    subject, given, named = _subject(resolver, node)
    spreads = _flag(resolver, node, named, "insert_each_element", default=True)
    names = resolver.gathering.names

    def change(held: str, steps: Sequence[str | int], value: Value) -> str:
        if not steps or not isinstance(steps[-1], int):
            return held
        place = steps[-1]

        def put(old: str) -> str:
            gap = f"list_transform(range(len({old}), {place}), lambda g: CAST('null' AS VARCHAR))"
            pieces = f"{old}[1:{place}]", gap, _members(value, names, spreads=spreads), f"{old}[{place + 1}:]"
            return f"list_concat({', '.join(pieces)})"

        return _listed(held, steps[:-1], names, put)

    return _changed(resolver, node, subject, given, change)


def _members(value: Value, names: Names, *, spreads: bool) -> str:
    """The texts of what is added: the members of an array, or the value."""
    if not spreads or value.type.element is None:
        return f"[{document(value, names)}]"
    member = names.fresh("v")
    text = document(Value(member, value.type.element), names)
    listed = f"list_transform({value.sql}, lambda {member}: {text})"
    return f"coalesce({listed}, CAST([] AS VARCHAR[]))"


def _listed(held: str, steps: Sequence[str | int], names: Names, change: Callable[[str], str]) -> str:
    """The document whose array at the path, or whose null there, has other members."""
    path = _path(steps)
    kind = f"json_type({held}, {path})"
    members = f"CAST(json_extract({masked(f'CAST({held} AS VARCHAR)')}, {path[:-1]}[*]') AS VARCHAR[])"
    old = f"(CASE WHEN {kind} = 'ARRAY' THEN {members} ELSE CAST([] AS VARCHAR[]) END)"
    text = bound(old, names, lambda old: unmasked(f"('[' || array_to_string({change(old)}, ',') || ']')"))
    return f"(CASE WHEN {kind} IN ('ARRAY', 'NULL') THEN {_put(held, steps, text)} ELSE {held} END)"
