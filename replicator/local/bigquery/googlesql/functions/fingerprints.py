"""FARM_FINGERPRINT: the Fingerprint64 of FarmHash, in DuckDB's SQL.

Up to 64 bytes are hashed in one go; of more than that all but the last 64 go into a state first, 64 at a time.
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
_STATE: Final = ("v1", "v2", "w1", "w2", "x", "y", "z")
"""The words that long texts go through, in the order of their names."""


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
    """What the last step comes to: one list that grows, since DuckDB takes its time for lambdas in one another."""
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


def _weak(one: str, other: str, words: Sequence[str], seeds: tuple[str, str]) -> Steps:
    """32 bytes with two seeds, as two words."""
    first, second, third, fourth = words
    return (
        (f"{one}a", _sum(seeds[0], first)),
        (f"{one}s", _sum(seeds[1], f"{{{one}a}}", fourth)),
        (f"{one}b", _rotated(f"{{{one}s}}", 21)),
        (f"{one}c", _sum(f"{{{one}a}}", second, third)),
        (one, _sum(f"{{{one}c}}", fourth)),
        (other, _sum(f"{{{one}b}}", _rotated(f"{{{one}c}}", 44), f"{{{one}a}}")),
    )


def _round(start: str, factor: str, weight: str) -> Steps:
    """How 64 bytes change the state, of which x and z change places in the end.

    Args:
        start: Where they begin.
        factor: What words are multiplied by.
        weight: How much of the state is added to what it becomes.
    """
    return (
        *((f"r{word}", _read(f"({start}) + {8 * word}", 8)) for word in range(8)),
        ("xs", _sum("{x}", "{y}", "{v1}", "{r1}")),
        ("xr", _product(_rotated("{xs}", 37), factor)),
        ("ys", _sum("{y}", "{v2}", "{r6}")),
        ("yr", _product(_rotated("{ys}", 42), factor)),
        ("xx", f"xor({{xr}}, {_product('{w2}', weight)})"),
        ("yy", _sum("{yr}", _product("{v1}", weight), "{r5}")),
        ("zs", _sum("{z}", "{w1}")),
        ("zz", _product(_rotated("{zs}", 33), factor)),
        ("vs", _product("{v2}", factor)),
        ("vt", _sum("{xx}", "{w1}")),
        ("ws", _sum("{zz}", "{w2}")),
        ("wt", _sum("{yy}", "{r2}")),
        *_weak("a", "b", ("{r0}", "{r1}", "{r2}", "{r3}"), ("{vs}", "{vt}")),
        *_weak("c", "d", ("{r4}", "{r5}", "{r6}", "{r7}"), ("{ws}", "{wt}")),
        *((word, f"{{{made}}}") for word, made in zip(_STATE, ("a", "b", "c", "d", "zz", "yy", "xx"), strict=True)),
    )


def _placed(steps: Steps) -> list[str]:
    """The SQL of each step, what it is made of being counted from the end of all that was computed before."""
    known = list(_STATE)
    made: list[str] = []
    for name, sql in steps:
        places = {each: f"s[-{len(known) - place}]" for place, each in enumerate(known)}
        made.append(sql.format(**places))
        known.append(name)
    return made


def _long() -> str:
    """More than 64 bytes: all but the last 64, or what is left of them, and then the last 64."""
    k1, k2, seed = 0xB492B66FBE98F273, 0x9AE16A3B2F90404F, 81
    y = (seed * k1 + 113) % _WORD
    z = (y * k2 + 113) % _WORD
    z = (z ^ z >> 47) * k2 % _WORD
    begun = ("0", "0", "0", "0", _sum(str(seed * k2 % _WORD), _read("0", 8)), f"{y}::UBIGINT", f"{z}::UBIGINT")
    looped = _placed(_round("64 * CAST(i[1] AS BIGINT)", _K1, "1"))
    ended = _placed(
        (
            ("w1", _sum("{w1}", "(n - 1) % 64")),
            ("v1", _sum("{v1}", "{w1}")),
            ("w1", _sum("{w1}", "{v1}")),
            ("m", _sum(_K1, "2 * ({z} & 255::UBIGINT)")),
            *_round("n - 64", "{m}", "9"),
            *_joined("h", "{v1}", "{w1}"),
            *_joined("k", "{v2}", "{w2}"),
            ("p", _sum("{h}", _product(_mixed("{y}"), _K0), "{z}")),
            ("q", _sum("{k}", "{x}")),
            *_joined("r", "{p}", "{q}"),
        )
    )
    cases = " ".join(f"WHEN {number} THEN {sql}" for number, sql in enumerate([*looped, *ended]))
    count = len(looped)
    blocks = f"list_transform(range((n - 1) // 64 * {count}), lambda k: [k // {count}, k % {count}])"
    last = ", ".join(f"[0, {count + number}]" for number in range(len(ended)))
    rows = f"list_concat([[{', '.join(begun)}]], CAST({blocks} AS UBIGINT[][]), CAST([{last}] AS UBIGINT[][]))"
    # No step looks further back than all steps of the end.
    kept = f"s[-{len(ended) + len(_STATE)}:]"
    return f"list_reduce({rows}, lambda s, i: list_append({kept}, CASE i[2] {cases} END))[-1]"


def _fingerprint(args: Sequence[str]) -> str:
    hashed = (
        f"CASE WHEN h IS NULL THEN NULL WHEN n > 64 THEN {_long()} WHEN n > 32 THEN {_to_sixty_four()} "
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
