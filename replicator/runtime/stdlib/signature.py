"""What a function takes, and how arguments by position or by name find their parameter."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from replicator.runtime.errors import Tag, error
from replicator.runtime.values import Value, type_name

if TYPE_CHECKING:
    from replicator.runtime.machine import Machine
    from replicator.runtime.steps.block import Step

STRING: Final = frozenset({"string"})
BYTES: Final = frozenset({"bytes"})
NUMBER: Final = frozenset({"integer", "double"})
INTEGER: Final = frozenset({"integer"})
BOOLEAN: Final = frozenset({"boolean"})
LIST: Final = frozenset({"list"})
MAP: Final = frozenset({"map"})
ANY: Final[frozenset[str]] = frozenset()


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a function or a routine.

    Attributes:
        name: Its name.
        kinds: The types that it takes by ``get_type``'s names; none named: all.
        required: Whether a call must give it.
        default: Its value when it is not given.
    """

    name: str
    kinds: frozenset[str] = ANY
    required: bool = True
    default: Value = None


@dataclass(frozen=True, slots=True)
class Call:
    """Who calls a function that reaches outside.

    Attributes:
        machine: The execution.
        step: The step that the call stands in, for logs.
    """

    machine: Machine
    step: Step | None


@dataclass(frozen=True, slots=True)
class Function:
    """A function of the standard library.

    Attributes:
        name: With its module: ``text.split``.
        parameters: In the order of positional arguments.
        body: The values of the parameters to the result; for one with ``outside`` the call comes first.
        outside: Whether it needs the execution: time, names, chance, the log, the network.
        blocking: Whether it may stand in a ``call`` step only (stdlib/overview, "Blocking calls").
        refused: Why it is known and not available here; empty if it is.
    """

    name: str
    parameters: tuple[Parameter, ...]
    body: Callable[..., Value]
    outside: bool = False
    blocking: bool = False
    refused: str = ""


def bind(name: str, parameters: Sequence[Parameter], given: Mapping[str, Value]) -> list[Value]:
    """Arguments by name, in the parameters' order, defaults filled in and types checked.

    Raises:
        WorkflowError: TypeError: one is missing, unknown or of a type that the function does not take.
    """
    values: list[Value] = []
    for parameter in parameters:
        if parameter.name in given:
            values.append(_checked(name, parameter, given[parameter.name]))
        elif parameter.required:
            raise error(Tag.TYPE, f"{name}: missing argument {parameter.name!r}")
        else:
            values.append(parameter.default)
    known = {parameter.name for parameter in parameters}
    for argument in given:
        if argument not in known:
            raise error(Tag.TYPE, f"{name}: unexpected argument {argument!r}")
    return values


def place(name: str, parameters: Sequence[Parameter], given: Sequence[Value]) -> list[Value]:
    """Arguments by position, defaults filled in and types checked.

    Raises:
        WorkflowError: TypeError: too few, too many, or one of a type that the function does not take.
    """
    if len(given) > len(parameters):
        raise error(Tag.TYPE, f"{name}: takes {len(parameters)} arguments, got {len(given)}")
    values = [_checked(name, parameter, value) for parameter, value in zip(parameters, given, strict=False)]
    for parameter in parameters[len(given) :]:
        if parameter.required:
            raise error(Tag.TYPE, f"{name}: missing argument {parameter.name!r}")
        values.append(parameter.default)
    return values


def _checked(name: str, parameter: Parameter, value: Value) -> Value:
    if not parameter.kinds or type_name(value) in parameter.kinds:
        return value
    # An optional parameter may be given as null, which stands for leaving it out.
    if value is None and not parameter.required:
        return parameter.default
    wanted = " or ".join(sorted(parameter.kinds))
    raise error(Tag.TYPE, f"{name}: {parameter.name!r} takes {wanted}, got {type_name(value)}")
