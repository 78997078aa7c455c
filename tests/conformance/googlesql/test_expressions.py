"""Random expressions over the functions that are answered: GoogleSQL's value, or refused by both."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Final

import pytest

from tests.conftest import COUNTED
from tests.googlesql_comparison import CLOSE, Comparison, compare, refused_by_both, theirs
from tests.googlesql_expressions import DEEPEST, Expression, expression

_ENOUGH = 1_000
_README: Final = Path(__file__).parents[3] / "README.md"
_UNANSWERED: Final = {
    "beyond ASCII": "letters beyond ASCII in `EDIT_DISTANCE`, `NORMALIZE` and `INITCAP`",
    "beyond 32 bits": "numbers beyond 32 bits in `DATE` and in parts of BYTES",
    "CHR(0) ": "`CHR(0)`",
    "of such values": "statistical aggregates of values that are not finite, or beyond 10^±75",
    "so large a NUMERIC": "quotients of two NUMERIC beyond 10^20, and products beyond 10^19",
    "the JSON number": "NUMERIC values in JSON that a FLOAT64 prints otherwise",
    "what stands for bytes that are no UTF-8": "bytes that are no UTF-8 in texts",
    "of such BYTES": "bytes that are no UTF-8 in texts",
    "so early or late a TIMESTAMP": "parts, in a time zone, of the first and last days that there are",
    "of empty matches": "empty matches of patterns with assertions, and by their number",
    "that is not well-formed JSON": "objects and arrays that are no well-formed JSON",
}
"""What is said of values that no page settles or DuckDB cannot compute, and the README's words for them."""


def test_a_random_expression_has_googlesqls_value_or_is_refused_by_both(
    request: pytest.FixtureRequest, record_property: Callable[[str, object], None]
) -> None:
    """Never another value or type; what has a value there has it here, but for single values that the README names.

    An expression that fails there fails here, or is computed without the part that fails.
    """
    count = request.config.getoption("--expressions", default=_ENOUGH)
    met: Counter[str] = Counter()
    wrong: list[str] = []
    for seed in range(count):
        made = expression(Random(seed), depth=1 + seed % DEEPEST)
        found = compared(made)
        if found.outcome == "refused" and any(words in found.told for words in _UNANSWERED):
            met["unanswered"] += 1
            continue
        met[found.outcome] += 1
        if found.outcome not in ("equal", "both fail", "not evaluated"):
            wrong.append(f"{seed}: {found.outcome}: SELECT {made.text}\n    {found.told}")
    record_property(COUNTED[1], dict(met))

    assert not wrong, f"{dict(met)}\n" + "\n".join(wrong[:20])
    assert met["equal"] > count / 2
    assert met["unanswered"] <= max(5, count / 500)


def test_the_readme_names_the_values_that_are_refused() -> None:
    """Whoever meets one of them finds it in the section on SQL."""
    text = " ".join(_README.read_text("utf-8").split())

    assert [words for words in _UNANSWERED.values() if words not in text] == []


def compared(made: Expression) -> Comparison:
    """How the engine does."""
    sql = f"SELECT {made.text}"
    met = refused_by_both(sql, compare(sql, 0.0 if made.exact else CLOSE))
    if not met.failing:
        return met
    part = _failing(made)
    # In which order what is computed is no promise; but what fails by itself has to.
    if part is made or compared(part).outcome == "wrong":
        return Comparison("wrong", f"{met.told}, by SELECT {part.text}")
    return Comparison("not evaluated", met.told)


def _failing(made: Expression) -> Expression:
    """The innermost part that GoogleSQL fails on."""
    for part in made.parts:
        if isinstance(theirs(f"SELECT {part.text}"), str):
            return _failing(part)
    return made
