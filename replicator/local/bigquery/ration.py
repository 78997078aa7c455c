"""How many copies across locations there may be in a day, by copy jobs and by dataset copies together.

https://docs.cloud.google.com/bigquery/quotas#copy_jobs; managing-tables: both draw on the same quotas.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from replicator import limits
from replicator.local import database
from replicator.local.bigquery.errors import refuse
from replicator.names import TableRef

_DAY_MILLIS: Final = 24 * 60 * 60 * 1000


class Ration(database.Store):
    """Counts the copies of the last 24 hours, those that fail too, also across restarts of the server."""

    SCHEMA = """
CREATE TABLE IF NOT EXISTS copies (at INTEGER NOT NULL, project TEXT NOT NULL, destination TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS copies_in_time ON copies (at);
CREATE INDEX IF NOT EXISTS copies_into_project ON copies (project);
CREATE INDEX IF NOT EXISTS copies_into_table ON copies (destination);
"""

    def __init__(self, file: Path, millis: Callable[[], int]) -> None:
        """Go on counting in ``file``.

        Args:
            file: Its directory exists.
            millis: The clock: milliseconds since 1970.
        """
        super().__init__(file)
        self._millis = millis

    def take(self, destination: TableRef) -> None:
        """Count one.

        Raises:
            BigQueryError: ``quotaExceeded``: the project or the table has had as many as a day allows.
        """
        now, project = self._millis(), destination.project
        name = f"{project}:{destination.dataset}.{destination.table}"
        with self.together():
            self._database.write("DELETE FROM copies WHERE at <= ?", now - _DAY_MILLIS)
            if self._count("project", project) >= limits.TABLES_COPIED_A_DAY.value:
                msg = "Quota exceeded: Your project exceeded quota for cross-region copies per project"
                refuse("quotaExceeded", msg)
            if self._count("destination", name) >= limits.COPIES_OF_A_TABLE_A_DAY.value:
                refuse("quotaExceeded", f"Quota exceeded: Your table exceeded quota for cross-region copies: {name}")
            self._database.write("INSERT INTO copies VALUES (?, ?, ?)", now, project, name)

    def _count(self, column: str, value: str) -> int:
        found = self._database.row(f"SELECT COUNT(*) FROM copies WHERE {column} = ?", value)
        return 0 if found is None else int(found[0])
