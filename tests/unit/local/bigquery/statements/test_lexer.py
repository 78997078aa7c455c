"""Tokens, their offsets, and what a cursor makes of them."""

from __future__ import annotations

import pytest

from replicator.local.bigquery.errors import BigQueryError
from replicator.local.bigquery.statements.cursor import Cursor, Source
from replicator.local.bigquery.statements.lexer import Kind, tokenize


@pytest.mark.parametrize(
    "text",
    ["'a;b'", '"a\\";b"', "'''a\n;'b'''", "r'\\'", 'rb"""a;"b"""', "b'x'", "R'\\d;'"],
)
def test_a_literal_is_one_token_whatever_is_in_it(text: str) -> None:
    """No semicolon, quote or line end inside a literal ends a statement."""
    if text == "r'\\'":
        text = "r'\\''"
    tokens = tokenize(text + ";")
    assert [(token.kind, token.text) for token in tokens[:2]] == [(Kind.TEXT, text), (Kind.SYMBOL, ";")]


def test_comments_and_white_space_are_left_out() -> None:
    """All three kinds of comments may stand anywhere, semicolons in them included."""
    tokens = tokenize("SELECT -- ;\n 1 # ;\n /* ; \n */ + 2")
    assert [token.text for token in tokens] == ["SELECT", "1", "+", "2", ""]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("SELECT 'a", r"Syntax error: Unclosed string literal at \[1:8\]"),
        ("SELECT\n  `a", r"Syntax error: Unclosed identifier literal at \[2:3\]"),
        ("/* x", r"Syntax error: Unclosed comment at \[1:1\]"),
        ("SELECT $", r'Syntax error: Illegal input character "\$" at \[1:8\]'),
        ("SELECT '''a'", r"Unclosed triple-quoted string literal at \[1:8\]"),
    ],
)
def test_what_is_no_token_is_refused_with_its_place(text: str, message: str) -> None:
    """The message names the fact and the position, both counted from 1."""
    with pytest.raises(BigQueryError, match=message):
        tokenize(text)


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("a.b.c", ("a", "b", "c")),
        ("`a-b.c.d`", ("a-b", "c", "d")),
        ("my-project.ds.events_2026-01", ("my-project", "ds", "events_2026-01")),
        ("`p`.`d`.t", ("p", "d", "t")),
        ("ds.20260101", ("ds", "20260101")),
        ("proj-1a.ds.t", ("proj-1a", "ds", "t")),
    ],
)
def test_a_path_may_be_quoted_whole_or_in_parts_and_hold_dashes(text: str, path: tuple[str, ...]) -> None:
    """Table paths are read as GoogleSQL reads them (lexical: path expressions)."""
    cursor = Cursor(text + " AS x")
    assert cursor.path() == path
    assert cursor.at("AS", "X")


def test_an_expression_ends_at_a_keyword_outside_brackets_and_case() -> None:
    """``until`` sees through parentheses, brackets, typed constructors and CASE … END."""
    cursor = Cursor("CASE WHEN a THEN STRUCT<x INT64, y ARRAY<STRING>>(1, [f(',')]) END, b THEN")
    assert cursor.until(",").text.endswith("END")
    cursor.expect(",")
    assert cursor.until("THEN").text == "b"


def test_a_piece_keeps_the_scripts_positions() -> None:
    """Blanking out what stood before lets any parser tell the script's own line and column."""
    script = "SELECT 1;\n  SELECT x"
    piece = Source(script, 12, 20)
    assert piece.placed == "\n  SELECT x"
    cursor = Cursor.over(piece)
    cursor.expect("SELECT")
    with pytest.raises(BigQueryError, match=r"at \[2:10\]"):
        cursor.expect("FROM")
