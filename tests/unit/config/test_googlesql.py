"""SQL in a pipeline file stays where it is put."""

from __future__ import annotations

import pytest
from pydantic_core import PydanticCustomError

from replicator.config.googlesql import condition, query, windowed_query


@pytest.mark.parametrize(
    "written",
    [
        "platform = 'WEB'",
        "name = 'it\\'s; (fine' AND note != \"-- no comment\"",
        "x IN (1, 2) AND y[OFFSET(0)] > 3",
        'a = \'\'\'it\'s \n ; ( \'\'\' AND b = """say "so" # """',
        "REGEXP_CONTAINS(path, r'^/a\\.b(\\d+)\\'$')",
        "`odd ; column` IS NULL /* ( */",
        "x = 1 -- one\nAND y = '' AND z = \"\"",
        "mail = 'a@example.com' AND q = '?'",
    ],
)
def test_a_condition_is_taken_as_it_is(written: str) -> None:
    """Quotes and comments may hold anything."""
    assert condition(written) == written


@pytest.mark.parametrize(
    ("written", "fact"),
    [
        ("WHERE x = 1", "begins with WHERE"),
        ("x = 1; DROP TABLE t", "';' would end the statement"),
        ("x = 1) OR (y = 2", "')' at character 6 closes nothing"),
        ("(x = 1", "'(' is never closed"),
        ("x IN (1, 2]", "']' at character 11 closes nothing"),
        ("x = 'WEB", "what ' begins at character 5 is never closed"),
        ("x = 'WEB\\'", "what ' begins at character 5 is never closed"),
        ("x = 1 /* why", "what /* begins at character 7 is never closed"),
        ("x = 1 -- why", "ends in a comment"),
        ("x = 1 # why", "ends in a comment"),
        ("x = @run", "'@run' is a parameter"),
        ("x = @@error.message", "'@@error' is a parameter"),
        ("x = ?", "'?' is a parameter"),
    ],
)
def test_a_condition_cannot_leave_its_place(written: str, fact: str) -> None:
    """What would end, swallow or reach beyond the parentheses it stands in is refused."""
    with pytest.raises(PydanticCustomError) as refused:
        condition(written)

    assert fact in str(refused.value)


def test_a_query_reads_and_knows_only_its_window() -> None:
    """One SELECT, no other parameters; where it has to be bounded, both bounds are used."""
    bounded = "WITH c AS (SELECT 1) SELECT * FROM s.t WHERE at >= @window_start AND at < @window_end"

    assert windowed_query(bounded) == bounded
    for written in (
        "SELECT 1",
        "(SELECT 1) UNION ALL (SELECT 2)",
        "WITH RECURSIVE a AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM a), `b` AS (SELECT (2)) SELECT n FROM a -- 1\n",
        "WITH a AS (SELECT 1) (SELECT * FROM a)",
    ):
        assert query(written) == written
    for read, written, fact in (
        (query, "DELETE FROM s.t WHERE TRUE", "begins with neither SELECT nor WITH"),
        (query, "SELECT 1; SELECT 2", "';' would end the statement"),
        (query, "BEGIN SELECT 1; END", "begins with neither SELECT nor WITH"),
        (query, "DECLARE x INT64 DEFAULT 1", "begins with neither SELECT nor WITH"),
        (query, "MERGE s.t USING s.u ON FALSE WHEN NOT MATCHED THEN INSERT ROW", "begins with neither"),
        (query, "WITH c AS (SELECT ')') DELETE FROM s.t WHERE TRUE", "ends in a statement that is no SELECT"),
        (
            query,
            "with `c d` as (select 1), e as ((select 2))\nINSERT INTO s.t SELECT 1",
            "ends in a statement that is no",
        ),
        (query, "SELECT @source", "'@source' is no parameter"),
        (windowed_query, "SELECT * FROM s.t WHERE at >= @window_start", "does not use @window_end"),
    ):
        with pytest.raises(PydanticCustomError, match=fact):
            read(written)
