"""Variables: which are visible where, who may write them, and how much memory they take.

docs.cloud.google.com/workflows/docs/reference/syntax/variables, "Variable scope", and …/parallel-steps, "Shared
variables". A routine has one scope; the body of a ``for``, an ``except`` and a branch of ``parallel`` have one of
their own inside it, and what they create ends with them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from replicator.limits import STRING_BYTES
from replicator.runtime.errors import Tag, error
from replicator.runtime.values import TooDeepError, Value, longest_string, size, text_size

if TYPE_CHECKING:
    from replicator.runtime.machine import Activation

_SCALAR_SIZE = 8
_SCALARS = frozenset({int, bool, float, type(None)})


class Scope:
    """The variables of one block.

    Attributes:
        values: The block's own variables.
        parent: The scope around it; None for a routine's own.
        activation: The call that it belongs to.
        shared: None, except for a branch of a parallel step: the variables around it that it may write.
            Writing any other makes a variable of the branch's own, so that no branch sees another's writes.
        nesting: How many parallel steps of this routine are around it.
        contended: Whether another branch may write what is visible here at the same time.
    """

    __slots__ = ("_sizes", "_total", "activation", "contended", "nesting", "parent", "shared", "values")

    def __init__(
        self, activation: Activation, parent: Scope | None = None, *, shared: frozenset[str] | None = None
    ) -> None:
        self.values: dict[str, Value] = {}
        self.parent = parent
        self.activation = activation
        self.shared = shared
        self.contended: bool = bool(shared) or (parent is not None and parent.contended)
        self.nesting: int = (0 if parent is None else parent.nesting) + (shared is not None)
        self._sizes: dict[str, int] = {}
        self._total = 0

    def read(self, name: str) -> Value:
        """The variable's value.

        Raises:
            WorkflowError: There is none of that name here.
        """
        scope: Scope | None = self
        while scope is not None:
            if name in scope.values:
                return scope.values[name]
            scope = scope.parent
        # The pages promise an error and do not name its tag; the service refuses most such documents on deployment.
        raise error(Tag.KEY, f"variable not found: {name}")

    def owner(self, name: str) -> Scope:
        """The scope that writing the variable changes: where it is, if it may be written from here.

        A variable around a parallel step that is not shared is written in the branch instead; one that is
        nowhere is created here.
        """
        scope: Scope = self
        barrier: Scope | None = None
        while name not in scope.values:
            if barrier is None and scope.shared is not None and name not in scope.shared:
                barrier = scope
            if scope.parent is None:
                return self
            scope = scope.parent
        return barrier or scope

    def write(self, name: str, value: Value) -> None:
        """Set the variable where it is, or create it here; its memory is counted by the new value alone."""
        scope = self if name in self.values else self.owner(name)
        scope.define(name, value)

    def define(self, name: str, value: Value) -> None:
        """Set the variable in this very scope."""
        self.account(name, _measure(value) - self._sizes.get(name, 0))
        self.values[name] = value

    def account(self, name: str, change: int) -> None:
        """Note that the variable takes ``change`` bytes more, or fewer.

        Raises:
            Unhandleable: All variables together take more than the service allows.
        """
        if change:
            self.activation.machine.charge(change)
            self._sizes[name] = self._sizes.get(name, 0) + change
            self._total += change

    def close(self) -> None:
        """Give the block's memory back."""
        if self._total:
            self.activation.machine.charge(-self._total)
            self._total = 0


def check_strings(value: Value) -> None:
    """Refuse a string that is longer than the service allows.

    Raises:
        Unhandleable: There is one.
    """
    longest = longest_string(value)
    if longest > STRING_BYTES.value:
        raise error(Tag.RESOURCE_LIMIT, f"a string has {longest} bytes, and may have {STRING_BYTES.value}")


def _measure(value: Value) -> int:
    if type(value) in _SCALARS:
        return _SCALAR_SIZE
    if isinstance(value, str):
        if (length := text_size(value)) > STRING_BYTES.value:
            raise error(Tag.RESOURCE_LIMIT, f"a string has {length} bytes, and may have {STRING_BYTES.value}")
        return _SCALAR_SIZE + length
    total = measure(value)
    if total > STRING_BYTES.value:
        check_strings(value)
    return total


def measure(value: Value) -> int:
    """The bytes that the value takes.

    Raises:
        Unhandleable: It is nested too deeply.
    """
    try:
        return size(value)
    except TooDeepError as failure:
        raise error(Tag.RESOURCE_LIMIT, f"a value is {failure}") from None
