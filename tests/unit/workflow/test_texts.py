"""Statements on fewer lines."""

from __future__ import annotations

import pytest

from replicator.workflow.texts import Sql, dense


def test_lines_are_joined_up_to_the_width() -> None:
    """Every token stays with the same neighbours."""
    sql = Sql("SELECT\n  a,\n  b\nFROM t\nWHERE a = 'x y'\n")

    assert dense(sql, 17) == "SELECT a, b\nFROM t\nWHERE a = 'x y'\n"
    assert dense(sql, 100) == "SELECT a, b FROM t WHERE a = 'x y'\n"


def test_each_statement_begins_a_line() -> None:
    """Where it stood, so that blocks can be told; empty lines go."""
    sql = Sql("IF a THEN\n  SET b = 1,\n    c = 2;\n\n  SET d = 3;\nEND IF;\n")

    assert dense(sql, 100) == "IF a THEN SET b = 1, c = 2;\n  SET d = 3;\nEND IF;\n"


@pytest.mark.parametrize(
    "text", ["SELECT 1 -- one\n  + 2", "SELECT 1 # one\n  + 2", 'SELECT """a\n  b"""', "SELECT /* a\n  b */ 1"]
)
def test_a_line_that_may_go_on_is_left_as_it_is(text: str) -> None:
    """The end of a comment is its line's end, and white space in a text is the text's."""
    assert dense(Sql(text), 100) == text


def test_marks_within_texts_and_names_begin_nothing() -> None:
    """Quotes, escapes and comment signs in a text or a name are part of it."""
    sql = Sql("SELECT '--',\n  \"#\",\n  'it\\'s',\n  `a'b`\nFROM t")

    assert dense(sql, 100) == "SELECT '--', \"#\", 'it\\'s', `a'b` FROM t"
