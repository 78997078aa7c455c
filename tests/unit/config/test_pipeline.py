"""A pipeline file becomes values: long and short forms alike, defaults filled in, places kept."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from replicator.config.drift import Align, Drift, Policy, Transport
from replicator.config.incremental import Always, By, ByColumn, ByQuery, LastModified
from replicator.config.merge import Append, ReplacePartitions, ReplaceTable, Upsert
from replicator.config.reading import build_pipeline, parse_pipeline
from replicator.config.tables import LocalTable, Partitioned, Query, Shards, WholeTable
from replicator.config.target import Granularity
from replicator.errors import ConfigError, Place, Problem
from replicator.names import DatasetRef, TableRef
from replicator.source.reader import parse
from tests.unit.config.pipelines import FILE, ORDERS, pipeline

CHANGED = "SELECT * FROM s.t WHERE at >= @window_start AND at < @window_end"

CONTRACT = """\
version: 1
pipeline: ga4_events
target:
  table: acme-analytics.marketing.ga4_events
  location: EU
  partition: {column: event_day, by: day}
  source_column: property
state: {dataset: acme-analytics.replicator}
lease: 20 minutes
sources:
  - name: japan
    project: acme-jp
    location: asia-northeast1
    datasets: "analytics_*"
    tables: {shards: "events_", suffix: "%Y%m%d"}
    columns: {exclude: [user_id, geo.city], hash: [user_pseudo_id], rename: {}}
    where: "platform = 'WEB'"
    staging: {project: acme-replication}
    labels: {cost_center: jp}
    max_bytes_billed: 200 GB
  - name: brazil
    id: acme-br.sales
    project: acme-br
    location: southamerica-east1
    tables: {partitioned: "sales.orders"}
incremental: last_modified
merge: replace_partitions
drift: report
align: wildcard
transport: dataset_copy
schedule: {cron: "15 5 * * *", time_zone: Europe/Paris}
deploy: {project: acme-analytics, region: europe-west1, service_account: replicator@acme.iam.gserviceaccount.com}
"""


def test_the_documented_example_is_read_as_it_says() -> None:
    """Every key of the documented file is kept: files written today stay valid."""
    read = parse_pipeline(CONTRACT, FILE)
    japan, brazil = read.sources

    assert (read.name, read.lease) == ("ga4_events", timedelta(minutes=20))
    assert read.target.table == TableRef("acme-analytics", "marketing", "ga4_events")
    assert (read.target.location, read.target.source_column) == ("EU", "property")
    assert (read.target.partition.column, read.target.partition.by) == ("event_day", Granularity.DAY)
    assert read.state.dataset == DatasetRef("acme-analytics", "replicator")
    assert (japan.name, japan.project, japan.location) == ("japan", "acme-jp", "asia-northeast1")
    assert (japan.datasets.include, japan.datasets.exclude) == (("analytics_*",), ())
    assert isinstance(japan.tables, Shards)
    assert (japan.tables.prefix, japan.tables.granularity) == ("events_", Granularity.DAY)
    assert (japan.columns.exclude, japan.columns.hash) == (("user_id", "geo.city"), ("user_pseudo_id",))
    assert (japan.where, japan.labels) == ("platform = 'WEB'", {"cost_center": "jp"})
    assert (japan.staging.project, japan.max_bytes_billed) == ("acme-replication", 200 * 10**9)
    assert (brazil.id, brazil.staging.project) == ("acme-br.sales", "acme-br")
    assert isinstance(brazil.tables, Partitioned)
    assert brazil.tables.table == LocalTable("sales", "orders")
    assert brazil.datasets.include == ("sales",)
    assert read.schedule is not None
    assert (read.schedule.cron, read.schedule.time_zone) == ("15 5 * * *", "Europe/Paris")
    assert read.deploy is not None
    assert (read.deploy.project, read.deploy.region) == ("acme-analytics", "europe-west1")


def test_what_is_not_said_is_what_the_documented_example_says() -> None:
    """The example's last lines may all be left out."""
    short = pipeline()

    assert short.incremental == LastModified()
    assert short.merge == ReplacePartitions()
    assert short.drift == Drift(policy=Policy.REPORT)
    assert (short.align, short.transport) == (Align.WILDCARD, Transport.DATASET_COPY)
    assert (short.lease, short.schedule, short.deploy) == (timedelta(minutes=15), None, None)
    assert short.sources[0].staging.project == "acme-jp"


@pytest.mark.parametrize(
    ("short", "long"),
    [
        ("incremental: last_modified", "incremental: {by: last_modified, lookback: 0 days}"),
        ("incremental: always", "incremental: {by: always}"),
        ("merge: replace_partitions", "merge: {replace_partitions: {}}"),
        ("merge: append", "merge: {append: {}}"),
        ("drift: evolve", "drift: {policy: evolve, paths: {}}"),
        ("lease: 15 minutes", "lease: 900 seconds"),
    ],
)
def test_short_and_long_forms_are_one_value(short: str, long: str) -> None:
    """Nothing behind the reader ever asks which of the two was written."""
    assert _same(short, long)


