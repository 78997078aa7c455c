"""Metadata of a source's datasets where nobody may ask the whole region: the same views, put together by dataset.

A region-qualified INFORMATION_SCHEMA view takes rights on the project, one that is qualified with a dataset takes them
on the dataset (information-schema-table-storage, required permissions), and datasets.list shows the datasets on which
the caller has them (listing-datasets). TABLE_STORAGE has no such form; ``__TABLES__`` says the same of a dataset.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

from replicator.sql.placeholders import DATASET, KEY, PROJECT, STAGING, VIEWS
from replicator.sql.quoting import quote_name, quote_string
from replicator.sql.units import Kind

DATASETS: Final = 200
"""Datasets of a source that are asked one by one: each costs 10 MB a question, and a query may name 1,000 tables."""

SEEN: Final = "seen_"
"""What the names of the run's own views begin with, in the staging dataset; a dataset copy leaves views behind."""

DENIED: Final = "permission.*INFORMATION_SCHEMA"
"""A regular expression found in what the service says where a metadata view is denied."""

_ONE: Final[Mapping[str, str]] = {
    "SCHEMATA": "'?' AS schema_name",
    # Its time also moves when only the description of a table changes: a unit is then brought once too often.
    "TABLE_STORAGE": (
        "dataset_id AS table_schema, table_id AS table_name, FALSE AS deleted, "
        "IF(type = 1, 'BASE TABLE', '') AS table_type, row_count AS total_rows, size_bytes AS total_logical_bytes, "
        f"TIMESTAMP_MILLIS(last_modified_time) AS storage_last_modified_time FROM `{PROJECT}.?`.__TABLES__"
    ),
    # A view of one name has its columns in one order.
    **{view: f"* FROM `{PROJECT}.?`.INFORMATION_SCHEMA.{view}" for view in ("COLUMNS", "COLUMN_FIELD_PATHS", "TABLES")},
}
"""What each view of ``region_view`` selects of one dataset, whose name is ``?``."""


def see_datasets(kinds: tuple[Kind, ...]) -> str:
    """Statements that make the run's own views over those of ``datasets`` in ``@run`` that are the source's.

    Where ``datasets`` is null nothing is made: the region's views may be read.

    Args:
        kinds: The kinds of the pipeline's sources.
    """
    # The columns of a query are those of a view in the staging dataset.
    query = f" OR CONCAT('{PROJECT}.', d) = '{STAGING}'" if Kind.QUERY in kinds else ""
    bodies = ",\n  ".join(f"('{view}', {quote_string(body)})" for view, body in _ONE.items())
    create = quote_string(f"CREATE OR REPLACE VIEW {quote_name(STAGING)}.{SEEN}{KEY}_")
    return f"""\
FOR v IN (
  SELECT name, (
    SELECT AS STRUCT COUNT(*) AS n, STRING_AGG(CONCAT('SELECT ', REPLACE(body, '?', d)), ' UNION ALL ') AS text
    FROM UNNEST(JSON_VALUE_ARRAY(@run, '$.datasets')) AS d
    WHERE d = '{DATASET}'{query} OR EXISTS (
      SELECT 1 FROM UNNEST(JSON_VALUE_ARRAY(@source, '$.include')) AS p WHERE REGEXP_CONTAINS(d, p))) AS seen
  FROM UNNEST(ARRAY<STRUCT<name STRING, body STRING>>[{bodies}])
  WHERE JSON_VALUE_ARRAY(@run, '$.datasets') IS NOT NULL
) DO
  IF v.seen.n NOT BETWEEN 1 AND {DATASETS} THEN
    RAISE USING MESSAGE = FORMAT({quote_string(_REFUSAL)}, v.seen.n, '{PROJECT}');
  END IF;
  EXECUTE IMMEDIATE CONCAT({create}, v.name, ' AS ', v.seen.text);
END FOR;
"""


_REFUSAL: Final = (
    "the account sees %d datasets of the source, and not the metadata of all of project %s; "
    f"grant it bigquery.metadataViewer there, or on 1 to {DATASETS} of the datasets"
)


def refuse_datasets(project: str, number: int) -> str | None:
    """What ``see_datasets`` stops with, where it does."""
    return None if 1 <= number <= DATASETS else _REFUSAL % (number, project)


def over_datasets(statement: str, datasets: Sequence[str]) -> str:
    """``statement`` with each ``region_view`` put together from these datasets, where no view can be made for it."""

    def union(found: re.Match[str]) -> str:
        return f"({' UNION ALL '.join(f'SELECT {_ONE[found[1]]}'.replace('?', name) for name in datasets)})"

    return re.sub(rf"{re.escape(VIEWS)}(\w+)", union, statement)
