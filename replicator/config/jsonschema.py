"""The JSON Schema of a pipeline file, for editors: what they underline is what ``validate`` refuses.

It is the looser of the two: what holds between keys, such as a column that is excluded and hashed, only
``validate`` says.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema

from replicator.config.drift import Drift
from replicator.config.incremental import LastModified
from replicator.config.merge import ReplacePartitions
from replicator.config.pipeline import Pipeline

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


def pipeline_schema() -> dict[str, Any]:
    """The schema of a pipeline file, as JSON values."""
    schema = Pipeline.model_json_schema(schema_generator=_Generator)
    cleaned: dict[str, Any] = _cleaned(schema)
    return {"$schema": DIALECT, "title": "replicator pipeline", **cleaned}


def written(value: object) -> object:
    """A default as a file would have it: the short form, where there is one."""
    match value:
        case timedelta():
            return _written_span(value)
        case LastModified() | ReplacePartitions() | Drift():
            return {LastModified: "last_modified", ReplacePartitions: "replace_partitions", Drift: "report"}[
                type(value)
            ]
        case BaseModel():
            return {}
        case tuple():
            return list(value)
        case _:
            return value


def _written_span(span: timedelta) -> str:
    seconds = int(span.total_seconds())
    for unit, width in (("days", 86_400), ("hours", 3_600), ("minutes", 60)):
        if seconds % width == 0:
            return f"{seconds // width} {unit}"
    return f"{seconds} seconds"


class _Generator(GenerateJsonSchema):
    def encode_default(self, dft: Any) -> Any:
        return super().encode_default(written(dft))


def _cleaned(node: Any) -> Any:
    """Without titles, which only repeat the keys, without null, and with ``examples`` left to the reference.

    A null in a file takes a key away and is gone before the schema's meaning applies.
    """
    match node:
        case {"anyOf": [inner, {"type": "null"}], **rest}:
            return _cleaned({**inner, **rest})
        case dict():
            return {
                key: _cleaned_properties(value) if key in {"properties", "$defs"} else _cleaned(value)
                for key, value in node.items()
                if key not in {"title", "examples"} and not (key == "default" and value in (None, ""))
            }
        case list():
            return [_cleaned(item) for item in node]
        case _:
            return node


def _cleaned_properties(properties: dict[str, Any]) -> dict[str, Any]:
    return {name: _cleaned(schema) for name, schema in properties.items()}
