"""The tree of an expression, and of a value that has expressions in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from replicator.runtime.values import Value


@dataclass(frozen=True, slots=True)
class Literal:
    """A number, a string, true, false or null."""

    value: Value


@dataclass(frozen=True, slots=True)
class Name:
    """A variable; ``offset`` counts characters from the start of the scalar it stands in."""

    name: str
    offset: int


@dataclass(frozen=True, slots=True)
class Member:
    """``of.key``."""

    of: Expression
    key: str


@dataclass(frozen=True, slots=True)
class Index:
    """``of[by]``."""

    of: Expression
    by: Expression


@dataclass(frozen=True, slots=True)
class Invoke:
    """``function(arguments)``: a function of the standard library or a subworkflow, by position."""

    function: str
    arguments: tuple[Expression, ...]
    offset: int


@dataclass(frozen=True, slots=True)
class Unary:
    """``-x`` or ``not x``."""

    operator: str
    operand: Expression


@dataclass(frozen=True, slots=True)
class Binary:
    """``left operator right``."""

    operator: str
    left: Expression
    right: Expression


@dataclass(frozen=True, slots=True)
class Listing:
    """``[a, b]``."""

    items: tuple[Expression, ...]


Expression: TypeAlias = Literal | Name | Member | Index | Invoke | Unary | Binary | Listing


@dataclass(frozen=True, slots=True)
class Constant:
    """A value of the source without an expression in it."""

    value: Value


@dataclass(frozen=True, slots=True)
class Computed:
    """A whole string that is one expression, whose value keeps its type; ``length`` counts ``${`` and ``}`` too."""

    expression: Expression
    length: int
    position: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Joined:
    """A string with expressions inside it."""

    parts: tuple[str | Computed, ...]


@dataclass(frozen=True, slots=True)
class ListTemplate:
    """A list with an expression somewhere in it."""

    items: tuple[Template, ...]


@dataclass(frozen=True, slots=True)
class MapTemplate:
    """A map with an expression somewhere in it, be it in a key."""

    entries: tuple[tuple[str | Template, Template], ...]


Template: TypeAlias = Constant | Computed | Joined | ListTemplate | MapTemplate
