"""Functions of the user's, as the catalog keeps them: each a record with its resource.

https://docs.cloud.google.com/bigquery/docs/reference/rest/v2/routines
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import uuid4

from replicator.local.bigquery.errors import BigQueryError, unmodelled
from replicator.local.bigquery.googlesql.catalog import Function
from replicator.local.bigquery.members import member, objects, required
from replicator.local.bigquery.storage.commit import ROUTINES
from replicator.local.bigquery.storage.database import to_json
from replicator.local.bigquery.storage.instants import millis_text
from replicator.local.bigquery.storage.overlay import Overlay
from replicator.local.bigquery.types import SCALARS, Type, array, struct
from replicator.names import DatasetRef

Json = dict[str, Any]
_KINDS: Final = {False: "SCALAR_FUNCTION", True: "TABLE_VALUED_FUNCTION"}
_REFUSED: Final = (
    "dataGovernanceType", "externalRuntimeOptions", "importedLibraries", "pythonOptions", "remoteFunctionOptions",
    "returnTableType", "securityMode", "sparkOptions",
)  # fmt: skip


@dataclass(frozen=True, slots=True, order=True)
class RoutineRef:
    """``project.dataset.routine``."""

    project: str
    dataset: str
    routine: str

    @property
    def parent(self) -> DatasetRef:
        """The dataset that holds it."""
        return DatasetRef(self.project, self.dataset)

    def __str__(self) -> str:
        return f"{self.project}.{self.dataset}.{self.routine}"


def find_routine(overlay: Overlay, ref: RoutineRef) -> Json | None:
    """The routine's resource, if there is one."""
    overlay.rights.check_dataset(ref.parent)
    text = overlay.record(ROUTINES, str(ref))
    return json.loads(text) if text else None


def routines(overlay: Overlay, ref: DatasetRef) -> list[Json]:
    """A dataset's routines by name."""
    overlay.dataset(ref)
    return [json.loads(text) for text in overlay.records(ROUTINES, f"{ref}.")]


def keep_routine(overlay: Overlay, ref: RoutineRef, function: Function, description: str | None) -> Json:
    """Write a routine, whether it was there or not; answers with its resource."""
    overlay.dataset(ref.parent)
    now = millis_text(overlay.now)
    before = find_routine(overlay, ref)
    resource: Json = {
        "etag": f'"{uuid4().hex[:16]}"',
        "routineReference": reference(ref),
        "routineType": _KINDS[function.tabular],
        "creationTime": now if before is None else before["creationTime"],
        "lastModifiedTime": now,
        "language": "SQL",
        "arguments": [_argument(name, kind) for name, kind in function.parameters],
        "definitionBody": function.body,
    }
    if function.returns is not None:
        resource["returnType"] = _data_type(function.returns)
    if description is not None:
        resource["description"] = description
    overlay.changes.records.append((ROUTINES, str(ref), to_json(resource)))
    return resource


def drop_routine(overlay: Overlay, ref: RoutineRef) -> None:
    """Remove a routine."""
    overlay.changes.records.append((ROUTINES, str(ref), ""))


def routine_not_found(ref: RoutineRef) -> BigQueryError:
    """No such routine."""
    return BigQueryError("notFound", f"Not found: Routine {ref.project}:{ref.dataset}.{ref.routine}")


def duplicate_routine(ref: RoutineRef) -> BigQueryError:
    """The name is taken."""
    return BigQueryError("duplicate", f"Already Exists: Routine {ref.project}:{ref.dataset}.{ref.routine}")


def reference(ref: RoutineRef) -> Json:
    """A ``RoutineReference``."""
    return {"projectId": ref.project, "datasetId": ref.dataset, "routineId": ref.routine}


def read_routine(resource: Json, ref: RoutineRef) -> tuple[Function, str | None]:
    """What an owner states in a ``Routine`` resource: the function, and its description.

    Raises:
        BigQueryError: 400 for a member of a wrong type, 501 for what is not modelled.
    """
    for key in _REFUSED:
        if resource.get(key):
            what = f"a routine's {key}"
            raise unmodelled(what)
    kind, language = member(resource, "routineType", str), member(resource, "language", str) or "SQL"
    if kind not in _KINDS.values() or language != "SQL":
        what = f"a routine of type {kind} in {language}"
        raise unmodelled(what)
    parameters = tuple(
        _parameter(each, at) for at, each in enumerate(objects(resource, "arguments", where="arguments"))
    )
    returns = member(resource, "returnType", dict)
    function = Function(
        str(ref),
        parameters,
        read_data_type(returns, "returnType") if returns else None,
        str(required(resource, "definitionBody", str)),
        tabular=kind == _KINDS[True],
        project=ref.project,
    )
    return function, member(resource, "description", str)


def _parameter(resource: Mapping[str, Any], at: int) -> tuple[str, Type | None]:
    where = f"arguments[{at}]"
    name = str(required(resource, "name", str, where=where))
    kind = member(resource, "argumentKind", str, where=where)
    if kind == "ANY_TYPE":
        return name, None
    if kind not in (None, "", "FIXED_TYPE", "ARGUMENT_KIND_UNSPECIFIED"):
        what = f"an argument of kind {kind}"
        raise unmodelled(what)
    return name, read_data_type(dict(required(resource, "dataType", dict, where=where)), f"{where}.dataType")


def _argument(name: str, kind: Type | None) -> Json:
    if kind is None:
        return {"name": name, "argumentKind": "ANY_TYPE"}
    return {"name": name, "dataType": _data_type(kind)}


def _data_type(kind: Type) -> Json:
    """A ``StandardSqlDataType``."""
    if kind.element is not None:
        return {"typeKind": "ARRAY", "arrayElementType": _data_type(kind.element)}
    if kind.name == "STRUCT":
        fields = [{"name": name, "type": _data_type(child)} for name, child in kind.fields]
        return {"typeKind": "STRUCT", "structType": {"fields": fields}}
    return {"typeKind": kind.name}


def read_data_type(resource: Json, where: str) -> Type:
    """Read a ``StandardSqlDataType``.

    Raises:
        BigQueryError: 400, it is none; 501, it is of a type that is not modelled.
    """
    kind = str(required(resource, "typeKind", str, where=where))
    if kind == "ARRAY":
        return array(read_data_type(dict(required(resource, "arrayElementType", dict, where=where)), where))
    if kind == "STRUCT":
        members = objects(dict(required(resource, "structType", dict, where=where)), "fields", where=where)
        pairs = [
            (
                str(member(each, "name", str, where=where) or ""),
                read_data_type(dict(required(each, "type", dict)), where),
            )
            for each in members
        ]
        return struct(*pairs)
    if kind in SCALARS:
        return Type(kind)
    if kind in ("GEOGRAPHY", "INTERVAL", "RANGE"):
        what = f"the type {kind}"
        raise unmodelled(what)
    reason = "invalid"
    raise BigQueryError(reason, f"Invalid value at '{where}.typeKind': {kind!r}", location=where)
