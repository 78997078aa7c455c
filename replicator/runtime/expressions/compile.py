"""Expression trees to closures, once, so that running a step walks no tree."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, assert_never

from replicator.limits import STRING_BYTES
from replicator.runtime.errors import Tag, error
from replicator.runtime.expressions.operators import BINARY, index, member, negate, truth
from replicator.runtime.expressions.tree import (
    Binary,
    Computed,
    Constant,
    Expression,
    Index,
    Invoke,
    Joined,
    Listing,
    ListTemplate,
    Literal,
    MapTemplate,
    Member,
    Name,
    Template,
    Unary,
)
from replicator.runtime.scope import Scope
from replicator.runtime.stdlib.signature import Call, Function, place
from replicator.runtime.values import Value, to_text, type_name

if TYPE_CHECKING:
    from replicator.runtime.steps.block import Routine

Evaluate = Callable[[Scope], Value]


class Callees(Protocol):
    """Looks up what an expression calls; that it exists was checked when the source was read."""

    @property
    def routines(self) -> Mapping[str, Routine]:
        """The document's own."""
        ...

    @property
    def functions(self) -> Mapping[str, Function]:
        """The standard library's."""
        ...


@dataclass(frozen=True, slots=True)
class Compiler:
    """Makes closures for one document."""

    callees: Callees

    def template(self, template: Template) -> Evaluate:
        """A closure for a value that may have expressions in it."""
        match template:
            case Constant(value):
                return lambda scope: value  # noqa: ARG005  every closure takes the scope
            case Computed(expression):
                return self.expression(expression)
            case Joined(parts):
                return self._joined(parts)
            case ListTemplate(items):
                evaluates = [self.template(item) for item in items]
                return lambda scope: [evaluate(scope) for evaluate in evaluates]
            case MapTemplate(entries):
                return self._map(entries)
            case _:
                assert_never(template)

    def expression(self, expression: Expression) -> Evaluate:
        """A closure for an expression."""
        match expression:
            case Literal(value):
                return lambda scope: value  # noqa: ARG005  every closure takes the scope
            case Name(name):
                return _variable(name)
            case Member(of, key):
                return self._member(of, key)
            case Index(of, by):
                container, key_of = self.expression(of), self.expression(by)
                return lambda scope: index(container(scope), key_of(scope))
            case Invoke():
                return self._invoke(expression)
            case Unary(operator, operand):
                return self._unary(operator, self.expression(operand))
            case Binary(operator, left, right):
                return self._binary(operator, self.expression(left), self.expression(right))
            case Listing(items):
                evaluates = [self.expression(item) for item in items]
                return lambda scope: [evaluate(scope) for evaluate in evaluates]
            case _:
                assert_never(expression)

    def _map(self, entries: tuple[tuple[str | Template, Template], ...]) -> Evaluate:
        fixed = [(key, self.template(item)) for key, item in entries if isinstance(key, str)]
        if len(fixed) == len(entries):
            return lambda scope: {key: evaluate(scope) for key, evaluate in fixed}
        pairs = [(self._key(key), self.template(item)) for key, item in entries]
        return lambda scope: {key(scope): evaluate(scope) for key, evaluate in pairs}

    def _key(self, key: str | Template) -> Callable[[Scope], str]:
        if isinstance(key, str):
            return lambda scope: key  # noqa: ARG005  every closure takes the scope
        evaluate = self.template(key)

        def read(scope: Scope) -> str:
            value = evaluate(scope)
            if isinstance(value, str):
                return value
            raise error(Tag.TYPE, f"a map's key is a string, not {type_name(value)}")

        return read

    def _member(self, of: Expression, key: str) -> Evaluate:
        container = self.expression(of)
        return lambda scope: member(container(scope), key)

    @staticmethod
    def _unary(operator: str, operand: Evaluate) -> Evaluate:
        match operator:
            case "-":
                return lambda scope: negate(operand(scope))
            case _:
                return lambda scope: not truth("not", operand(scope))

    @staticmethod
    def _binary(operator: str, left: Evaluate, right: Evaluate) -> Evaluate:
        if operator == "and":
            return lambda scope: truth("and", left(scope)) and truth("and", right(scope))
        if operator == "or":
            return lambda scope: truth("or", left(scope)) or truth("or", right(scope))
        apply = BINARY[operator]
        return lambda scope: apply(left(scope), right(scope))

    def _joined(self, parts: tuple[str | Computed, ...]) -> Evaluate:
        evaluates = [part if isinstance(part, str) else self.expression(part.expression) for part in parts]

        def join(scope: Scope) -> Value:
            texts: list[str] = []
            length = 0
            for part in evaluates:
                texts.append(part if isinstance(part, str) else _text(part(scope)))
                length += len(texts[-1])
                # Before it is joined: a short source can name a long text thousands of times.
                if length > STRING_BYTES.value:
                    fact = f"a string has more than the {STRING_BYTES.value} bytes that it may have"
                    raise error(Tag.RESOURCE_LIMIT, fact)
            return "".join(texts)

        return join

    def _invoke(self, invoke: Invoke) -> Evaluate:
        arguments = [self.expression(argument) for argument in invoke.arguments]
        name = invoke.function
        if (routine := self.callees.routines.get(name)) is not None:
            return _subworkflow(routine, arguments)
        function = self.callees.functions[name]
        parameters, body = function.parameters, function.body
        if function.outside:
            return lambda scope: body(
                Call(scope.activation.machine, None),
                *place(name, parameters, [evaluate(scope) for evaluate in arguments]),
            )
        return lambda scope: body(*place(name, parameters, [evaluate(scope) for evaluate in arguments]))


def _variable(name: str) -> Evaluate:
    def read(scope: Scope) -> Value:
        values = scope.values
        return values[name] if name in values else scope.read(name)

    return read


def _subworkflow(routine: Routine, arguments: list[Evaluate]) -> Evaluate:
    parameters = routine.parameters

    def call(scope: Scope) -> Value:
        values = place(routine.name, parameters, [evaluate(scope) for evaluate in arguments])
        activation = scope.activation
        given = {parameter.name: value for parameter, value in zip(parameters, values, strict=True)}
        return activation.machine.call(
            routine, given, depth=activation.depth + 1, nesting=activation.nesting + scope.nesting
        )

    return call


def _text(value: Value) -> str:
    text = to_text(value)
    if text is None:
        raise error(Tag.TYPE, f"{type_name(value)} has no text to put into a string")
    return text
