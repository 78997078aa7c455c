"""What a statement's job says of it, and what it is billed for.

https://docs.cloud.google.com/bigquery/docs/reference/rest/v2/Job#JobStatistics2
"""

from __future__ import annotations

from replicator.local.bigquery.api.http import Json
from replicator.local.bigquery.statements.billing import billed
from replicator.local.bigquery.statements.outcome import Outcome
from replicator.local.bigquery.storage.resources import dataset_reference, table_reference
from replicator.local.bigquery.storage.routines import RoutineRef, reference
from replicator.local.bigquery.types import field_of
from replicator.names import TableRef


def statement_statistics(outcome: Outcome, *, dry: bool) -> Json:
    """``totalBytesProcessed`` and ``query`` of a job's statistics."""
    size = str(outcome.bytes)
    query: Json = {
        "statementType": outcome.kind,
        "totalBytesProcessed": size,
        "totalBytesBilled": "0" if dry else str(billed(outcome.read)),
        "cacheHit": False,
        "totalBytesProcessedAccuracy": "PRECISE",
    }
    if outcome.tables:
        query["referencedTables"] = [table_reference(ref) for ref in outcome.tables]
    if outcome.rows is not None:
        query["schema"] = {"fields": [field_of(name, kind).to_api() for name, kind in outcome.rows.columns]}
    if outcome.changes is not None and not dry:
        query["numDmlAffectedRows"] = str(outcome.changes.affected)
        query["dmlStats"] = {
            "insertedRowCount": str(outcome.changes.inserted),
            "deletedRowCount": str(outcome.changes.deleted),
            "updatedRowCount": str(outcome.changes.updated),
        }
    if outcome.operation is not None:
        query["ddlOperationPerformed"] = outcome.operation
        if isinstance(outcome.target, TableRef):
            query["ddlTargetTable"] = table_reference(outcome.target)
        elif isinstance(outcome.target, RoutineRef):
            query["ddlTargetRoutine"] = reference(outcome.target)
        elif outcome.target is not None:
            query["ddlTargetDataset"] = dataset_reference(outcome.target)
    query |= outcome.files
    return {"totalBytesProcessed": size, "query": query}
