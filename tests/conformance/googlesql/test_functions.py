"""Every function and operator of GoogleSQL over edge values: GoogleSQL's value, or a refusal."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Final, TypeAlias

import pytest

from tests.googlesql_comparison import CLOSE, compare
from tests.googlesql_functions import Function, calls, functions
from tests.googlesql_signatures import INEXACT, VOLATILE
from tests.googlesql_table import function_table

CALLS: Final = 8
_README: Final = Path(__file__).parents[3] / "README.md"
_BEGIN: Final = "<!-- functions of the local cloud -->\n"
_END: Final = "<!-- end of functions of the local cloud -->\n"


Met: TypeAlias = dict[str, list[tuple[str, str]]]
"""By function, what each call came to and what was met."""


@pytest.fixture(scope="module")
def met(request: pytest.FixtureRequest) -> Met:
    """All calls of all functions; a wrong one with its text."""
    count = request.config.getoption("--calls", default=CALLS)
    return {function.name: _met(function, count) for function in functions()}


def _met(function: Function, count: int) -> list[tuple[str, str]]:
    if function.name in VOLATILE:
        return [("equal", "by tests of its own")]
    close = CLOSE if function.name in INEXACT else 0.0
    found: list[tuple[str, str]] = []
    for sql in calls(function, Random(function.name), count):
        one = compare(sql, close)
        found.append((one.outcome, f"{sql}\n    {one.told}" if one.outcome == "wrong" else one.told))
    return found


def test_every_function_has_googlesqls_value_or_is_refused(met: Met) -> None:
    """For each signature that GoogleSQL knows, over edge values, there is never another value or type.

    A call that fails there fails here, and one that fails here fails there or is refused as not modelled, and never in
    GoogleSQL's own words. FLOAT64
    values are equal to the bit; those of transcendental and statistical functions may differ by one part in 10^15, for
    their last digit is no two libraries' the same.
    """
    wrong = [told for each in met.values() for outcome, told in each if outcome == "wrong"]

    assert not wrong, "\n".join(wrong[:40])


def test_the_readme_says_of_every_function_whether_it_is_right(met: Met, request: pytest.FixtureRequest) -> None:
    """A function that is modelled, or refused from now on, is in the README's table in the same change."""
    if request.config.getoption("--calls", default=CALLS) != CALLS:
        pytest.skip("the table is that of the usual number of calls")
    before, begin, rest = _README.read_text("utf-8").partition(_BEGIN)
    written, end, after = rest.partition(_END)
    assert begin, f"README.md has lost its line {_BEGIN!r}"
    assert end, f"README.md has lost its line {_END!r}"
    table = f"\n{function_table(met)}\n\n"
    if request.config.getoption("--update-golden"):
        _README.write_text(before + begin + table + end + after, encoding="utf-8")
        written = table

    assert written == table, f"the README is out of date; renew it with pytest {Path(__file__).name} --update-golden"
