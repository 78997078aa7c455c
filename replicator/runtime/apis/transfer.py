"""The transfer service: docs.cloud.google.com/workflows/docs/reference/googleapis/bigquerydatatransfer/Overview."""

from __future__ import annotations

from typing import Final

from replicator.runtime.apis.method import Row, Wait, methods

_PAGE: Final = "pageSize pageToken"
_MADE_FOR: Final = "authorizationCode serviceAccountName versionInfo"

# Every resource exists under a location and, for the location US, under the project alone.
_IN_BOTH: Final[tuple[Row, ...]] = (
    ("dataSources.checkValidCreds", "POST", "/v1/{+name}:checkValidCreds", "body"),
    ("dataSources.get", "GET", "/v1/{+name}", ""),
    ("dataSources.list", "GET", "/v1/{+parent}/dataSources", _PAGE),
    ("enrollDataSources", "POST", "/v1/{+name}:enrollDataSources", "body"),
    ("transferConfigs.create", "POST", "/v1/{+parent}/transferConfigs", f"body {_MADE_FOR}"),
    ("transferConfigs.delete", "DELETE", "/v1/{+name}", ""),
    ("transferConfigs.get", "GET", "/v1/{+name}", ""),
    ("transferConfigs.list", "GET", "/v1/{+parent}/transferConfigs", f"dataSourceIds {_PAGE}"),
    ("transferConfigs.patch", "PATCH", "/v1/{+name}", f"body updateMask! {_MADE_FOR}"),
    ("transferConfigs.runs.delete", "DELETE", "/v1/{+name}", ""),
    ("transferConfigs.runs.get", "GET", "/v1/{+name}", ""),
    ("transferConfigs.runs.list", "GET", "/v1/{+parent}/runs", f"runAttempt states {_PAGE}"),
    ("transferConfigs.runs.transferLogs.list", "GET", "/v1/{+parent}/transferLogs", f"messageTypes {_PAGE}"),
    ("transferConfigs.scheduleRuns", "POST", "/v1/{+parent}:scheduleRuns", "body"),
    ("transferConfigs.startManualRuns", "POST", "/v1/{+parent}:startManualRuns", "body"),
)
_IN_LOCATIONS: Final[tuple[Row, ...]] = (
    ("get", "GET", "/v1/{+name}", ""),
    ("list", "GET", "/v1/{+name}/locations", f"filter extraLocationTypes {_PAGE}"),
    ("unenrollDataSources", "POST", "/v1/{+name}:unenrollDataSources", "body"),
)
_WAITS: Final = {"transferConfigs.startManualRuns": Wait.TRANSFER_RUNS}

TRANSFER: Final = (
    *methods("bigquerydatatransfer.v1.projects", _IN_BOTH, _WAITS),
    *methods("bigquerydatatransfer.v1.projects.locations", (*_IN_BOTH, *_IN_LOCATIONS), _WAITS),
)
