"""Looking through values and expressions without evaluating them."""

from __future__ import annotations

from replicator.runtime.expressions.tree import (
    Binary,
    Computed,
    Expression,
    Index,
    Invoke,
    Joined,
    Listing,
    ListTemplate,
    MapTemplate,
    Member,
    Template,
    Unary,
)

Node = Template | Expression | str


def has_subworkflow(template: Node, routines: frozenset[str]) -> bool:
    """Whether evaluating the value runs steps: that takes time, and must not be done under the shared lock."""
    return any(invoke.function in routines for invoke in invokes(template))


def invokes(node: Node) -> list[Invoke]:
    """Every call of a function or a subworkflow in the value, outermost first."""
    found = [node] if isinstance(node, Invoke) else []
    for child in children(node):
        found += invokes(child)
    return found


def children(node: Node) -> tuple[Node, ...]:  # noqa: C901  one case for each kind of node
    """What the node is made of, in the order of evaluation."""
    match node:
        case Computed(expression):
            return (expression,)
        case Joined(parts):
            return parts
        case ListTemplate(items):
            return items
        case MapTemplate(entries):
            return tuple(part for entry in entries for part in entry if not isinstance(part, str))
        case Member(of, _):
            return (of,)
        case Index(of, by):
            return (of, by)
        case Invoke(_, arguments):
            return arguments
        case Unary(_, operand):
            return (operand,)
        case Binary(_, left, right):
            return (left, right)
        case Listing(items):
            return items
        case _:
            return ()
