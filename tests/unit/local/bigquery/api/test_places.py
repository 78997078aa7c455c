"""Where a job runs when its request does not say."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from replicator.local.bigquery.api.places import location_of_query
from replicator.local.bigquery.storage.definitions import DatasetDefinition
from replicator.local.bigquery.storage.store import OnExisting, Store
from replicator.names import DatasetRef


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    opened = Store(tmp_path_factory.mktemp("places"), now=lambda: datetime.now(UTC))
    with opened.statement() as transaction:
        for dataset, location in (("tokyo", "asia-northeast1"), ("eu", "EU")):
            transaction.create_dataset(DatasetRef("acme-jp", dataset), DatasetDefinition(location), OnExisting.REFUSE)
        transaction.commit()
    yield opened
    opened.close()


@pytest.mark.parametrize(
    ("text", "location"),
    [
        ("SELECT * FROM `acme-jp.tokyo.events_*`", "asia-northeast1"),
        ("SELECT * FROM tokyo.t", "asia-northeast1"),
        ("SELECT 'x FROM eu.t' FROM acme-jp.tokyo.t -- FROM eu.t", "asia-northeast1"),
        ("DECLARE x INT64; INSERT INTO eu.t SELECT * FROM nowhere.t", "EU"),
        ("SELECT 1 FROM a, `acme-jp`.eu.t", "EU"),
        ("SELECT * FROM `acme-jp`.`region-asia-northeast1`.INFORMATION_SCHEMA.TABLES", "asia-northeast1"),
        ("SELECT * FROM `acme-jp.region-eu.INFORMATION_SCHEMA.TABLES`", "EU"),
        ("CREATE TABLE IF NOT EXISTS eu.t (x INT64)", "EU"),
        ("DROP SCHEMA IF EXISTS tokyo", "asia-northeast1"),
        ("SELECT 1", "US"),
        ("SELECT 'no end", "US"),
        ("SELECT * FROM nowhere.t", "US"),
    ],
)
def test_the_first_dataset_that_is_there_decides(store: Store, text: str, location: str) -> None:
    """Literals and comments do not count; without any dataset a job runs in the US."""
    with store.statement() as transaction:
        assert location_of_query(transaction, text, project="acme-jp", datasets=[]) == location


def test_a_default_dataset_decides_for_unqualified_names(store: Store) -> None:
    """Names of one part are looked for in the default dataset."""
    with store.statement() as transaction:
        default = DatasetRef("acme-jp", "tokyo")
        found = location_of_query(transaction, "SELECT * FROM t", project="acme-jp", datasets=[default])
    assert found == "asia-northeast1"
