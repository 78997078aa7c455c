"""Everything that can be told about a document without running it."""

from __future__ import annotations

from pathlib import Path

from replicator.runtime.lint.flow import unreachable
from replicator.runtime.lint.headroom import headroom
from replicator.runtime.lint.report import Finding, Report, Weight
from replicator.runtime.lint.variables import variables
from replicator.runtime.program import UNNAMED, problem
from replicator.runtime.source import Mistake
from replicator.runtime.syntax.document import read_document


def lint(text: str, file: Path | None = None) -> Report:
    """Look a workflow's source over.

    Args:
        text: The source, YAML or JSON, of a document that may be wrong in any way.
        file: What to call it in the findings.
    """
    document = read_document(text)
    found = [(mistake, Weight.ERROR) for mistake in document.mistakes]
    for routine in document.routines.values():
        found += [(mistake, Weight.ERROR) for mistake in variables(routine)]
        found += [(mistake, Weight.WARNING) for mistake in unreachable(routine)]
    findings = tuple(Finding(weight, problem(mistake, file)) for mistake, weight in sorted(set(found), key=_order))
    return Report(file or UNNAMED, findings, headroom(document))


def _order(found: tuple[Mistake, Weight]) -> Mistake:
    return found[0]
