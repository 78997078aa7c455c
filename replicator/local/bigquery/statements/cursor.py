"""Reading tokens in order: the part of a parser that every statement's grammar shares."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from typing import Final, NoReturn

from replicator.local.bigquery.statements.lexer import Kind, Token, end_of_statement, refuse_syntax, tokenize
from replicator.schema.identifiers import RESERVED

_OPENING: Final = {"(": ")", "[": "]", "{": "}"}
_CLOSING: Final = frozenset(_OPENING.values())


@dataclass(frozen=True, slots=True)
class Source:
    """A piece of a script.

    Attributes:
        script: The whole script, against which positions are told.
        start: Where the piece begins, in characters from 0.
        end: Where it has ended.
    """

    script: str
    start: int
    end: int

    @property
    def text(self) -> str:
        """The piece as it was written."""
        return self.script[self.start : self.end]

    @property
    def placed(self) -> str:
        """The piece at its place: what stood before it blanked out, so that a parser's positions are the script's."""
        line = self.script.count("\n", 0, self.start)
        column = self.start - (self.script.rfind("\n", 0, self.start) + 1)
        return "\n" * line + " " * column + self.text


def _within(piece: Source) -> tuple[Token, ...]:
    # A piece is cut where tokens begin and end, so its tokens are those of the script, which is read once.
    tokens = tokenize(piece.script)
    first = bisect_left(tokens, piece.start, key=_start)
    last = bisect_left(tokens, piece.end, lo=first, key=_start)
    return (*tokens[first:last], end_of_statement(piece.end))


def _start(token: Token) -> int:
    return token.start


class Cursor:
    """A position among the tokens of a script."""

    def __init__(self, script: str, *, piece: Source | None = None) -> None:
        self.script = script
        self._tokens = tokenize(script) if piece is None else _within(piece)
        self._index = 0

    @classmethod
    def over(cls, source: Source) -> Cursor:
        """A cursor over one piece of a script, with the script's own positions."""
        return cls(source.script, piece=source)

    @property
    def token(self) -> Token:
        """The token that is next."""
        return self._tokens[self._index]

    @property
    def start(self) -> int:
        """Where the next token begins."""
        return self.token.start

    @property
    def previous_end(self) -> int:
        """Where the token that was taken last has ended."""
        return self._tokens[self._index - 1].end if self._index else 0

    @property
    def exhausted(self) -> bool:
        """Whether no token is left."""
        return self.token.kind is Kind.END

    def after(self, count: int) -> Token:
        """The token ``count`` places further on, or the last one."""
        return self._tokens[min(self._index + count, len(self._tokens) - 1)]

    def advance(self) -> Token:
        """Take the next token."""
        token = self.token
        if token.kind is not Kind.END:
            self._index += 1
        return token

    def at(self, *words: str) -> bool:
        """Whether these keywords or symbols come next, in this order."""
        return all(self.after(i).upper == word for i, word in enumerate(words))

    def at_any(self, *words: str) -> bool:
        """Whether one of these keywords or symbols comes next."""
        return self.token.upper in words

    def accept(self, *words: str) -> bool:
        """Take these keywords or symbols if all of them come next."""
        if not self.at(*words):
            return False
        self._index += len(words)
        return True

    def expect(self, *words: str) -> Token:
        """Take these keywords or symbols, which must come next; answers with the first.

        Raises:
            BigQueryError: Something else comes next.
        """
        first = self.token
        for word in words:
            if self.token.upper != word:
                self.refuse(f'"{word}"' if word in _OPENING or word in _CLOSING else f"keyword {word}")
            self.advance()
        return first

    def name(self) -> str:
        """Take one identifier; a reserved keyword is none unless it stands in backquotes."""
        if self.token.upper in RESERVED:
            self.refuse("identifier")
        return self.word()

    def word(self) -> str:
        """Take one identifier, or a keyword in its place, as behind a dot and in types."""
        if self.token.kind not in (Kind.WORD, Kind.QUOTED):
            self.refuse("identifier")
        return self.advance().text

    def path(self) -> tuple[str, ...]:
        """Take a dotted path, unquoted dashes of a project's name included: ``my-project.ds.`a.b```."""
        if self.token.upper in RESERVED:
            self.refuse("identifier")
        parts = [self._dashed() if self.token.kind is Kind.WORD else self.name()]
        while self.accept(".") or (self.token.text.startswith(".") and self._joins(Kind.NUMBER)):
            parts.append(self._segment())
        return tuple(piece for part in parts for piece in part.split("."))

    def _segment(self) -> str:
        # After a dot an unquoted table name may hold dashes and begin with a digit.
        if self.token.kind is Kind.NUMBER:
            # The lexer has taken a dot before digits for a decimal point.
            text = self.advance().text.removeprefix(".")
            while self._joins(Kind.WORD, Kind.NUMBER):
                text += self.advance().text
            return text
        return self._dashed() if self.token.kind is Kind.WORD else self.name()

    def _joins(self, *kinds: Kind) -> bool:
        return self.token.kind in kinds and self.start == self.previous_end

    def _dashed(self) -> str:
        text = self.word()
        while self.at("-") and self.start == self.previous_end and self.after(1).start == self.token.end:
            if self.after(1).kind not in (Kind.WORD, Kind.NUMBER):
                break
            self.advance()
            text += "-" + self.advance().text
            while self._joins(Kind.WORD):
                text += self.advance().text
        return text

    def until(self, *stops: str, what: str = "expression") -> Source:
        """Take everything up to one of these keywords or symbols, outside parentheses and CASE … END.

        Raises:
            BigQueryError: Nothing stands there, or a parenthesis does not close.
        """
        begin = self.start
        closers: list[str] = []
        while not self.exhausted:
            word = self.token.upper
            if (not closers and word in stops) or word == ";":
                break
            if word in ("STRUCT", "ARRAY") and self.after(1).upper == "<":
                self.skip_type()
                continue
            self._nest(word, closers)
            self.advance()
        if closers:
            self.refuse(f'"{closers[-1]}"')
        if self.start == begin:
            self.refuse(what)
        return Source(self.script, begin, self.previous_end)

    def _nest(self, word: str, closers: list[str]) -> None:
        if word in _OPENING:
            closers.append(_OPENING[word])
        elif word == "CASE":
            closers.append("END")
        elif word in _CLOSING or (word == "END" and closers[-1:] == ["END"]):
            if closers[-1:] != [word]:
                self.refuse(f'"{closers[-1]}"' if closers else "end of input")
            closers.pop()

    def enclosed(self) -> Source:
        """Take a parenthesised piece, and answer with what is inside."""
        self.expect("(")
        inside = self.until(")")
        self.expect(")")
        return inside

    def separated(self) -> tuple[Source, ...]:
        """Take a parenthesised list of expressions."""
        self.expect("(")
        pieces = [self.until(",", ")")]
        while self.accept(","):
            pieces.append(self.until(",", ")"))
        self.expect(")")
        return tuple(pieces)

    def skip_type(self) -> Source:
        """Take a type: a name with its angle brackets or parameters."""
        begin = self.start
        self.word()
        bracketed = self.at("<")
        if bracketed:
            depth = 0
            while True:
                depth += {"<": 1, ">": -1}.get(self.token.upper, 0)
                if self.exhausted:
                    self.refuse('">"')
                self.advance()
                if depth == 0:
                    break
        if not bracketed and self.at("(") and self.after(1).kind is Kind.NUMBER:
            while not self.accept(")"):
                if self.exhausted:
                    self.refuse('")"')
                self.advance()
        return Source(self.script, begin, self.previous_end)

    def rest(self) -> Source:
        """Take all that is left of the statement."""
        begin = self.start
        while not self.exhausted and not self.at(";"):
            self.advance()
        return Source(self.script, begin, self.previous_end)

    def finish(self) -> None:
        """Assert that the statement ends here."""
        self.accept(";")
        if not self.exhausted:
            self.refuse("end of input")

    def refuse(self, wanted: str) -> NoReturn:
        """Refuse the next token.

        Raises:
            BigQueryError: Always, with the position.
        """
        token = self.token
        if token.kind is Kind.END:
            found = "end of script" if token.start == len(self.script) else "end of statement"
        elif token.kind is Kind.WORD:
            found = (
                f"keyword {token.upper}"
                if token.upper in RESERVED or token.text.isupper()
                else f'identifier "{token.text}"'
            )
        elif token.kind is Kind.QUOTED:
            found = f"identifier `{token.text}`"
        else:
            found = {Kind.TEXT: "string literal ", Kind.NUMBER: "number "}.get(token.kind, "") + f'"{token.text}"'
        refuse_syntax(self.script, token.start, f"Expected {wanted} but got {found}")
