"""Paths of ``columns`` that a dataset lacks, evaluated by GoogleSQL over literal metadata."""

from __future__ import annotations

from typing import Final

import pytest

from replicator.sql.placeholders import region_view
from replicator.sql.refusals import refuse_missing_paths
from tests.unit.sql.literals import answer, cut, rows

QUERY: Final = cut(refuse_missing_paths(), "WITH rules AS", "\n);\nIF missing")
SOURCE: Final = {"pattern": r"^t_\d{8}$", "drop": ["user.Mail"], "hash": ["phone"], "rename": [["note", "remark"]]}
OLD: Final = ("note", "phone", "user", "user.name")
NEW: Final = (*OLD, "user.mail")


def missing(due: list[tuple[str, str]], tables: dict[tuple[str, str], tuple[str, ...]]) -> str | None:
    """What is told, where these tables are due and these are there with these fields."""
    found = rows({"dataset": "STRING", "origin": "STRING"}, *due)
    views = {
        region_view("TABLES"): rows({"table_schema": "STRING", "table_name": "STRING"}, *tables),
        region_view("COLUMN_FIELD_PATHS"): rows(
            {"table_schema": "STRING", "table_name": "STRING", "field_path": "STRING"},
            *((*table, path) for table, paths in tables.items() for path in paths),
        ),
    }
    ((told,),) = answer(QUERY.replace("FROM due", f"FROM {found} AS due"), tables=views, source=SOURCE)
    return None if told is None else str(told)


@pytest.mark.parametrize(
    ("due", "newest", "told"),
    [
        ([("a", "t_20260101")], NEW, None),
        ([("a", "t_20260101")], OLD, "user.mail in a"),
        ([("a", "t_20260101"), ("b", "t_20260102")], OLD, "user.mail in a"),
        ([("a", "t_20260101"), ("a", "t_20260102")], NEW, None),
    ],
)
def test_an_old_shard_may_lack_what_came_later(
    due: list[tuple[str, str]], newest: tuple[str, ...], told: str | None
) -> None:
    """And a field that is gone from a dataset's newest shard is told, whatever another dataset has."""
    tables = {
        ("a", "t_20260101"): OLD,
        ("a", "t_20260102"): newest,
        ("a", "t_others"): NEW,
        ("b", "t_20260102"): NEW,
    }

    assert missing(due, tables) == told
