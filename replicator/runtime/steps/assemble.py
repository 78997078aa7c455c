"""A document's tree to steps that run: names become places, expressions become closures."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import assert_never

from replicator.runtime.calls import call_connector
from replicator.runtime.connectors import METHODS
from replicator.runtime.expressions.compile import Compiler, Evaluate
from replicator.runtime.scope import Scope
from replicator.runtime.stdlib.registry import FUNCTIONS
from replicator.runtime.stdlib.retries import BACKOFFS, DEFAULT_BACKOFF, DEFAULT_RETRIES, POLICIES
from replicator.runtime.stdlib.signature import Call, Function, Parameter, bind, place
from replicator.runtime.steps.assign import assign
from replicator.runtime.steps.attempt import Retry, attempt, delays, whole_number
from replicator.runtime.steps.block import Action, Block, Outcome, Routine, Step, Way
from replicator.runtime.steps.control import elements, loop, raising, returning, switch
from replicator.runtime.steps.parallel import Branch, parallel
from replicator.runtime.syntax.tree import (
    Assign,
    Body,
    CallNode,
    Delays,
    For,
    Next,
    Parallel,
    Raise,
    RetryNode,
    Return,
    RoutineNode,
    StepNode,
    Steps,
    Switch,
    Try,
)
from replicator.runtime.syntax.words import NEXT_BREAK, NEXT_CONTINUE, NEXT_END
from replicator.runtime.values import Value

_WAYS = {
    NEXT_END: Outcome(Way.RETURN),
    NEXT_BREAK: Outcome(Way.BREAK),
    NEXT_CONTINUE: Outcome(Way.CONTINUE),
}
# ``end`` in a subworkflow: the page says that it stops the workflow's execution without a value, of subworkflows
# nothing. Here it ends the routine that it stands in, as ``return`` does.


def assemble(nodes: Mapping[str, RoutineNode]) -> dict[str, Routine]:
    """Routines that can run, of a document that has no mistakes."""
    routines = {
        name: Routine(
            name,
            tuple(Parameter(p.name, required=p.required, default=p.default) for p in node.parameters),
            Block(),
        )
        for name, node in nodes.items()
    }
    for name, node in nodes.items():
        builder = _Builder(name, Compiler(_Known(routines)))
        builder.fill(routines[name].block, node.steps, ())
    return routines


@dataclass(frozen=True, slots=True)
class _Known:
    routines: Mapping[str, Routine]
    functions: Mapping[str, Function] = field(default_factory=lambda: FUNCTIONS)


_Around = tuple[tuple[Block, Mapping[str, int]], ...]
"""The blocks that a step may lead on to, the innermost first, with where their steps are."""


@dataclass(frozen=True, slots=True)
class _Builder:
    """Builds the steps of one routine."""

    routine: str
    compiler: Compiler

    def fill(self, block: Block, nodes: tuple[StepNode, ...], around: _Around) -> None:
        """Put the steps into the block; they may jump to each other and to those around it."""
        inner = ((block, {node.name: at for at, node in enumerate(nodes)}), *around)
        for node in nodes:
            step = Step(node.name, self.routine, node.position, _nothing, self._after(node.next, inner))
            block.steps.append(step)
            if node.body is not None:
                step.action = self._action(node.body, inner, step)

    def _block(self, nodes: tuple[StepNode, ...], around: _Around) -> Block:
        block = Block()
        self.fill(block, nodes, around)
        return block

    @staticmethod
    def _after(follow: Next | None, around: _Around) -> Outcome | None:
        if follow is None:
            return None
        for block, places in around:
            if follow.target in places:
                return Outcome(Way.JUMP, block, places[follow.target])
        return _WAYS[follow.target]

    def _action(self, body: Body, around: _Around, step: Step) -> Action:
        compiler = self.compiler
        match body:
            case Assign():
                return assign(body, compiler)
            case CallNode():
                return self._call(body, step)
            case Switch():
                return self._switch(body, around, step)
            case For():
                items, span = self._over(body)
                return loop(body.value, body.index, items, span, self._block(body.steps, ()))
            case Parallel():
                return self._parallel(body)
            case Try():
                return self._try(body, around, step)
            case Raise(value):
                return raising(compiler.template(value))
            case Return(value):
                return returning(compiler.template(value))
            case Steps(steps):
                return self._block(steps, around).run
            case _:
                assert_never(body)

    def _switch(self, body: Switch, around: _Around, step: Step) -> Action:
        cases: list[tuple[Evaluate, Action | None, Outcome | None]] = []
        for case in body.cases:
            action = self._action(case.body, around, step) if case.body is not None else None
            cases.append((self.compiler.template(case.condition), action, self._after(case.next, around)))
        return switch(cases)

    def _over(self, body: For) -> tuple[Evaluate | None, Evaluate | None]:
        items = self.compiler.template(body.items) if body.items is not None else None
        span = self.compiler.template(body.range) if body.range is not None else None
        return items, span

    def _parallel(self, body: Parallel) -> Action:
        limit = self.compiler.template(body.limit) if body.limit is not None else None
        shared = frozenset(body.shared)
        if body.loop is None:
            fixed: list[Branch] = [(branch.name, self._block(branch.steps, ()).run) for branch in body.branches]
            return parallel(lambda _: iter(fixed), shared, limit)
        node = body.loop
        items, span = self._over(node)
        block = self._block(node.steps, ())

        def iterations(scope: Scope) -> Iterator[Branch]:
            for at, element in elements(items, span, scope):
                yield str(at), _iteration(node.value, element, node.index, at, block)

        return parallel(iterations, shared, limit)

    def _try(self, body: Try, around: _Around, step: Step) -> Action:
        inner = self._action(body.body, around, step)
        retry = self._retry(body.retry) if body.retry is not None else None
        if body.handler is None:
            return attempt(inner, retry, None, None)
        return attempt(inner, retry, body.handler.name, self._block(body.handler.steps, around))

    def _retry(self, node: RetryNode) -> Retry:
        if node.policy is not None:
            condition = POLICIES[node.policy]
            return Retry(lambda _, value: condition.holds(value), lambda _: DEFAULT_RETRIES, lambda _: DEFAULT_BACKOFF)
        template = self.compiler.template
        backoff = node.backoff
        if isinstance(backoff, Delays):
            seconds = delays(template(backoff.initial_delay), template(backoff.max_delay), template(backoff.multiplier))
        else:
            named = BACKOFFS[backoff or ""]
            seconds = lambda _: named  # noqa: E731  one of two ways to make the same value
        if node.max_retries is None:
            msg = "a retry policy without max_retries was not refused when it was read"
            raise AssertionError(msg)
        return Retry(self._predicate(node.predicate), whole_number(template(node.max_retries)), seconds)

    def _predicate(self, name: str) -> Callable[[Scope, Value], Value]:
        routine = self.compiler.callees.routines.get(name)
        if routine is None:
            function = FUNCTIONS[name]
            return lambda _, failure: function.body(failure)

        def ask(scope: Scope, failure: Value) -> Value:
            given = bind(name, routine.parameters, {routine.parameters[0].name: failure})
            return _enter(routine, given, scope)

        return ask

    def _call(self, node: CallNode, step: Step) -> Action:
        answer = self._answer(node, step)
        result = node.result

        def run(scope: Scope) -> None:
            value = answer(scope)
            if result is None:
                return
            if scope.contended:
                with scope.activation.machine.lock:
                    scope.write(result, value)
            else:
                scope.write(result, value)

        return run

    def _answer(self, node: CallNode, step: Step) -> Evaluate:
        name = node.function
        if name in METHODS:
            method, named = METHODS[name], self._named(node)
            return lambda scope: call_connector(scope.activation.machine, method, named(scope))
        if (routine := self.compiler.callees.routines.get(name)) is not None:
            values = self._values(node, routine.parameters)
            return lambda scope: _enter(routine, values(scope), scope)
        function = FUNCTIONS[name]
        values = self._values(node, function.parameters)
        if function.outside:
            return lambda scope: function.body(Call(scope.activation.machine, step), *values(scope))
        return lambda scope: function.body(*values(scope))

    def _named(self, node: CallNode) -> Callable[[Scope], dict[str, Value]]:
        arguments = [(argument.name, self.compiler.template(argument.value)) for argument in node.arguments]
        return lambda scope: {name: evaluate(scope) for name, evaluate in arguments}

    def _values(self, node: CallNode, parameters: Sequence[Parameter]) -> Callable[[Scope], list[Value]]:
        """The arguments in the parameters' order, however they are given."""
        name = node.function
        if node.positional is None:
            named = self._named(node)
            return lambda scope: bind(name, parameters, named(scope))
        evaluates = [self.compiler.template(argument) for argument in node.positional]
        return lambda scope: place(name, parameters, [evaluate(scope) for evaluate in evaluates])


def _enter(routine: Routine, values: list[Value], scope: Scope) -> Value:
    """Call a routine from a scope of another."""
    activation = scope.activation
    given = {parameter.name: value for parameter, value in zip(routine.parameters, values, strict=True)}
    return activation.machine.call(
        routine, given, depth=activation.depth + 1, nesting=activation.nesting + scope.nesting
    )


def _iteration(value: str, element: Value, index: str | None, at: int, block: Block) -> Callable[[Scope], object]:
    def run(scope: Scope) -> object:
        scope.define(value, element)
        if index is not None:
            scope.define(index, at)
        return block.run(scope)

    return run


def _nothing(scope: Scope) -> None:
    """A step that only leads on."""
