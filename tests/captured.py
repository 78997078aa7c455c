"""Statements as the local cloud's control port tells them, put before GoogleSQL again."""

from __future__ import annotations

import json
import re
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, Final

from replicator.local.bigquery.statements.cursor import Source
from replicator.local.bigquery.statements.lexer import Kind, Token, tokenize
from replicator.local.bigquery.statements.types_parser import parse_type
from replicator.local.bigquery.types import Type
from tests.googlesql import Table, analyze

# Six digits in the name of every table of a run.
_EPOCH: Final = re.compile(r"(?<=_)\d{6}(?=\D)")


@dataclass(frozen=True)
class Captured:
    """One statement, or one expression of a script.

    Attributes:
        text: As it ran.
        kind: BigQuery's statement type; ``EXPRESSION``; ``FAILED``.
        parameters: Types by name.
        variables: Types of the script's variables in scope.
        system: Types of the system variables, by name without the signs.
        tables: What it read and wrote, as it was when it began.
        wanted: What an expression's value is assigned to.
        error: What it failed with.
    """

    text: str
    kind: str
    parameters: Mapping[str, Type]
    variables: Mapping[str, Type]
    system: Mapping[str, Type]
    tables: tuple[Table, ...]
    wanted: Type | None
    error: str

    def check(self) -> list[tuple[str, Type]]:
        """Have GoogleSQL analyze it, variables as parameters; a query's columns.

        Raises:
            RefusedError: GoogleSQL does not accept it.
        """
        # A column wins over a variable of its name (procedural-language: declare).
        columns = {column.lower() for table in self.tables for column, _ in table.columns}
        variables = {name: kind for name, kind in self.variables.items() if name.lower() not in columns}
        parameters = {
            **self.parameters,
            **{_parameter(name): kind for name, kind in variables.items()},
            **{_parameter(f"@@{name}"): kind for name, kind in self.system.items()},
        }
        text = with_parameters(self.text, variables)
        if self.kind == "EXPRESSION":
            text = f"SELECT ({text})"
        wanted = () if self.wanted is None else (self.wanted,)
        return analyze(text, tables=self.tables, parameters=parameters, wanted=wanted)

    def saying(self, old: str, new: str) -> Captured:
        """The same statement with another text; ``old`` has to be in it."""
        assert old in self.text
        return replace(self, text=self.text.replace(old, new))

    @property
    def shape(self) -> str:
        """What it has in common with statements that differ in literals and in the digits of names only."""
        return f"{self.kind}: {' '.join(_outline(token) for token in tokenize(self.text))}"


def captured(address: str) -> list[Captured]:
    """What the server at ``address`` has recorded since it began; of records that differ in a run's number, one."""
    with urllib.request.urlopen(f"{address}/control/statements", timeout=60) as answer:  # noqa: S310  a test's server
        told = json.load(answer)
    assert told["dropped"] == 0, "statements are missing"
    once = {
        _EPOCH.sub("", json.dumps({**one, "at": 0, "job_id": ""}, sort_keys=True)): one for one in told["statements"]
    }
    return [_read(one) for one in once.values()]


def with_parameters(text: str, variables: Mapping[str, Type]) -> str:
    """The text with parameters where it names variables of its script, and system variables.

    A name behind a dot is a field, one behind AS an alias, and one before a parenthesis a function.
    """
    tokens = tokenize(text)
    pieces: list[str] = []
    done = 0
    for before, token, after in zip((None, *tokens), tokens, tokens[1:], strict=False):
        if _names_variable(before, token, after, variables) or token.text.startswith("@@"):
            pieces += [text[done : token.start], f"@{_parameter(token.text)}"]
            done = token.end
    return "".join([*pieces, text[done:]])


def _names_variable(before: Token | None, token: Token, after: Token, variables: Mapping[str, Type]) -> bool:
    return (
        token.kind in (Kind.WORD, Kind.QUOTED)
        and token.text.lower() in variables
        and (before is None or before.upper not in (".", "AS"))
        and after.upper != "("
    )


def _parameter(name: str) -> str:
    prefix = "system_" if name.startswith("@@") else "variable_"
    return prefix + name.lower().removeprefix("@@").replace(".", "_")


def _outline(token: Token) -> str:
    if token.kind in (Kind.TEXT, Kind.NUMBER):
        return str(token.kind.value)
    return re.sub(r"\d+", "0", token.text)


def _read(one: Mapping[str, Any]) -> Captured:
    return Captured(
        one["text"],
        one["kind"],
        _types(one["parameters"]),
        _types(one["variables"]),
        _types(one["system"]),
        tuple(
            Table(name, _columns(relation["columns"]), _columns(relation["pseudo"]))
            for name, relation in one["relations"].items()
        ),
        _type(one["wanted"]) if one["wanted"] else None,
        one["error"],
    )


def _types(told: Mapping[str, str]) -> dict[str, Type]:
    return {name: _type(text) for name, text in told.items()}


def _columns(told: Sequence[Sequence[str]]) -> tuple[tuple[str, Type], ...]:
    return tuple((name, _type(text)) for name, text in told)


@cache
def _type(text: str) -> Type:
    return parse_type(Source(text, 0, len(text)))
