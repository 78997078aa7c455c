"""SHA512, which DuckDB has not: FIPS 180-4 in its SQL, one list that is worked on word by word.

https://docs.cloud.google.com/bigquery/docs/reference/standard-sql/hash_functions#sha512
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Final

from replicator.local.bigquery.googlesql.functions.table import Functions, Overload

_WORD: Final = 2**64
_ROUNDS: Final = 80


def _primes(count: int) -> list[int]:
    found: list[int] = []
    number = 2
    while len(found) < count:
        if all(number % prime for prime in found):
            found.append(number)
        number += 1
    return found


def _fraction(number: int, power: int) -> int:
    """The first 64 bits behind the point of a root of ``number``."""
    scaled = number << (64 * power)
    low, high = 0, 1 << (64 + number.bit_length())
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if middle**power <= scaled else (low, middle - 1)
    return low % _WORD


@cache
def _constants(power: int, count: int) -> str:
    return f"[{', '.join(f'{_fraction(prime, power)}::UBIGINT' for prime in _primes(count))}]"


def _sum(*terms: str) -> str:
    total = " + ".join(f"CAST({term} AS UHUGEINT)" for term in terms)
    return f"CAST(({total}) % {_WORD}::UHUGEINT AS UBIGINT)"


def _rotated(word: str, bits: int) -> str:
    """Rotated to the right."""
    low = f"CAST(CAST({word} & {2**bits - 1}::UBIGINT AS UHUGEINT) * {2 ** (64 - bits)}::UHUGEINT AS UBIGINT)"
    return f"(({word} >> {bits}) + {low})"


def _xor(*terms: str) -> str:
    made = terms[0]
    for term in terms[1:]:
        made = f"xor({made}, {term})"
    return made


def _turned(word: str, first: int, second: int, third: int) -> str:
    return _xor(_rotated(word, first), _rotated(word, second), _rotated(word, third))


def _shifted(word: str, first: int, second: int, lost: int) -> str:
    return _xor(_rotated(word, first), _rotated(word, second), f"({word} >> {lost})")


def _schedule(block: str) -> str:
    """The 80 words that 16 become."""
    word = _sum(_shifted("s[-2]", 19, 61, 6), "s[-7]", _shifted("s[-15]", 1, 8, 7), "s[-16]")
    steps = f"list_transform(range({_ROUNDS - 16}), lambda i: CAST([] AS UBIGINT[]))"
    return f"list_reduce(list_concat([{block}], {steps}), lambda s, i: list_append(s, {word}))"


def _compressed(state: str) -> str:
    """The state after the 80 words ``w``."""
    chosen = _xor("(s[5] & s[6])", f"({_xor('s[5]', f'{_WORD - 1}::UBIGINT')} & s[7])")
    most = _xor("(s[1] & s[2])", "(s[1] & s[3])", "(s[2] & s[3])")
    place = "CAST(i[1] AS BIGINT)"
    one = _sum("s[8]", _turned("s[5]", 14, 18, 41), chosen, f"{_constants(3, _ROUNDS)}[{place}]", f"w[{place}]")
    made = f"[{_sum(one, _turned('s[1]', 28, 34, 39), most)}, s[1], s[2], s[3], {_sum('s[4]', one)}, s[5], s[6], s[7]]"
    steps = f"CAST(list_transform(range(1, {_ROUNDS + 1}), lambda i: [i]) AS UBIGINT[][])"
    return f"list_reduce(list_concat([{state}], {steps}), lambda s, i: {made})"


def _sha512(args: Sequence[str]) -> str:
    # A one, zeros up to whole blocks, and in the last 16 bytes how many bits there were.
    padded = "h || '80' || repeat('0', 2 * ((239 - length(h) // 2 % 128) % 128)) || printf('%032X', 4 * length(h))"
    words = "list_transform(regexp_extract_all(p, '.{16}'), lambda x: CAST('0x' || x AS UBIGINT))"
    blocks = f"list_transform(regexp_extract_all({padded}, '.{{256}}'), lambda p: {words})"
    added = ", ".join(_sum(f"b[{place}]", f"c[{place}]") for place in range(1, 9))
    compressed = f"list_transform([{_schedule('k')}], lambda w: {_compressed('b')})[1]"
    through = f"list_transform([{compressed}], lambda c: [{added}])[1]"
    state = f"list_reduce(list_concat([{_constants(2, 8)}], {blocks}), lambda b, k: {through})"
    digest = f"unhex(array_to_string(list_transform({state}, lambda d: printf('%016X', d)), ''))"
    return f"list_transform([hex({args[0]})], lambda h: CASE WHEN h IS NOT NULL THEN {digest} END)[1]"


def _of_text(args: Sequence[str]) -> str:
    return _sha512([f"encode({args[0]})"])


DIGESTS: Final[Functions] = {
    "SHA512": (Overload("STRING -> BYTES", _of_text), Overload("BYTES -> BYTES", _sha512)),
}