def _same(short: str, long: str) -> bool:
    key = short.partition(":")[0]
    return bool(getattr(pipeline(f"{short}\n"), key) == getattr(pipeline(f"{long}\n"), key))


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("{by: last_modified, lookback: 4 days}", LastModified.model_validate({"lookback": "4 days"})),
        ("{by: column, column: updated_at}", ByColumn(by=By.COLUMN, column="updated_at")),
        (f"{{by: query, sql: {CHANGED}}}", ByQuery(by=By.QUERY, sql=CHANGED)),
        ("always", Always()),
    ],
)
def test_each_way_to_find_what_is_due_has_its_type(written: str, value: object) -> None:
    """The planner asks for the type and not for words."""
    assert pipeline(f"incremental: {written}\n").incremental == value


@pytest.mark.parametrize(
    ("written", "kind"),
    [
        ("{upsert: {keys: [id], newest_by: changed}}", Upsert),
        ("{append: {}}", Append),
        ("replace_table", ReplaceTable),
    ],
)
def test_each_way_to_merge_has_its_type(written: str, kind: type) -> None:
    """The planner asks for the type and not for words."""
    assert type(pipeline(f"merge: {written}\n").merge) is kind


def test_each_kind_of_tables_has_its_type() -> None:
    """A source reads shards, a partitioned table, a whole table or a query."""
    more = """\
  - {name: a, project: acme-br, location: US, tables: {table: sales.customers}}
  - {name: b, id: b, project: acme-br, location: us, tables: {query: SELECT 1}}
"""
    _, whole, query = pipeline(more).sources

    assert isinstance(whole.tables, WholeTable)
    assert isinstance(query.tables, Query)
    assert (query.location, query.datasets.include) == ("US", ())


def test_a_number_is_text_where_text_is_wanted() -> None:
    """``on`` stays ``on`` and a date stays a date: a label's value is what was written."""
    assert pipeline("    labels: {a: on, b: 2026-01-01, c: 1_000}\n").sources[0].labels == {
        "a": "on",
        "b": "2026-01-01",
        "c": "1_000",
    }


def test_later_errors_find_the_place_of_a_value() -> None:
    """Whoever refuses a value later says where it is written."""
    read = pipeline("    where: x = 1\nmerge: append\n")

    assert read.place(("sources", 0, "where")) == Place(FILE, 15, 12)
    assert read.place(("merge",)) == Place(FILE, 16, 8)
    assert read.place(("sources", 0, "datasets", "include", 0)) == Place(FILE, 13, 15)
    assert read.place(("lease",)) == Place(FILE, 1, 1)
    assert str(read.problem(("merge",), "is refused", "use another")) == (
        f"{FILE}:16:8: merge: is refused; use another"
    )


def test_a_pipeline_cannot_be_changed() -> None:
    """What was checked is what is planned."""
    with pytest.raises(ValidationError):
        pipeline().lease = timedelta(0)


def test_shards_match_whole_names_only() -> None:
    """``events_intraday_20260101`` is no shard of ``events_``."""
    tables = pipeline().sources[0].tables

    assert isinstance(tables, Shards)
    assert tables.pattern == r"^orders_\d{8}$"


def refusals(text: str) -> tuple[Problem, ...]:
    """What is wrong with ``text``; nothing where it is a pipeline."""
    try:
        parse_pipeline(text, FILE)
    except ConfigError as error:
        return error.problems
    return ()


lines = ORDERS.splitlines()
wrong = st.sampled_from(["", "null", "[]", "{}", "x", "[x, {y: z}]", "{shards: x}", "0", "{by: [day]}"])


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.integers(0, len(lines) - 1), max_size=3),
    st.lists(st.tuples(st.integers(0, len(lines) - 1), wrong), max_size=4),
    st.lists(st.tuples(st.sampled_from(["columns", "staging", "where", "id", "landing"]), wrong), max_size=2),
)
def test_any_mistake_is_an_error_with_a_place(
    dropped: list[int], replaced: list[tuple[int, str]], more: list[tuple[str, str]]
) -> None:
    """Whatever is left out or put in: a pipeline, or problems that each have a place in the file. Nothing else."""
    text = list(lines)
    for index, value in replaced:
        key, colon, _ = text[index].partition(":")
        text[index] = f"{key}{colon} {value}"
    kept = [line for index, line in enumerate(text) if index not in dropped]
    kept += [f"    {key}: {value}" for key, value in dict(more).items()]
    problems = refusals("\n".join(kept) + "\n")

    assert all(1 <= problem.place.line <= len(kept) + 1 for problem in problems)
    assert all(problem.fact and problem.remedy for problem in problems)


def test_a_document_that_is_no_map_is_refused() -> None:
    """A list of pipelines is no pipeline."""
    with pytest.raises(ConfigError, match=r"x.yaml:1:1: is no map; write keys and values"):
        build_pipeline(parse("- a\n", Path("x.yaml")))
