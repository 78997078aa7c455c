"""A source's text to its routines, checked: what the service would refuse on deployment is refused here.

docs.cloud.google.com/workflows/docs/reference/syntax, "File structure", and …/syntax/subworkflows
"""

from __future__ import annotations

from dataclasses import dataclass

from replicator.limits import SOURCE_BYTES
from replicator.runtime.expressions.tree import Constant
from replicator.runtime.source import Entry, Mapping, Mistake, Node, Position, Sequence, read
from replicator.runtime.stdlib.registry import FUNCTIONS
from replicator.runtime.syntax.calls import check_calls
from replicator.runtime.syntax.jumps import check_jumps
from replicator.runtime.syntax.notes import Notes, is_identifier
from replicator.runtime.syntax.steps import StepReader
from replicator.runtime.syntax.templates import template
from replicator.runtime.syntax.tree import ParameterNode, RoutineNode
from replicator.runtime.syntax.words import ROUTINE_KEYS
from replicator.runtime.values import text_size


@dataclass(frozen=True, slots=True)
class Document:
    """A document as it was read.

    Attributes:
        routines: By name; ``main`` is one of them.
        size: Of the source, in bytes.
        mistakes: Why it cannot run; none if it can.
    """

    routines: dict[str, RoutineNode]
    size: int
    mistakes: tuple[Mistake, ...]


def read_document(text: str) -> Document:
    """Read a source and find everything that is wrong with it."""
    size = text_size(text)
    if size > SOURCE_BYTES.value:
        fact = f"the source has {size} bytes, and {SOURCE_BYTES.value} are allowed"
        return Document({}, size, (Mistake(Position(1, 1), "", fact, "move values into data, or steps elsewhere"),))
    root, mistakes = read(text)
    notes = Notes()
    notes.mistakes += mistakes
    routines: dict[str, RoutineNode] = {}
    if root is not None:
        routines = _routines(root, notes)
        for routine in routines.values():
            check_jumps(routine, notes)
            check_calls(routine, routines, notes)
    return Document(routines, size, tuple(sorted(set(notes.mistakes))))


def _routines(root: Node, notes: Notes) -> dict[str, RoutineNode]:
    reader = StepReader(notes)
    if isinstance(root, Sequence):
        return {"main": RoutineNode("main", (), reader.steps(root, "main.steps"), root.position)}
    mapping = notes.mapping(root, "", "a map with 'main', or a list of steps")
    if isinstance(root, Mapping) and mapping.get("main") is None:
        notes.refuse(mapping.position, "", "no 'main'", "add 'main: {steps: […]}'")
    return {entry.key: _routine(entry, reader, notes) for entry in mapping.entries}


def _routine(entry: Entry, reader: StepReader, notes: Notes) -> RoutineNode:
    name = entry.key
    if not is_identifier(name):
        notes.refuse(entry.position, name, f"{name!r} is not a name", "use letters, digits and underscores")
    if name in FUNCTIONS:
        notes.refuse(entry.position, name, f"{name!r} is a function of the standard library", "choose another name")
    body = notes.mapping(entry.value, name, "a map with 'steps'")
    notes.known(body, name, ROUTINE_KEYS)
    params = body.get("params")
    parameters = () if params is None else tuple(
        parameter
        for item in notes.sequence(params, f"{name}.params", "a list of names")
        if (parameter := _parameter(item, f"{name}.params", notes)) is not None
    )  # fmt: skip
    names = [parameter.name for parameter in parameters]
    if params is not None and len(set(names)) < len(names):
        notes.refuse(params.position, f"{name}.params", "a parameter is there twice", "keep one of them")
    if params is not None and name == "main" and len(parameters) > 1:
        fact = "main takes one parameter, the execution's argument"
        notes.refuse(params.position, "main.params", fact, "read its fields: '${args.field}'")
    return RoutineNode(name, parameters, reader.steps(body.get("steps"), f"{name}.steps"), entry.position)


def _parameter(node: Node, field: str, notes: Notes) -> ParameterNode | None:
    if not isinstance(node, Mapping):
        name = notes.identifier(node, field, "a parameter's name")
        return ParameterNode(name, required=True, default=None) if name else None
    if len(node.entries) != 1:
        notes.refuse(node.position, field, "a parameter with a default is 'name: value'", "give each its own '-'")
        return None
    entry = node.entries[0]
    if not is_identifier(entry.key):
        notes.refuse(entry.position, field, f"{entry.key!r} is not a name", "use letters, digits and underscores")
    default = template(entry.value, notes, field)
    if not isinstance(default, Constant):
        notes.refuse(entry.value.position, field, "a default cannot be an expression", "compute it in a step")
        return None
    return ParameterNode(entry.key, required=False, default=default.value)
