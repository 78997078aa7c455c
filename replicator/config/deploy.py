"""Where the workflow lives when it is deployed, and as whom it runs."""

from __future__ import annotations

import re
from typing import Annotated, Final

from pydantic import Field, PlainValidator, WithJsonSchema

from replicator.config.locations import Region
from replicator.config.section import Section, refuse
from replicator.config.words import ProjectId, text
from replicator.source.tree import Plain

_EMAIL: Final = re.compile(r"[a-z0-9][a-z0-9.-]*@[a-z0-9-]+(?:\.[a-z0-9-]+)+")


def _service_account(raw: Plain) -> str:
    account = text(raw)
    if not _EMAIL.fullmatch(account):
        refuse(f"'{account}' is no service account", "write <name>@<project>.iam.gserviceaccount.com")
    return account


class Deploy(Section):
    """The deployed workflow."""

    project: ProjectId = Field(description="The project of workflow and schedule.", examples=["acme-analytics"])
    region: Region = Field(description="The region of workflow and schedule.", examples=["europe-west1"])
    service_account: Annotated[str, PlainValidator(_service_account), WithJsonSchema({"type": "string"})] = Field(
        description="The account that the workflow runs as.",
        examples=["replicator@acme-analytics.iam.gserviceaccount.com"],
    )
