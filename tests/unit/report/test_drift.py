"""What is said of drift, and the change that accepts it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from replicator.ledger.history import DriftedField
from replicator.report.drift import acceptance, print_drift, told
from replicator.schema.compare import Change
from replicator.sql.drift import Policies

AT = datetime(2026, 11, 5, 5, 30, tzinfo=UTC)


def drifted(change: Change, source: str | None, target: str | None) -> DriftedField:
    """One difference of the field ``items.n``."""
    return DriftedField("japan", "shop_1", "items.n", change, source, target, AT, AT)


@pytest.mark.parametrize(
    ("change", "source", "target", "words"),
    [
        (Change.ADDED, "STRING", None, "drift: {paths: {items.n: evolve}}"),
        (Change.NARROWED, "INT64", "NUMERIC", "drift: {cast: [items.n]}"),
        (Change.KIND, "STRING", "ARRAY<STRING>", "drift: {reshape: [items.n]}"),
        (Change.KIND, "INT64", "ARRAY<STRING>", "drift: {reshape: [items.n], cast: [items.n]}"),
        (Change.WIDENED, "NUMERIC", "INT64", "exclude items.n"),
        (Change.KIND, "STRUCT<a STRING>", "STRING", "exclude items.n"),
    ],
)
def test_each_difference_names_what_accepts_it(
    change: Change, source: str | None, target: str | None, words: str
) -> None:
    """In the words of the pipeline's file."""
    assert words in acceptance(drifted(change, source, target))


@pytest.mark.parametrize("change", [Change.REMOVED, Change.CASE])
def test_what_is_absorbed_asks_for_nothing(change: Change) -> None:
    """NULL for what is gone, and the same field in other capitals."""
    assert acceptance(drifted(change, "STRING", "STRING")) == ""


def test_records_are_printed_without_their_fields(capsys: pytest.CaptureFixture[str]) -> None:
    """A type of three hundred fields would fill the screen."""
    print_drift([drifted(Change.KIND, "ARRAY<STRUCT<a STRING>>", "STRUCT<a STRING>")], Policies())

    out = capsys.readouterr().out
    assert "ARRAY<STRUCT" in out
    assert "a STRING" not in out
    assert "items.n: drift: {reshape: [items.n]}" in out


def test_what_the_file_accepts_asks_for_nothing_more(capsys: pytest.CaptureFixture[str]) -> None:
    """The table says what becomes of it, and below stands only what would be left out or fail."""
    print_drift(
        [drifted(Change.ADDED, "STRING", None), drifted(Change.NARROWED, "INT64", "NUMERIC")],
        Policies(paths={"items": "evolve"}, cast=("items.n",)),
    )

    out = capsys.readouterr().out
    assert "added to the target" in out
    assert "converted" in out
    assert "items.n:" not in out


def test_one_line_for_each_source_tells_each_field_once() -> None:
    """For a plan: the field, what differs, and what becomes of it."""
    twice = [drifted(Change.ADDED, kind, None) for kind in ("STRING", "INT64")]

    assert told(twice, Policies(policy="fail")) == ["japan: items.n added: fails its source"]
