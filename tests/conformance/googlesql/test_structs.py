"""Random structs that meet: coerced by position as GoogleSQL coerces them, or refused where it refuses."""

from __future__ import annotations

from random import Random

import pytest

from replicator.local.bigquery.errors import BigQueryError
from replicator.local.bigquery.googlesql.analysis import analyze_query
from tests import googlesql
from tests.googlesql_comparison import alike
from tests.googlesql_engine import context, rows_of
from tests.googlesql_structs import loose, record, related, value

_EXAMPLES = 60
_BOTH = "FROM UNNEST([{one}]) AS v, UNNEST([{other}]) AS w"
FORMS = {
    "UNION ALL": "SELECT v FROM UNNEST([{one}]) AS v UNION ALL SELECT w FROM UNNEST([{other}]) AS w",
    "UNION ALL within a WITH": "WITH t AS (SELECT v FROM UNNEST([{one}]) AS v UNION ALL SELECT w "
    "FROM UNNEST([{other}]) AS w) SELECT FORMAT('%t', v IS NULL), v FROM t",
    "IF": f"SELECT IF(1 > 2, v, w) {_BOTH}",
    "COALESCE": f"SELECT COALESCE(IF(FALSE, v, NULL), w) {_BOTH}",
    "IFNULL of a literal": "SELECT IFNULL(v, {loose}) FROM UNNEST([{one}]) AS v",
    "CASE": f"SELECT CASE WHEN FALSE THEN v WHEN TRUE THEN w END {_BOTH}",
    "an array": f"SELECT [v, w] {_BOTH}",
    "an array of literals": "SELECT [{loose}, {other_loose}]",
    "ARRAY_CONCAT": f"SELECT ARRAY_CONCAT([v], [w]) {_BOTH}",
    "UNION ALL of literals": "SELECT {loose} UNION ALL SELECT {other_loose}",
    "UNION ALL of arrays": "SELECT [v] FROM UNNEST([{one}]) AS v UNION ALL SELECT [w] FROM UNNEST([{other}]) AS w",
    "CAST": "SELECT CAST(v AS {kind}) FROM UNNEST([{one}]) AS v",
}


@pytest.mark.parametrize("form", FORMS)
def test_structs_that_meet_are_coerced_by_position_or_refused(form: str) -> None:
    """The type is GoogleSQL's, every leaf has its value, and what GoogleSQL refuses is refused."""
    accepted = refused = 0
    for seed in range(_EXAMPLES):
        random = Random(seed)
        kind = record(random)
        other = related(random, kind)
        sql = FORMS[form].format(
            one=value(random, kind), other=value(random, other), kind=other,
            loose=loose(random, other), other_loose=loose(random, kind),
        )  # fmt: skip
        try:
            kinds, expected = googlesql.answer(sql)
        except googlesql.RefusedError:
            with pytest.raises(BigQueryError):
                rows_of(analyze_query(sql, context()))
            continue
        accepted += 1
        try:
            analyzed = analyze_query(sql, context())
        except BigQueryError as refusal:
            assert "not modelled" in refusal.message, f"{seed}: {sql}"  # noqa: PT017 - a refusal is one of two ways
            refused += 1
            continue
        assert [str(one) for _, one in analyzed.columns] == [str(one) for one in kinds], f"{seed}: {sql}"
        assert alike(expected, rows_of(analyzed)), f"{seed}: {sql}"

    assert accepted > _EXAMPLES / 4
    assert refused < _EXAMPLES / 4
    assert not refused or "loose" in FORMS[form]


def test_an_assignment_takes_structs_by_position_or_refuses() -> None:
    """INSERT … SELECT, as GoogleSQL analyzes it; the value is that of a CAST, which goes by position too."""
    accepted = 0
    for seed in range(_EXAMPLES):
        random = Random(seed)
        kind = record(random)
        column = related(random, kind)
        query = f"SELECT v FROM UNNEST([{value(random, kind)}]) AS v"
        table = googlesql.Table("t", (("s", column),))
        try:
            googlesql.analyze(f"INSERT INTO t (s) {query}", tables=[table])
        except googlesql.RefusedError:
            with pytest.raises(BigQueryError):
                analyze_query(query, context(), coerced_to=[column])
            continue
        accepted += 1
        expected = googlesql.evaluate(query.replace("SELECT v", f"SELECT CAST(v AS {column})"))
        assert alike(expected, rows_of(analyze_query(query, context(), coerced_to=[column]))), f"{seed}: {query}"

    assert accepted > _EXAMPLES / 4
