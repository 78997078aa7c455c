"""The dry run of a script: statement after statement as far as they can be told without carrying any of them out.

https://docs.cloud.google.com/bigquery/docs/multi-statement-queries#dryrun_multi_statement_queries
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from replicator.local.bigquery.errors import BigQueryError, refuse
from replicator.local.bigquery.googlesql.context import Typed
from replicator.local.bigquery.statements import ddl
from replicator.local.bigquery.statements import script as s
from replicator.local.bigquery.statements.classify import Family, family
from replicator.local.bigquery.statements.cursor import Source
from replicator.local.bigquery.statements.ddl_parser import parse_ddl
from replicator.local.bigquery.statements.engine import Engine
from replicator.local.bigquery.statements.frame import STRING, Frame, Parameters, placed
from replicator.local.bigquery.statements.types_parser import parse_type
from replicator.local.bigquery.types import Type


class DryScript:
    """A script that is described; the bytes that its statements would read are summed up.

    Statements behind the first DDL statement, EXECUTE IMMEDIATE, or branch or loop are not looked at. Values of
    variables are not known, so none of them leaves a partition out. Tables are as they are before the script.
    """

    def __init__(self, engine: Engine, parameters: Parameters) -> None:
        self._engine = engine
        self._parameters = parameters
        self._variables: dict[str, Typed] = {}
        self._read: Counter[str] = Counter()

    def describe(self, statements: Sequence[s.Statement]) -> int:
        """The bytes that would be read, as far as that can be told.

        Raises:
            BigQueryError: One of the statements that are looked at would be refused.
        """
        self._goes_on(statements)
        return self._read.total()

    def _goes_on(self, statements: Sequence[s.Statement]) -> bool:
        """Whether what stands behind these statements is looked at."""
        for statement in statements:
            try:
                goes_on = self._told(statement)
            except BigQueryError as error:
                raise placed(error, statement.source) from error
            if not goes_on:
                return False
        return True

    def _told(self, statement: s.Statement) -> bool:
        match statement:
            case s.Sql(source):
                return self._sql(source)
            case s.Declare():
                self._declare(statement)
            case s.SetVariables():
                self._value(statement.value, self._wanted(statement))
            case s.Block():
                return self._goes_on(statement.body)
            case s.ExecuteImmediate():
                self._value(statement.sql, STRING)
                return False
            case s.BeginTransaction() | s.CommitTransaction() | s.RollbackTransaction():
                pass
            case _:
                return False
        return True

    def _sql(self, source: Source) -> bool:
        kind = family(source)
        if kind is Family.DDL:
            statement = parse_ddl(source)
            if isinstance(statement, ddl.CreateTable) and statement.temporary:
                refuse("invalid", "Dry runs of CREATE TEMP TABLE statements are not supported", location="query")
        self._read.update(self._engine.describe(source, self._frame()).read)
        return kind is not Family.DDL

    def _declare(self, statement: s.Declare) -> None:
        kind = None if statement.type is None else parse_type(statement.type)
        if statement.default is not None:
            kind = self._value(statement.default, kind)
        if kind is None:
            refuse("invalidQuery", "DECLARE needs a type or a DEFAULT", location="query")
        for name in statement.names:
            self._variables[name.lower()] = Typed(kind, None)

    def _wanted(self, statement: s.SetVariables) -> Type | None:
        name = statement.names[0]
        if statement.tupled or name.startswith("@@"):
            return None
        if name.lower() not in self._variables:
            refuse("invalidQuery", f"Undeclared variable: {name}", location="query")
        return self._variables[name.lower()].type

    def _value(self, expression: Source, wanted: Type | None) -> Type:
        with self._engine.session.transaction() as (transaction, _):
            prepared = self._engine.prepare_expression(transaction, expression, self._frame(), wanted)
        self._read.update(prepared.read)
        return prepared.columns[0][1]

    def _frame(self) -> Frame:
        return Frame(self._parameters, self._variables, self._engine.system)
