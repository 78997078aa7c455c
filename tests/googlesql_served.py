"""What a server has carried out, put before GoogleSQL: accepted, of the same types, of the same values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from replicator.local.bigquery.errors import BigQueryError
from replicator.local.bigquery.googlesql.analysis import analyze_query
from replicator.local.bigquery.googlesql.context import Context, Typed
from replicator.local.bigquery.statements.cursor import Source
from replicator.local.bigquery.statements.types_parser import parse_type
from replicator.local.bigquery.types import Type
from replicator.local.recorder import Statement
from tests import googlesql
from tests.captured import Captured, with_parameters
from tests.googlesql_engine import NOW, TestCatalog, rows_of, table


def disagreements(statements: Iterator[Statement]) -> list[str]:
    """What GoogleSQL says otherwise, statement by statement; those that failed are left aside."""
    found: list[str] = []
    for statement in statements:
        if statement.kind == "FAILED" or statement.error:
            continue
        said = _said(statement)
        if said:
            found.append(f"{statement.text}\n    {said}")
    return found


def _said(statement: Statement) -> str:
    taken = _captured(statement)
    try:
        taken.check()
    except googlesql.RefusedError as error:
        return str(error)
    if statement.kind != "SELECT":
        return ""
    parameters = {**taken.parameters, **{f"variable_{name}": kind for name, kind in taken.variables.items()}}
    system = {f"system_{name.replace('.', '_')}": kind for name, kind in taken.system.items()}
    text = with_parameters(taken.text, taken.variables)
    theirs = [str(kind) for _, kind in googlesql.analyze(text, tables=taken.tables, parameters=parameters | system)]
    ours = [str(kind) for _, kind in analyze_query(statement.text, _context(taken)).columns]
    if theirs != ours:
        return f"{theirs} are {ours}"
    return "" if statement.relations or parameters or system or "CURRENT_" in text else _valued(statement.text)


def _valued(sql: str) -> str:
    try:
        _, expected = googlesql.answer(sql)
    except googlesql.RefusedError as error:
        return str(error)
    try:
        rows = rows_of(analyze_query(sql, Context(TestCatalog({}), NOW, "acme")))
    except BigQueryError as error:
        return error.message
    return "" if sorted(map(repr, expected)) == sorted(map(repr, rows)) else f"{expected} is {rows}"


def _captured(statement: Statement) -> Captured:
    return Captured(
        statement.text,
        statement.kind,
        _types(statement.parameters),
        _types(statement.variables),
        {name: _type(kind) for name, kind in statement.system.items() if f"@@{name}" in statement.text.lower()},
        tuple(
            googlesql.Table(name, _columns(relation.columns), _columns(relation.pseudo))
            for name, relation in statement.relations.items()
        ),
        _type(statement.wanted) if statement.wanted else None,
        statement.error,
    )


def _context(taken: Captured) -> Context:
    tables = {one.name.rpartition(".")[2]: table(dict((*one.columns, *one.pseudo))) for one in taken.tables}
    positional = [Typed(kind, None) for name, kind in taken.parameters.items() if name.isdigit()]
    return Context(
        TestCatalog(tables),
        NOW,
        "acme",
        "ds",
        named=_nulls({name: kind for name, kind in taken.parameters.items() if not name.isdigit()}),
        positional=positional,
        variables=_nulls(taken.variables),
        system=_nulls(taken.system),
    )


def _nulls(kinds: Mapping[str, Type]) -> dict[str, Typed]:
    return {name.lower(): Typed(kind, None) for name, kind in kinds.items()}


def _types(told: Mapping[str, str]) -> dict[str, Type]:
    return {name: _type(kind) for name, kind in told.items()}


def _columns(told: Any) -> tuple[tuple[str, Type], ...]:
    return tuple((name, _type(kind)) for name, kind in told)


def _type(text: str) -> Type:
    return parse_type(Source(text, 0, len(text)))
