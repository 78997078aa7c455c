"""Reading a workflow document that a person names."""

from __future__ import annotations

from pathlib import Path

from replicator.errors import UsageError


def read_source(file: Path) -> str:
    """The document's text.

    Raises:
        UsageError: It is not UTF-8.
    """
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        msg = f"{file}: byte {error.start + 1} is not UTF-8; save the document as UTF-8"
        raise UsageError(msg) from error
