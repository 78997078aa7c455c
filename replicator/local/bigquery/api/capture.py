"""What a statement was, for whoever asks the recorder what was executed."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Final

from replicator.local.bigquery.api.job import Job
from replicator.local.bigquery.errors import BigQueryError
from replicator.local.bigquery.googlesql.catalog import Column
from replicator.local.bigquery.googlesql.context import Typed
from replicator.local.bigquery.statements.cursor import Source
from replicator.local.bigquery.statements.frame import Frame
from replicator.local.bigquery.statements.session import Session
from replicator.local.bigquery.storage.reading import FRAGMENT, ROW
from replicator.local.bigquery.types import Type
from replicator.local.recorder import Relation, Statement

# The storage's own columns, which no statement of anyone's can name.
_INTERNAL: Final = frozenset({FRAGMENT, ROW})


def capture(
    session: Session,
    job: Job,
    source: Source,
    frame: Frame,
    kind: str,
    *,
    wanted: Type | None = None,
    error: BigQueryError | None = None,
) -> Statement:
    """A statement or an expression that has just run, with what it met; the session forgets what that was.

    Args:
        session: Where it ran.
        job: The job it belongs to.
        source: Its text.
        frame: What it could see.
        kind: As ``Statement`` has it.
        wanted: What an expression's value is assigned to.
        error: What it failed with.
    """
    parameters = _types(frame.parameters.named)
    parameters |= _types({str(index): value for index, value in enumerate(frame.parameters.positional)})
    default = session.setting.default_dataset
    return Statement(
        at=session.setting.now().timestamp(),
        text=source.text,
        kind=kind,
        project=job.ref.project,
        location=job.ref.location,
        job_id=job.ref.id,
        default_dataset="" if default is None else str(default),
        parameters=parameters,
        variables=_types(frame.variables),
        system=_types(frame.system),
        relations={".".join(path): _relation(columns) for path, columns in session.met().items()},
        wanted="" if wanted is None else str(wanted),
        error="" if error is None else error.message,
    )


def _types(values: Mapping[str, Typed]) -> dict[str, str]:
    return {name: str(value.type) for name, value in values.items()}


def _relation(columns: Sequence[Column]) -> Relation:
    # Equal type texts are one object: the schemas of many statements are the same.
    named = [(column.name, sys.intern(str(column.type)), column.pseudo) for column in columns]
    return Relation(
        tuple((name, kind) for name, kind, pseudo in named if not pseudo),
        tuple((name, kind) for name, kind, pseudo in named if pseudo and name not in _INTERNAL),
    )
