"""The projects of a local cloud, as a part of its control port: Google makes projects elsewhere than in BigQuery.

``/control/projects``: GET lists them, POST ``{"project": name}`` makes one, which may be there already. A dataset makes
its project as well (datasets.insert).
"""

from __future__ import annotations

from starlette.routing import BaseRoute, Route

from replicator.local.bigquery.storage.store import Store
from replicator.local.rest import Call, Json, endpoint, invalid
from replicator.names import PROJECT


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

    return [
        Route("/control/projects", endpoint(listed), methods=["GET"]),
        Route("/control/projects", endpoint(make), methods=["POST"]),
    ]
