"""Nodes to steps: docs.cloud.google.com/workflows/docs/reference/syntax/steps and the page of each kind."""

from __future__ import annotations

from collections.abc import Callable

from replicator.limits import ASSIGNS_PER_STEP, CONDITIONS_PER_SWITCH, PARALLEL_BRANCHES
from replicator.runtime.expressions.tree import Computed, Constant, Listing, Template
from replicator.runtime.source import Entry, Mapping, Node, Position, Sequence
from replicator.runtime.syntax.notes import Notes
from replicator.runtime.syntax.retry import read_retry
from replicator.runtime.syntax.templates import target, template
from replicator.runtime.syntax.tree import (
    Argument,
    Assign,
    Assignment,
    Body,
    Branch,
    CallNode,
    Case,
    For,
    Handler,
    Next,
    Parallel,
    Raise,
    Return,
    StepNode,
    Steps,
    Switch,
    Try,
)
from replicator.runtime.syntax.words import (
    EXCEPT_KEYS,
    FOR_KEYS,
    PARALLEL_KEYS,
    STEP_KEYS,
    STEP_KINDS,
)


class StepReader:
    """Reads the steps of one document."""

    def __init__(self, notes: Notes) -> None:
        self._notes = notes

    def steps(self, node: Node | None, field: str) -> tuple[StepNode, ...]:
        """A list of maps with one key each, the step's name."""
        items = self._notes.sequence(node, field, "a list of steps")
        if node is not None and not items:
            self._notes.refuse(node.position, field, "no step", "give at least one")
        return tuple(step for item in items if (step := self._step(item, field)) is not None)

    def _step(self, node: Node, field: str) -> StepNode | None:
        mapping = self._notes.mapping(node, field, "a step: '- name: {…}'")
        if len(mapping.entries) != 1:
            if mapping.entries:
                fact = f"a step has one key, its name; here are {len(mapping.entries)}"
                self._notes.refuse(node.position, field, fact, "indent what belongs to the step below its name")
            return None
        entry = mapping.entries[0]
        field = f"{field.rpartition('.')[0] or field}.{entry.key}" if field.endswith(".steps") else entry.key
        inner = self._notes.mapping(entry.value, field, "what the step does")
        body, follow = self._body(inner, field, STEP_KEYS)
        if isinstance(entry.value, Mapping) and not inner.entries:
            self._notes.refuse(entry.position, field, "the step does nothing", "give it an action or a 'next'")
        return StepNode(entry.key, entry.position, body, follow)

    def _body(self, mapping: Mapping, field: str, allowed: tuple[str, ...]) -> tuple[Body | None, Next | None]:
        """The action that the keys of a map say, and its ``next``."""
        kinds = [entry for entry in mapping.entries if entry.key in STEP_KINDS]
        follow = self._next(mapping.get("next"), f"{field}.next")
        if not kinds:
            self._notes.known(mapping, field, allowed)
            for key in ("args", "result", "retry", "except"):
                if (stray := mapping.get(key)) is not None:
                    needs = "call" if key in {"args", "result"} else "try"
                    self._notes.refuse(stray.position, field, f"{key!r} without {needs!r}", f"add {needs!r}")
            return None, follow
        first = kinds[0]
        for other in kinds[1:]:
            fact = f"{first.key!r} and {other.key!r} in one step"
            self._notes.refuse(other.position, field, fact, "make two steps of them")
        beside = tuple(key for key in STEP_KINDS[first.key] if key in allowed or key != "next")
        extra = tuple(key for key in allowed if key not in STEP_KEYS)
        others = {other.key for other in kinds[1:]}
        rest = Mapping(tuple(entry for entry in mapping.entries if entry.key not in others), mapping.position)
        self._notes.known(rest, field, (*extra, *beside))
        return self._action(first, mapping, field), follow

    def _action(self, entry: Entry, mapping: Mapping, field: str) -> Body:
        inside = f"{field}.{entry.key}"
        readers: dict[str, Callable[[], Body]] = {
            "assign": lambda: self._assign(entry.value, inside),
            "call": lambda: self._call(entry, mapping, field),
            "switch": lambda: self._switch(entry.value, inside),
            "for": lambda: self._for(entry.value, inside),
            "parallel": lambda: self._parallel(entry.value, inside),
            "try": lambda: self._try(entry, mapping, field),
            "raise": lambda: Raise(template(entry.value, self._notes, inside)),
            "return": lambda: Return(template(entry.value, self._notes, inside)),
            "steps": lambda: Steps(self.steps(entry.value, inside)),
        }
        return readers[entry.key]()

    def _next(self, node: Node | None, field: str) -> Next | None:
        if node is None:
            return None
        name = self._notes.text(node, field, "a step's name, 'end', 'break' or 'continue'")
        return Next(name, node.position) if name else None

    def _assign(self, node: Node, field: str) -> Assign:
        items = self._notes.sequence(node, field, "a list of '- variable: value'")
        self._bounded(node, field, len(items), ASSIGNS_PER_STEP.value, "assignments")
        assignments: list[Assignment] = []
        for item in items:
            mapping = self._notes.mapping(item, field, "'variable: value'")
            if len(mapping.entries) > 1:
                self._notes.refuse(item.position, field, "more than one variable in a line", "give each its own '-'")
            for entry in mapping.entries:
                place = target(entry.key, entry.position, self._notes, f"{field}.{entry.key}")
                value = template(entry.value, self._notes, f"{field}.{entry.key}")
                assignments.append(Assignment(place, value, entry.position))
        return Assign(tuple(assignments))

    def _call(self, entry: Entry, mapping: Mapping, field: str) -> CallNode:
        function = self._notes.text(entry.value, f"{field}.call", "the name of a function or subworkflow")
        arguments: list[Argument] = []
        positional: tuple[Template, ...] | None = None
        given = mapping.get("args")
        if isinstance(given, Sequence):
            items = enumerate(given.items)
            positional = tuple(template(item, self._notes, f"{field}.args[{at}]") for at, item in items)
        elif given is not None:
            for argument in self._notes.mapping(given, f"{field}.args", "a map of arguments").entries:
                value = template(argument.value, self._notes, f"{field}.args.{argument.key}")
                arguments.append(Argument(argument.key, value, argument.position))
        result = mapping.get("result")
        name = self._notes.identifier(result, f"{field}.result", "a variable's name") if result is not None else None
        return CallNode(function, tuple(arguments), name, entry.value.position, positional)

    def _switch(self, node: Node, field: str) -> Switch:
        items = self._notes.sequence(node, field, "a list of conditions")
        self._bounded(node, field, len(items), CONDITIONS_PER_SWITCH.value, "conditions")
        cases: list[Case] = []
        for at, item in enumerate(items):
            inside = f"{field}[{at}]"
            mapping = self._notes.mapping(item, inside, "a map with a 'condition'")
            condition = mapping.get("condition")
            if condition is None:
                self._notes.refuse(mapping.position, inside, "no 'condition'", "add 'condition: ${…}'")
            value = template(condition, self._notes, f"{inside}.condition")
            if isinstance(value, Constant) and condition is not None and not isinstance(value.value, bool):
                fact = "the condition is neither an expression nor a boolean"
                self._notes.refuse(condition.position, f"{inside}.condition", fact, "write '${…}'")
            body, follow = self._body(mapping, inside, ("condition", *STEP_KEYS))
            if condition is not None and body is None and follow is None:
                self._notes.refuse(mapping.position, inside, "nothing to do when it holds", "add a 'next' or 'steps'")
            cases.append(Case(value, body, follow, mapping.position))
        return Switch(tuple(cases))

    def _for(self, node: Node, field: str) -> For:
        notes = self._notes
        mapping = notes.mapping(node, field, "a map with 'value', 'in' or 'range', and 'steps'")
        notes.known(mapping, field, FOR_KEYS)
        value = notes.identifier(mapping.get("value"), f"{field}.value", "the loop variable's name")
        index_node = mapping.get("index")
        index = notes.identifier(index_node, f"{field}.index", "a variable's name") if index_node is not None else None
        items, bounds = mapping.get("in"), mapping.get("range")
        if (items is None) == (bounds is None):
            notes.refuse(mapping.position, field, "needs one of 'in' and 'range'", "give exactly one of them")
        if bounds is not None and index is not None:
            notes.refuse(mapping.position, field, "'index' with 'range'", "use the loop variable itself")
        span = template(bounds, notes, f"{field}.range") if bounds is not None else None
        if bounds is not None and not _is_span(span):
            notes.refuse(
                bounds.position, f"{field}.range", "not a range", "write '[first, last]' or '${[first, last]}'"
            )
        steps = self.steps(mapping.get("steps"), f"{field}.steps")
        listed = template(items, notes, f"{field}.in") if items is not None else None
        return For(value, index, listed, span, steps, mapping.position)

    def _parallel(self, node: Node, field: str) -> Parallel:
        notes = self._notes
        mapping = notes.mapping(node, field, "a map with 'branches' or 'for'")
        notes.known(mapping, field, PARALLEL_KEYS)
        policy = mapping.get("exception_policy")
        if policy is not None and notes.text(policy, f"{field}.exception_policy", "'continueAll'") != "continueAll":
            notes.refuse(
                policy.position, f"{field}.exception_policy", "no such policy", "'continueAll' is the only one"
            )
        shared_node = mapping.get("shared")
        shared = () if shared_node is None else tuple(
            notes.identifier(item, f"{field}.shared", "a variable's name")
            for item in notes.sequence(shared_node, f"{field}.shared", "a list of variables")
        )  # fmt: skip
        limit_node = mapping.get("concurrency_limit")
        limit = template(limit_node, notes, f"{field}.concurrency_limit") if limit_node is not None else None
        if limit_node is not None and isinstance(limit, Constant) and not _is_positive(limit.value):
            fact = "not a positive integer"
            notes.refuse(limit_node.position, f"{field}.concurrency_limit", fact, "write a number from 1, or '${…}'")
        branches, loop = mapping.get("branches"), mapping.get("for")
        if (branches is None) == (loop is None):
            notes.refuse(mapping.position, field, "needs one of 'branches' and 'for'", "give exactly one of them")
        return Parallel(
            self._branches(branches, f"{field}.branches") if branches is not None else (),
            self._for(loop, f"{field}.for") if loop is not None else None,
            shared,
            limit,
            mapping.position,
        )

    def _branches(self, node: Node, field: str) -> tuple[Branch, ...]:
        items = self._notes.sequence(node, field, "a list of '- name: {steps: …}'")
        self._bounded(node, field, len(items), PARALLEL_BRANCHES.value, "branches")
        branches: list[Branch] = []
        for item in items:
            mapping = self._notes.mapping(item, field, "a branch: '- name: {steps: …}'")
            for entry in mapping.entries[:1]:
                inside = f"{field}.{entry.key}"
                inner = self._notes.mapping(entry.value, inside, "a map with 'steps'")
                self._notes.known(inner, inside, ("steps",))
                branches.append(Branch(entry.key, self.steps(inner.get("steps"), f"{inside}.steps"), entry.position))
            for entry in mapping.entries[1:]:
                self._notes.refuse(entry.position, field, "more than one branch in a line", "give each its own '-'")
        return tuple(branches)

    def _try(self, entry: Entry, mapping: Mapping, field: str) -> Try:
        inside = f"{field}.try"
        inner = self._notes.mapping(entry.value, inside, "steps, or one call")
        body, follow = self._body(inner, inside, tuple(key for key in STEP_KEYS if key not in {"retry", "except"}))
        if follow is not None:
            self._notes.refuse(follow.position, inside, "'next' inside 'try'", "put it beside 'try'")
        if body is None and isinstance(entry.value, Mapping):
            self._notes.refuse(entry.position, inside, "nothing to try", "give it 'steps' or a 'call'")
        retry, handler = mapping.get("retry"), mapping.get("except")
        if retry is None and handler is None:
            self._notes.refuse(entry.position, field, "'try' without 'retry' or 'except'", "add one of them")
        return Try(
            body or Steps(()),
            read_retry(retry, self._notes, f"{field}.retry") if retry is not None else None,
            self._handler(handler, f"{field}.except") if handler is not None else None,
        )

    def _handler(self, node: Node, field: str) -> Handler:
        mapping = self._notes.mapping(node, field, "a map with 'as' and 'steps'")
        self._notes.known(mapping, field, EXCEPT_KEYS)
        name = mapping.get("as")
        variable = self._notes.identifier(name, f"{field}.as", "a variable's name") if name is not None else None
        return Handler(variable, self.steps(mapping.get("steps"), f"{field}.steps"))

    def _bounded(self, node: Node, field: str, count: int, most: int, what: str) -> None:
        position: Position = node.position
        if isinstance(node, Sequence) and count == 0:
            self._notes.refuse(position, field, f"no {what}", "give at least one")
        if count > most:
            self._notes.refuse(position, field, f"{count} {what}, and {most} are allowed", "make two steps of it")


def _is_span(span: Template | None) -> bool:
    match span:
        case Constant(list() as bounds):
            return len(bounds) == 2 and all(type(bound) in {int, float} for bound in bounds)
        case Computed(Listing(items)):
            return len(items) == 2
        case _:
            return False


def _is_positive(value: object) -> bool:
    return type(value) is int and value > 0
