"""The day's copies across locations."""

from __future__ import annotations

from pathlib import Path

import pytest

from replicator.local.bigquery.errors import BigQueryError
from replicator.local.bigquery.ration import Ration
from replicator.names import TableRef

DAY = 24 * 60 * 60 * 1000


def table(number: int, project: str = "acme-eu") -> TableRef:
    return TableRef(project, "d", f"t{number}")


def test_a_table_is_copied_a_hundred_times_a_day(tmp_path: Path) -> None:
    """The next one is refused until a day after the first; other tables go on."""
    now = [0]
    ration = Ration(tmp_path / "ration.sqlite", lambda: now[0])
    for _ in range(100):
        ration.take(table(1))

    with pytest.raises(BigQueryError, match=r"Your table exceeded quota .* acme-eu:d\.t1") as refused:
        ration.take(table(1))
    assert (refused.value.reason, refused.value.status) == ("quotaExceeded", 403)
    ration.take(table(2))
    now[0] = DAY
    ration.take(table(1))


def test_a_restart_forgets_nothing(tmp_path: Path) -> None:
    """What was counted before the server ended counts until its day is over."""
    first = Ration(tmp_path / "ration.sqlite", lambda: 0)
    for _ in range(100):
        first.take(table(1))
    first.close()
    now = [DAY - 1]
    second = Ration(tmp_path / "ration.sqlite", lambda: now[0])
    with pytest.raises(BigQueryError, match="Your table exceeded quota"):
        second.take(table(1))
    now[0] = DAY
    second.take(table(1))


def test_a_project_copies_two_thousand_tables_a_day(tmp_path: Path) -> None:
    """Counted over all of its tables; other projects have their own."""
    ration = Ration(tmp_path / "ration.sqlite", lambda: 0)
    for number in range(2_000):
        ration.take(table(number))

    with pytest.raises(BigQueryError, match="Your project exceeded quota for cross-region copies per project"):
        ration.take(table(2_000))
    ration.take(table(1, "acme-jp"))
