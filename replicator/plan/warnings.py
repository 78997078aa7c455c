"""What a pipeline may do and had better know the price of: said by place, and nothing is refused for it."""

from __future__ import annotations

from replicator.config.merge import Upsert
from replicator.config.pipeline import Pipeline
from replicator.errors import Problem


def warnings(pipeline: Pipeline) -> tuple[Problem, ...]:
    """What costs more than it seems to, each at its place in the file.

    An upsert finds the rows of its keys by reading the target. Literals of the partition column prune that
    (using-dml-with-partitioned-tables), and there are none where that column is no key.
    """
    merge, column = pipeline.merge, pipeline.target.partition.column
    if isinstance(merge, Upsert) and column.lower() not in (key.lower() for key in merge.keys):
        fact = f"reads all of {pipeline.target.table} in every commit, for '{column}' is not among the keys"
        return (pipeline.problem(("merge",), fact, f"add '{column}' to the keys if a row keeps its {column}"),)
    return ()
