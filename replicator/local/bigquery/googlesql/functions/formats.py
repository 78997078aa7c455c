"""FORMAT.

https://docs.cloud.google.com/bigquery/docs/reference/standard-sql/string_functions#format_string
"""

from __future__ import annotations

import re
from typing import Final

from sqlglot import exp

from replicator.local.bigquery import bignumerics
from replicator.local.bigquery.googlesql.constants import constant_of, is_null
from replicator.local.bigquery.googlesql.functions.numberformats import number_text, padded
from replicator.local.bigquery.googlesql.functions.rules import mismatch, rule
from replicator.local.bigquery.googlesql.refusals import refused, unknown
from replicator.local.bigquery.googlesql.resolver import Resolver
from replicator.local.bigquery.googlesql.texts import datetime_text, float_text, numeric_text, time_text, timestamp_text
from replicator.local.bigquery.googlesql.values import (
    JSON,
    STRING,
    Names,
    Origin,
    Value,
    bound,
    derived,
    field_sql,
    null,
    quote,
)
from replicator.local.bigquery.types import Type

_SPECIFIER: Final = re.compile(
    r"%(?P<flags>[-+ #0']*)(?P<width>\d+|\*)?(?:\.(?P<precision>\d+|\*))?(?P<kind>[a-zA-Z%])"
)
_CONTROL: Final = r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]"
_ESCAPES: Final = (("\\", "\\\\"), ("\n", "\\n"), ("\r", "\\r"), ("\t", "\\t"))


@rule("FORMAT")
def _format(resolver: Resolver, node: exp.Expr) -> Value:
    args = [resolver.value(argument) for argument in node.expressions]
    if not args or (args[0].type != STRING and args[0].origin is not Origin.NULL):
        raise mismatch(node, args)
    form = constant_of(args[0])
    if args[0].type == STRING and is_null(args[0]):
        return null(STRING)
    if not isinstance(form, str):
        raise unknown(node, "FORMAT with a format that is not constant")
    texts: list[str] = []
    position, used = 0, 1
    wanted = 1 + sum(match["kind"] != "%" for match in _SPECIFIER.finditer(form))
    if "*" in "".join(match["width"] or match["precision"] or "" for match in _SPECIFIER.finditer(form)):
        raise unknown(node, f"the format {form!r}")
    if len(args) != wanted:
        word = "few" if len(args) < wanted else "many"
        raise refused(node, f'Too {word} arguments to FORMAT for pattern "{form}"; Expected {wanted}; Got {len(args)}')
    for match in _SPECIFIER.finditer(form):
        _plain(form[position : match.start()], texts, node)
        position = match.end()
        if match["kind"] == "%":
            texts.append("'%'")
            continue
        texts.append(_specified(resolver, node, match, args[used], used + 1))
        used += 1
    _plain(form[position:], texts, node)
    fallible = any(argument.fallible for argument in args)
    return derived(f"({' || '.join(texts) or quote('')})", STRING, *args, fallible=fallible)


def _plain(text: str, texts: list[str], node: exp.Expr) -> None:
    if "%" in text:
        raise unknown(node, f"the format {text!r}")
    if text:
        texts.append(quote(text))


def _specified(resolver: Resolver, node: exp.Expr, match: re.Match[str], value: Value, number: int) -> str:
    kind, names = match["kind"], resolver.gathering.names
    if match["precision"] is not None and kind not in "sfFeEgG":
        raise unknown(node, f"the format specifier {match[0]}")
    if kind in "difFeEgGxXo":
        return number_text(match, value, number, names, node)
    if kind in "tT":
        if value.origin is Origin.NULL and not value.fallible:
            text = "'NULL'"
        else:
            text = bound(value.sql, names, lambda held: f"coalesce({printed(held, value.type, kind, names)}, 'NULL')")
    elif kind == "p":
        if value.type != JSON:
            raise refused(node, f"Invalid type for argument {number} to FORMAT; Expected JSON; Got {value.type}")
        text = f"CAST({value.sql} AS VARCHAR)"
    elif kind == "s":
        if value.type != STRING and value.origin is not Origin.NULL:
            raise refused(node, f"Invalid type for argument {number} to FORMAT; Expected STRING; Got {value.type}")
        text = "CAST(NULL AS VARCHAR)" if value.origin is Origin.NULL else value.sql
        text = f"left({text}, {match['precision']})" if match["precision"] is not None else text
    else:
        raise unknown(node, f"the format specifier {match[0]}")
    return padded(match, text, names, node)


