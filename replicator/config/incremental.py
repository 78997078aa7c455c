"""How a run knows what is due."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Any, Final, Literal

from pydantic import Field, PlainValidator

from replicator.config.googlesql import WindowedQuery
from replicator.config.quantities import Lookback
from replicator.config.section import Section, refuse, suggest
from replicator.config.words import ColumnName

_LOOKBACK: Final = Field(
    default=timedelta(0),
    description="How far back units are taken again although nothing says they changed.",
    examples=["4 days"],
)


class By(StrEnum):
    """What says that a unit is due."""

    LAST_MODIFIED = "last_modified"
    COLUMN = "column"
    QUERY = "query"
    ALWAYS = "always"


class LastModified(Section):
    """A unit is due when its last-modified stamp has no receipt."""

    by: Literal[By.LAST_MODIFIED] = Field(default=By.LAST_MODIFIED, description="By the unit's last-modified time.")
    lookback: Lookback = _LOOKBACK


class ByColumn(Section):
    """Of a table or partition that changed, the rows that lie above what was committed; to upsert or append."""

    by: Literal[By.COLUMN] = Field(description="By the value of a column.")
    column: ColumnName = Field(description="The column that grows when a row changes.", examples=["updated_at"])
    lookback: Lookback = Field(
        default=timedelta(0),
        description="How far below the largest committed value rows are taken again, for those that come late.",
        examples=["4 days"],
    )


class ByQuery(Section):
    """A query of the user's own answers with the rows that changed in a window."""

    by: Literal[By.QUERY] = Field(description="By a query.")
    sql: WindowedQuery = Field(
        description="One SELECT with @window_start and @window_end.",
        examples=['"SELECT … WHERE changed >= @window_start AND changed < @window_end"'],
    )
    lookback: Lookback = _LOOKBACK


class Always(Section):
    """Every unit is due in every run."""

    by: Literal[By.ALWAYS] = Field(default=By.ALWAYS, description="In every run.")


Kind = LastModified | ByColumn | ByQuery | Always
_KINDS: Final[dict[str, type[Kind]]] = {
    By.LAST_MODIFIED.value: LastModified,
    By.COLUMN.value: ByColumn,
    By.QUERY.value: ByQuery,
    By.ALWAYS.value: Always,
}


def _incremental(raw: Any) -> Kind:
    full = {"by": raw} if isinstance(raw, str) else raw
    if not isinstance(full, dict):
        refuse("does not say what makes a unit due", f"write one of {', '.join(_KINDS)}")
    by = full.get("by")
    if not isinstance(by, str):
        refuse("has no 'by'", f"add 'by: ' and one of {', '.join(_KINDS)}")
    kind = _KINDS.get(by)
    if kind is None:
        refuse(f"'{by}' does not say what makes a unit due", suggest(by, _KINDS))
    return kind.model_validate(full)


Incremental = Annotated[
    Kind, PlainValidator(_incremental, json_schema_input_type=Literal[By.LAST_MODIFIED, By.ALWAYS] | Kind)
]
