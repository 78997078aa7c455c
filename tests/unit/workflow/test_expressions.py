"""Expressions print themselves as Workflows reads them."""

from __future__ import annotations

import pytest

from replicator.workflow.expressions import (
    Binary,
    ExpressionTooLongError,
    Not,
    Operand,
    Var,
    both,
    call,
    default,
    either,
    eq,
    get,
    join,
    ne,
)

A, B, C = Var("a"), Var("b"), Var("c")


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        (A["name"]["deep"], "a.name.deep"),
        (A["with space"], 'a["with space"]'),
        (A[0]["f"], "a[0].f"),
        (A[B], "a[b]"),
        (Binary("-", A, Binary("-", B, C)), "a - (b - c)"),
        (Binary("-", Binary("-", A, B), C), "a - b - c"),
        (Binary("*", Binary("+", A, B), 2), "(a + b) * 2"),
        (Binary("+", Binary("*", A, B), 2), "a * b + 2"),
        (both(eq(A, 1), either(eq(B, 2), eq(C, 3))), "a == 1 and (b == 2 or c == 3)"),
        (either(both(A, B), C), "a and b or c"),
        (Not(both(A, B)), "not (a and b)"),
        (eq(get(A, "x", "y"), None), 'map.get(a, ["x", "y"]) == null'),
        (default(get(A, "x"), 0), 'default(map.get(a, "x"), 0)'),
        (join('say "', A, '"\n'), '"say \\"" + a + "\\"\\n"'),
        (ne(call("len", A), 0), "len(a) != 0"),
        (Binary("==", A, right=True), "a == true"),
    ],
)
def test_an_expression_prints_itself(expression: Operand, text: str) -> None:
    """Parentheses stand where the text would be read otherwise without them, and nowhere else."""
    assert not isinstance(expression, str | int | float | bool | None)
    assert expression.text() == text
    assert expression.render() == f"${{{text}}}"


def test_an_expression_that_is_too_long_is_found_when_it_is_rendered() -> None:
    """The service takes 400 characters; ours are counted before anything is deployed."""
    # Each part is 12 characters, " + " joins them, "${" and "}" stand around.
    assert len(join(A, *["x" * 10] * 26).render()) == 2 + 1 + 26 * 15 + 1 <= 400
    with pytest.raises(ExpressionTooLongError, match="400 are allowed"):
        join(A, *["x" * 10] * 27).render()
