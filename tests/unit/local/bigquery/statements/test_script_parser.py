"""Scripts: their statements, and what is refused before anything runs."""

from __future__ import annotations

import pytest

from replicator.local.bigquery.errors import BigQueryError
from replicator.local.bigquery.statements import script as s
from replicator.local.bigquery.statements.script_parser import parse_script


def test_statements_are_cut_at_their_semicolons_only() -> None:
    """Each statement's source is its own text, wherever semicolons stand in literals and comments."""
    statements = parse_script("SELECT ';' /* ; */;\nDELETE FROM t WHERE TRUE -- ;\n;;SELECT 2")
    assert [each.source.text for each in statements] == ["SELECT ';'", "DELETE FROM t WHERE TRUE", "SELECT 2"]


def test_control_statements_nest() -> None:
    """IF, loops, blocks and handlers hold statements of their own, labels and ends included."""
    (outer,) = parse_script(
        """IF EXISTS (SELECT 1) THEN
             around: LOOP
               BEGIN SELECT 1; EXCEPTION WHEN ERROR THEN SELECT @@error.message; END;
               WHILE TRUE DO BREAK around; END WHILE;
               FOR r IN (SELECT 1 AS x) DO CONTINUE; END FOR;
               REPEAT SET x = 1; UNTIL CASE WHEN x = 1 THEN TRUE END END REPEAT;
               CASE x WHEN 1 THEN RETURN; ELSE RAISE USING MESSAGE = 'no'; END CASE;
             END LOOP around;
           ELSEIF x THEN SELECT 2; ELSE SELECT 3; END IF"""
    )
    assert isinstance(outer, s.If)
    assert len(outer.branches) == 2
    (loop,) = outer.branches[0][1]
    assert isinstance(loop, s.Loop)
    assert [type(each) for each in loop.body] == [s.Block, s.Loop, s.ForIn, s.Loop, s.Case]
    assert isinstance(loop.body[0], s.Block)
    assert loop.body[0].handler is not None


def test_declarations_name_types_and_defaults() -> None:
    """Several names share one type and one default; the type's brackets belong to it."""
    first, second, third = parse_script(
        """DECLARE a, b INT64 DEFAULT (SELECT 1); DECLARE c ARRAY<STRUCT<x INT64, y ARRAY<STRING>>>;
        DECLARE d DEFAULT 'x';"""
    )
    assert isinstance(first, s.Declare)
    assert isinstance(second, s.Declare)
    assert isinstance(third, s.Declare)
    assert (first.names, first.default and first.default.text) == (("a", "b"), "(SELECT 1)")
    assert second.type is not None
    assert second.type.text == "ARRAY<STRUCT<x INT64, y ARRAY<STRING>>>"
    assert third.type is None


def test_execute_immediate_has_its_three_parts() -> None:
    """The statement's text is any expression; INTO and USING are told apart from it."""
    (statement,) = parse_script("EXECUTE IMMEDIATE FORMAT('%s', x) INTO a, b USING 1 AS one, f(2, 3)")
    assert isinstance(statement, s.ExecuteImmediate)
    assert statement.sql.text == "FORMAT('%s', x)"
    assert statement.into == ("a", "b")
    assert [(value.text, alias) for value, alias in statement.using] == [("1", "one"), ("f(2, 3)", None)]


def test_begin_is_a_transaction_or_a_block() -> None:
    """What follows BEGIN decides."""
    kinds = [
        type(each)
        for each in parse_script("BEGIN TRANSACTION; COMMIT; BEGIN; ROLLBACK TRANSACTION; BEGIN SELECT 1; END")
    ]
    assert kinds == [s.BeginTransaction, s.CommitTransaction, s.BeginTransaction, s.RollbackTransaction, s.Block]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "SELECT 1; DECLARE x INT64",
            r"Variable declarations are allowed only at the start of a block or script at \[1:11\]",
        ),
        ("BREAK", r"BREAK is only allowed inside of a loop body at \[1:1\]"),
        ("LOOP BREAK elsewhere; END LOOP", r"known label: elsewhere at \[1:6\]"),
        ("IF TRUE THEN SELECT 1", r"Expected keyword END but got end of script at \[1:22\]"),
        ("IF TRUE THEN SELECT 1 END IF", "Expected"),
        ("a: LOOP BREAK; END LOOP b", "Mismatched end label"),
        ("SELECT (1", r'Expected "\)" but got end of script'),
        ("1 + 1", r'Expected a statement but got number "1" at \[1:1\]'),
        ("", "Unexpected end of script"),
        ("CALL p()", "CALL is not modelled"),
        ("CREATE OR REPLACE PROCEDURE d.p() BEGIN SELECT 1; END", "CREATE PROCEDURE is not modelled"),
    ],
)
def test_what_is_no_script_is_refused(text: str, message: str) -> None:
    """Nothing runs of a script that cannot be read; the message names the place."""
    with pytest.raises(BigQueryError, match=message):
        parse_script(text)
