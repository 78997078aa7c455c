"""Reading by SQL: the small port through which Python looks at what a run left."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from datetime import time as clock_time
from decimal import Decimal
from typing import Any

from replicator.gcp.clients import Clients
from replicator.gcp.retry import READING, retrying


class Query:
    """Runs queries that change nothing, each in a location that is said."""

    def __init__(self, clients: Clients, *, sleep: Callable[[float], None] = time.sleep) -> None:
        self._clients = clients
        self._sleep = sleep

    def rows(
        self, sql: str, parameters: Mapping[str, Any], *, location: str | None, project: str
    ) -> list[dict[str, Any]]:
        """Every row, each value as google-cloud-bigquery gives it: a STRUCT is a dict, an ARRAY a list.

        Args:
            sql: One query without effects: it is sent again when the connection or the service fails.
            parameters: Values of its named parameters; their types follow from the values'.
            location: Where the job runs; None lets BigQuery infer it from the tables.
            project: What the job runs in, and pays it.

        Raises:
            NotFoundError: A table or a dataset is not there, in that location.
            FailedError: BigQuery refuses the query, or does not answer; or there are no credentials.
            TypeError: A parameter has a value whose GoogleSQL type does not follow from it.
        """
        from google.cloud.bigquery import QueryJobConfig

        from replicator.gcp.failures import calling

        config = QueryJobConfig(query_parameters=[_parameter(name, value) for name, value in parameters.items()])
        client = self._clients.bigquery(project)

        def read() -> list[dict[str, Any]]:
            # The clients' own retries go on for ten minutes, which is no answer for somebody who waits.
            job = client.query(sql, job_config=config, location=location, project=project, retry=None, job_retry=None)
            return [dict(row.items()) for row in job.result(retry=None, job_retry=None)]

        with calling(f"query in {location or 'the location of its tables'}, project {project}"):
            return retrying(READING, sleep=self._sleep)(read)


def _parameter(name: str, value: Any) -> Any:
    from google.cloud.bigquery import ArrayQueryParameter, ScalarQueryParameter

    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        kinds = {_type(name, item) for item in value}
        if len(kinds) != 1:
            msg = f"@{name}: an array parameter needs at least one item, and items of one type"
            raise TypeError(msg)
        return ArrayQueryParameter(name, kinds.pop(), list(value))
    return ScalarQueryParameter(name, _type(name, value), value)


def _type(name: str, value: Any) -> str:
    match value:
        case bool():
            return "BOOL"
        case int():
            return "INT64"
        case float():
            return "FLOAT64"
        case str():
            return "STRING"
        case bytes():
            return "BYTES"
        case Decimal():
            return "NUMERIC"
        case datetime():
            return "DATETIME" if value.tzinfo is None else "TIMESTAMP"
        case date():
            return "DATE"
        case clock_time():
            return "TIME"
        case _:
            msg = f"@{name}: {type(value).__name__} has no GoogleSQL type"
            raise TypeError(msg)
