"""What costs more than it seems to is told at its place."""

from __future__ import annotations

from replicator.plan.warnings import warnings
from tests.unit.plan.pipelines import pipeline


def test_an_upsert_that_reads_the_whole_target_is_told() -> None:
    """With what would prune; with the partition column among the keys there is nothing to tell."""
    (told,) = warnings(pipeline(more="merge: {upsert: {keys: [id]}}"))

    assert (told.field, told.place.line) == ("merge", 15)
    assert "reads all of acme-analytics.sales.orders in every commit" in told.fact
    assert told.remedy == "add 'order_day' to the keys if a row keeps its order_day"
    assert warnings(pipeline(more="merge: {upsert: {keys: [id, ORDER_DAY]}}")) == ()
    assert warnings(pipeline()) == ()
