"""Pipeline files as text, for tests."""

from __future__ import annotations

from pathlib import Path

from replicator.config.pipeline import Pipeline
from replicator.config.reading import parse_pipeline

FILE = Path("configs/orders.yaml")

ORDERS = """\
version: 1
pipeline: orders
target:
  table: acme-analytics.sales.orders
  location: EU
  partition: {column: order_day, by: day}
  source_column: shop
state: {dataset: acme-analytics.replicator}
sources:
  - name: japan
    project: acme-jp
    location: asia-northeast1
    datasets: "shop_*"
    tables: {shards: "orders_", suffix: "%Y%m%d"}
"""


def pipeline(more: str = "", *, without: str = "") -> Pipeline:
    """The shortest pipeline, with ``more`` at its end (indented by four: in its source), less one line."""
    assert without in ORDERS
    return parse_pipeline(ORDERS.replace(without, "", 1) + more, FILE)
