"""Functions over the columns of a table, through Google's own client, against GoogleSQL's own answers."""

from __future__ import annotations

from typing import Final

from google.cloud import bigquery

from tests import googlesql
from tests.googlesql_comparison import alike

VALUES: Final = "STRUCT(b'ab\\xff' AS b, 'aéb' AS d, 'éa日' AS e, 1.5 AS f, JSON '{\"a\": {\"b\": [{\"c\": 1}]}}' AS j)"
"""Columns that are called like the parameters of the lambdas by which functions are computed."""

CALLS: Final = (
    "SHA512(d)", "REGEXP_INSTR(d, 'b')", "REGEXP_EXTRACT_ALL(b, b'.')", "b LIKE b'a%'", "NORMALIZE(e, NFD)",
    "EDIT_DISTANCE(d, e)", "GENERATE_ARRAY(f, 3, 0.5)", "RANGE_BUCKET(f, [1.0, 2.0])", "EUCLIDEAN_DISTANCE([f], [2.0])",
    "JSON_KEYS(j)", "SAFE_CONVERT_BYTES_TO_STRING(b)", "CAST(b AS STRING FORMAT 'HEX')",
    "(SELECT STRING_AGG(x, '-' ORDER BY x DESC) FROM UNNEST([d, e]) AS x)",
    "ARRAY(SELECT y * f FROM UNNEST([1, 2]) AS y)",
)  # fmt: skip


def test_functions_of_columns_answer_as_of_literals(client: bigquery.Client, dataset: str) -> None:
    """Whatever a column is called."""
    made = f"CREATE TABLE `{dataset}.t` AS SELECT * FROM UNNEST([{VALUES}])"
    shown = ", ".join(CALLS)

    [row] = client.query(f"{made}; SELECT {shown} FROM `{dataset}.t`").result(timeout=20)

    [expected] = googlesql.answer(f"SELECT {shown} FROM UNNEST([{VALUES}])")[1]
    assert alike(expected, row.values())
