"""The platform's limits, each with the page that states it.

The renderer, the linter, the runtime and the local cloud read this one table, so that what is refused
here is what the service refuses. Pages below ``docs.cloud.google.com/bigquery/docs/`` unless they name another site.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Limit:
    """One bound of the platform.

    Attributes:
        name: The service's own name for it.
        value: The largest value that is accepted, in ``unit``.
        unit: What is counted.
        page: The page that states it.
    """

    name: str
    value: int
    unit: str
    page: str


# Cloud Workflows ---------------------------------------------------------------------------------------------------
_WORKFLOWS = "docs.cloud.google.com/workflows/quotas"

SOURCE_BYTES: Final = Limit("workflow source", 128 * 1024, "bytes", "workflows.proto: source_contents")
ARGUMENT_BYTES: Final = Limit("execution argument", 32 * 1024, "bytes", "executions.proto: argument")
VARIABLE_BYTES: Final = Limit("memory for variables", 512 * 1024, "bytes", _WORKFLOWS)
STRING_BYTES: Final = Limit("string length", 256 * 1024, "bytes", _WORKFLOWS)
RESPONSE_BYTES: Final = Limit("HTTP response", 2 * 1024 * 1024, "bytes", _WORKFLOWS)
EXPRESSION_CHARACTERS: Final = Limit("expression length", 400, "characters", _WORKFLOWS)
ASSIGNS_PER_STEP: Final = Limit("assignments per assign step", 50, "assignments", _WORKFLOWS)
CONDITIONS_PER_SWITCH: Final = Limit("conditions per switch step", 50, "conditions", _WORKFLOWS)
STEPS_PER_EXECUTION: Final = Limit("steps per execution", 100_000, "steps", _WORKFLOWS)
CALL_DEPTH: Final = Limit("call stack depth", 20, "calls", _WORKFLOWS)
PARALLEL_BRANCHES: Final = Limit("branches per parallel step", 10, "branches", _WORKFLOWS)
PARALLEL_CONCURRENCY: Final = Limit("concurrent branches and iterations", 20, "branches", _WORKFLOWS)
PARALLEL_NESTING: Final = Limit("parallel nesting depth", 2, "levels", _WORKFLOWS)
UNHANDLED_EXCEPTIONS: Final = Limit("unhandled exceptions per parallel step", 100, "exceptions", _WORKFLOWS)
CONNECTOR_TIMEOUT_SECONDS: Final = Limit(
    "connector call", 31_536_000, "seconds", "docs.cloud.google.com/workflows/docs/reference/googleapis"
)

# Data Transfer Service: dataset copy -----------------------------------------------------------------------------
TABLES_PER_COPY: Final = Limit("tables per cross-region copy run", 1_000, "tables", "quotas#copy_datasets")
TABLES_COPIED_A_DAY: Final = Limit("cross-region table copies per project", 2_000, "tables a day", "quotas#copy_jobs")
COPIES_OF_A_TABLE_A_DAY: Final = Limit("copies per destination table", 100, "copies a day", "quotas#copy_jobs")
TABLES_IN_COPIED_DATASET: Final = Limit("tables in a source dataset", 25_000, "tables", "quotas#copy_datasets")

# BigQuery ----------------------------------------------------------------------------------------------------------
QUERY_TEXT_CHARACTERS: Final = Limit("unresolved GoogleSQL query length", 1_024 * 1_024, "characters", "quotas")
TABLES_PER_QUERY: Final = Limit("tables referenced per query", 1_000, "tables", "quotas")
EXTRACTED_FILE_BYTES: Final = Limit(
    "logical bytes extracted to a single file", 1_000_000_000, "bytes", "exporting-data#export_limitations"
)
RECURSIVE_ITERATIONS: Final = Limit("iterations of a recursive CTE", 500, "iterations", "quotas")
COLUMNS_PER_TABLE: Final = Limit("columns in a table", 10_000, "columns", "quotas")
NESTING_DEPTH: Final = Limit("nesting of record columns", 15, "levels", "quotas")
PARTITIONS_PER_JOB: Final = Limit("partitions modified by a single job", 4_000, "partitions", "quotas")
PARTITIONS_PER_TABLE: Final = Limit("partitions of a table", 10_000, "partitions", "quotas")
MODIFICATIONS_A_DAY: Final = Limit("modifications of a table", 1_500, "modifications a day", "quotas")
DML_CONCURRENCY: Final = Limit("mutating DML statements at once per table", 2, "statements", "quotas")
DML_QUEUE: Final = Limit("mutating DML statements queued per table", 20, "statements", "quotas")
TRANSACTION_PARTITIONS: Final = Limit("partition modifications in a transaction", 100_000, "partitions", "transactions")
TRANSACTION_TABLES: Final = Limit("tables mutated in a transaction", 100, "tables", "transactions")
