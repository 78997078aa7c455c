"""A workflow reaches nothing of the machine that runs it.

Python tells an audit hook whenever a file is opened, a module imported, code compiled, a process started or a socket
used, whoever asks: https://docs.python.org/3/library/audit_events.html.
"""

from __future__ import annotations

import sys
import zoneinfo
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final

import pytest

from replicator.runtime.errors import WorkflowFailed
from replicator.runtime.program import SyntaxProblems
from replicator.runtime.stdlib.charsets import CODECS
from tests.unit.runtime.running import run
from tests.unit.runtime.test_fuzz import outcome

SEEDS: Final = 150
WATCHED: Final = ("open", "import", "exec", "compile", "os.", "subprocess.", "socket.", "ctypes.", "shutil.", "pickle.")


class Ear:
    """Hears what happens while it listens; a hook that was added stays for good, so there is one."""

    def __init__(self) -> None:
        self._heard: list[str] | None = None
        sys.addaudithook(self._hear)

    def _hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self._heard is not None and event.startswith(WATCHED):
            self._heard.append(f"{event} {arguments[0]!r}" if arguments else event)

    @contextmanager
    def listening(self) -> Iterator[list[str]]:
        """What happens until the end of the block."""
        heard: list[str] = []
        self._heard = heard
        try:
            yield heard
        finally:
            self._heard = None


EAR: Final = Ear()
TIME_ZONES: Final = tuple(f"open '{folder}/" for folder in zoneinfo.TZPATH)
"""``time.format`` reads the tz database, by names that lead nowhere else."""


def warm_up() -> None:
    """Let everything that is loaded when it is first needed be loaded."""
    run("""- a: {return: '${[text.match_regex("a", "a"), time.format(0, "Europe/Paris")]}'}""")
    for name in CODECS.values():
        "a".encode(name).decode(name)


@pytest.mark.parametrize(
    "expression",
    [
        "args.__class__.__base__.__subclasses__()",
        'args["__class__"]',
        '__import__("os").system("true")',
        'open("/etc/passwd")',
        'exec("1")',
        'eval("1")',
        "globals()",
        'text.decode(text.encode("a"), "replicator")',
        'text.decode(text.encode("a"), "../os")',
        'time.format(0, "/etc/passwd")',
        'time.format(0, "../../../../etc/passwd")',
        '"{0.__class__}" + "%(a)s"',
        'json.decode("{\\"__class__\\": 1}")',
        'sys.get_env("PATH")',
        "sys.modules",
        "string.__doc__",
        "x.format(1)",
        "lambda",
    ],
)  # fmt: skip
def test_no_expression_reaches_python(expression: str) -> None:
    """It is refused, fails, or is a value like any other; nothing is opened, imported, compiled or started."""
    warm_up()
    source = f"main: {{params: [args], steps: [{{a: {{return: '${{{expression}}}'}}}}]}}"

    with EAR.listening() as heard, suppress(SyntaxProblems, WorkflowFailed):
        run(source, {"a": 1})

    assert [event for event in heard if not event.startswith(TIME_ZONES)] == []


def test_no_fuzzed_document_reaches_python() -> None:
    """The same for documents that nobody would write."""
    warm_up()

    with EAR.listening() as heard:
        for seed in range(SEEDS):
            outcome(seed)

    assert [event for event in heard if not event.startswith(TIME_ZONES)] == []


def test_the_ear_hears() -> None:
    """A file that is opened is heard, or the tests above would show nothing."""
    with EAR.listening() as heard, open(__file__, encoding="utf-8"):  # noqa: PTH123  any way to open a file
        pass

    assert heard == [f"open {__file__!r}"]
