"""The methods of the Data Transfer Service, and where they are found over HTTP.

docs.cloud.google.com/bigquery/docs/reference/datatransfer/rest
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from replicator.local.clock import ServerClock
from replicator.local.rest import ApiError, Call, Json, endpoint, invalid, page, timestamp, unmodelled
from replicator.local.settings import Unsettled
from replicator.local.transfer.configs import (
    OWNER,
    check_on_demand,
    patched,
    read_config,
    show_config,
    show_data_source,
)
from replicator.local.transfer.outcomes import Outcomes
from replicator.local.transfer.port import Datasets
from replicator.local.transfer.runs import (
    new_run,
    requested_times,
    seconds_of,
    show_message,
    show_run,
    wanted_severities,
    wanted_states,
)
from replicator.local.transfer.settings import DATA_SOURCE, CopySettings, read_settings
from replicator.local.transfer.store import Config, Run, Store
from replicator.local.transfer.worker import Worker

if TYPE_CHECKING:
    from starlette.routing import BaseRoute

_WITHOUT_LOCATION: Final = "us"
"""A parent without a location means US (bigquery/docs/dts-locations)."""

_PAGE: Final = 100
_LARGEST_PAGE: Final = 1_000


class TransferService:
    """Dataset copies between the datasets of one local BigQuery."""

    def __init__(self, file: Path, datasets: Datasets, clock: ServerClock, unsettled: Unsettled | None = None) -> None:
        """Open the state in ``file`` and go on with the runs that it says are unfinished.

        Args:
            file: Made if it is missing.
            datasets: BigQuery.
            clock: What time it is.
            unsettled: What no page settles; it may change while the service runs.
        """
        self._store = Store(file)
        self._datasets = datasets
        self._clock = clock
        self._unsettled = unsettled or Unsettled()
        self._outcomes = Outcomes()
        self._worker = Worker(self._store, datasets, clock, self._outcomes)

    def close(self) -> None:
        """Stop after the tables that are being copied."""
        self._worker.stop()
        self._store.close()

    @property
    def routes(self) -> list[BaseRoute]:
        """Every method under a location, and without one."""
        from starlette.routing import Route

        methods: list[tuple[str, str, Callable[[Call], Json]]] = [
            ("GET", "/dataSources", self._list_data_sources),
            ("GET", "/dataSources/{source}", self._get_data_source),
            ("POST", "/transferConfigs", self._create),
            ("GET", "/transferConfigs", self._list),
            ("POST", "/transferConfigs/{config}:startManualRuns", self._start_manual_runs),
            ("GET", "/transferConfigs/{config}", self._get),
            ("PATCH", "/transferConfigs/{config}", self._patch),
            ("DELETE", "/transferConfigs/{config}", self._delete),
            ("GET", "/transferConfigs/{config}/runs", self._list_runs),
            ("GET", "/transferConfigs/{config}/runs/{run}", self._get_run),
            ("DELETE", "/transferConfigs/{config}/runs/{run}", self._delete_run),
            ("GET", "/transferConfigs/{config}/runs/{run}/transferLogs", self._list_logs),
        ]
        return [
            Route(f"/v1/projects/{{project}}{scope}{path}", endpoint(answer), methods=[verb])
            for scope in ("/locations/{location}", "")
            for verb, path, answer in methods
        ] + self._outcomes.routes

    def _list_data_sources(self, call: Call) -> Json:
        return {"dataSources": [show_data_source(_parent(call))]}

    def _get_data_source(self, call: Call) -> Json:
        if call.path["source"] != DATA_SOURCE:
            what = f"data source '{call.path['source']}' (known is '{DATA_SOURCE}')"
            raise unmodelled(what)
        return show_data_source(_parent(call))

    def _create(self, call: Call) -> Json:
        body = read_config(call.body)
        check_on_demand(body)
        project, location = call.path["project"], _location(call)
        settings = read_settings(project, body)
        self._check_destination(settings, location)
        body = {**body, **_owner(call), "updateTime": timestamp(self._clock.now())}
        config = Config(str(uuid.uuid4()), _parent(call), project, location, body)
        self._store.add_config(config)
        return self._shown(config, call)

    def _check_destination(self, settings: CopySettings, location: str) -> None:
        dataset = f"{settings.destination.project}:{settings.destination.dataset}"
        lies_in = self._datasets.location(settings.destination)
        if lies_in is None:
            code, message = "NOT_FOUND", f"Not found: Dataset {dataset}"
            raise ApiError(code, message)
        if lies_in.lower() != location:
            message = (
                f"Cannot create a transfer in {location} when destination dataset {dataset} is located in "
                f"{lies_in}; the parent is projects/{settings.destination.project}/locations/{lies_in.lower()}"
            )
            raise invalid(message)

    def _list(self, call: Call) -> Json:
        wanted = frozenset(call.query.get("dataSourceIds", ()))
        configs = [
            config
            for config in self._store.configs(call.path["project"], _location(call))
            if not wanted or config.body["dataSourceId"] in wanted
        ]
        chosen, token = page(configs, call, key=lambda one: one.id, size=_PAGE, largest=_LARGEST_PAGE)
        return _listed("transferConfigs", [self._shown(config, call) for config in chosen], token)

    def _get(self, call: Call) -> Json:
        return self._shown(self._found(call), call, owned=True)

    def _patch(self, call: Call) -> Json:
        with self._store.together():
            config = self._found(call)
            given = {**read_config(call.body), **_owner(call)}
            body = patched(config.body, given, call.one("updateMask"), now=self._clock.now())
            check_on_demand(body)
            self._check_destination(read_settings(config.project, body), config.location)
            config = replace(config, body=body)
            self._store.change_config(config)
        return self._shown(config, call)

    def _delete(self, call: Call) -> Json:
        self._store.delete_config(self._found(call).id)
        return {}

    def _start_manual_runs(self, call: Call) -> Json:
        config = self._found(call)
        now = self._clock.now()
        times = requested_times(call.body)
        runs: list[Run] = []
        with self._store.together():
            for time in times:
                runs.append(new_run(config, run_time=time, due=self._due(config, time, now), now=now))
                self._store.add_run(runs[-1])
        self._worker.look()
        return {"runs": [show_run(config, run, numeric=call.numeric_enums) for run in runs]}

    def _due(self, config: Config, run_time: str, now: float) -> float:
        """When a manual run may start."""
        due, wanted = now, seconds_of(run_time)
        if wanted > now and self._unsettled.future_run_times == "refuse":
            message = f"Invalid requested_run_time: {run_time} is not in the past"
            raise invalid(message)
        if self._unsettled.future_run_times == "wait":
            due = max(due, wanted)
        if apart := self._unsettled.manual_runs_apart_seconds:
            due = max([due, *(run.due + apart for run in self._store.runs(config.id))])
        return due + self._outcomes.waiting(config)

    def _list_runs(self, call: Call) -> Json:
        config = self._found(call)
        if call.one("runAttempt") not in {"", "0", "RUN_ATTEMPT_UNSPECIFIED"}:
            what = "runs.list with run_attempt"
            raise unmodelled(what)
        wanted = wanted_states(call.query.get("states", ()))
        runs = [run for run in self._store.runs(config.id) if run.state in wanted]
        chosen, token = page(runs, call, key=lambda one: one.id, size=_PAGE, largest=_LARGEST_PAGE)
        shown = [show_run(config, run, numeric=call.numeric_enums) for run in chosen]
        return _listed("transferRuns", shown, token)

    def _get_run(self, call: Call) -> Json:
        config, run = self._found_run(call)
        return show_run(config, run, numeric=call.numeric_enums)

    def _delete_run(self, call: Call) -> Json:
        _, run = self._found_run(call)
        self._store.delete_run(run.id)
        return {}

    def _list_logs(self, call: Call) -> Json:
        _, run = self._found_run(call)
        wanted = wanted_severities(call.query.get("messageTypes", ()))
        messages = [message for message in self._store.messages(run.id) if message.severity in wanted]
        chosen, token = page(messages, call, key=lambda one: str(one.sequence), size=_PAGE, largest=_LARGEST_PAGE)
        shown = [show_message(message, numeric=call.numeric_enums) for message in chosen]
        return _listed("transferMessages", shown, token)

    def _found(self, call: Call) -> Config:
        config = self._store.config(call.path["config"])
        if config is None or (config.project, config.location) != (call.path["project"], _location(call)):
            code, message = (
                "NOT_FOUND",
                f"Requested entity was not found: {_parent(call)}/transferConfigs/{call.path['config']}",
            )
            raise ApiError(code, message)
        return config

    def _found_run(self, call: Call) -> tuple[Config, Run]:
        config = self._found(call)
        run = self._store.run(config.id, call.path["run"])
        if run is None:
            code, message = "NOT_FOUND", f"Requested entity was not found: {config.name}/runs/{call.path['run']}"
            raise ApiError(code, message)
        return config, run

    def _shown(self, config: Config, call: Call, *, owned: bool = False) -> Json:
        latest = self._store.latest_state(config.id)
        return show_config(config, latest, numeric=call.numeric_enums, owned=owned)


def _parent(call: Call) -> str:
    """The part of a resource's name before its collection, as the client wrote it."""
    project = f"projects/{call.path['project']}"
    return f"{project}/locations/{call.path['location'].lower()}" if "location" in call.path else project


def _owner(call: Call) -> Json:
    """Whose credentials a config copies with; nobody's here, where a client does not say a service account."""
    account = call.one("serviceAccountName")
    return {OWNER: {"email": account}} if account else {}


def _location(call: Call) -> str:
    return call.path.get("location", _WITHOUT_LOCATION).lower()


def _listed(field: str, items: list[Json], token: str) -> Json:
    return {field: items, "nextPageToken": token} if token else {field: items}
