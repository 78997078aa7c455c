"""What a source's rows are read from: date shards, a partitioned table, a whole table, a query."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Any, Final

from pydantic import Field, PlainValidator, WithJsonSchema

from replicator import names
from replicator.config.googlesql import QueryText
from replicator.config.section import Section, refuse, suggest
from replicator.config.target import Granularity
from replicator.config.words import text
from replicator.source.tree import Plain

# The elements of PARSE_DATE and PARSE_TIMESTAMP (format-elements) that a sortable suffix is made of.
SUFFIXES: Final = {
    "%Y%m%d": Granularity.DAY,
    "%Y%m%d%H": Granularity.HOUR,
    "%Y%m": Granularity.MONTH,
    "%Y": Granularity.YEAR,
}
_WIDTHS: Final = {"%Y": 4, "%m": 2, "%d": 2, "%H": 2}
_PREFIX: Final = re.compile(r"[\w\- ]{1,1000}")


@dataclass(frozen=True, slots=True)
class LocalTable:
    """A table of the source's own project."""

    dataset: str
    table: str

    def __str__(self) -> str:
        return f"{self.dataset}.{self.table}"


def _prefix(raw: Plain) -> str:
    prefix = text(raw)
    if not _PREFIX.fullmatch(prefix):
        remedy = "write what stands before the date, such as events_, without dataset or *"
        refuse(f"'{prefix}' is no beginning of a table's name", remedy)
    return prefix


def _suffix(raw: Plain) -> str:
    suffix = text(raw)
    if suffix not in SUFFIXES:
        refuse(f"'{suffix}' is no suffix that shards can have", f"use one of {', '.join(SUFFIXES)}")
    return suffix


def _local_table(raw: Plain) -> LocalTable:
    word = text(raw)
    dataset, _, table = word.rpartition(".")
    if not names.DATASET.fullmatch(dataset) or not names.TABLE.fullmatch(table):
        refuse(f"'{word}' is no table of the source's project", "write <dataset>.<table>")
    return LocalTable(dataset, table)


_LocalTable = Annotated[
    LocalTable, PlainValidator(_local_table), WithJsonSchema({"type": "string", "pattern": r"^[^.]+\.[^.]+$"})
]


class Shards(Section):
    """Tables that are named by a common beginning and a date; every other table is left alone."""

    prefix: Annotated[str, PlainValidator(_prefix), WithJsonSchema({"type": "string"})] = Field(
        alias="shards", description="What stands before the date in the shards' names.", examples=["events_"]
    )
    suffix: Annotated[str, PlainValidator(_suffix), WithJsonSchema({"type": "string", "enum": list(SUFFIXES)})] = Field(
        description="The date in the shards' names; a table that ends otherwise is none.", examples=['"%Y%m%d"']
    )

    @property
    def granularity(self) -> Granularity:
        """The time that one shard holds."""
        return SUFFIXES[self.suffix]

    @property
    def pattern(self) -> str:
        r"""An anchored RE2 expression for the whole name of a shard: ``^events_\d{8}$``."""
        digits = sum(_WIDTHS[element] for element in re.findall(r"%\w", self.suffix))
        return rf"^{re.escape(self.prefix)}\d{{{digits}}}$"


class Partitioned(Section):
    """One partitioned table, replicated by its partitions."""

    table: _LocalTable = Field(
        alias="partitioned", description="The partitioned table, as <dataset>.<table>.", examples=["sales.orders"]
    )


class WholeTable(Section):
    """One table, replicated as a whole when it changed."""

    table: _LocalTable = Field(description="The table, as <dataset>.<table>.", examples=["sales.customers"])


class Query(Section):
    """Rows that one read-only SELECT answers with, window by window."""

    sql: QueryText = Field(
        alias="query",
        description="One SELECT; @window_start and @window_end are the window it is asked for.",
        examples=['"SELECT * FROM sales.orders WHERE changed >= @window_start AND changed < @window_end"'],
    )


Kind = Shards | Partitioned | WholeTable | Query
_KINDS: Final[dict[str, type[Kind]]] = {
    "shards": Shards,
    "partitioned": Partitioned,
    "table": WholeTable,
    "query": Query,
}


def _tables(raw: Any) -> Kind:
    kinds = ", ".join(_KINDS)
    if not isinstance(raw, dict):
        refuse(f"'{raw}' does not say of which kind the tables are", f"write a map with one of {kinds}")
    named = [key for key in raw if key in _KINDS]
    if len(named) > 1:
        refuse(f"says both {' and '.join(named)}", "make a source for each")
    if not named:
        unknown = next(iter(raw), "")
        refuse("does not say of which kind the tables are", suggest(unknown, _KINDS))
    return _KINDS[named[0]].model_validate(raw)


Tables = Annotated[Kind, PlainValidator(_tables, json_schema_input_type=Kind)]
