"""One execution in a process of its own.

The process is given one JSON object on the first line of its standard input and tells, one JSON object per line of
its standard output, its steps and at last its result or its error. Standard input stays open: its end tells the
process that the server has gone, however that happened.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import IO, Any, Final, TypeAlias

Json = dict[str, Any]

_PATIENCE_SECONDS: Final = 2.0
"""How long a process that was asked to end may take until it is killed."""

_LAST_WORDS: Final = 2_000
"""Characters of its standard error that are told when a process died without a result."""


@dataclass(frozen=True, slots=True)
class Succeeded:
    """The workflow returned ``result``."""

    result: Any


@dataclass(frozen=True, slots=True)
class Failed:
    """The workflow ended with an error; ``trace`` has one frame per active call, innermost first."""

    error: Any
    trace: Sequence[Json]


@dataclass(frozen=True, slots=True)
class Stopped:
    """The process ended because it was asked to."""


@dataclass(frozen=True, slots=True)
class Died:
    """The process ended without saying how the workflow did; ``words`` say why, as far as is known."""

    words: str


End: TypeAlias = Succeeded | Failed | Stopped | Died


class ExecutionProcess:
    """Starts the executor and listens to it on a thread."""

    def __init__(
        self,
        executor: Sequence[str],
        task: Mapping[str, Any],
        *,
        on_step: Callable[[Json], None],
        on_end: Callable[[End], None],
    ) -> None:
        """Start it.

        Args:
            executor: The command.
            task: What it is given: ``source``, ``argument``, ``environment``, ``endpoints``.
            on_step: Told of each step, on a thread of this object.
            on_end: Told once how it ended, on the same thread; also when it cannot be started.
        """
        self._executor = tuple(executor)
        self._task = task
        self._on_step = on_step
        self._on_end = on_end
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._stopped = False
        self._thread = threading.Thread(target=self._attend, name="execution", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Ask the process to end (SIGTERM), and kill it when it does not within a few seconds; returns at once."""
        with self._lock:
            self._stopped = True
            if self._process is not None:
                _end(self._process)

    def join(self) -> None:
        """Return when the process has ended and ``on_end`` was told."""
        self._thread.join()

    def _attend(self) -> None:
        with tempfile.TemporaryFile() as words:
            try:
                with self._lock:
                    if self._stopped:
                        self._on_end(Stopped())
                        return
                    # A session of its own: a terminal's Ctrl-C is for the server, which ends its executions itself.
                    process = subprocess.Popen(  # noqa: S603  the command is the server's own, nothing of it a client's
                        self._executor,
                        stdin=subprocess.PIPE,
                        stdout=subprocess.PIPE,
                        stderr=words,
                        start_new_session=True,
                    )
                    self._process = process
            except OSError as error:
                self._on_end(Died(f"'{self._executor[0]}' cannot be started: {error.strerror}"))
                return
            with process:
                end = self._listen(process)
                _close(process.stdin)
                status = process.wait()
            self._on_end(end or self._silent_end(status, words))

    def _listen(self, process: subprocess.Popen[bytes]) -> End | None:
        """Tell of its steps; its last word, or None when it had none."""
        end: End | None = None
        try:
            if process.stdin is not None:
                process.stdin.write(json.dumps(self._task).encode() + b"\n")
                process.stdin.flush()
        except BrokenPipeError:
            # It died before it read; what it wrote to its standard error says why.
            return None
        for line in process.stdout or ():
            match _decoded(line):
                case {"step": dict() as step}:
                    self._on_step(step)
                case {"result": result}:
                    end = Succeeded(result)
                case {"error": error, **more}:
                    trace = more.get("trace")
                    end = Failed(error, trace if isinstance(trace, list) else [])
                case {"cancelled": True}:
                    end = Stopped()
                case _:
                    end = Died(f"it wrote a line that is not of its protocol: {line[:200]!r}")
                    _end(process)
                    break
        return end

    def _silent_end(self, status: int, words: IO[bytes]) -> End:
        if self._stopped:
            return Stopped()
        words.seek(0)
        text = words.read().decode("utf-8", "replace").strip()[-_LAST_WORDS:]
        how = f"was killed by signal {-status}" if status < 0 else f"ended with status {status}"
        return Died(f"it {how} without a result" + (f"; its last words: {text}" if text else ""))


def _decoded(line: bytes) -> object:
    try:
        return json.loads(line)
    except ValueError:
        return None


def _close(stream: IO[bytes] | None) -> None:
    if stream is not None:
        try:
            stream.close()
        except BrokenPipeError:
            return


def _end(process: subprocess.Popen[bytes]) -> None:
    """SIGTERM now, SIGKILL later if it is needed."""
    process.terminate()

    def kill() -> None:
        if process.poll() is None:
            process.kill()

    patience = threading.Timer(_PATIENCE_SECONDS, kill)
    patience.daemon = True
    patience.start()
