"""Pipelines as text and as plans, for tests of what is made of them."""

from __future__ import annotations

from pathlib import Path

from replicator.config.pipeline import Pipeline
from replicator.config.reading import parse_pipeline
from replicator.plan.build import build_plan
from replicator.plan.plan import Plan

FILE = Path("configs/orders.yaml")

HEAD = """\
version: 1
pipeline: {pipeline}
target:
  table: {target}
  location: EU
  partition: {{column: order_day, by: {by}}}
  source_column: shop
state: {{dataset: {state}}}
sources:
"""
SOURCE = """\
  - name: {name}
    project: {project}
    location: {location}
    datasets: "shop_*"
    tables: {{shards: "orders_", suffix: "%Y%m%d"}}
"""


def source(
    name: str = "japan", *, project: str = "", location: str = "asia-northeast1", more: tuple[str, ...] = ()
) -> str:
    """A source's lines; ``more`` are further ones."""
    text = SOURCE.format(name=name, project=project or f"acme-{name.replace('_', '-')}", location=location)
    return text + "".join(f"    {line}\n" for line in more)


def pipeline(
    *sources: str,
    name: str = "orders",
    target: str = "acme-analytics.sales.orders",
    state: str = "acme-analytics.replicator",
    by: str = "day",
    more: str = "",
) -> Pipeline:
    """A pipeline with these sources, or the one that ``source`` writes; ``more`` stands at the file's end."""
    head = HEAD.format(pipeline=name, target=target, state=state, by=by)
    return parse_pipeline(head + "".join(sources or (source(),)) + more, FILE)


def plan(
    *sources: str,
    name: str = "orders",
    target: str = "acme-analytics.sales.orders",
    state: str = "acme-analytics.replicator",
    by: str = "day",
    more: str = "",
) -> Plan:
    """The plan of that pipeline."""
    return build_plan(pipeline(*sources, name=name, target=target, state=state, by=by, more=more))
