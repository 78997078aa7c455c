"""Text to script.

https://docs.cloud.google.com/bigquery/docs/reference/standard-sql/procedural-language
"""

from __future__ import annotations

from collections.abc import Callable

from replicator.local.bigquery.errors import refuse, unmodelled
from replicator.local.bigquery.statements import script as s
from replicator.local.bigquery.statements.cursor import Cursor, Source
from replicator.local.bigquery.statements.lexer import Kind, place, refuse_syntax

_BODY_ENDS = ("END", "ELSE", "ELSEIF", "WHEN", "UNTIL", "EXCEPTION")
_LABELLED = ("BEGIN", "LOOP", "WHILE", "REPEAT", "FOR")


def parse_script(text: str) -> tuple[s.Statement, ...]:
    """Read a script of one or more statements.

    Raises:
        BigQueryError: ``invalidQuery`` with the position, or ``notImplemented`` for CALL and procedures.
    """
    parser = _Parser(text)
    statements = parser.body(top=True)
    if not statements:
        refuse_syntax(text, len(text), "Unexpected end of script")
    return statements


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = Cursor(text)
        self._labels: list[tuple[str | None, bool]] = []

    def body(self, *, top: bool = False) -> tuple[s.Statement, ...]:
        cursor = self._at
        statements: list[s.Statement] = []
        while True:
            while cursor.accept(";"):
                pass
            if cursor.exhausted or (not top and cursor.at_any(*_BODY_ENDS)):
                return tuple(statements)
            if cursor.at("DECLARE") and any(not isinstance(given, s.Declare) for given in statements):
                where = place(self._text, cursor.start)
                msg = f"Variable declarations are allowed only at the start of a block or script at {where}"
                refuse("invalidQuery", msg, location="query")
            statements.append(self._statement())
            if not cursor.exhausted:
                cursor.expect(";")

    def _source(self, begin: int) -> Source:
        return Source(self._text, begin, self._at.previous_end)

    def _statement(self) -> s.Statement:
        cursor = self._at
        begin = cursor.start
        label = None
        if cursor.token.kind in (Kind.WORD, Kind.QUOTED) and cursor.after(1).upper == ":":
            label = cursor.name()
            cursor.expect(":")
            if any(name is not None and name.lower() == label.lower() for name, _ in self._labels):
                what = f"the label {label} within a block or loop of that label"
                raise unmodelled(what)
            if not cursor.at_any(*_LABELLED):
                cursor.refuse("a loop or BEGIN after a label")
        word = cursor.token.upper
        if word in ("LOOP", "WHILE", "REPEAT", "FOR"):
            return self._loop(begin, label)
        if word == "BEGIN":
            return self._begin(begin, label)
        readers: dict[str, Callable[[int], s.Statement]] = {
            "DECLARE": self._declare,
            "SET": self._set,
            "IF": self._if,
            "CASE": self._case,
            "BREAK": self._jump,
            "LEAVE": self._jump,
            "CONTINUE": self._jump,
            "ITERATE": self._jump,
            "COMMIT": self._end_transaction,
            "ROLLBACK": self._end_transaction,
            "RAISE": self._raise,
            "RETURN": self._return,
            "EXECUTE": self._execute,
        }
        return readers.get(word, self._sql)(begin)

    def _end_transaction(self, begin: int) -> s.Statement:
        commits = self._at.advance().upper == "COMMIT"
        self._at.accept("TRANSACTION")
        return s.CommitTransaction(self._source(begin)) if commits else s.RollbackTransaction(self._source(begin))

    def _return(self, begin: int) -> s.Return:
        self._at.expect("RETURN")
        return s.Return(self._source(begin))

    def _raise(self, begin: int) -> s.Raise:
        cursor = self._at
        cursor.expect("RAISE")
        message = None
        if cursor.accept("USING"):
            cursor.expect("MESSAGE")
            cursor.expect("=")
            message = cursor.until(";")
        return s.Raise(self._source(begin), message)

    def _sql(self, begin: int) -> s.Sql:
        cursor = self._at
        if cursor.at("CALL"):
            what = "CALL"
            raise unmodelled(what)
        ahead = 1
        if cursor.at("CREATE"):
            ahead = 3 if cursor.at("CREATE", "OR", "REPLACE") else 1
        if cursor.at("CREATE") and cursor.after(ahead).upper == "PROCEDURE":
            msg = "CREATE PROCEDURE"
            raise unmodelled(msg)
        if cursor.token.kind is not Kind.WORD and not cursor.at("("):
            cursor.refuse("a statement")
        cursor.until(";", what="a statement")
        return s.Sql(self._source(begin))

    def _declare(self, begin: int) -> s.Declare:
        cursor = self._at
        cursor.expect("DECLARE")
        names = [cursor.name()]
        while cursor.accept(","):
            names.append(cursor.name())
        kind = None if cursor.at("DEFAULT") else cursor.skip_type()
        default = cursor.until(";") if cursor.accept("DEFAULT") else None
        return s.Declare(self._source(begin), tuple(names), kind, default)

    def _set(self, begin: int) -> s.SetVariables:
        cursor = self._at
        cursor.expect("SET")
        tupled = cursor.accept("(")
        names = [self._target()]
        while tupled and cursor.accept(","):
            names.append(self._target())
        if tupled:
            cursor.expect(")")
        cursor.expect("=")
        value = cursor.until(";")
        return s.SetVariables(self._source(begin), tuple(names), tupled, value)

    def _target(self) -> str:
        if self._at.token.kind is Kind.PARAMETER and self._at.token.text.startswith("@@"):
            return self._at.advance().text.lower()
        return self._at.name()

    def _if(self, begin: int) -> s.If:
        cursor = self._at
        cursor.expect("IF")
        branches = []
        otherwise: tuple[s.Statement, ...] = ()
        while True:
            condition = cursor.until("THEN")
            cursor.expect("THEN")
            branches.append((condition, self.body()))
            if not cursor.accept("ELSEIF"):
                break
        if cursor.accept("ELSE"):
            otherwise = self.body()
        cursor.expect("END", "IF")
        return s.If(self._source(begin), tuple(branches), otherwise)

    def _case(self, begin: int) -> s.If | s.Case:
        cursor = self._at
        cursor.expect("CASE")
        value = None if cursor.at("WHEN") else cursor.until("WHEN")
        branches = []
        otherwise: tuple[s.Statement, ...] = ()
        while cursor.accept("WHEN"):
            condition = cursor.until("THEN")
            cursor.expect("THEN")
            branches.append((condition, self.body()))
        if cursor.accept("ELSE"):
            otherwise = self.body()
        cursor.expect("END", "CASE")
        if value is None:
            return s.If(self._source(begin), tuple(branches), otherwise)
        return s.Case(self._source(begin), value, tuple(branches), otherwise)

    def _loop(self, begin: int, label: str | None) -> s.Loop | s.ForIn:
        cursor = self._at
        word = cursor.advance().upper
        before = after = query = None
        name = ""
        if word == "WHILE":
            before = cursor.until("DO")
            cursor.expect("DO")
        elif word == "FOR":
            name = cursor.name()
            cursor.expect("IN")
            query = cursor.enclosed()
            cursor.expect("DO")
        self._labels.append((label, True))
        body = self.body()
        self._labels.pop()
        if word == "REPEAT":
            cursor.expect("UNTIL")
            after = cursor.until("END")
        cursor.expect("END", word)
        self._end_label(label)
        if query is not None:
            return s.ForIn(self._source(begin), name, query, body, label)
        return s.Loop(self._source(begin), body, before, after, label)

    def _end_label(self, label: str | None) -> None:
        if self._at.token.kind in (Kind.WORD, Kind.QUOTED):
            where = self._at.start
            given = self._at.name()
            if label is None or given.lower() != label.lower():
                refuse_syntax(self._text, where, f"Mismatched end label; expected {label or 'no label'}, got {given}")

    def _jump(self, begin: int) -> s.Break | s.Continue:
        cursor = self._at
        token = cursor.advance()
        word = token.upper
        label = cursor.name() if cursor.token.kind in (Kind.WORD, Kind.QUOTED) else None
        known = [(name.lower() if name else None, loops) for name, loops in self._labels]
        leaving = word in ("BREAK", "LEAVE")
        if label is None and not any(loops for _, loops in known):
            msg = f"{word} is only allowed inside of a loop body at {place(self._text, token.start)}"
            refuse("invalidQuery", msg, location="query")
        if label is not None and not any(name == label.lower() and (loops or leaving) for name, loops in known):
            msg = f"{word} does not reference a known label: {label} at {place(self._text, token.start)}"
            refuse("invalidQuery", msg, location="query")
        return s.Break(self._source(begin), label) if leaving else s.Continue(self._source(begin), label)

    def _begin(self, begin: int, label: str | None) -> s.Block | s.BeginTransaction:
        cursor = self._at
        cursor.expect("BEGIN")
        if label is None and (cursor.accept("TRANSACTION") or cursor.at(";") or cursor.exhausted):
            return s.BeginTransaction(self._source(begin))
        self._labels.append((label, False))
        body = self.body()
        handler = None
        if cursor.accept("EXCEPTION"):
            cursor.expect("WHEN", "ERROR", "THEN")
            handler = self.body()
        cursor.expect("END")
        self._labels.pop()
        self._end_label(label)
        return s.Block(self._source(begin), body, handler, label)

    def _execute(self, begin: int) -> s.ExecuteImmediate:
        cursor = self._at
        cursor.expect("EXECUTE", "IMMEDIATE")
        sql = cursor.until("INTO", "USING")
        into: list[str] = []
        if cursor.accept("INTO"):
            into.append(cursor.name())
            while cursor.accept(","):
                into.append(cursor.name())
        using: list[tuple[Source, str | None]] = []
        if cursor.accept("USING"):
            while True:
                value = cursor.until(",", "AS")
                using.append((value, cursor.name() if cursor.accept("AS") else None))
                if not cursor.accept(","):
                    break
        return s.ExecuteImmediate(self._source(begin), sql, tuple(into), tuple(using))
