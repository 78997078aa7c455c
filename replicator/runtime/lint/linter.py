"""Everything that can be told about a document without running it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from replicator.runtime.lint.flow import unreachable
from replicator.runtime.lint.headroom import headroom
from replicator.runtime.lint.order import read_too_early
from replicator.runtime.lint.report import Finding, Report, Weight
from replicator.runtime.lint.variables import variables
from replicator.runtime.program import UNNAMED, problem
from replicator.runtime.source import Mistake
from replicator.runtime.syntax.document import Document, read_document


def lint(text: str, file: Path | None = None) -> Report:
    """Look a workflow's source over.

    Args:
        text: The source, YAML or JSON, of a document that may be wrong in any way.
        file: What to call it in the findings.
    """
    document = read_document(text)
    found = sorted(set(_found(document)))
    findings = tuple(Finding(weight, problem(mistake, file), refused) for mistake, weight, refused in found)
    return Report(file or UNNAMED, findings, headroom(document))


def _found(document: Document) -> Iterator[tuple[Mistake, Weight, bool]]:
    """What is wrong, how bad it is, and whether the service refuses the document for it."""
    yield from ((mistake, Weight.ERROR, True) for mistake in document.mistakes)
    for routine in document.routines.values():
        scoping = variables(routine)
        yield from ((mistake, Weight.ERROR, True) for mistake in scoping.undefined)
        yield from ((mistake, Weight.ERROR, False) for mistake in scoping.unshared)
        yield from ((mistake, Weight.ERROR, False) for mistake in read_too_early(routine))
        yield from ((mistake, Weight.WARNING, False) for mistake in unreachable(routine))
