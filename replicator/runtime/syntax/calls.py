"""Whether what is called exists and gets the arguments that it takes."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from replicator.runtime.connectors import METHODS
from replicator.runtime.expressions.walk import invokes
from replicator.runtime.source import Position
from replicator.runtime.stdlib import retries
from replicator.runtime.stdlib.registry import FUNCTIONS
from replicator.runtime.stdlib.signature import Parameter
from replicator.runtime.syntax.notes import Notes
from replicator.runtime.syntax.tree import CallNode, ParameterNode, RetryNode, RoutineNode, Try
from replicator.runtime.syntax.walk import bodies, values

_PREDICATES = frozenset(function.name for function in retries.FUNCTIONS)
CONNECTOR_PARAMS = "connector_params"


def check_calls(routine: RoutineNode, routines: Mapping[str, RoutineNode], notes: Notes) -> None:
    """Note every call of something unknown, or with missing or unknown arguments."""
    checker = _Calls(routines, notes)
    for step, body in bodies(routine.steps):
        field = f"{routine.name}.{step.name}"
        if isinstance(body, CallNode):
            checker.call(body, field)
        if isinstance(body, Try) and body.retry is not None:
            checker.predicate(body.retry, field)
        for value in values(body):
            for invoke in invokes(value):
                checker.invoke(invoke.function, len(invoke.arguments), step.position, field)


class _Calls:
    def __init__(self, routines: Mapping[str, RoutineNode], notes: Notes) -> None:
        self._routines = routines
        self._notes = notes

    def call(self, call: CallNode, field: str) -> None:
        name = call.function
        if not name:
            return
        if name in self._routines:
            self._named(call, self._routines[name].parameters, field)
        elif name in FUNCTIONS:
            function = FUNCTIONS[name]
            if function.refused:
                self._notes.refuse(call.position, field, f"{name} is not available here: {function.refused}")
            self._named(call, function.parameters, field)
        elif name in METHODS:
            method = METHODS[name]
            if call.positional is not None:
                fact = f"{name} is a connector, whose arguments have names"
                self._notes.refuse(call.position, f"{field}.args", fact, "give 'args' a map")
                return
            self._names(call, method.arguments | {CONNECTOR_PARAMS}, method.required_arguments, field)
        else:
            self._unknown(name, call.position, field, [*self._routines, *FUNCTIONS, *METHODS])

    def _named(self, call: CallNode, parameters: Sequence[Parameter | ParameterNode], field: str) -> None:
        if call.positional is not None:
            self._counted(call.function, len(call.positional), parameters, call.position, f"{field}.args")
            return
        known = [parameter.name for parameter in parameters]
        required = [parameter.name for parameter in parameters if parameter.required]
        self._names(call, known, required, field)

    def _names(self, call: CallNode, known: Collection[str], required: Collection[str], field: str) -> None:
        given = {argument.name for argument in call.arguments}
        for argument in call.arguments:
            if argument.name not in known:
                choices = f"it takes {', '.join(sorted(known))}" if known else "it takes none"
                remedy = self._notes.suggest(argument.name, known, choices)
                fact = f"{call.function} has no argument {argument.name!r}"
                self._notes.refuse(argument.position, f"{field}.args", fact, remedy)
        for name in sorted(set(required) - given):
            fact = f"{call.function} needs the argument {name!r}"
            self._notes.refuse(call.position, f"{field}.args", fact, f"add {name!r}")

    def invoke(self, name: str, count: int, position: Position, field: str) -> None:
        if name in self._routines:
            parameters: Sequence[Parameter | ParameterNode] = self._routines[name].parameters
        elif name in FUNCTIONS:
            function = FUNCTIONS[name]
            parameters = function.parameters
            if function.blocking:
                fact = f"{name} blocks, and cannot be called in an expression"
                self._notes.refuse(position, field, fact, f"make it a step: 'call: {name}'")
        elif name in METHODS:
            fact = f"{name} is a connector, and cannot be called in an expression"
            self._notes.refuse(position, field, fact, f"make it a step: 'call: {name}'")
            return
        else:
            self._unknown(name, position, field, [*self._routines, *FUNCTIONS])
            return
        self._counted(name, count, parameters, position, field)

    def _counted(
        self,
        name: str,
        count: int,
        parameters: Sequence[Parameter | ParameterNode],
        position: Position,
        field: str,
    ) -> None:
        least = sum(parameter.required for parameter in parameters)
        if not least <= count <= len(parameters):
            wanted = str(least) if least == len(parameters) else f"{least} to {len(parameters)}"
            names = ", ".join(parameter.name for parameter in parameters)
            self._notes.refuse(position, field, f"{name} takes {wanted} arguments, here are {count}", f"({names})")

    def predicate(self, retry: RetryNode, field: str) -> None:
        name = retry.predicate
        if not name or name in _PREDICATES:
            return
        if name not in self._routines:
            self._unknown(name, retry.position, f"{field}.retry.predicate", [*self._routines, *_PREDICATES])
        elif sum(parameter.required for parameter in self._routines[name].parameters) > 1 or not (
            self._routines[name].parameters
        ):
            fact = f"the predicate {name!r} does not take one argument"
            self._notes.refuse(retry.position, f"{field}.retry", fact, "it is called with the error")

    def _unknown(self, name: str, position: Position, field: str, known: Sequence[str]) -> None:
        remedy = self._notes.suggest(name, known, "declare a subworkflow of that name")
        self._notes.refuse(position, field, f"unknown function {name!r}", remedy)
