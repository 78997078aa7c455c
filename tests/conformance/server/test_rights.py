"""Rights on a project taken away at the control port: what is granted by dataset alone is there, the rest is denied."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from google.api_core.exceptions import Forbidden

from tests.conformance.server.clients import Clients, Control

PLACE = "asia-northeast1"


@pytest.fixture
def granted(clients: Clients, control: Control) -> Iterator[str]:
    """A project with two datasets of one table each, of which one is granted and nothing else is."""
    for dataset in ("shown", "kept"):
        clients.make_dataset(f"acme-granted.{dataset}", PLACE)
        clients.load(f"acme-granted.{dataset}.t", PLACE, [{"a": 1}])
    control.post("/rights", {"project": "acme-granted", "withheld": "kept"})
    yield "acme-granted"
    control.ask("DELETE", "/rights")
    for dataset in ("shown", "kept"):
        clients.bigquery.delete_dataset(f"acme-granted.{dataset}", delete_contents=True)


def test_what_is_granted_is_listed_read_and_asked(clients: Clients, control: Control, granted: str) -> None:
    """By every way that takes rights on the dataset alone."""
    assert control.get("/rights") == {"datasets_only": {granted: "kept"}}
    assert [each.dataset_id for each in clients.bigquery.list_datasets(granted)] == ["shown"]
    assert clients.query(f"SELECT a FROM `{granted}.shown.t`", PLACE) == [(1,)]
    assert clients.query(f"SELECT table_id, row_count FROM `{granted}.shown.__TABLES__`", PLACE) == [("t", 1)]
    columns = f"SELECT column_name FROM `{granted}`.shown.INFORMATION_SCHEMA.COLUMNS"
    assert clients.query(columns, PLACE) == [("a",)]


@pytest.mark.parametrize(
    ("table", "denied"),
    [
        (
            "`acme-granted`.`region-asia-northeast1`.INFORMATION_SCHEMA.TABLE_STORAGE",
            "Access Denied: Table acme-granted:region-asia-northeast1.INFORMATION_SCHEMA.TABLE_STORAGE: User does not",
        ),
        ("`acme-granted.kept.t`", "Access Denied: Dataset acme-granted:kept: Permission bigquery.datasets.get denied"),
        ("`acme-granted.kept.__TABLES__`", "Access Denied: Dataset acme-granted:kept"),
    ],
)
def test_what_is_not_granted_is_denied(clients: Clients, granted: str, table: str, denied: str) -> None:
    """In the service's words and with its status, until rights are given back."""
    with pytest.raises(Forbidden, match=denied):
        clients.query(f"SELECT * FROM {table}", PLACE)
    with pytest.raises(Forbidden):
        clients.bigquery.get_dataset(f"{granted}.kept")


@pytest.mark.parametrize(
    "body", [{}, {"project": 1}, {"project": "p", "datasets": "x"}, {"project": "p", "withheld": "("}]
)
def test_rights_that_cannot_be_taken_are_refused(control: Control, body: dict[str, Any]) -> None:
    """Nothing is taken."""
    status, _ = control.ask("POST", "/rights", body)

    assert status == 400
    assert control.get("/rights") == {"datasets_only": {}}
