"""The projects of a local cloud, as a part of its control port: Google makes projects elsewhere than in BigQuery.

``/control/projects``: GET lists them, POST ``{"project": name}`` makes one, which may be there already. A dataset makes
its project as well (datasets.insert).

``/control/rights``: POST ``{"project": name, "withheld": PATTERN}`` takes the callers' rights on the project away, and
leaves them those on its datasets but for the ones whose whole names match, if a pattern is given; GET tells which were
taken, DELETE gives all back.
"""

from __future__ import annotations

import re
from typing import Final

from starlette.routing import BaseRoute, Route

from replicator.local.bigquery.storage.store import Store
from replicator.local.rest import Call, Json, endpoint, invalid
from replicator.names import PROJECT

_NONE: Final = r"(?!)"
"""A pattern that no name matches."""


def project_routes(store: Store) -> list[BaseRoute]:
    """The routes below ``/control``."""

    def listed(_call: Call) -> Json:
        return {"projects": store.projects()}

    def make(call: Call) -> Json:
        match call.body:
            case {"project": str() as project} if PROJECT.fullmatch(project):
                store.make_project(project)
                return listed(call)
            case _:
                message = 'a project is made by {"project": its id}'
                raise invalid(message)

    def rights(_call: Call) -> Json:
        return {"datasets_only": {name: pattern.pattern for name, pattern in store.rights.withheld.items()}}

    def take_rights(call: Call) -> Json:
        match call.body:
            case {"project": str() as project, **more} if set(more) <= {"withheld"}:
                store.rights.withheld[project] = _pattern(more.get("withheld", _NONE))
                return rights(call)
            case _:
                message = "rights are taken by {\"project\": its id}, and a pattern of datasets' names as 'withheld'"
                raise invalid(message)

    def give_rights(call: Call) -> Json:
        store.rights.withheld.clear()
        return rights(call)

    return [
        Route("/control/rights", endpoint(rights), methods=["GET"]),
        Route("/control/rights", endpoint(take_rights), methods=["POST"]),
        Route("/control/rights", endpoint(give_rights), methods=["DELETE"]),
        Route("/control/projects", endpoint(listed), methods=["GET"]),
        Route("/control/projects", endpoint(make), methods=["POST"]),
    ]


def _pattern(text: object) -> re.Pattern[str]:
    try:
        return re.compile(str(text))
    except re.error as error:
        message = f"'withheld' is no regular expression: {error}"
        raise invalid(message) from error
