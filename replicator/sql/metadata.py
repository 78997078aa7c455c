"""Metadata of a source's datasets where nobody may ask the whole region: the same views, put together by dataset.

A region-qualified INFORMATION_SCHEMA view takes rights on the project, one that is qualified with a dataset takes them
on the dataset (information-schema-table-storage, required permissions), and datasets.list shows the datasets on which
the caller has them (listing-datasets). TABLE_STORAGE has no such form; ``__TABLES__`` says the same of a dataset.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

from replicator.sql.placeholders import KEY, PROJECT, STAGING, VIEWS
from replicator.sql.quoting import quote_name, quote_string, quoted

DATASETS: Final = 200
"""Datasets of a source that are asked one by one: each costs 10 MB a question, and a query may name 1,000 tables."""

SEEN: Final = "seen_"
"""What the names of the run's own views begin with, in the staging dataset; a dataset copy leaves views behind."""

DENIED: Final = "permission.*INFORMATION_SCHEMA"
"""A regular expression found in what the service says where a metadata view is denied."""

_SCHEMATA: Final = "SCHEMATA"
"""The view that a dataset has no part of: whether there is one is its whole answer."""

_ONE: Final[Mapping[str, str]] = {
    _SCHEMATA: "? AS schema_name",
    # Its time also moves when only the description of a table changes: a unit is then brought once too often.
    "TABLE_STORAGE": (
        "dataset_id AS table_schema, table_id AS table_name, FALSE AS deleted, "
        "IF(type = 1, 'BASE TABLE', '') AS table_type, row_count AS total_rows, size_bytes AS total_logical_bytes, "
        "TIMESTAMP_MILLIS(last_modified_time) AS storage_last_modified_time FROM ?.__TABLES__"
    ),
    # A view of one name has its columns in one order.
    **{view: f"* FROM ?.INFORMATION_SCHEMA.{view}" for view in ("COLUMNS", "COLUMN_FIELD_PATHS", "TABLES")},
}
"""What each view of ``region_view`` selects of one dataset; ``?`` is its path, in ``SCHEMATA`` its name as text."""


def see_datasets() -> str:
    """Statements that make the run's own views over ``datasets`` in ``@run``; none where the region may be asked."""
    bodies = ",\n  ".join(f"('{view}', {quote_string(body)})" for view, body in _ONE.items())
    create = quote_string(f"CREATE OR REPLACE VIEW {quote_name(STAGING)}.{SEEN}{KEY}_")
    path = quoted(f"CONCAT({quote_string(f'{PROJECT}.')}, d)")
    return f"""\
FOR v IN (
  SELECT name, STRING_AGG(
    CONCAT('SELECT ', REPLACE(body, '?', IF(name = '{_SCHEMATA}', FORMAT('%T', d), {path}))), ' UNION ALL ') AS text
  FROM UNNEST(ARRAY<STRUCT<name STRING, body STRING>>[{bodies}]),
    (SELECT DISTINCT d FROM UNNEST(JSON_VALUE_ARRAY(@run, '$.datasets')) AS d)
  GROUP BY name
) DO
  EXECUTE IMMEDIATE CONCAT({create}, v.name, ' AS ', v.text);
END FOR;
"""


def over_datasets(statement: str, datasets: Sequence[str]) -> str:
    """``statement`` with each ``region_view`` put together from these datasets, where no view can be made for it."""

    def of(view: str, dataset: str) -> str:
        return _ONE[view].replace("?", quote_string(dataset) if view == _SCHEMATA else quote_name(PROJECT, dataset))

    def union(found: re.Match[str]) -> str:
        return f"({' UNION ALL '.join(f'SELECT {of(found[1], name)}' for name in datasets)})"

    return re.sub(rf"{re.escape(VIEWS)}(\w+)", union, statement)
