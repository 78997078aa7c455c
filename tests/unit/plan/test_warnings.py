"""What costs more than it seems to is told at its place."""

from __future__ import annotations

from typing import Final

from replicator.plan.warnings import warnings
from tests.unit.plan.pipelines import pipeline

WINDOW: Final = "SELECT * FROM a.t WHERE c >= @window_start AND c < @window_end"
WHOLE: Final = """\
  - name: whole
    project: acme-fr
    location: EU
    tables: {table: shop.orders}
"""


def test_an_upsert_that_reads_the_whole_target_is_told() -> None:
    """With what would prune; with the partition column among the keys there is nothing to tell."""
    (told,) = warnings(pipeline(more="merge: {upsert: {keys: [id]}}"))

    assert (told.field, told.place.line) == ("merge", 15)
    assert "reads all of acme-analytics.sales.orders in every commit" in told.fact
    assert told.remedy == "add 'order_day' to the keys if a row keeps its order_day"
    assert warnings(pipeline(more="merge: {upsert: {keys: [id, ORDER_DAY]}}")) == ()
    assert warnings(pipeline()) == ()


def test_an_upsert_that_mirrors_deletions_reads_the_whole_target_whatever_its_keys() -> None:
    """A row that has gone may lie in any partition."""
    (told,) = warnings(pipeline(WHOLE, more="merge: {upsert: {keys: [id, order_day], mirror_deletions: true}}"))

    assert told.field == "merge"
    assert "reads all of acme-analytics.sales.orders in every commit, to find the rows that" in told.fact


def test_a_query_that_is_asked_for_each_window_is_told() -> None:
    """A source's own, and the one of incremental; a query without a window is asked once."""
    asked = WHOLE.replace("{table: shop.orders}", f'{{query: "{WINDOW}"}}').replace(
        "    project", "    id: q\n    project"
    )

    (told,) = warnings(pipeline(asked))
    assert told.field == "sources[0].tables.query"
    assert "is asked once for each window" in told.fact
    (told,) = warnings(pipeline(WHOLE, more=f'incremental: {{by: query, sql: "{WINDOW}"}}\nmerge: append'))
    assert told.field == "incremental.sql"
    always = asked.replace(" WHERE c >= @window_start AND c < @window_end", "")
    assert warnings(pipeline(always, more="incremental: always\nmerge: replace_table")) == ()
