"""Schemas that differ from the target's: told, let in, or kept out, source by source."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final, TypeGuard

import pytest

from replicator.cli.main import answer
from replicator.runtime.environment import StepEvent
from replicator.runtime.errors import WorkflowFailed
from replicator.schema.fields import Field
from tests.e2e.clouds import cloud, head, pipeline_of, record, repeated, settle
from tests.e2e.units import TARGET, Bench

pytestmark = pytest.mark.slow

SHARDS: Final = '{shards: "t_", suffix: "%Y%m%d"}'
ITEM: Final = repeated("items", Field("id", "STRING"), repeated("params", Field("key", "STRING")))
WIDER: Final = repeated(
    "items", repeated("params", Field("key", "STRING"), Field("coupon", "STRING")), Field("id", "STRING")
)
FULL: Final = [{"params": [{"key": "l", "coupon": "c"}], "id": "b"}]


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """One local cloud for all pipelines."""
    directory = tmp_path_factory.mktemp("drift")
    with cloud(directory / "cloud") as local:
        yield Bench(local, directory)


def _drift(bench: Bench, name: str) -> set[tuple[Any, ...]]:
    return {
        (row["path"], row["kind"], row["dataset"])
        for row in bench.cloud.rows(
            f"SELECT path, kind, dataset FROM `acme-analytics.memory.drift` WHERE target = '{TARGET}.{name}'", "EU"
        )
    }


def test_what_may_not_pass_keeps_its_source_out_and_is_named(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    """fail: with dataset, path and type; the ledger and the verbs tell it; what is ignored passes without a word."""
    pipeline = bench.pipeline(
        "strict", tables=SHARDS, more="datasets: strict", keys="drift: {policy: fail, ignore: [noise]}"
    )
    bench.load("strict.t_20261101", [Field("a", "STRING")], [{"a": "x"}])
    bench.cloud.run(pipeline)
    bench.load("strict.t_20261102", [Field("a", "STRING"), Field("noise", "STRING")], [{"a": "y", "noise": "z"}])
    assert bench.cloud.run(pipeline)["state"] == "done"
    bench.load("strict.t_20261103", [record("a", Field("x", "STRING")), Field("odd", "DATE")], [{"odd": None}])

    with pytest.raises(WorkflowFailed, match=r"strict: a is STRUCT<x STRING>, in the target STRING; "
                       r"strict: odd is DATE, in the target missing"):  # fmt: skip
        bench.cloud.run(pipeline)

    assert _drift(bench, "strict") == {("a", "kind changed", "strict"), ("odd", "added", "strict")}
    assert [row["a"] for row in bench.target("strict")] == ["x", "y"]
    lines = _said(bench, capsys, "plan", "strict")
    assert "japan: a kind changed: fails its source; odd added: fails its source" in lines
    assert "drift: fail; ignore noise" in lines
    assert any(
        line.startswith("japan odd added DATE fails its source") for line in _said(bench, capsys, "status", "strict")
    )
    told = json.loads("\n".join(_said(bench, capsys, "drift", "--json")))
    assert [(one["pipeline"], one["dataset"], one["path"], one["next_run"]) for one in told] == [
        ("strict", "strict", "a", "fails its source"), ("strict", "strict", "odd", "fails its source")
    ]  # fmt: skip
    assert "a: exclude a in the source's columns, or make the target anew with the other type" in _said(
        bench, capsys, "drift"
    )


def _said(bench: Bench, capsys: pytest.CaptureFixture[str], *arguments: str) -> list[str]:
    """What a verb says of the pipeline ``strict``, its blanks made one."""
    configs = str(bench.directory / "strict" / "configs")
    capsys.readouterr()
    assert answer(["--configs", configs, "--cloud", str(bench.cloud.endpoints.http), *arguments]) == 0
    return [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]


def test_a_target_is_changed_by_hand_for_one_pipeline_at_a_time(capsys: pytest.CaptureFixture[str]) -> None:
    """--apply without a name would change every target there is."""
    assert answer(["drift", "--apply"]) == 2

    assert "name the pipeline" in capsys.readouterr().err


def test_what_a_wildcard_refuses_is_projected_in_the_same_run(bench: Bench) -> None:
    """No page says that nested fields which a table lacks read as NULL; if they do not, the rows are the same."""
    pipeline = bench.pipeline("refused", tables=SHARDS, more="datasets: refused*")
    events: list[StepEvent] = []
    settle(bench.cloud, wildcards_fill_nested_fields=False)
    try:
        bench.load("refused.t_20261101", [ITEM], [{"items": [{"id": "a", "params": [{"key": "k"}]}]}])
        bench.load("refused.t_20261102", [Field("n", "INTEGER"), WIDER], [{"n": 1, "items": FULL}])
        assert bench.cloud.run(pipeline, on_step=events.append)["state"] == "done"
    finally:
        settle(bench.cloud, wildcards_fill_nested_fields=True)

    assert [(row["n"], row["items"]) for row in bench.target("refused")] == [
        (None, [{"id": "a", "params": [{"coupon": None, "key": "k"}]}]),
        (1, [{"id": "b", "params": [{"coupon": "c", "key": "l"}]}]),
    ]
    [refusal] = [event.data["refusal"] for event in events if _is_drift(event.data)]
    assert "Cannot read missing field as NULLABLE Field: items.params.coupon" in refusal


def _is_drift(data: Any) -> TypeGuard[dict[str, Any]]:
    return isinstance(data, dict) and data.get("event") == "drift"


def test_tables_with_a_key_of_their_own_are_projected(bench: Bench) -> None:
    """A wildcard reads none, and those of a source in the target's location are read where they were staged."""
    pipeline = pipeline_of(
        bench.directory / "sealed",
        head("sealed")
        + f"""\
sources:
  - name: home
    project: acme-eu
    location: EU
    datasets: "sealed*"
    tables: {SHARDS}
    staging: {{kms_key: projects/acme-keys/locations/europe/keyRings/r/cryptoKeys/k}}
""",
    )
    for dataset, fields, items in (("sealed_1", ITEM, [{"id": "a", "params": []}]), ("sealed_2", WIDER, FULL)):
        bench.dataset(f"acme-eu.{dataset}", "EU")
        bench.cloud.load(f"acme-eu.{dataset}.t_20261101", [fields], [{"items": items}], "EU")

    assert bench.cloud.run(pipeline)["state"] == "done"

    assert [row["items"] for row in bench.target("sealed")] == [
        [{"id": "a", "params": []}],
        [{"id": "b", "params": [{"coupon": "c", "key": "l"}]}],
    ]
