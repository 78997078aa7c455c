"""The port to the ledger over lists: each question is answered with the rows that a test says, and written down."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from replicator.errors import NotFoundError
from replicator.ledger.port import Cell

Rows = Sequence[Mapping[str, Cell]]


@dataclass
class Lists:
    """Answers by what the statement holds.

    Attributes:
        answers: Rows by a part of the statement; None where what is asked of is not there.
        asked: Statement, parameters, location and project of each question.
    """

    answers: Mapping[str, Rows | None]
    asked: list[tuple[str, Mapping[str, Cell], str, str]] = field(default_factory=list)

    def rows(self, sql: str, parameters: Mapping[str, Cell], *, location: str, project: str) -> Rows:
        """The rows for the first part that the statement holds."""
        self.asked.append((sql, dict(parameters), location, project))
        found = next(rows for part, rows in self.answers.items() if part in sql)
        if found is None:
            msg = "Not found: Table"
            raise NotFoundError(msg)
        return found
