"""Every statement that reaches the server is GoogleSQL to Google's own analyzer, against the tables as they were."""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any, Final

import pytest

from replicator.cli.exports import Exports
from replicator.config.project import load_project
from replicator.demo.data import Day, first_day, second_day
from replicator.demo.pipeline import CONFIGS, PIPELINE, TARGET, TARGET_LOCATION
from replicator.forecast.due import due
from replicator.gcp.query import Query
from replicator.ledger.history import History
from replicator.local.bigquery.statements import script
from replicator.local.bigquery.statements.cursor import Source
from replicator.local.bigquery.statements.script_parser import parse_script
from replicator.local.bigquery.types import Type
from replicator.plan.build import build_plan
from replicator.runtime.errors import WorkflowFailed
from replicator.schema.fields import Field
from replicator.sql.placeholders import VIEWS
from tests.captured import Captured, captured
from tests.conformance.server.clients import Control
from tests.e2e.clouds import Cloud, cloud, pipeline_of, record, settle
from tests.googlesql import RefusedError, Table

pytestmark = pytest.mark.slow

_BROKEN: Final = """\
version: 1
pipeline: broken
target:
  table: acme-analytics.marketing.broken
  location: EU
  partition: {column: event_day, by: month}
  source_column: property
state: {dataset: acme-analytics.memory}
sources:
  - name: atlantis
    project: acme-jp
    location: asia-northeast1
    datasets: broken
    tables: {shards: "t_", suffix: "%Y%m%d"}
    columns: {exclude: [spare]}
    where: "10 / n > 0"
"""
"""A row that the condition cannot be computed for fails its shard, until the shard is written again."""
_NUMBERS: Final = (Field("n", "INTEGER"), Field("name", "STRING"), Field("spare", "STRING"))
_PLACE: Final = (record("place", Field("x", "INTEGER")),)
_WITHOUT_TABLES: Final = ("Access Denied: ", "Not found: ", "Cannot read missing field")
_PLACEHOLDER: Final = re.compile(r"\\\{[a-z]+\\\}")
_KINDS: Final = frozenset(
    {
        "SELECT", "INSERT", "UPDATE", "DELETE", "CREATE_TABLE", "CREATE_TABLE_AS_SELECT", "CREATE_SCHEMA", "DROP_TABLE",
        "EXPRESSION", "FAILED",
    }
)  # fmt: skip


@pytest.fixture(scope="module")
def statements(tmp_path_factory: pytest.TempPathFactory) -> list[Captured]:
    """What a server was sent by the demo, by runs with a shard that breaks and drifts, by status and plan."""
    directory = tmp_path_factory.mktemp("captured")
    with cloud(directory / "cloud") as local:
        _replicate_the_demo(local)
        _replicate_a_broken_shard(local, directory)
        return captured(local.running.endpoints.http)


def _replicate_the_demo(local: Cloud) -> None:
    exports = Exports(local.endpoints)
    exports.write(Day("", {TARGET.parent: TARGET_LOCATION}, ()))
    pipeline = load_project(CONFIGS, environment=None).pipeline(PIPELINE)
    for day in (first_day(), second_day(), Day("nothing has changed", {}, ())):
        exports.write(day)
        local.run(pipeline)


def _replicate_a_broken_shard(local: Cloud, directory: Path) -> None:
    pipeline = pipeline_of(directory, _BROKEN)
    plan = build_plan(pipeline)
    [source] = plan.sources
    query = Query(local.clients)

    def load(table: str, *numbers: int, more: tuple[Field, ...] = (), location: str = "asia-northeast1") -> None:
        rows = [{"n": number, "name": "x"} for number in numbers]
        local.load(table, (*_NUMBERS, *more), rows, location)

    # The ledger never expires, whatever its dataset says of its tables.
    options = "OPTIONS (location = 'EU', default_table_expiration_days = 1)"
    local.rows(f"CREATE SCHEMA `{plan.state}` {options}", "EU")
    local.dataset("acme-jp.broken", "asia-northeast1")
    load("acme-jp.broken.t_20261101", 1, 2, more=_PLACE)
    load("acme-jp.broken.t_20261102", 0, more=(Field("odd", "STRING"),))
    assert len(due(query, source)) == 2
    with pytest.raises(WorkflowFailed, match="division by zero"):
        local.run(pipeline)
    # A shard that lacks a record, which a wildcard may refuse to read as NULL.
    settle(local, wildcards_fill_nested_fields=False)
    load("acme-jp.broken.t_20261102", 3)
    load("acme-jp.broken.t_20261103", 4, more=(Field("new", "BOOLEAN"),))
    # What a run that died has left.
    dead = f"buffer_{plan.key}_000000_0001"
    load(f"{source.staging}.{dead}", 1)
    load(f"{source.landing}.{dead}", 1, location="EU")
    assert len(due(query, source)) == 2
    assert local.run(pipeline)["state"] == "done"
    settle(local, wildcards_fill_nested_fields=True)
    window = {"from": "2026-11-01", "to": "2026-12-01"}
    assert local.run(pipeline, {"rebuild_receipts": True, "window": window})["state"] == "quiet"
    Control(local.running.endpoints).post("/rights", {"project": "acme-jp"})
    assert local.run(pipeline, {"again": True})["state"] == "done"
    ledger = History(query, plan.state, plan.location, plan.target, plan.pipeline)
    assert [run.state for run in ledger.runs(3)] == ["done", "quiet", "done"]
    assert {field.path for field in ledger.drift()} == {"new", "place"}
    assert (len(ledger.freshness()), ledger.fence(plan.fence).epoch) == (1, 4)


