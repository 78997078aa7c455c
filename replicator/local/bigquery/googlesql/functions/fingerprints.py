"""FARM_FINGERPRINT: the Fingerprint64 of FarmHash, in DuckDB's SQL.

Texts of up to 64 bytes are computed; longer ones, which are hashed in a loop, are refused.
https://docs.cloud.google.com/bigquery/docs/reference/standard-sql/hash_functions#farm_fingerprint
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from replicator.local.bigquery.googlesql.functions.table import Functions, Overload

_WORD: Final = 2**64
_K0: Final = f"{0xC3A5C85C97CB3127}::UBIGINT"
_K1: Final = f"{0xB492B66FBE98F273}::UBIGINT"
_K2: Final = f"{0x9AE16A3B2F90404F}::UBIGINT"
_DOUBT: Final = "error('FARM_FINGERPRINT of more than 64 bytes is not modelled by the local cloud')"


Steps = Sequence[tuple[str, str]]
"""What is computed one after the other: a name, and DuckDB's SQL of it over the names before."""


def _wrapped(sql: str) -> str:
    return f"CAST(({sql}) % {_WORD}::UHUGEINT AS UBIGINT)"


def _sum(*terms: str) -> str:
    return _wrapped(" + ".join(f"CAST({term} AS UHUGEINT)" for term in terms))


def _product(one: str, other: str) -> str:
    return _wrapped(f"CAST({one} AS UHUGEINT) * CAST({other} AS UHUGEINT)")


def _rotated(name: str, bits: int) -> str:
    """Rotated to the right."""
    return f"(({name} >> {bits}) + {_product(name, str(2 ** (64 - bits)))})"


def _mixed(name: str) -> str:
    return f"xor({name}, {name} >> 47)"


def _read(position: str, count: int) -> str:
    """So many bytes from a position on, the least significant first; ``h`` holds all bytes in hexadecimal."""
    pairs = " || ".join(f"substr(h, 2 * ({position}) + {2 * place + 1}, 2)" for place in reversed(range(count)))
    return f"CAST('0x' || lpad({pairs}, {2 * count}, '0') AS UBIGINT)"


def _joined(name: str, one: str, other: str) -> Steps:
    """``name`` for two words as one; the factor is ``{m}``."""
    return (
        (f"{name}1", _product(f"xor({one}, {other})", "{m}")),
        (f"{name}2", _product(f"xor({other}, {_mixed(f'{{{name}1}}')})", "{m}")),
        (name, _product(_mixed(f"{{{name}2}}"), "{m}")),
    )


def _run(read: Mapping[str, str], steps: Steps) -> str:
    """What the last step comes to: one list that grows, since DuckDB takes no time for lambdas in one another."""
    places = {name: f"s[{place}]" for place, name in enumerate([*read, *(name for name, _ in steps)], 1)}
    cases = " ".join(f"WHEN {number} THEN {sql.format(**places)}" for number, (_, sql) in enumerate(steps))
    rows = [f"[{', '.join(read.values())}]", *(f"[{number}]" for number in range(len(steps)))]
    made = f"CAST([{', '.join(rows)}] AS UBIGINT[][])"
    return f"list_reduce({made}, lambda s, i: list_append(s, CASE i[1] {cases} END))[-1]"


_COUNT: Final = {"n": "n", "m": _sum(_K2, "2 * n")}


def _short() -> str:
    """Up to 3 bytes."""
    read = {"n": "n", "first": _read("0", 1), "middle": _read("n // 2", 1), "last": _read("n - 1", 1)}
    one = _product(_sum("{first}", "256 * {middle}"), _K2)
    other = _product(_sum("{n}", "4 * {last}"), _K0)
    return _run(read, (("x", f"xor({one}, {other})"), ("r", _product(_mixed("{x}"), _K2))))


def _to_seven() -> str:
    read = {**_COUNT, "a": _sum("n", f"8 * {_read('0', 4)}"), "b": _read("n - 4", 4)}
    return _run(read, _joined("r", "{a}", "{b}"))


def _to_sixteen() -> str:
    read = {**_COUNT, "a": _sum(_read("0", 8), _K2), "b": _read("n - 8", 8)}
    steps = (
        ("c", _sum(_product(_rotated("{b}", 37), "{m}"), "{a}")),
        ("d", _product(_sum(_rotated("{a}", 25), "{b}"), "{m}")),
    )
    return _run(read, (*steps, *_joined("r", "{c}", "{d}")))


_ENDS: Final = {**_COUNT, "a0": _read("0", 8), "b": _read("8", 8), "c0": _read("n - 8", 8), "d0": _read("n - 16", 8)}


def _ends(factor: str) -> Steps:
    """As the two longer kinds begin, with the words at both ends."""
    return (
        ("a", _product("{a0}", factor)),
        ("c", _product("{c0}", "{m}")),
        ("d", _product("{d0}", _K2)),
        ("s", _sum("{a}", "{b}")),
        ("t", _sum("{b}", _K2)),
        ("y", _sum(_rotated("{s}", 43), _rotated("{c}", 30), "{d}")),
        ("u", _sum("{a}", _rotated("{t}", 18), "{c}")),
    )


def _to_thirty_two() -> str:
    return _run(_ENDS, (*_ends(_K1), *_joined("r", "{y}", "{u}")))


def _to_sixty_four() -> str:
    read = {**_ENDS, "e0": _read("16", 8), "f": _read("24", 8), "g0": _read("n - 32", 8), "k0": _read("n - 24", 8)}
    steps = (
        *_ends(_K2),
        *_joined("z", "{y}", "{u}"),
        ("e", _product("{e0}", "{m}")),
        ("g", _product(_sum("{y}", "{g0}"), "{m}")),
        ("k", _product(_sum("{z}", "{k0}"), "{m}")),
        ("p", _sum("{e}", "{f}")),
        ("q", _sum("{f}", "{a}")),
        ("v", _sum("{e}", _rotated("{q}", 18), "{g}")),
        ("w", _sum(_rotated("{p}", 43), _rotated("{g}", 30), "{k}")),
    )
    return _run(read, (*steps, *_joined("r", "{w}", "{v}")))


def _fingerprint(args: Sequence[str]) -> str:
    hashed = (
        f"CASE WHEN h IS NULL THEN NULL WHEN n > 64 THEN {_DOUBT} WHEN n > 32 THEN {_to_sixty_four()} "
        f"WHEN n > 16 THEN {_to_thirty_two()} WHEN n > 7 THEN {_to_sixteen()} WHEN n > 3 THEN {_to_seven()} "
        f"WHEN n > 0 THEN {_short()} ELSE {_K2} END"
    )
    signed = f"CAST(CASE WHEN r >= {2**63} THEN CAST(r AS HUGEINT) - {_WORD} ELSE CAST(r AS HUGEINT) END AS BIGINT)"
    body = f"list_transform([{hashed}], lambda r: {signed})[1]"
    return f"list_transform([hex({args[0]})], lambda h: {_counted(body)})[1]"


def _counted(sql: str) -> str:
    return f"list_transform([length(h) // 2], lambda n: {sql})[1]"


def _of_text(args: Sequence[str]) -> str:
    return _fingerprint([f"encode({args[0]})"])


FINGERPRINTS: Final[Functions] = {
    "FARM_FINGERPRINT": (Overload("STRING -> INT64", _of_text), Overload("BYTES -> INT64", _fingerprint)),
}
