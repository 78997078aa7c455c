"""FARM_FINGERPRINT, whose way of computing depends on how long a text is."""

from __future__ import annotations

from random import Random

from tests import googlesql
from tests.googlesql_engine import run

_LONGEST = 200


def test_texts_and_bytes_of_every_length_have_googlesqls_fingerprint() -> None:
    """Each of the ways, and some rounds of the last, with bytes that are no letters too."""
    random = Random("fingerprints")
    drawn = [random.randbytes(length) for length in (*range(_LONGEST + 1), 1_000)]
    texts = ["".join(f"\\x{byte:02x}" for byte in each) for each in drawn]
    values = ", ".join(f"b'{text}'" for text in texts)
    called = "SELECT FARM_FINGERPRINT(h), FARM_FINGERPRINT(TO_HEX(LEFT(h, 32)))"
    sql = f"{called} FROM UNNEST([{values}]) AS h WITH OFFSET AS n ORDER BY n"

    assert run(sql) == googlesql.evaluate(sql)
