"""How what has landed becomes part of the target."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, Final, Literal, Self

from pydantic import ConfigDict, Field, PlainValidator, WithJsonSchema, model_validator

from replicator.config.section import Section, refuse, suggest
from replicator.config.words import ColumnName, text
from replicator.source.tree import Plain


def _yes_or_no(raw: Plain) -> bool:
    word = text(raw)
    if word not in ("true", "false"):
        refuse(f"'{word}' is neither true nor false", "write one of them")
    return word == "true"


class ReplacePartitions(Section):
    """The rows of a unit's source and range are deleted, and the unit's rows inserted."""


class Upsert(Section):
    """Rows are matched by key, within their source: changed ones are rewritten, new ones inserted."""

    model_config = ConfigDict(json_schema_extra={"required": ["keys"]})

    keys: tuple[ColumnName, ...] = Field(
        default=(), description="The columns that make a row of a source unique; at least one.", examples=["[order_id]"]
    )
    newest_by: ColumnName | None = Field(
        default=None,
        description="Of two rows with one key, the one with the larger value here wins.",
        examples=["updated_at"],
    )

    mirror_deletions: Annotated[bool, PlainValidator(_yes_or_no), WithJsonSchema({"type": "boolean"})] = Field(
        default=False,
        description="Delete rows of a source that its whole table no longer has; only for whole tables.",
        examples=["true"],
    )

    @model_validator(mode="after")
    def _has_keys(self) -> Self:
        if not self.keys:
            remedy = "add 'keys: [<column>, ...]' or use 'replace_partitions'"
            refuse("matches rows by key, and has no 'keys'", remedy)
        repeated = len({key.lower() for key in self.keys}) < len(self.keys)
        if repeated:
            refuse("names a key twice", "remove one; case makes no difference")
        return self


class Append(Section):
    """A unit's rows are inserted once; a unit that changes afterwards is reported and not taken."""


class ReplaceTable(Section):
    """All rows of a source are replaced by what has landed."""


class Strategy(StrEnum):
    """The words for the strategies."""

    REPLACE_PARTITIONS = "replace_partitions"
    UPSERT = "upsert"
    APPEND = "append"
    REPLACE_TABLE = "replace_table"


class MergeForm(Section):
    """The long form: the strategy, and under it what it needs."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1, "maxProperties": 1})

    replace_partitions: ReplacePartitions | None = Field(default=None, description="Replace each unit's rows.")
    upsert: Upsert | None = Field(default=None, description="Match rows by key.", examples=["{keys: [order_id]}"])
    append: Append | None = Field(default=None, description="Insert each unit once.")
    replace_table: ReplaceTable | None = Field(default=None, description="Replace all rows of a source.")


Kind = ReplacePartitions | Upsert | Append | ReplaceTable
_ShortForm = Literal[Strategy.REPLACE_PARTITIONS, Strategy.APPEND, Strategy.REPLACE_TABLE]
_STRATEGIES: Final = tuple(strategy.value for strategy in Strategy)


def _merge(raw: Any) -> Kind:
    if isinstance(raw, str):
        if raw not in _STRATEGIES:
            refuse(f"'{raw}' is no way to merge", suggest(raw, _STRATEGIES))
        raw = {raw: {}}
    if isinstance(raw, dict) and len([key for key in raw if key in _STRATEGIES]) != 1:
        if unknown := [key for key in raw if key not in _STRATEGIES]:
            refuse(f"'{unknown[0]}' is no way to merge", suggest(unknown[0], _STRATEGIES))
        refuse("must name one way to merge", f"use one of {', '.join(_STRATEGIES)}")
    form = MergeForm.model_validate(raw)
    given = (form.replace_partitions, form.upsert, form.append, form.replace_table)
    return next(kind for kind in given if kind is not None)


Merge = Annotated[Kind, PlainValidator(_merge, json_schema_input_type=_ShortForm | MergeForm)]
