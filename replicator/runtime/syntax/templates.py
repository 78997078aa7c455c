"""Values of the source, and the expressions in their strings."""

from __future__ import annotations

from replicator.runtime.expressions.lexer import ExpressionError
from replicator.runtime.expressions.parser import dotted_name, parse
from replicator.runtime.expressions.tree import (
    Computed,
    Constant,
    Expression,
    Index,
    Joined,
    ListTemplate,
    Literal,
    MapTemplate,
    Member,
    Name,
    Template,
)
from replicator.runtime.source import Mapping, Node, Position, Scalar, Sequence
from replicator.runtime.syntax.notes import Notes
from replicator.runtime.syntax.tree import Target
from replicator.runtime.values import Value

_OPEN = "${"


def template(node: Node | None, notes: Notes, field: str) -> Template:
    """The value that the node stands for."""
    match node:
        case None:
            return Constant(None)
        case Scalar(value):
            return _string(node, value, notes, field) if isinstance(value, str) else Constant(value)
        case Sequence(items):
            parts = tuple(template(item, notes, f"{field}[{at}]") for at, item in enumerate(items))
            if all(isinstance(part, Constant) for part in parts):
                return Constant([part.value for part in parts if isinstance(part, Constant)])
            return ListTemplate(parts)
        case Mapping():
            return _map(node, notes, field)


def _map(node: Mapping, notes: Notes, field: str) -> Template:
    entries: list[tuple[str | Template, Template]] = []
    constant: dict[str, Value] = {}
    for entry in node.entries:
        inside = f"{field}.{entry.key}"
        # A key may be an expression (syntax/maps, "dynamic keys"); where its text starts is not kept.
        computed = _string(Scalar(entry.key, entry.position), entry.key, notes, inside) if _OPEN in entry.key else None
        value = template(entry.value, notes, inside)
        entries.append((entry.key if computed is None else computed, value))
        if computed is None and isinstance(value, Constant):
            constant[entry.key] = value.value
    return Constant(constant) if len(constant) == len(entries) else MapTemplate(tuple(entries))


def _string(node: Scalar, text: str, notes: Notes, field: str) -> Template:
    parts: list[str | Computed] = []
    at = 0
    while (start := text.find(_OPEN, at)) >= 0:
        try:
            expression, end = parse(text, start + len(_OPEN))
        except ExpressionError as failure:
            notes.refuse(_inside(node, failure.offset), field, failure.fact, failure.remedy)
            return Constant(None)
        if start > at:
            parts.append(text[at:start])
        place = _inside(node, start)
        parts.append(Computed(expression, end - start, (place.line, place.column)))
        at = end
    if not parts:
        return Constant(text)
    tail = text[at:]
    if len(parts) == 1 and isinstance(parts[0], Computed):
        if not tail:
            return parts[0]
        if tail == "\n":
            # Whether the service takes this for the value or for a text with a line break is not documented.
            fact = "the expression is followed by a line break, which makes it a part of a text"
            notes.refuse(node.position, field, fact, "end the block's first line with '|-' or '>-'")
    if tail:
        parts.append(tail)
    return Joined(tuple(parts))


def _inside(node: Scalar, offset: int) -> Position:
    """Where a character of the scalar's text stands, or the scalar where that cannot be told."""
    if node.inset is None:
        return node.position
    return Position(node.position.line, node.position.column + node.inset + offset)


def target(text: str, position: Position, notes: Notes, field: str) -> Target:
    """The place that the left side of an assignment names."""
    try:
        expression, end = parse(text + "}", 0)
    except ExpressionError as failure:
        notes.refuse(position, field, failure.fact, failure.remedy or "assign to a variable")
        return Target("", ())
    path: list[Expression] = []
    while isinstance(expression, Member | Index):
        path.append(Literal(expression.key) if isinstance(expression, Member) else expression.by)
        expression = expression.of
    if not isinstance(expression, Name) or end != len(text) + 1:
        notes.refuse(position, field, f"{text!r} is not a variable", "write 'name', 'name.key' or 'name[index]'")
        return Target("", ())
    return Target(expression.name, tuple(reversed(path)))


def reference(value: Template) -> str | None:
    """``${a.b}`` as ``a.b``: the name of a function or policy that is meant and not called."""
    return dotted_name(value.expression) if isinstance(value, Computed) else None
