"""Names of tables, completed by the job's project and default dataset."""

from __future__ import annotations

from sqlglot import exp

from replicator.local.bigquery.googlesql.context import Context
from replicator.local.bigquery.googlesql.refusals import refused

_METADATA = "INFORMATION_SCHEMA"


def full_path(parts: tuple[str, ...], context: Context, node: exp.Expr | None = None) -> tuple[str, ...]:
    """The path from the project on.

    A name of one part stays one where it is a temporary table's.

    Raises:
        BigQueryError: A name of one part, and no default dataset.
    """
    upper = [part.upper() for part in parts]
    if _METADATA in upper:
        index = upper.index(_METADATA)
        parts = (*parts[:index], _METADATA, *(part.upper() for part in parts[index + 1 :]))
        if index == 0:
            return (context.project, *parts)
        project = parts[: index - 1] or (context.project,)
        return (*project, *parts[index - 1 :])
    if len(parts) == 1:
        if parts[0].lower() in context.temporary:
            return parts
        if context.dataset is None:
            message = f'Table "{parts[0]}" must be qualified with a dataset (e.g. dataset.table).'
            raise refused(None, message)
        return (context.default_project or context.project, context.dataset, parts[0])
    if len(parts) == 2:
        return (context.project, *parts)
    if len(parts) > 3:
        raise refused(node, f"Invalid table name: {'.'.join(parts)}")
    return parts
