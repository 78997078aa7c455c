"""Published exports of Google Analytics and Firebase, onboarded and run; they lie beside the checkout, or nowhere."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

import pytest

from replicator.cli.main import answer
from replicator.config.project import load_project
from replicator.demo.comparison import compare
from replicator.demo.data import Table
from replicator.demo.oracle import Rule, expected_rows, expected_schema
from replicator.names import DatasetRef
from replicator.schema.fields import Field, Mode, schema_from_api
from tests.e2e.clouds import Cloud, cloud

pytestmark = pytest.mark.slow

_DATA: Final = Path(__file__).parents[3] / "shared" / "data" / "ga"
_JAPAN: Final = "asia-northeast1"
_TARGET: Final = "acme-analytics.marketing"
_DEVICES: Final = frozenset({"device.advertising_id", "device.vendor_id"})
_APP: Final = frozenset({"user_id", "user_pseudo_id"}) | _DEVICES
_VISITORS: Final = frozenset({"visitorId", "fullVisitorId", "userId", "clientId"})


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """A local cloud that the families share."""
    if not _DATA.is_dir():
        pytest.skip(f"no published schemas in {_DATA}")
    with cloud(tmp_path_factory.mktemp("exports") / "cloud") as running:
        running.dataset(_TARGET, "EU")
        yield running


@pytest.mark.parametrize(
    ("files", "prefix", "pipeline", "hashed"),
    [
        ("ga_sessions_v*", "ga_sessions_", "ga360_sessions", _VISITORS),
        ("firebase_public_events_v*", "events_", "firebase_events", _APP),
        ("ga4_obfuscated_sample_events_v*", "events_", "ga4_events", _APP),
        ("ga4_events_intraday_*", "events_intraday_", "ga4_events", _APP),
    ],
)
def test_every_published_family_arrives_as_it_is(
    local: Cloud, tmp_path: Path, capsys: pytest.CaptureFixture[str],
    files: str, prefix: str, pipeline: str, hashed: frozenset[str],
) -> None:  # fmt: skip
    """One shard for each version of its schema; what is hashed are the persons and devices, and nothing else."""
    dataset = DatasetRef("acme-jp", f"analytics_{len(files)}")
    tables = [
        _table(dataset, f"{prefix}{date(2026, 1, 1) + timedelta(days=number):%Y%m%d}", schema)
        for number, schema in enumerate(sorted((_DATA / "schemas").glob(f"{files}.json")))
    ]
    assert tables
    local.dataset(str(dataset), _JAPAN)
    for table in tables:
        local.load(str(table.ref), table.fields, table.rows, _JAPAN)
    shared = ["--configs", str(tmp_path), "--cloud", str(local.endpoints.http)]
    target = f"{_TARGET}.{dataset.dataset}"

    onboarded = answer([*shared, "onboard", str(dataset), "--target", target])
    ran = answer([*shared, "run", pipeline])

    assert (onboarded, ran) == (0, 0), capsys.readouterr().err
    found = load_project(tmp_path, environment=None).pipeline(pipeline)
    columns = found.sources[0].columns
    assert (frozenset(columns.hash), columns.exclude) == (hashed, ())
    rule = Rule(project="acme-jp", include=(dataset.dataset,), prefix=prefix, hashed=hashed)
    day, owner = found.target.partition.column, found.target.source_column
    schema = expected_schema(tables, (rule,))
    expected = expected_rows(tables, (rule,), schema, day_column=day, source_column=owner)
    compared = compare(expected, local.rows(f"SELECT * FROM `{target}`", "EU"), identity=(day,))
    assert compared.equal, "\n".join(map(str, compared.differences))


def _table(dataset: DatasetRef, name: str, schema: Path) -> Table:
    """A published table, or an empty one where only its schema is published."""
    fields = schema_from_api(json.loads(schema.read_text("utf-8")))
    sample = _DATA / "samples" / f"{schema.stem}.sample.ndjson"
    lines = sample.read_text("utf-8").splitlines() if sample.exists() else []
    return Table(dataset.table(name), fields, tuple(_record(fields, json.loads(line)) for line in lines))


def _record(fields: tuple[Field, ...], row: Mapping[str, Any]) -> dict[str, Any]:
    return {field.name: _value(field, row.get(field.name)) for field in fields}


def _value(field: Field, value: Any) -> Any:
    """The value in Python's type for the field's: numbers may be published as texts."""
    if field.mode is Mode.REPEATED:
        return [_single(field, item) for item in value or []]
    return None if value is None else _single(field, value)


def _single(field: Field, value: Any) -> Any:
    match field.type:
        case "RECORD":
            return _record(field.fields, value)
        case "INTEGER":
            return int(value)
        case "FLOAT":
            return float(value)
        case "BOOLEAN":
            return value if isinstance(value, bool) else value == "true"
        case _:
            return str(value)
