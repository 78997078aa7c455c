"""Where calls go: Google, or a local cloud that listens somewhere."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self
from urllib.parse import urlsplit

from replicator.errors import FailedError

FILE: Final = "endpoints.json"
"""What a local cloud writes into its directory while it serves it."""

_ANSWER_SECONDS: Final = 5.0


@dataclass(frozen=True, slots=True)
class Endpoints:
    """The addresses of one cloud.

    Attributes:
        http: Base of every HTTP API of a local cloud, without a slash at the end; None is Google.
        executions: ``host:port`` of its Executions API over gRPC; None is Google.
    """

    http: str | None = None
    executions: str | None = None

    @property
    def local(self) -> bool:
        """Whether calls go to a local cloud, without credentials."""
        return self.http is not None

    @classmethod
    def google(cls) -> Self:
        """Google's own addresses."""
        return cls()

    @classmethod
    def at(cls, url: str) -> Self:
        """Ask the local cloud at ``url`` where its services listen.

        Args:
            url: ``http://HOST:PORT``.

        Raises:
            FailedError: Nothing answers there, or something that is not a local cloud.
        """
        base = url.rstrip("/")
        return cls._from_answer(base, _ask(base))

    @classmethod
    def of_directory(cls, directory: Path) -> Self | None:
        """The local cloud that serves ``directory``, or None when no live one does.

        A server that was killed leaves its file behind, and its port may be another one's by now: only
        an answer with the same process id counts.
        """
        try:
            written = json.loads((directory / FILE).read_text(encoding="utf-8"))
            base, pid = str(written["http"]).rstrip("/"), int(written["pid"])
            answer = _ask(base)
        except (OSError, ValueError, KeyError, TypeError, FailedError):
            return None
        return cls._from_answer(base, answer) if answer["pid"] == pid else None

    @classmethod
    def _from_answer(cls, base: str, answer: dict[str, Any]) -> Self:
        # The server names its own address, which from another machine is reached by the name asked for.
        host, port = urlsplit(base).hostname or "", urlsplit(f"//{answer['executions']}").port
        return cls(http=base, executions=f"[{host}]:{port}" if ":" in host else f"{host}:{port}")


def _ask(base: str) -> dict[str, Any]:
    """What ``GET /endpoints`` answers.

    Raises:
        FailedError: Nothing answers at ``base``, or something else does.
    """
    remedy = "start one with 'replicator local serve', or check --cloud"
    # Without the environment's proxies: a local cloud is on this machine or beside it.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"{base}/endpoints", timeout=_ANSWER_SECONDS) as response:
            text = response.read()
    except urllib.error.HTTPError as error:
        msg = f"{base}: answers, but with status {error.code} for /endpoints, so it is no local cloud; {remedy}"
        raise FailedError(msg) from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", None) or error
        detail = getattr(reason, "strerror", None) or reason
        msg = f"{base}: no local cloud answers there ({detail}); {remedy}"
        raise FailedError(msg) from error
    try:
        answer = json.loads(text)
        if urlsplit(f"//{answer['executions']}").port and isinstance(answer["pid"], int):
            return dict(answer)
    except (ValueError, KeyError, TypeError):
        pass  # told below, with what is right but incomplete
    msg = f"{base}: answers, but not as a local cloud does; {remedy}"
    raise FailedError(msg)
