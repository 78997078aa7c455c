"""Random struct types, others that look like them, and values of theirs."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Final

from replicator.local.bigquery.types import Type, array, struct

_SCALARS: Final[dict[str, Sequence[str]]] = {
    "INT64": ("1", "2", "3", "NULL"),
    "FLOAT64": ("1.5", "2.5", "NULL"),
    "STRING": ("'p'", "'q'", "NULL"),
    "DATE": ("DATE '2026-01-02'", "NULL"),
    "NUMERIC": ("NUMERIC '1.5'", "NULL"),
}
_NAMES: Final = ("a", "b", "c", "d", "e")
_DEEPEST: Final = 3
_LIKELY: Final = 0.5
_RARE: Final = 0.15


def record(random: Random, depth: int = 0) -> Type:
    """A struct of one to four fields, three levels deep at most."""
    names = random.sample(_NAMES, random.randint(1, 4))
    return struct(*((name, _field(random, depth)) for name in names))


def _field(random: Random, depth: int) -> Type:
    # Few types and few names: what goes by name and what goes by position differ most where both would be possible.
    kind = Type(random.choice(("INT64", "INT64", "STRING", "STRING", "FLOAT64", "DATE", "NUMERIC")))
    if depth < _DEEPEST - 1 and random.random() < _LIKELY / 2:
        kind = record(random, depth + 1)
    return array(kind) if random.random() < _RARE else kind


def related(random: Random, kind: Type) -> Type:
    """A type like ``kind``: fields in another order, under other names, wider, one more or one less, at any depth."""
    if kind.element is not None:
        return array(related(random, kind.element))
    if kind.name == "INT64" and random.random() < _RARE / 2:
        return Type("FLOAT64")
    if kind.name != "STRUCT":
        return kind
    fields = [(name, related(random, child)) for name, child in kind.fields]
    if random.random() < _LIKELY:
        # The names move, the types stay: by position it fits, by name it is another value.
        names = random.sample([name for name, _ in fields], len(fields))
        fields = [(name, child) for name, (_, child) in zip(names, fields, strict=True)]
    if random.random() < _RARE:
        random.shuffle(fields)
    if random.random() < _RARE / 2 and len(fields) > 1:
        fields.pop()
    if random.random() < _RARE / 2:
        fields.append(("z", Type("INT64")))
    return struct(*fields)


def value(random: Random, kind: Type, *, whole: bool = True) -> str:
    """A value of that type as an expression; ``whole`` is never NULL."""
    if kind.element is not None:
        if not whole and random.random() < _RARE:
            return f"CAST(NULL AS {kind})"
        members = (value(random, kind.element) for _ in range(random.randint(0, 2)))
        return f"CAST([] AS {kind})" if random.random() < _RARE else f"{kind}[{', '.join(members)}]"
    if kind.name == "STRUCT":
        if not whole and random.random() < _RARE:
            return "NULL"
        return f"{kind}({', '.join(value(random, child, whole=False) for _, child in kind.fields)})"
    options = _SCALARS[kind.name]
    return random.choice(options[:-1] if whole else options)


def loose(random: Random, kind: Type) -> str:
    """The same as constructors without types, whose literals coerce one by one."""
    if kind.element is not None:
        return value(random, kind)
    if kind.name == "STRUCT":
        return f"STRUCT({', '.join(f'{loose(random, child)} AS {name}' for name, child in kind.fields)})"
    return random.choice(_SCALARS[kind.name])
