"""What happens when a source's schema is no longer the target's, and how rows are aligned to it."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from replicator.config.section import Section
from replicator.config.words import ColumnPath


class Policy(StrEnum):
    """What a run does about a difference."""

    REPORT = "report"
    EVOLVE = "evolve"
    FAIL = "fail"


class Align(StrEnum):
    """How buffers of differing schemas become rows of the target."""

    WILDCARD = "wildcard"
    PROJECTION = "projection"


class Transport(StrEnum):
    """How rows cross from one location to the other."""

    DATASET_COPY = "dataset_copy"
    COPY_JOBS = "copy_jobs"
    STORAGE = "storage"
    DATASET_REPLICA = "dataset_replica"


class Drift(Section):
    """One policy for everything, and others for single columns."""

    policy: Policy = Field(
        default=Policy.REPORT,
        description="report leaves out what the target lacks and says so; evolve adds it; fail fails the source.",
        examples=["report"],
    )
    paths: Mapping[ColumnPath, Policy] = Field(
        default={},
        description="Another policy for a column and all that is in it.",
        examples=["{event_params: evolve}"],
    )
    ignore: tuple[ColumnPath, ...] = Field(
        default=(), description="Columns whose differences are not worth a word.", examples=["[publisher]"]
    )
    cast: tuple[ColumnPath, ...] = Field(
        default=(),
        description=(
            "Columns whose values are cast to the target's type where none is lost: INT64 to NUMERIC, BIGNUMERIC, "
            "FLOAT64 or STRING, NUMERIC to BIGNUMERIC."
        ),
        examples=["[items.quantity]"],
    )
    reshape: tuple[ColumnPath, ...] = Field(
        default=(),
        description=(
            "Columns that may be one value here and an array there: one becomes an array of it, an array its only "
            "value; a second value fails the source."
        ),
        examples=["[hits.page]"],
    )


def _spread(raw: Any) -> Any:
    return {"policy": raw} if isinstance(raw, str) else raw


DriftPolicy = Annotated[Drift, BeforeValidator(_spread, json_schema_input_type=Policy | Drift)]
