"""The line of statements that mutate one table."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest

from replicator import limits
from replicator.local.bigquery.api.dml_queue import DmlQueue
from replicator.local.bigquery.errors import BigQueryError
from replicator.names import TableRef

TABLE = TableRef("acme-eu", "d", "t")


def nothing() -> None:
    """Neither stop nor wait."""


def until(condition: Callable[[], bool]) -> None:
    """Wait for another thread."""
    deadline = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.001)


def waiting(queue: DmlQueue, count: int, done: list[int]) -> list[threading.Thread]:
    """So many threads in the line, each of which notes its number when it may run, in their order."""
    threads = []
    for number in range(count):
        arrived = threading.Event()

        def go(number: int = number, arrived: threading.Event = arrived) -> None:
            queue.enter(TABLE, check=nothing, waits=arrived.set)
            done.append(number)
            queue.leave(TABLE)

        threads.append(threading.Thread(target=go, daemon=True))
        threads[-1].start()
        assert arrived.wait(5)
    return threads


def test_two_run_and_the_others_follow_in_their_order() -> None:
    """First come, first served; another table has a line of its own."""
    queue, done = DmlQueue(), list[int]()
    for _ in range(limits.DML_CONCURRENCY.value):
        queue.enter(TABLE, check=nothing, waits=nothing)
    threads = waiting(queue, 5, done)
    queue.enter(TableRef("acme-eu", "d", "other"), check=nothing, waits=nothing)
    assert done == []
    queue.leave(TABLE)
    for thread in threads:
        thread.join(5)
    assert done == [0, 1, 2, 3, 4]


def test_the_twenty_first_is_refused() -> None:
    """ResourcesExceeded, 400, with the table as the service writes it (m-lab/etl-gardener#293)."""
    queue, done = DmlQueue(), list[int]()
    for _ in range(2):
        queue.enter(TABLE, check=nothing, waits=nothing)
    threads = waiting(queue, 20, done)
    with pytest.raises(BigQueryError, match=r"outstanding against table acme-eu:d\.t, limit is 20\.") as refused:
        queue.enter(TABLE, check=nothing, waits=nothing)
    assert (refused.value.reason, refused.value.status) == ("resourcesExceeded", 400)
    queue.leave(TABLE)
    for thread in threads:
        thread.join(5)
    assert len(done) == 20


def test_who_is_stopped_leaves_the_line() -> None:
    """And those behind go on."""
    queue, done = DmlQueue(), list[int]()
    for _ in range(2):
        queue.enter(TABLE, check=nothing, waits=nothing)
    stopped = BigQueryError("stopped", "told to")

    def stop() -> None:
        raise stopped

    with pytest.raises(BigQueryError, match="told to"):
        queue.enter(TABLE, check=stop, waits=nothing)
    threads = waiting(queue, 1, done)
    queue.leave(TABLE)
    threads[0].join(5)
    until(lambda: done == [0])
