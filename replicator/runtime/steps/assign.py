"""``assign``: docs.cloud.google.com/workflows/docs/reference/syntax/variables."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from replicator.runtime.errors import Tag, error
from replicator.runtime.expressions.compile import Compiler, Evaluate
from replicator.runtime.expressions.operators import position
from replicator.runtime.expressions.walk import has_subworkflow
from replicator.runtime.scope import Scope, check_strings, measure
from replicator.runtime.steps.block import Action
from replicator.runtime.syntax.tree import Assign, Assignment
from replicator.runtime.values import Value, text_size, type_name

_UNIT = 8


def assign(node: Assign, compiler: Compiler) -> Action:
    """Sets the variables one after the other; each line sees those before it."""
    lines = [_line(assignment, compiler) for assignment in node.assignments]
    if len(lines) == 1:
        return lines[0]

    def run(scope: Scope) -> None:
        for line in lines:
            line(scope)

    return run


def _line(assignment: Assignment, compiler: Compiler) -> Callable[[Scope], None]:
    name, path = assignment.target.name, assignment.target.path
    evaluate = compiler.template(assignment.value)
    write = _into(name, [compiler.expression(key) for key in path], evaluate) if path else _whole(name, evaluate)
    parts = (assignment.value, *path)
    if any(has_subworkflow(part, frozenset(compiler.callees.routines)) for part in parts):
        # A subworkflow may take hours, and the lock would stop every branch for as long.
        return write

    def run(scope: Scope) -> None:
        if scope.contended:
            # Reading and writing in one assignment is atomic (parallel-steps, "Shared variables").
            with scope.activation.machine.lock:
                write(scope)
        else:
            write(scope)

    return run


def _whole(name: str, evaluate: Evaluate) -> Callable[[Scope], None]:
    def write(scope: Scope) -> None:
        scope.write(name, evaluate(scope))

    return write


def _into(name: str, path: list[Evaluate], evaluate: Evaluate) -> Callable[[Scope], None]:
    def write(scope: Scope) -> None:
        value = evaluate(scope)
        keys = [key(scope) for key in path]
        root, change = _put(scope.read(name), keys, value)
        check_strings(value)
        owner = scope.owner(name)
        if name in owner.values:
            owner.account(name, change)
            owner.values[name] = root
        else:
            owner.define(name, root)

    return write


def _put(container: Value, keys: Sequence[Value], value: Value) -> tuple[Value, int]:
    """The container with the value at the path, and by how many bytes it has grown.

    Only the containers along the path are made anew; what is beside it is shared.
    """
    key, rest = keys[0], keys[1:]
    if isinstance(container, dict):
        if not isinstance(key, str):
            raise error(Tag.TYPE, f"a map's key is a string, not {type_name(key)}")
        if rest:
            if key not in container:
                raise error(Tag.KEY, f"key not found: {key}")
            inner, change = _put(container[key], rest, value)
            return {**container, key: inner}, change
        before = measure(container[key]) if key in container else -_UNIT - text_size(key)
        return {**container, key: value}, measure(value) - before
    if isinstance(container, list):
        at = position(container, key)
        inner, change = _put(container[at], rest, value) if rest else (value, measure(value) - measure(container[at]))
        return [*container[:at], inner, *container[at + 1 :]], change
    raise error(Tag.TYPE, f"{type_name(container)} has no elements to assign to")
