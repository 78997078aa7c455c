"""What every part of a pipeline file has in common: strict keys, and errors in our words.

pydantic finds what is wrong; here it learns to say it as fact and remedy. A typo is told once, as the
key that does not exist, and not again as the key that is missing.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from typing import Any, Final, NoReturn, Self

from pydantic import BaseModel, ConfigDict, ModelWrapValidatorHandler, ValidationError, model_validator
from pydantic_core import ErrorDetails, InitErrorDetails, PydanticCustomError

MISTAKE: Final = "mistake"
UNKNOWN_KEY: Final = "unknown_key"


def mistake(fact: str, remedy: str, *, kind: str = MISTAKE) -> PydanticCustomError:
    """An error for a validator to raise: what is wrong, and what would be right."""
    return PydanticCustomError(kind, "{fact}; {remedy}", {"fact": fact, "remedy": remedy})


def refuse(fact: str, remedy: str) -> NoReturn:
    """Raise ``mistake``."""
    raise mistake(fact, remedy)


def nearest(word: str, words: Iterable[str]) -> str | None:
    """The one of ``words`` that ``word`` was probably meant to be."""
    folded = {other.lower(): other for other in words}
    found = difflib.get_close_matches(word.lower(), folded, n=1, cutoff=0.7)
    return folded[found[0]] if found else None


def suggest(word: str, words: Iterable[str]) -> str:
    """A remedy for an unknown word: the one that is like it, or all of them."""
    known = tuple(words)
    meant = nearest(word, known)
    if meant is not None:
        return f"did you mean '{meant}'?"
    return f"there is only '{known[0]}'" if len(known) == 1 else f"use one of {', '.join(known)}"


def at_least_one(raw: Any) -> Any:
    """Refuse an empty list before its items are looked at, so that items that are wrong do not count as none."""
    if raw == []:
        refuse("is an empty list", "name at least one")
    return raw


class Section(BaseModel):
    """A map in a pipeline file: frozen, and every key in it is known."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)

    @model_validator(mode="wrap")
    @classmethod
    def _in_our_words(cls, raw: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        try:
            return handler(raw)
        except ValidationError as error:
            details = error.errors(include_url=False)
            raise ValidationError.from_exception_data(cls.__name__, list(cls._reworded(details))) from None

    @classmethod
    def key_names(cls) -> tuple[str, ...]:
        """The keys as a file spells them."""
        return tuple(field.alias or name for name, field in cls.model_fields.items())

    @classmethod
    def _reworded(cls, details: list[ErrorDetails]) -> Iterable[InitErrorDetails]:
        unknown = [str(detail["loc"][-1]) for detail in details if detail["type"] == "extra_forbidden"]
        meant = {nearest(key, cls.key_names()) for key in unknown}
        for detail in details:
            if detail["type"] == "missing" and detail["loc"][-1] in meant:
                continue
            yield {"type": cls._error(detail), "loc": detail["loc"], "input": detail["input"]}

    @classmethod
    def _error(cls, detail: ErrorDetails) -> PydanticCustomError:
        context = detail.get("ctx", {})
        match detail["type"]:
            case "mistake" | "unknown_key" as kind:
                return mistake(context["fact"], context["remedy"], kind=kind)
            case "extra_forbidden":
                return mistake("no such key", suggest(str(detail["loc"][-1]), cls.key_names()), kind=UNKNOWN_KEY)
            case "missing":
                return mistake("is missing", f"add '{cls._example(str(detail['loc'][-1]))}'")
            case "model_type" | "dict_type":
                keys = f" with the keys {', '.join(cls.key_names())}" if not detail["loc"] else " of keys and values"
                return mistake(f"is {_described(detail['input'])}", f"write a map{keys}")
            case "tuple_type":
                return mistake(f"is {_described(detail['input'])}", "write a list: [<one>, <another>]")
            case "string_type":
                return mistake(f"is {_described(detail['input'])}", "write one text")
            case "enum" | "literal_error":
                words = re.findall(r"'([^']*)'", str(context["expected"]))
                given = detail["input"] if isinstance(detail["input"], str) else ""
                return mistake(f"is {_described(detail['input'])}", suggest(given, words))
            case other:
                # No type of ours asks for it; pydantic's own words are better than none.
                return mistake(f"{detail['msg']} ({other})", "see the configuration reference")

    @classmethod
    def _example(cls, key: str) -> str:
        field = next(field for name, field in cls.model_fields.items() if key in {name, field.alias})
        return f"{key}: {(field.examples or ['…'])[0]}"


def _described(value: object) -> str:
    match value:
        case None:
            return "empty"
        case str():
            return f"'{value}'"
        case list() | tuple():
            return "a list"
        case dict():
            return "a map"
        case _:
            return repr(value)
