"""A document that can run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from replicator.errors import ConfigError, Place, Problem
from replicator.runtime.source import Mistake
from replicator.runtime.steps.assemble import assemble
from replicator.runtime.steps.block import Routine
from replicator.runtime.syntax.document import Document, read_document

UNNAMED: Final = Path("workflow")
"""What a source that is no file is called in messages."""


class SyntaxProblems(ConfigError):  # noqa: N818  the plural of what it holds
    """Everything that is wrong with a document, each with file:line:column."""


@dataclass(frozen=True, slots=True)
class Program:
    """A document, read, checked and compiled; one may run any number of times, also at once.

    Attributes:
        document: Its tree.
        routines: Its routines by name, with ``main`` among them.
    """

    document: Document
    routines: dict[str, Routine]


def load(text: str, *, file: Path | None = None) -> Program:
    """Read a workflow's source, YAML or JSON.

    Args:
        text: The source.
        file: What to call it in messages.

    Raises:
        SyntaxProblems: It is not a workflow; every problem that was found, in the order of the source.
    """
    document = read_document(text)
    if document.mistakes:
        raise SyntaxProblems(tuple(problem(mistake, file) for mistake in document.mistakes))
    return Program(document, assemble(document.routines))


def problem(mistake: Mistake, file: Path | None) -> Problem:
    """A mistake as it is told to a person."""
    place = Place(file or UNNAMED, mistake.position.line, mistake.position.column)
    return Problem(place, mistake.field, mistake.fact, mistake.remedy)
