"""A target that evolves in an execution of the deployed document, with none of our planner beside it."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest
from google.cloud.bigquery import SchemaField

from replicator.gcp.clients import Clients
from replicator.gcp.endpoints import Endpoints
from replicator.gcp.load import create_dataset, load_rows
from replicator.gcp.query import Query
from replicator.names import DatasetRef, TableRef
from replicator.schema.fields import Field
from tests.e2e.clouds import head, pipeline_of, repeated
from tests.e2e.test_no_python_at_night import deployed, served

pytestmark = pytest.mark.slow

TARGET: Final = TableRef("acme-analytics", "marketing", "grows")
SHARDS: Final = DatasetRef("acme-jp", "shop_1")
CONFIG: Final = (
    head("grows", state="acme-analytics.replicator")
    + """\
sources:
  - name: japan
    project: acme-jp
    location: asia-northeast1
    datasets: "shop_*"
    tables: {shards: "t_", suffix: "%Y%m%d"}
drift: evolve
"""
)
ITEM: Final = repeated("items", Field("id", "STRING"), repeated("params", Field("key", "STRING")))
WIDER: Final = repeated(
    "items", repeated("params", Field("value", "INTEGER"), Field("key", "STRING")), Field("id", "STRING")
)


def _described(field: SchemaField) -> SchemaField:
    """The field and all below it, each described by its own name."""
    below = {"fields": [_described(one).to_api_repr() for one in field.fields]} if field.fields else {}
    return SchemaField.from_api_repr({**field.to_api_repr(), "description": f"says {field.name}", **below})


def test_an_array_in_an_array_gains_a_field_in_the_execution_that_finds_it(tmp_path: Path) -> None:
    """Its values are in the target when the execution ends; descriptions stay at every depth; the next adds nothing."""
    pipeline = pipeline_of(tmp_path, CONFIG)
    with served(tmp_path / "cloud", walled=True) as endpoints:
        clients = Clients(endpoints)
        client = clients.bigquery(TARGET.project)
        create_dataset(clients, TARGET.parent, location="EU")
        create_dataset(clients, SHARDS, location="asia-northeast1")
        old = {"items": [{"id": "a", "params": [{"key": "k"}]}]}
        load_rows(clients, SHARDS.table("t_20261101"), [ITEM], [old], location="asia-northeast1")
        assert deployed(endpoints, pipeline)["state"] == "done"
        table = client.get_table(str(TARGET))
        table.schema = described = [_described(field) for field in table.schema]
        client.update_table(table, ["schema"])

        new = {"items": [{"params": [{"value": 7, "key": "l"}, {"value": None, "key": "m"}], "id": "b"}]}
        wider = [Field("new", "DATE"), WIDER]
        load_rows(clients, SHARDS.table("t_20261102"), wider, [new], location="asia-northeast1")
        assert deployed(endpoints, pipeline)["state"] == "done"

        schema = client.get_table(str(TARGET)).schema
        wanted = [field.to_api_repr() for field in (*described, SchemaField("new", "DATE"))]
        wanted[2]["fields"][1]["fields"].append(SchemaField("value", "INTEGER").to_api_repr())
        assert [field.to_api_repr() for field in schema] == wanted
        assert _items(endpoints) == [
            [{"id": "a", "params": [{"key": "k", "value": None}]}],
            [{"id": "b", "params": [{"key": "l", "value": 7}, {"key": "m", "value": None}]}],
        ]

        load_rows(clients, SHARDS.table("t_20261103"), wider, [new], location="asia-northeast1")
        assert deployed(endpoints, pipeline)["state"] == "done"

        assert client.get_table(str(TARGET)).schema == schema
        [change] = [job for job in client.list_jobs(all_users=True) if "_gain_" in job.job_id]
        assert "_000002_" in change.job_id
        # It names no schema, so nothing that the target's says besides can change: policy tags, descriptions, modes.
        asked = change.to_api_repr()["configuration"]["query"]
        assert (asked["schemaUpdateOptions"], "schema" in asked) == (["ALLOW_FIELD_ADDITION"], False)


def _items(endpoints: Endpoints) -> list[object]:
    rows = Query(Clients(endpoints)).rows(
        f"SELECT items FROM `{TARGET}` ORDER BY day", {}, location="EU", project=TARGET.project
    )
    return [row["items"] for row in rows]
