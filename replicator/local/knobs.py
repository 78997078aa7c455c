"""The fields of the services' settings by their names: what they are, what they may be, how they are set."""

from __future__ import annotations

import inspect
import math
import re
from collections.abc import Sequence
from dataclasses import Field, fields, is_dataclass
from typing import Any, Literal, get_args, get_origin, get_type_hints

from replicator.local.rest import Json, invalid


class Knobs:
    """The fields of several settings as one set; no two have a field of the same name."""

    def __init__(self, settings: Sequence[object]) -> None:
        self._owners: dict[str, object] = {}
        for each in settings:
            for field in _fields(each):
                if field.name in self._owners:
                    message = f"two settings are called '{field.name}'"
                    raise ValueError(message)
                self._owners[field.name] = each

    def as_json(self) -> Json:
        """Of every setting its value, its default, its choices, and what it means."""
        return {
            field.name: {
                "value": getattr(owner, field.name),
                "default": field.default,
                "choices": list(_choices(_type(owner, field.name))),
                "means": _meaning(type(owner), field.name),
            }
            for name, owner in self._owners.items()
            for field in _fields(owner)
            if field.name == name
        }

    def set(self, values: Json) -> None:
        """Set all of ``values``, or none.

        Raises:
            ApiError: There is no such setting, or it cannot have that value.
        """
        for name, value in values.items():
            if name not in self._owners:
                message = f"There is no setting '{name}'; there are {', '.join(sorted(self._owners))}"
                raise invalid(message)
            _check(name, value, _type(self._owners[name], name))
        for name, value in values.items():
            owner = self._owners[name]
            setattr(owner, name, float(value) if _type(owner, name) is float else value)

    def reset(self) -> None:
        """Give every setting its default."""
        for owner in self._owners.values():
            for field in _fields(owner):
                setattr(owner, field.name, field.default)


def _fields(owner: object) -> Sequence[Field[Any]]:
    if not is_dataclass(owner):
        message = f"{type(owner).__name__} is no dataclass"
        raise TypeError(message)
    return fields(owner)


def _type(owner: object, name: str) -> Any:
    return get_type_hints(type(owner))[name]


def _choices(kind: Any) -> tuple[Any, ...]:
    return get_args(kind) if get_origin(kind) is Literal else ()


def _check(name: str, value: Any, kind: Any) -> None:
    if choices := _choices(kind):
        fits, wanted = value in choices, f"one of {', '.join(map(repr, choices))}"
    elif kind is bool:
        fits, wanted = isinstance(value, bool), "true or false"
    elif kind is int:
        fits, wanted = isinstance(value, int) and not isinstance(value, bool) and value >= 0, "a whole number from 0"
    elif kind is float:
        number = isinstance(value, int | float) and not isinstance(value, bool)
        fits, wanted = number and math.isfinite(value) and value >= 0, "a number from 0"
    else:
        message = f"'{name}' cannot be set here"
        raise invalid(message)
    if not fits:
        message = f"'{name}' is {wanted}, not {value!r}"
        raise invalid(message)


def _meaning(owner: type, name: str) -> str:
    """What the class's docstring says of an attribute."""
    found = re.search(rf"^    {name}: (.*?)(?=^    \w+: |\Z)", inspect.getdoc(owner) or "", re.DOTALL | re.MULTILINE)
    return " ".join(found[1].split()) if found else ""
