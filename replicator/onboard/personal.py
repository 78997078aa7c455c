"""Columns that look personal by their names: what to leave behind, and what to replace by its hash.

A name says little, so this only proposes; the file says so, and a person decides. Data is never looked at.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from replicator.config.words import COLUMN
from replicator.schema.fields import Field

# Types that GoogleSQL casts to STRING, and so can be hashed (conversion_rules).
_HASHABLE: Final = frozenset(
    {"STRING", "BYTES", "INTEGER", "NUMERIC", "BIGNUMERIC", "FLOAT", "DATE", "DATETIME", "TIME", "TIMESTAMP", "JSON"}
)
_WORDS: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
# Whose it is says nothing about what it is: customer_email is an email.
_WHOSE: Final = frozenset(
    {
        "billing", "buyer", "client", "contact", "customer", "delivery", "employee", "guest", "home", "member",
        "owner", "patient", "payer", "primary", "private", "receiver", "recipient", "sender", "shipping", "user",
        "visitor", "work",
    }
)  # fmt: skip


class Use(StrEnum):
    """The key of ``columns`` that a path is proposed for."""

    EXCLUDE = "exclude"
    HASH = "hash"


_CONTACT: Final = (
    "email", "e mail", "email address", "mail address", "phone", "phone number", "telephone", "telephone number", "tel",
    "mobile", "mobile number", "mobile phone", "cell phone", "fax", "fax number",
)  # fmt: skip
_NAMED: Final = (
    "buyer", "contact", "customer", "employee", "guest", "member", "patient", "recipient", "user", "visitor",
)  # fmt: skip
_IDENTITY: Final = (
    "username", *(f"{whose} name" for whose in _NAMED),
    "first name", "firstname", "last name", "lastname", "full name", "fullname", "given name", "family name", "surname",
    "middle name", "maiden name", "birth date", "birthdate", "date of birth", "birthday", "dob", "ssn",
    "social security number", "passport", "passport number", "national id", "tax id",
)  # fmt: skip
_PLACES: Final = (
    "address", "address 1", "address 2", "address line", "address line 1", "address line 2", "street", "street address",
    "postal address", "ip", "ip address", "ipaddress",
)  # fmt: skip
_SECRETS: Final = ("iban", "card number", "credit card", "credit card number", "cvv", "password", "password hash")
_PERSONS: Final = (
    "user id", "userid", "user pseudo id", "visitor id", "full visitor id", "client id", "cookie", "cookie id",
)  # fmt: skip
_DEVICES: Final = ("device id", "advertising id", "vendor id", "idfa", "idfv", "gaid", "imei")

_MEANINGS: Final[dict[str, tuple[Use, str]]] = {
    **dict.fromkeys(_CONTACT, (Use.EXCLUDE, "a way to reach a person")),
    **dict.fromkeys(_IDENTITY, (Use.EXCLUDE, "says who a person is")),
    **dict.fromkeys(_PLACES, (Use.EXCLUDE, "an address")),
    **dict.fromkeys(_SECRETS, (Use.EXCLUDE, "a secret")),
    **dict.fromkeys(_PERSONS, (Use.HASH, "tells persons apart")),
    **dict.fromkeys(_DEVICES, (Use.HASH, "tells devices apart")),
}


@dataclass(frozen=True, slots=True)
class Personal:
    """A column that looks personal.

    Attributes:
        path: As the schema spells it.
        use: What is proposed for it.
        why: In a few words.
    """

    path: str
    use: Use
    why: str


def personal(fields: Sequence[Field]) -> Iterator[Personal]:
    """What looks personal in a schema, at any depth; what lies in an excluded record is not told again."""
    yield from _within(fields, "")


def _within(fields: Sequence[Field], above: str) -> Iterator[Personal]:
    for field in fields:
        if not COLUMN.fullmatch(field.name):
            # A path of a pipeline file cannot name it, nor what is in it.
            continue
        path = f"{above}{field.name}"
        use, why = _meaning(field.name) or (None, "")
        if use is Use.EXCLUDE or (use is Use.HASH and field.type not in _HASHABLE and field.type != "RECORD"):
            yield Personal(path, Use.EXCLUDE, why)
        elif use is Use.HASH and field.type != "RECORD":
            yield Personal(path, Use.HASH, why)
        else:
            yield from _within(field.fields, f"{path}.")


def words_of(name: str) -> tuple[str, ...]:
    """The words of a name, in lower case: ``user_id``, ``userId`` and ``UserID`` have the same."""
    return tuple(word.lower() for word in _WORDS.findall(name))


def _meaning(name: str) -> tuple[Use, str] | None:
    words = words_of(name)
    # user_id is one; of customer_email the first word only says whose.
    for start in range(len(words)):
        if all(word in _WHOSE for word in words[:start]) and (found := _MEANINGS.get(" ".join(words[start:]))):
            return found
    return None
