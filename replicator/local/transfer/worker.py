"""Runs that are due are started: one at a time per config, several configs side by side."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import Final

from replicator.local.bigquery.errors import BigQueryError
from replicator.local.clock import ServerClock
from replicator.local.rest import Json, timestamp
from replicator.local.transfer.copying import DAY, Copy, Outcome
from replicator.local.transfer.outcomes import Outcomes, Planned
from replicator.local.transfer.port import Datasets
from replicator.local.transfer.runs import new_run
from replicator.local.transfer.settings import read_settings
from replicator.local.transfer.store import Config, Run, Store

_SIDE_BY_SIDE: Final = 8
_FAILED: Final = {"code": 9}  # FAILED_PRECONDITION, google/rpc/code.proto
# DataSource.updateDeadlineSeconds of dataset copies: a run that has not ended by then is marked as FAILED.
_DEADLINE_SECONDS: Final = 43_200
_LOOK_SECONDS: Final = 0.05
_LONGEST_WAIT: Final = 3_600.0


class Worker:
    """Starts runs and sees them to their end."""

    def __init__(self, store: Store, datasets: Datasets, clock: ServerClock, outcomes: Outcomes) -> None:
        """Take up what an earlier server left unfinished, and begin to work."""
        self._store = store
        self._datasets = datasets
        self._clock = clock
        self._outcomes = outcomes
        self._changed = threading.Condition()
        self._stopping = False
        self._busy: set[str] = set()
        self._threads: set[threading.Thread] = set()
        self._resume()
        clock.on_move(self.look)
        self._dispatcher = threading.Thread(target=self._dispatch, name="transfer-runs", daemon=True)
        self._dispatcher.start()

    def look(self) -> None:
        """A run may have become due: one was added, or the clock was moved."""
        with self._changed:
            self._changed.notify_all()

    def stop(self) -> None:
        """Stop after the tables that are being copied; the next server goes on with the runs."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        self._dispatcher.join()
        for thread in tuple(self._threads):
            thread.join()

    def _resume(self) -> None:
        for run in self._store.active_runs():
            if run.state == "RUNNING":
                self._log(run, "WARNING", "The local cloud was restarted during this run, which begins again.")
                self._store.change_run(self._touched(replace(run, state="PENDING"), {}))

    def _dispatch(self) -> None:
        while True:
            with self._changed:
                if self._stopping:
                    return
                now = self._clock.now()
                waiting = [run for run in self._store.active_runs() if run.state == "PENDING"]
                for run in waiting:
                    if run.due <= now and run.config not in self._busy and len(self._busy) < _SIDE_BY_SIDE:
                        self._begin(run)
                later = [run.due - now for run in waiting if run.due > now]
                self._changed.wait(min([*later, _LONGEST_WAIT]))

    def _begin(self, run: Run) -> None:
        self._busy.add(run.config)
        thread = threading.Thread(target=self._see_through, args=(run,), name="transfer-run", daemon=True)
        self._threads.add(thread)
        thread.start()

    def _see_through(self, run: Run) -> None:
        try:
            config = self._store.config(run.config)
            if config is not None:
                self._perform(config, run)
        except BaseException as error:
            # A mistake of ours: the run must not look as if it went on; the traceback goes to standard error.
            self._end(run, Outcome((f"Internal error of the local cloud: {error!r}",)))
            raise
        finally:
            with self._changed:
                self._busy.discard(run.config)
                self._threads.discard(threading.current_thread())
                self._changed.notify_all()

    def _perform(self, config: Config, run: Run) -> None:
        run = self._touched(replace(run, state="RUNNING"), {"startTime": timestamp(self._clock.now())})
        if not self._store.change_run(run):
            return
        planned = self._outcomes.of_run(config)
        if planned is not None and planned.kind == "hangs" and not self._hang(config, run, planned):
            return
        self._log(run, "INFO", f"Starting to copy from {run.body['params'].get('source_dataset_id')}.")
        copy = Copy(
            settings=read_settings(config.project, run.body),
            config=config.id,
            location=config.location,
            store=self._store,
            datasets=self._datasets,
            now=self._clock.now,
            log=lambda severity, text: self._log(run, severity, text),
            stopping=lambda: self._must_stop(config, run),
            planned=planned,
        )
        try:
            outcome = copy.run()
        except BigQueryError as error:
            outcome = Outcome((error.message,))
        if outcome is not None:
            self._end(run, outcome)
            if outcome.left_over:
                self._go_on_tomorrow(config, run, outcome.left_over)

    def _must_stop(self, config: Config, run: Run) -> bool:
        return self._stopping or self._store.run(config.id, run.id) is None

    def _hang(self, config: Config, run: Run, planned: Planned) -> bool:
        """Do nothing as long as it was asked for; whether the run is to go on after that."""
        until = self._clock.now() + _DEADLINE_SECONDS
        while not planned.over.wait(_LOOK_SECONDS):
            if self._must_stop(config, run):
                return False
            if self._clock.now() >= until:
                self._end(run, Outcome((f"Transfer run did not end within {_DEADLINE_SECONDS} seconds",)))
                return False
        return True

    def _end(self, run: Run, outcome: Outcome) -> None:
        changes: Json = {"endTime": timestamp(self._clock.now())}
        if outcome.errors:
            more = f" (and {len(outcome.errors) - 1} further errors)" if len(outcome.errors) > 1 else ""
            changes["errorStatus"] = {**_FAILED, "message": outcome.errors[0] + more}
        state = "FAILED" if outcome.errors else "SUCCEEDED"
        if self._store.change_run(self._touched(replace(run, state=state), changes)):
            if outcome.errors:
                self._log(run, "ERROR", f"Run failed: {outcome.errors[0]}")
            else:
                self._log(run, "INFO", "Run succeeded.")

    def _go_on_tomorrow(self, config: Config, run: Run, left_over: int) -> None:
        """Copying-datasets: 1,000 tables cross in one run, 24 hours later the next 1,000, until all have."""
        due = self._clock.now() + DAY
        self._log(run, "WARNING", f"{left_over} tables are left for a run that starts at {timestamp(due)}.")
        self._store.add_run(new_run(config, run_time=timestamp(due), due=due, now=self._clock.now()))

    def _touched(self, run: Run, changes: Json) -> Run:
        return replace(run, body={**run.body, **changes, "updateTime": timestamp(self._clock.now())})

    def _log(self, run: Run, severity: str, text: str) -> None:
        self._store.log(run.id, self._clock.now(), severity, text)
