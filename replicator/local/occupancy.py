"""One server per directory."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import Final

from replicator.errors import FailedError
from replicator.local import endpoints

_FILE: Final = "server.lock"


class Occupancy:
    """Holds a directory for one server; the system lets go when the process ends, however it ends."""

    def __init__(self, directory: Path) -> None:
        """Take ``directory``, which is made if it is missing.

        Raises:
            FailedError: Another server has it, or nothing can be written there.
        """
        try:
            directory.mkdir(parents=True, exist_ok=True)
            self._file = os.open(directory / _FILE, os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            message = f"cannot keep data in {directory}: {error.strerror}; choose another --dir"
            raise FailedError(message) from error
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(self._file)
            raise FailedError(_occupied(directory)) from error

    def end(self) -> None:
        """Let another server have the directory."""
        os.close(self._file)


def _occupied(directory: Path) -> str:
    served = endpoints.read(directory)
    if served is None:
        return f"{directory} is being served already, by a server that is starting or stopping; try again"
    return (
        f"{directory} is served already at {served.http} by process {served.pid}; use --cloud {served.http}, or stop it"
    )
