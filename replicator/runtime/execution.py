"""Running a program from its argument to its result."""

from __future__ import annotations

import sys
from typing import Final

from replicator.errors import FailedError
from replicator.limits import ARGUMENT_BYTES
from replicator.runtime.environment import Environment
from replicator.runtime.errors import Cancelled, Tag, WorkflowCancelled, WorkflowError, WorkflowFailed, error
from replicator.runtime.machine import Machine
from replicator.runtime.program import Program
from replicator.runtime.values import TooDeepError, Value, characters, size, text_size, to_json

# 20 calls deep, 60 levels of blocks each, and expressions of up to 400 characters inside: all of it bounded when
# the source is read, and more than Python's own default. Python-to-Python calls take no C stack.
_FRAMES: Final = 30_000


class Execution:
    """Runs programs."""

    @staticmethod
    def run(program: Program, argument: Value, *, environment: Environment) -> Value:
        """Run ``main`` to its end and return what it returns, which can be written as JSON.

        Args:
            program: What to run.
            argument: What ``main``'s parameter gets; ignored when it has none.
            environment: Everything that the execution may reach.

        Raises:
            WorkflowFailed: An error came out of ``main``, or a limit was reached.
            WorkflowCancelled: ``environment.cancelled`` said so.
            FailedError: The argument is larger than the service takes, or is not JSON.
        """
        _check(argument)
        argument = characters(argument)
        sys.setrecursionlimit(max(sys.getrecursionlimit(), _FRAMES))
        machine = Machine(environment)
        main = program.routines["main"]
        given = {parameter.name: _argument(argument, parameter.default) for parameter in main.parameters}
        try:
            result = machine.call(main, given, depth=1, nesting=0)
            _encodable(result)
        except Cancelled:
            raise WorkflowCancelled from None
        except WorkflowError as failure:
            raise WorkflowFailed(failure.value, tuple(failure.trace)) from failure
        return result


def _argument(argument: Value, default: Value) -> Value:
    return default if argument is None else argument


def _check(argument: Value) -> None:
    try:
        size(argument)
        length = text_size(to_json(argument))
    except (TypeError, ValueError) as failure:
        msg = f"the argument is not JSON: {failure}"
        raise FailedError(msg) from None
    if length > ARGUMENT_BYTES.value:
        msg = f"the argument has {length} bytes, and may have {ARGUMENT_BYTES.value}; pass a reference to larger data"
        raise FailedError(msg)


def _encodable(result: Value) -> None:
    """Refuse a result that JSON has no form for (datatypes, "Returning bytes")."""
    try:
        size(result)
        to_json(result)
    except TooDeepError as failure:
        raise error(Tag.RESOURCE_LIMIT, f"the result is {failure}") from None
    except TypeError:
        raise error(Tag.TYPE, "the result holds bytes, which JSON has no form for") from None
    except ValueError:
        raise error(Tag.VALUE, "the result holds a double that is not finite") from None
