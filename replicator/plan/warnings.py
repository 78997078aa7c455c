"""What a pipeline may do and had better know the price of: said by place, and nothing is refused for it."""

from __future__ import annotations

from collections.abc import Iterator

from replicator.config.googlesql import uses_window
from replicator.config.incremental import ByQuery
from replicator.config.merge import Upsert
from replicator.config.pipeline import Pipeline
from replicator.config.tables import Query
from replicator.errors import Problem


def warnings(pipeline: Pipeline) -> tuple[Problem, ...]:
    """What costs more than it seems to, each at its place in the file."""
    return (*_scanning_merges(pipeline), *_repeated_queries(pipeline))


def _scanning_merges(pipeline: Pipeline) -> Iterator[Problem]:
    """An upsert finds the rows of its keys by reading the target.

    Literals of the partition column prune that (using-dml-with-partitioned-tables), and there are none where that
    column is no key; a row that has gone from its source may lie in any partition.
    """
    merge, column = pipeline.merge, pipeline.target.partition.column
    if not isinstance(merge, Upsert):
        return
    reads = f"reads all of {pipeline.target.table} in every commit"
    if merge.mirror_deletions:
        remedy = "leave mirror_deletions out where nothing is deleted"
        yield pipeline.problem(("merge",), f"{reads}, to find the rows that their source has no more", remedy)
    elif column.lower() not in (key.lower() for key in merge.keys):
        remedy = f"add '{column}' to the keys if a row keeps its {column}"
        yield pipeline.problem(("merge",), f"{reads}, for '{column}' is not among the keys", remedy)


def _repeated_queries(pipeline: Pipeline) -> Iterator[Problem]:
    """Every window is asked for by itself, and only a table's own partitions narrow down what that reads."""
    fact = (
        "is asked once for each window, and reads a table whole each time that is not partitioned by what it compares"
    )
    remedy = "compare the column that the table is partitioned by, too"
    if isinstance(pipeline.incremental, ByQuery):
        yield pipeline.problem(("incremental", "sql"), fact, remedy)
    for index, source in enumerate(pipeline.sources):
        if isinstance(source.tables, Query) and uses_window(source.tables.sql):
            yield pipeline.problem(("sources", index, "tables", "query"), fact, remedy)
