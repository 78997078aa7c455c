"""A script is read whole before any of it runs, so that a syntax error in its last statement is its first error.

What only names and types decide is found when a statement runs: the statements before it may make what it names
(multi-statement-queries).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlglot import exp

from replicator.local.bigquery.errors import BigQueryError
from replicator.local.bigquery.googlesql.dialect import parse_expression, parse_from, parse_query
from replicator.local.bigquery.googlesql.refusals import refused
from replicator.local.bigquery.statements import ddl, dml
from replicator.local.bigquery.statements import script as s
from replicator.local.bigquery.statements.classify import Family, family
from replicator.local.bigquery.statements.cursor import Cursor, Source
from replicator.local.bigquery.statements.ddl_parser import parse_ddl
from replicator.local.bigquery.statements.dml_parser import parse_dml
from replicator.local.bigquery.statements.file_statements import parse_export, parse_load


def check_syntax(statements: Sequence[s.Statement]) -> None:
    """Read every statement of a script, those within blocks and branches included.

    Raises:
        BigQueryError: invalidQuery, with the position: one is no GoogleSQL.
    """
    for statement in statements:
        try:
            _read(statement)
        except BigQueryError as error:
            # What is not modelled is refused where it is come upon, which may be never.
            if error.reason == "invalidQuery":
                raise
        for inner in _within(statement):
            check_syntax(inner)


def _within(statement: s.Statement) -> Iterator[Sequence[s.Statement]]:
    match statement:
        case s.If() | s.Case():
            yield from (body for _, body in statement.branches)
            yield statement.otherwise
        case s.Loop() | s.ForIn():
            yield statement.body
        case s.Block():
            yield statement.body
            yield statement.handler or ()


def _read(statement: s.Statement) -> None:
    match statement:
        case s.Sql(source):
            _read_sql(source)
        case s.If() | s.Case():
            for condition, _ in statement.branches:
                parse_expression(condition.placed)
        case s.Loop():
            for test in (statement.before, statement.after):
                if test is not None:
                    parse_expression(test.placed)
        case s.ForIn():
            parse_query(statement.query.placed)
        case s.SetVariables():
            parse_expression(statement.value.placed)
        case s.Declare(default=Source() as default):
            parse_expression(default.placed)


def _read_sql(source: Source) -> None:
    match family(source):
        case Family.QUERY:
            parse_query(source.placed)
        case Family.DML:
            _read_dml(parse_dml(source))
        case Family.DDL:
            match parse_ddl(source):
                case ddl.CreateTable(query=Source() as query) | ddl.CreateView(query=query):
                    parse_query(query.placed)
        case Family.EXPORT:
            parse_query(parse_export(source).query.placed)
        case Family.LOAD:
            parse_load(source)
        case Family.ASSERT:
            condition, _ = assertion(source)
            parse_expression(condition.placed)


def assertion(source: Source) -> tuple[Source, Source | None]:
    """The condition of an ASSERT, and the text that describes it.

    Raises:
        BigQueryError: invalidQuery, with the position: the description is no literal of a text.
    """
    cursor = Cursor.over(source)
    cursor.expect("ASSERT")
    condition = cursor.until("AS")
    if not cursor.accept("AS"):
        return condition, None
    described = cursor.rest()
    tree = parse_expression(described.placed)
    if not (isinstance(tree, exp.Literal) and tree.is_string):
        raise refused(tree, "Syntax error: Expected string literal")
    return condition, described


def _read_dml(statement: dml.Dml) -> None:
    for expression in _expressions(statement):
        if isinstance(expression, Source):
            parse_expression(expression.placed)
    match statement:
        case dml.Insert(query=Source() as query):
            parse_query(query.placed)
        case dml.Update(origin=Source() as origin) | dml.Merge(origin=origin):
            parse_from(origin.placed)


def _expressions(statement: dml.Dml) -> Iterator[dml.Item | None]:
    match statement:
        case dml.Insert():
            for row in statement.rows:
                yield from row
        case dml.Update():
            yield from (assignment.value for assignment in statement.assignments)
            yield statement.where
        case dml.Delete():
            yield statement.where
        case dml.Merge():
            yield statement.on
            for when in statement.clauses:
                yield when.condition
                if isinstance(when.action, dml.UpdateRow):
                    yield from (assignment.value for assignment in when.action.assignments)
                elif isinstance(when.action, dml.InsertRow):
                    yield from when.action.values or ()