def printed(sql: str, kind: Type, style: str, names: Names) -> str:
    """``%t`` or ``%T`` of a short expression; NULL of NULL.

    Raises:
        BigQueryError: notImplemented, for types whose print is not known here.
    """
    if kind.element is not None:
        name = names.fresh("v")
        member = f"coalesce({printed(name, kind.element, style, names)}, 'NULL')"
        joined = f"array_to_string(list_transform({sql}, lambda {name}: {member}), ', ')"
        return f"CASE WHEN {sql} IS NOT NULL THEN '[' || coalesce({joined}, '') || ']' END"
    if kind.name == "STRUCT":
        members = [
            f"coalesce({printed(field_sql(sql, kind, index), child, style, names)}, 'NULL')"
            for index, (_, child) in enumerate(kind.fields)
        ]
        head = "STRUCT(" if style == "T" and len(members) == 1 else "("
        inside = " || ', ' || ".join(members)
        return f"CASE WHEN {sql} IS NOT NULL THEN {quote(head)} || {inside} || ')' END"
    return _scalar(sql, kind.name, style)


def _scalar(sql: str, kind: str, style: str) -> str:
    moments = {
        "DATE": f"strftime({sql}, '%Y-%m-%d')",
        "DATETIME": datetime_text(sql),
        "TIME": time_text(sql),
        "TIMESTAMP": timestamp_text(sql),
        "NUMERIC": numeric_text(sql),
        "BIGNUMERIC": bignumerics.text(sql),
    }
    if kind in moments:
        text = f"({moments[kind]})"
        return text if style == "t" else f"({quote(kind + ' ' + chr(34))} || {text} || '\"')"
    match kind:
        case "INT64":
            return f"CAST({sql} AS VARCHAR)"
        case "BOOL":
            return f"CAST({sql} AS VARCHAR)"
        case "FLOAT64":
            return _float(sql, style)
        case "STRING":
            return sql if style == "t" else string_literal(sql)
        case "BYTES" if style == "T":
            return _bytes_literal(sql)
        case "JSON":
            text = f"CAST({sql} AS VARCHAR)"
            return text if style == "t" else f"('JSON ' || {string_literal(text)})"
    raise unknown(None, f"FORMAT('%{style}') of a value of type {kind}")


def _float(sql: str, style: str) -> str:
    # A whole number shows its point; -0 keeps its sign here, which CAST drops.
    text = float_text(sql)
    text = f"CASE WHEN {sql} = 0 AND starts_with(CAST({sql} AS VARCHAR), '-') THEN '-0' ELSE {text} END"
    whole = f"CASE WHEN regexp_full_match({text}, '-?\\d+') THEN {text} || '.0' ELSE {text} END"
    if style == "T":
        return f"CASE WHEN isfinite({sql}) THEN {whole} ELSE 'CAST(\"' || {text} || '\" AS FLOAT64)' END"
    return f"(CASE WHEN isfinite({sql}) THEN {whole} ELSE {text} END)"


def string_literal(sql: str) -> str:
    """A STRING as a literal of GoogleSQL: in double quotes, or in single ones where that saves escapes."""
    escaped = sql
    for plain, escape in _ESCAPES:
        escaped = f"replace({escaped}, {quote(plain)}, {quote(escape)})"
    double = f"('\"' || replace({escaped}, '\"', '\\\"') || '\"')"
    single = f"('''' || {escaped} || '''')"
    doubt = "error('FORMAT %T of a text with control characters is not modelled by the local cloud')"
    return (
        f"CASE WHEN {sql} IS NULL THEN NULL WHEN regexp_matches({sql}, {quote(_CONTROL)}) THEN {doubt} "
        f"WHEN contains({sql}, '\"') AND NOT contains({sql}, '''') THEN {single} ELSE {double} END"
    )


def _bytes_literal(sql: str) -> str:
    # Bytes that are printable and need no escape are themselves; the others are written in hex.
    text = f"TRY(decode({sql}))"
    simple = f"regexp_full_match(coalesce({text}, chr(1)), '[ !#-&(-\\[\\]-~]*')"
    doubt = "error('FORMAT %T of such BYTES is not modelled by the local cloud')"
    return f"CASE WHEN {sql} IS NULL THEN NULL WHEN {simple} THEN 'b\"' || {text} || '\"' ELSE {doubt} END"
