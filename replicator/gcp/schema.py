"""Adding fields to a table that is there."""

from __future__ import annotations

from collections.abc import Iterable

from replicator.errors import FailedError
from replicator.gcp.clients import Clients
from replicator.gcp.failures import calling
from replicator.names import TableRef
from replicator.schema.fields import Field
from replicator.schema.growth import grown


def add_fields(clients: Clients, ref: TableRef, additions: Iterable[tuple[tuple[str, ...], Field]]) -> bool:
    """Give a table the fields that it lacks, NULLABLE, each at the end of its record; the rest stays as it is.

    The table's etag goes with the change, so that a change that somebody else made meanwhile is not undone.

    Args:
        clients: Where the table is.
        ref: The table.
        additions: Of each field the records around it, and the field.

    Returns:
        Whether anything was lacking.

    Raises:
        FailedError: There is no such table or no such record, or BigQuery refuses the change.
    """
    from google.cloud.bigquery import SchemaField, TableReference

    client = clients.bigquery(ref.project)
    with calling(f"reading the schema of {ref}"):
        table = client.get_table(TableReference.from_string(str(ref)), retry=None)
    before = [field.to_api_repr() for field in table.schema]
    schema = before
    for path, field in additions:
        try:
            schema = grown(schema, path, field)
        except ValueError as error:
            msg = f"{'.'.join((*path, field.name))} cannot be added to {ref}: {error}"
            raise FailedError(msg) from error
    if schema == before:
        return False
    table.schema = [SchemaField.from_api_repr(field) for field in schema]
    with calling(f"changing the schema of {ref}"):
        client.update_table(table, ["schema"], retry=None)
    return True
