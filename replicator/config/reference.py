"""The configuration reference, in Markdown, made from the models: it cannot say anything else than they do."""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import StrEnum
from typing import Any, get_args

from pydantic.fields import FieldInfo

from replicator.config.jsonschema import written
from replicator.config.pipeline import Pipeline
from replicator.config.section import Section


def configuration_reference() -> str:
    """One table for each map of a pipeline file, from the outermost inwards."""
    return "\n".join(_section(Pipeline, "pipeline file", ""))


def _section(section: type[Section], heading: str, path: str) -> Iterator[str]:
    yield f"### {heading}"
    yield ""
    yield _prose(section.__doc__)
    yield ""
    if section.model_fields:
        yield "| Key | Meaning | If not said | Example |"
        yield "|---|---|---|---|"
        for name, field in section.model_fields.items():
            yield _row(field.alias or name, field)
        yield ""
    for name, field in section.model_fields.items():
        key = field.alias or name
        inner = _sections(field.annotation)
        below = f"{path}.{key}" if path else key
        for one in inner:
            listed = "[]" if "tuple" in str(field.annotation) else ""
            kind = f": {_spoken(one)}" if len(inner) > 1 else ""
            yield from _section(one, f"`{below}{listed}`{kind}", below + listed)


def _row(key: str, field: FieldInfo) -> str:
    words = [word for kind in _kinds(field.annotation, StrEnum) for word in kind]
    choice = f" One of {', '.join(f'`{word}`' for word in words)}." if words else ""
    example = f"`{field.examples[0]}`" if field.examples else ""
    cells = (f"`{key}`", _escaped(f"{field.description}{choice}"), _default(field), example)
    return f"| {' | '.join(cell.replace('|', '&#124;') for cell in cells)} |"


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    default = written(field.default)
    return "" if default in (None, "", [], {}) else f"`{default}`"


def _sections(annotation: Any) -> list[type[Section]]:
    return _kinds(annotation, Section)


def _kinds(annotation: Any, wanted: type[Any]) -> list[type[Any]]:
    """The subclasses of ``wanted`` in a type such as ``tuple[X, ...]`` or ``X | Y | None``."""
    if isinstance(annotation, type) and issubclass(annotation, wanted):
        return [annotation]
    return [kind for argument in get_args(annotation) for kind in _kinds(argument, wanted)]


def _spoken(section: type[Section]) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", " ", section.__name__).lower()


def _prose(docstring: str | None) -> str:
    return _escaped(" ".join((docstring or "").split()).replace("``", "`"))


def _escaped(text: str) -> str:
    """Outside of code, Markdown takes what is in angle brackets for HTML."""
    return text.replace("<", "&lt;")
