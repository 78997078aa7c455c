"""A pipeline file as one frozen value, and where each part of it is written."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, PlainValidator, PrivateAttr, WithJsonSchema

from replicator.config.deploy import Deploy
from replicator.config.drift import Align, Drift, DriftPolicy, Transport
from replicator.config.incremental import Incremental, LastModified
from replicator.config.merge import Merge, ReplacePartitions
from replicator.config.quantities import Lease
from replicator.config.schedule import Schedule
from replicator.config.section import Section, at_least_one, refuse
from replicator.config.sources import Source
from replicator.config.target import State, Target
from replicator.config.words import Name, text
from replicator.errors import Place, Problem
from replicator.source.paths import FieldPath, show
from replicator.source.tree import MapNode, place_of


def _version(raw: Any) -> int:
    if text(raw) != "1":
        refuse(f"'{raw}' is no version that is known here", "write 1")
    return 1


class Pipeline(Section):
    """One subject: the sources that are brought into one target."""

    version: Annotated[int, PlainValidator(_version), WithJsonSchema({"const": 1})] = Field(
        description="The version of this file's form.", examples=["1"]
    )
    name: Name = Field(
        alias="pipeline",
        description="Names the pipeline on the command line and in the ledger.",
        examples=["ga4_events"],
    )
    target: Target = Field(description="The table that all sources are brought into.", examples=["{table: …}"])
    state: State = Field(
        description="Where the pipeline remembers what it has done.", examples=["{dataset: acme-analytics.replicator}"]
    )
    lease: Lease = Field(
        default=timedelta(minutes=15),
        description="How long a run that died keeps others from the target, 1 minute to 1 day.",
        examples=["15 minutes"],
    )
    sources: Annotated[tuple[Source, ...], BeforeValidator(at_least_one)] = Field(
        json_schema_extra={"minItems": 1}, description="Where the rows come from.", examples=["[{name: japan, …}]"]
    )
    incremental: Incremental = Field(
        default=LastModified(), description="What makes a unit due.", examples=["last_modified"]
    )
    merge: Merge = Field(
        default=ReplacePartitions(),
        description="How what has landed becomes part of the target.",
        examples=["replace_partitions"],
    )
    drift: DriftPolicy = Field(
        default=Drift(), description="What happens when a schema differs from the target's.", examples=["report"]
    )
    align: Align = Field(
        default=Align.WILDCARD,
        description="How rows of differing schemas are brought to the target's.",
        examples=["wildcard"],
    )
    transport: Transport = Field(
        default=Transport.DATASET_COPY,
        description="How rows cross from one location to the other.",
        examples=["dataset_copy"],
    )
    schedule: Schedule | None = Field(
        default=None,
        description="When the pipeline runs by itself.",
        examples=['{cron: "15 5 * * *", time_zone: Europe/Paris}'],
    )
    deploy: Deploy | None = Field(
        default=None,
        description="Where the workflow lives when it is deployed.",
        examples=["{project: acme-analytics, region: europe-west1, service_account: …}"],
    )

    _root: MapNode = PrivateAttr(default=MapNode(Place(Path("pipeline"), 1, 1), ()))
    _environment: str | None = PrivateAttr(default=None)

    def model_post_init(self, context: object, /) -> None:
        """Keep the tree that the pipeline was made from, for ``place``."""
        if isinstance(context, MapNode):
            self._root = context

    @property
    def environment(self) -> str | None:
        """The environment that was laid above the pipeline's file, if one was chosen."""
        return self._environment

    def within(self, environment: str | None) -> Self:
        """The same pipeline as one of ``environment``."""
        copy = self.model_copy()
        copy._environment = environment  # noqa: SLF001  # its own kind, seen by nobody yet
        return copy

    def place(self, path: FieldPath) -> Place:
        """Where the value at ``path`` is written, its keys as the file has them: ``("sources", 0, "where")``.

        What the file leaves out is where it would have to be added: at the nearest map or list above it.
        """
        return place_of(self._root, path)

    def problem(self, path: FieldPath, fact: str, remedy: str) -> Problem:
        """A mistake in the value at ``path``, for whoever finds one later than this package can."""
        return Problem(self.place(path), show(path), fact, remedy)
