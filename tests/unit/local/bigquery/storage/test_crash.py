"""A process that dies in the middle of writes."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from replicator.errors import FailedError
from replicator.local.bigquery.storage.store import Store
from tests.unit.local.bigquery.storage.bench import DATASET, Bench, integer

WRITER = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from replicator.errors import FailedError
from replicator.local.bigquery.storage.store import Store
from replicator.names import TableRef

store = Store(Path(sys.argv[1]), now=lambda: datetime.now(UTC))
connection = store.connect()
ref = TableRef("acme-jp", "sales", "t")
for number in range(1_000_000):
    with store.statement(mutates=ref) as transaction:
        transaction.truncate(ref)
        transaction.append(ref, f"SELECT {number}::BIGINT FROM range(1000)", connection)
        transaction.record("written", "number", str(number))
        if sys.argv[2] == "before" and number == 3:
            print("ready", flush=True)
            sys.stdin.readline()
        transaction.commit()
    print(number, flush=True)
"""


def test_a_folder_of_another_version_is_not_opened(tmp_path: Path) -> None:
    """It says what to do instead of failing at the first statement."""
    Bench(tmp_path).store.close()
    with sqlite3.connect(tmp_path / "catalog.sqlite") as catalog:
        catalog.execute("PRAGMA user_version = 1")

    with pytest.raises(FailedError, match=r"catalog\.sqlite was written by another version .* serve an empty folder"):
        Bench(tmp_path)


@pytest.mark.parametrize("moment", ["before", "during"])
def test_a_killed_writer_leaves_the_old_or_the_new_and_no_half(tmp_path: Path, moment: str) -> None:
    """What was answered is there, what was not is whole or absent, and no file is left over."""
    root = tmp_path / "bigquery"
    made = Bench(root)
    ref = made.create("t", integer("x"))
    made.store.close()
    process = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(root), moment],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": str(Path.cwd())},
    )  # fmt: skip
    assert process.stdout is not None
    answered = -1
    for line in process.stdout:
        if line.strip() == "ready" or (moment == "during" and line.strip() == "12"):
            break
        answered = int(line)
    process.send_signal(signal.SIGKILL)
    answered = max([answered, *(int(line) for line in process.stdout if line.strip().isdigit())])
    process.wait()
    assert any(root.glob("acme-jp/sales/t/*"))

    store = Store(root, now=lambda: datetime.now(UTC))
    connection = store.connect()
    with store.statement() as transaction:
        relation = transaction.catalog(location="EU").relation(("acme-jp", "sales", "t"))
        scan = relation.scan(columns=frozenset({"x"}), prune=())
        found = connection.execute(f"SELECT x, count(*) FROM {scan} GROUP BY x").fetchall()
        assert transaction.table(ref).rows == 1000
    number = int(store.records.get("written", "number") or "-1")
    assert found == [(number, 1000)]
    assert number >= answered
    files = (root / "acme-jp" / DATASET.dataset / "t").glob
    # One of what is, and one of each state that was.
    assert len(list(files("*"))) == number + 1
    store.keeping.past_bytes = 0
    store.statement().rollback()
    assert len(list(files("*"))) == 1
    store.close()
