"""Carrying out a script: variables, branches, loops, handlers, dynamic statements.

https://docs.cloud.google.com/bigquery/docs/reference/standard-sql/procedural-language
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from typing import Protocol, assert_never

from replicator.local.bigquery.errors import BigQueryError, refuse, unmodelled
from replicator.local.bigquery.googlesql.context import Typed
from replicator.local.bigquery.statements import script as s
from replicator.local.bigquery.statements.cursor import Source
from replicator.local.bigquery.statements.frame import (
    BOOL,
    STRING,
    Frame,
    Parameters,
    PlacedError,
    StoppedError,
    error_variables,
    placed,
    raised,
)
from replicator.local.bigquery.statements.script_parser import parse_script
from replicator.local.bigquery.statements.types_parser import parse_type
from replicator.local.bigquery.types import Type


class Host(Protocol):
    """Whoever runs the statements of a script."""

    system: dict[str, Typed]

    def evaluate(self, expression: Source, frame: Frame, wanted: Type | None) -> Typed:
        """The value of an expression, coerced to ``wanted`` where that is given."""
        ...

    def rows(self, query: Source, frame: Frame) -> Sequence[Typed]:
        """All rows of a query, each a STRUCT."""
        ...

    def run(self, statement: Source, frame: Frame, *, dynamic: bool) -> Sequence[Typed] | None:
        """Carry out one statement; the rows of a query when it is ``dynamic``, at most two of them."""
        ...

    def begin(self) -> None:
        """BEGIN TRANSACTION."""
        ...

    def commit(self) -> None:
        """COMMIT TRANSACTION."""
        ...

    def rollback(self) -> None:
        """ROLLBACK TRANSACTION."""
        ...

    def check(self) -> None:
        """Raise StoppedError when the job was cancelled or has run out of time."""
        ...


class _Way(Enum):
    BREAK = "break"
    CONTINUE = "continue"
    RETURN = "return"


@dataclass(frozen=True, slots=True)
class _Jump:
    way: _Way
    label: str | None = None

    def leaves(self, label: str | None) -> bool:
        """Whether it goes past the loop with this label."""
        if self.way is _Way.RETURN:
            return True
        return self.label is not None and self.label.lower() != (label or "").lower()


class Interpreter:
    """One run of a script."""

    def __init__(self, host: Host, parameters: Parameters) -> None:
        self._host = host
        self._parameters = parameters
        self._scopes: list[dict[str, Typed]] = []
        self._errors: list[PlacedError] = []

    def run(self, statements: Sequence[s.Statement]) -> None:
        """Carry out the statements.

        Raises:
            BigQueryError: What no handler caught, with its position.
        """
        self._body(statements)

    def _frame(self) -> Frame:
        variables: dict[str, Typed] = {}
        for scope in self._scopes:
            variables.update(scope)
        system = dict(self._host.system)
        if self._errors:
            system.update(error_variables(self._errors[-1]))
        return Frame(self._parameters, variables, system)

    def _value(self, expression: Source, wanted: Type | None = None) -> Typed:
        return self._host.evaluate(expression, self._frame(), wanted)

    def _truth(self, condition: Source) -> bool:
        return self._value(condition, BOOL).value is True

    @contextmanager
    def _scope(self) -> Iterator[dict[str, Typed]]:
        self._scopes.append({})
        try:
            yield self._scopes[-1]
        finally:
            self._scopes.pop()

    def _body(self, statements: Sequence[s.Statement]) -> _Jump | None:
        with self._scope():
            return self._sequence(statements)

    def _sequence(self, statements: Sequence[s.Statement]) -> _Jump | None:
        for statement in statements:
            self._host.check()
            try:
                jump = self._step(statement)
            except BigQueryError as error:
                raise placed(error, statement.source) from error
            if jump is not None:
                return jump
        return None

    def _step(self, statement: s.Statement) -> _Jump | None:
        match statement:
            case s.If() | s.Case() | s.Loop() | s.ForIn() | s.Block() | s.Break() | s.Continue() | s.Return():
                return self._flow(statement)
            case s.Sql():
                self._host.run(statement.source, self._frame(), dynamic=False)
            case s.Declare():
                self._declare(statement)
            case s.SetVariables():
                self._set(statement)
            case s.Raise():
                self._raise(statement)
            case s.ExecuteImmediate():
                self._execute(statement)
            case s.BeginTransaction():
                self._host.begin()
            case s.CommitTransaction():
                self._host.commit()
            case s.RollbackTransaction():
                self._host.rollback()
            case _:
                assert_never(statement)
        return None

    def _flow(
        self, statement: s.If | s.Case | s.Loop | s.ForIn | s.Block | s.Break | s.Continue | s.Return
    ) -> _Jump | None:
        match statement:
            case s.If():
                return self._if(statement)
            case s.Case():
                return self._case(statement)
            case s.Loop():
                return self._loop(statement)
            case s.ForIn():
                return self._for(statement)
            case s.Block():
                return self._block(statement)
            case s.Break():
                return _Jump(_Way.BREAK, statement.label)
            case s.Continue():
                return _Jump(_Way.CONTINUE, statement.label)
            case s.Return():
                return _Jump(_Way.RETURN)
            case _:
                assert_never(statement)

    def _if(self, statement: s.If) -> _Jump | None:
        for condition, body in statement.branches:
            if self._truth(condition):
                return self._sequence(body)
        return self._sequence(statement.otherwise)

    def _declare(self, statement: s.Declare) -> None:
        kind = None if statement.type is None else parse_type(statement.type)
        if statement.default is not None:
            value = self._value(statement.default, kind)
        elif kind is not None:
            value = Typed(kind, None)
        else:
            refuse("invalidQuery", "DECLARE needs a type or a DEFAULT", location="query")
        for name in statement.names:
            if any(name.lower() in scope for scope in self._scopes):
                refuse("invalidQuery", f"Variable '{name}' redeclaration", location="query")
            self._scopes[-1][name.lower()] = value

    def _home(self, name: str) -> dict[str, Typed]:
        for scope in reversed(self._scopes):
            if name.lower() in scope:
                return scope
        return refuse("invalidQuery", f"Undeclared variable: {name}", location="query")

    def _set(self, statement: s.SetVariables) -> None:
        if not statement.tupled:
            name = statement.names[0]
            if name.startswith("@@"):
                self._set_system(name, statement.value)
                return
            home = self._home(name)
            home[name.lower()] = self._value(statement.value, home[name.lower()].type)
            return
        homes = [self._home(name) for name in statement.names]
        kinds = [home[name.lower()].type for home, name in zip(homes, statement.names, strict=True)]
        given = self._value(statement.value)
        if given.type.name != "STRUCT" or len(given.type.fields) != len(kinds):
            msg = f"Number of fields ({len(given.type.fields)}) does not match number of variables ({len(kinds)})"
            refuse("invalidQuery", msg, location="query")
        if not isinstance(given.value, tuple):
            msg = "Cannot assign the fields of a NULL STRUCT to variables"
            refuse("invalidQuery", msg, location="query")
        parts = [Typed(inner, part) for (_, inner), part in zip(given.type.fields, given.value, strict=True)]
        coerced = [self._coerced(part, kind) for part, kind in zip(parts, kinds, strict=True)]
        for home, name, value in zip(homes, statement.names, coerced, strict=True):
            home[name.lower()] = value

    def _coerced(self, value: Typed, kind: Type) -> Typed:
        if str(value.type) == str(kind):
            return value
        name = "assigned_value"
        return self._host.evaluate(Source(name, 0, len(name)), Frame(variables={name: value}), kind)

    def _set_system(self, name: str, expression: Source) -> None:
        known = name.removeprefix("@@")
        if known not in ("dataset_id", "dataset_project_id"):
            msg = f"SET {name}"
            raise unmodelled(msg)
        self._host.system[known] = self._value(expression, STRING)

    def _case(self, statement: s.Case) -> _Jump | None:
        for value, body in statement.branches:
            # The comparison is made by the engine, on the two texts side by side, so that it coerces as `=` does.
            text = f"(({statement.value.text}) = ({value.text}))"
            if self._truth(Source(text, 0, len(text))):
                return self._sequence(body)
        return self._sequence(statement.otherwise)

    def _loop(self, statement: s.Loop) -> _Jump | None:
        while statement.before is None or self._truth(statement.before):
            self._host.check()
            jump = self._body(statement.body)
            if jump is not None:
                if jump.leaves(statement.label):
                    return jump
                if jump.way is _Way.BREAK:
                    return None
            if statement.after is not None and self._truth(statement.after):
                return None
        return None

    def _for(self, statement: s.ForIn) -> _Jump | None:
        if any(statement.name.lower() in scope for scope in self._scopes):
            what = f"a FOR loop over {statement.name}, which is declared around it,"
            raise unmodelled(what)
        for row in self._host.rows(statement.query, self._frame()):
            self._host.check()
            with self._scope() as scope:
                scope[statement.name.lower()] = row
                jump = self._body(statement.body)
            if jump is not None:
                if jump.leaves(statement.label):
                    return jump
                if jump.way is _Way.BREAK:
                    return None
        return None

    def _block(self, statement: s.Block) -> _Jump | None:
        try:
            jump = self._body(statement.body)
        except StoppedError:
            raise
        except PlacedError as error:
            if statement.handler is None:
                raise
            self._errors.append(error)
            try:
                jump = self._body(statement.handler)
            finally:
                self._errors.pop()
        if jump is not None and jump.way is _Way.BREAK and jump.label is not None and not jump.leaves(statement.label):
            return None
        return jump

    def _raise(self, statement: s.Raise) -> None:
        if statement.message is None:
            if not self._errors:
                msg = "Cannot re-raise an existing exception outside of an exception handler"
                refuse("invalidQuery", msg, location="query")
            raise self._errors[-1]
        message = self._value(statement.message, STRING).value
        if message is None:
            refuse("invalidQuery", "RAISE USING MESSAGE cannot be NULL", location="query")
        raise raised(str(message), statement.source)

    def _execute(self, statement: s.ExecuteImmediate) -> None:
        text = self._value(statement.sql, STRING).value
        if text is None:
            refuse("invalidQuery", "EXECUTE IMMEDIATE sql string cannot be NULL", location="query")
        inner = parse_script(str(text))
        if len(inner) != 1 or not isinstance(inner[0], s.Sql):
            msg = "EXECUTE IMMEDIATE takes one query, DML or DDL statement, and no other"
            refuse("invalidQuery", msg, location="query")
        frame = self._frame()
        rows = self._host.run(
            inner[0].source, Frame(self._using(statement), frame.variables, frame.system), dynamic=True
        )
        if statement.into:
            self._into(statement.into, rows)

    def _using(self, statement: s.ExecuteImmediate) -> Parameters:
        named: dict[str, Typed] = {}
        positional: list[Typed] = []
        for expression, alias in statement.using:
            value = self._value(expression)
            if alias is None:
                positional.append(value)
            elif alias.lower() in named:
                msg = f"EXECUTE IMMEDIATE has more than one value for the parameter {alias}"
                refuse("invalidQuery", msg, location="query")
            else:
                named[alias.lower()] = value
        if named and positional:
            msg = "EXECUTE IMMEDIATE USING cannot mix named and positional parameters"
            refuse("invalidQuery", msg, location="query")
        return Parameters(named, tuple(positional))

    def _into(self, names: Sequence[str], rows: Sequence[Typed] | None) -> None:
        homes = [self._home(name) for name in names]
        if rows is None:
            msg = "EXECUTE IMMEDIATE … INTO needs a query"
            refuse("invalidQuery", msg, location="query")
        if len(rows) > 1:
            msg = "EXECUTE IMMEDIATE … INTO: the query returned more than one row"
            refuse("invalidQuery", msg, location="query")
        if not rows:
            for home, name in zip(homes, names, strict=True):
                home[name.lower()] = Typed(home[name.lower()].type, None)
            return
        row = rows[0]
        parts = row.value if isinstance(row.value, tuple) else ()
        if len(parts) != len(names):
            msg = f"EXECUTE IMMEDIATE … INTO: {len(names)} variables for {len(parts)} columns"
            refuse("invalidQuery", msg, location="query")
        given = [Typed(kind, part) for (_, kind), part in zip(row.type.fields, parts, strict=True)]
        coerced = [
            self._coerced(part, home[name.lower()].type) for part, home, name in zip(given, homes, names, strict=True)
        ]
        for home, name, value in zip(homes, names, coerced, strict=True):
            home[name.lower()] = value
