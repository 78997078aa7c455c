"""Keys of one's own: kept and shown by tables and jobs."""

from __future__ import annotations

import io

import pytest
from google.api_core import exceptions
from google.cloud import bigquery

KEY = "projects/acme-keys/locations/eu/keyRings/r/cryptoKeys/k"
OTHER = KEY + "2"
ENCRYPTED = bigquery.EncryptionConfiguration(kms_key_name=KEY)


def key(client: bigquery.Client, table: str) -> str | None:
    """The key's name that a table shows."""
    shown = client.get_table(table).encryption_configuration
    return None if shown is None else str(shown.kms_key_name)


def test_jobs_make_tables_with_their_key(client: bigquery.Client, dataset: str) -> None:
    """Queries, loads and copies; the job shows it, and a copy does not take its source's along."""
    into = bigquery.QueryJobConfig(destination=f"{dataset}.q", destination_encryption_configuration=ENCRYPTED)
    query = client.query("SELECT 1 AS x", job_config=into)
    query.result()
    assert client.get_job(query.job_id, location="EU").destination_encryption_configuration.kms_key_name == KEY
    load = bigquery.LoadJobConfig(
        source_format="NEWLINE_DELIMITED_JSON", autodetect=True, destination_encryption_configuration=ENCRYPTED
    )
    client.load_table_from_file(io.BytesIO(b'{"x": 1}'), f"{dataset}.l", job_config=load).result()
    copy = bigquery.CopyJobConfig(destination_encryption_configuration=ENCRYPTED)
    client.copy_table(f"{dataset}.q", f"{dataset}.c", job_config=copy).result()
    client.copy_table(f"{dataset}.q", f"{dataset}.plain").result()

    assert [key(client, f"{dataset}.{name}") for name in ("q", "l", "c", "plain")] == [KEY, KEY, KEY, None]


def test_tables_take_their_datasets_key(client: bigquery.Client, dataset: str) -> None:
    """Made by the API, by DDL and by jobs, unless they state their own."""
    made = client.get_dataset(dataset)
    made.default_encryption_configuration = ENCRYPTED
    client.update_dataset(made, ["default_encryption_configuration"])
    assert client.get_dataset(dataset).default_encryption_configuration.kms_key_name == KEY

    own = bigquery.Table(f"{dataset}.own", [bigquery.SchemaField("x", "INT64")])
    own.encryption_configuration = bigquery.EncryptionConfiguration(kms_key_name=OTHER)
    client.create_table(own)
    client.query(f"CREATE TABLE `{dataset}.ddl` AS SELECT 1 AS x").result()
    client.query("SELECT 1 AS x", job_config=bigquery.QueryJobConfig(destination=f"{dataset}.job")).result()
    assert [key(client, f"{dataset}.{name}") for name in ("own", "ddl", "job")] == [OTHER, KEY, KEY]


def test_another_key_for_a_table_that_is_there_is_refused(client: bigquery.Client, dataset: str) -> None:
    """No page says what becomes of the table's own; the same key is taken, and so is none."""
    first = bigquery.QueryJobConfig(destination=f"{dataset}.t", destination_encryption_configuration=ENCRYPTED)
    client.query("SELECT 1 AS x", job_config=first).result()
    first.write_disposition = "WRITE_APPEND"
    client.query("SELECT 2 AS x", job_config=first).result()
    plain = bigquery.QueryJobConfig(destination=f"{dataset}.t", write_disposition="WRITE_TRUNCATE")
    client.query("SELECT 3 AS x", job_config=plain).result()
    assert key(client, f"{dataset}.t") == KEY
    other = bigquery.EncryptionConfiguration(kms_key_name=OTHER)
    plain.destination_encryption_configuration = other
    with pytest.raises(exceptions.MethodNotImplemented, match="destinationEncryptionConfiguration"):
        client.query("SELECT 4 AS x", job_config=plain).result()
    copy = bigquery.CopyJobConfig(write_disposition="WRITE_APPEND", destination_encryption_configuration=other)
    with pytest.raises(exceptions.MethodNotImplemented, match="destinationEncryptionConfiguration"):
        client.copy_table(f"{dataset}.t", f"{dataset}.t", job_config=copy).result()


def test_what_is_no_key_is_refused(client: bigquery.Client, dataset: str) -> None:
    """By its name."""
    wrong = bigquery.EncryptionConfiguration(kms_key_name="my-key")
    config = bigquery.QueryJobConfig(destination=f"{dataset}.t", destination_encryption_configuration=wrong)
    with pytest.raises(exceptions.BadRequest, match="Invalid KMS key name: my-key"):
        client.query("SELECT 1 AS x", job_config=config)