def test_every_statement_is_analyzed_without_error(
    statements: list[Captured], capsys: pytest.CaptureFixture[str]
) -> None:
    """Inner ones, dynamic texts, scripts that a query wrote, expressions of SET and IF: all, without an exception.

    A statement whose tables were not found, were denied, or were no wildcard, has none to be analyzed against; the same
    text has them in another run.
    """
    there = [statement for statement in statements if not statement.error.startswith(_WITHOUT_TABLES)]
    refused = []
    for statement in there:
        try:
            statement.check()
        except RefusedError as error:
            refused.append(f"{error}\n{statement.text}")
    kinds = Counter(statement.kind for statement in there)
    shapes = len({statement.shape for statement in there})

    with capsys.disabled():
        sys.stdout.write(f"\n{len(there)} statements of {shapes} shapes analyzed: {dict(kinds.most_common())}\n")
    assert not refused, "\n\n".join(refused)
    assert kinds.keys() >= _KINDS
    assert _alike(statements) == _alike(there)


def test_what_failed_was_not_there_was_denied_or_failed_while_it_ran(statements: list[Captured]) -> None:
    """GoogleSQL accepts a statement that divides by zero in one row, and a wildcard; no other mistake has been made."""
    reasons = Counter(statement.error.partition(":")[0] for statement in statements if statement.error)

    expected = {"Not found", "Access Denied", "division by zero", "Cannot read missing field as NULLABLE Field"}
    assert reasons.keys() == expected


def test_every_template_is_among_what_was_captured(statements: list[Captured], tmp_path: Path) -> None:
    """Each statement and expression of the plan; the words of refusals are analyzed behind their conditions instead."""
    demo = build_plan(load_project(CONFIGS, environment=None).pipeline(PIPELINE)).statements
    broken = build_plan(pipeline_of(tmp_path, _BROKEN)).statements
    unseen: list[str] = []
    for name in (field.name for field in fields(demo) if getattr(demo, field.name) is not None):
        before: Captured | None = None
        tables: dict[str, Table] = {}
        scripts = (_leaves(parse_script(getattr(given, name))) for given in (demo, broken))
        for texts in zip(*scripts, strict=True):
            [(text, is_message), _] = texts
            patterns = [_pattern(each) for each, _ in texts]
            seen = next(
                (one for one in statements if any(each.fullmatch(_on_one_line(one.text)) for each in patterns)), None
            )
            if seen is not None:
                before = seen
                tables.update((table.name, table) for table in seen.tables)
            elif is_message and before is not None:
                replace(before, text=text, wanted=None, tables=tuple(tables.values())).check()
            else:
                unseen.append(f"{name}: {text}")

    assert not unseen, "\n\n".join(unseen)


def test_a_mistake_in_a_captured_statement_is_refused(statements: list[Captured]) -> None:
    """The analysis above can fail: a misspelt column, types that do not compare, a field that a record lacks."""

    def first(beginning: str, *, within: str = "") -> Captured:
        return next(one for one in statements if one.text.startswith(beginning) and within in one.text)

    commit = first(f"INSERT INTO `{TARGET}`")
    fence = first("UPDATE `acme-analytics.replicator.fence_")
    fill = first("CREATE OR REPLACE TABLE", within="replicator_row.`geo`.`")
    condition = next(one for one in statements if one.kind == "EXPRESSION" and "wrong" in one.variables)

    for spoilt, words in (
        (
            commit.saying("replicator_row.replicator_unit", "replicator_row.replicator_units"),
            "replicator_units not found",
        ),
        (fence.saying("holder = ", "epoch = "), "No matching signature for operator = "),
        (fill.saying("replicator_row.`geo`.`", "replicator_row.`geo`.`no_"), "does not exist in STRUCT"),
        (replace(condition, text="wrong", wanted=Type("INT64")), "cannot be coerced to target type INT64"),
        (replace(condition, text="@@row_count = '1'"), "No matching signature for operator ="),
    ):
        with pytest.raises(RefusedError, match=re.escape(words)):
            spoilt.check()


def _alike(statements: list[Captured]) -> set[str]:
    """The texts but for numbers, which differ from run to run."""
    return {re.sub(r"\d+", "0", statement.text) for statement in statements}


def _leaves(node: Any, *, is_message: bool = False) -> Iterator[tuple[str, bool]]:
    """The statements and expressions of a script one by one, as the server captures them; and which are of RAISE."""
    match node:
        case tuple() | list():
            for one in node:
                yield from _leaves(one, is_message=is_message)
        case Source():
            yield node.text, is_message
        case script.Sql():
            yield node.source.text, False
        case script.Declare():
            yield from _leaves(node.default)
        case _ if is_dataclass(node):
            parts = [getattr(node, field.name) for field in fields(node) if field.name != "source"]
            yield from _leaves(parts, is_message=isinstance(node, script.Raise))


def _pattern(text: str) -> re.Pattern[str]:
    """What a template's text looks like on one line, with names put in its braces."""
    views = re.escape(VIEWS)
    return re.compile(_PLACEHOLDER.sub(r"[^`\"']*", re.escape(_on_one_line(text)).replace(views, r"[^\"'\s]*")))


def _on_one_line(text: str) -> str:
    """Where a document was too large by its usual layout, lines of its statements are joined."""
    return " ".join(text.split())
