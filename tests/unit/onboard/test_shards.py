"""Which tables are shards of one family."""

from __future__ import annotations

import pytest

from replicator.onboard.shards import families


@pytest.mark.parametrize(
    ("names", "prefix", "suffix"),
    [
        (["events_20240229"], "events_", "%Y%m%d"),
        (["trip log-20240101", "trip log-20231231"], "trip log-", "%Y%m%d"),
        (["hits2026010100", "hits2026010123"], "hits", "%Y%m%d%H"),
        (["sales_202601", "sales_202602"], "sales_", "%Y%m"),
        (["sales_2025", "sales_2026"], "sales_", "%Y"),
    ],
)
def test_a_date_at_the_end_makes_a_family(names: list[str], prefix: str, suffix: str) -> None:
    """Of every width that a pipeline file knows; oldest first, whatever the order of the list."""
    (family,) = families(names)

    assert (family.prefix, family.suffix, family.tables) == (prefix, suffix, tuple(sorted(names)))


@pytest.mark.parametrize(
    "names",
    [
        ["events_20240230"], ["events_99990101"], ["20240229"], ["t_2024010"], ["t_20240101_old"], ["t_202401010000"],
        ["orders_2026"], ["batch_202611"], ["v_250101", "v_250102"], ["t_2024\u0661\u0662\u0660\u0661"],
    ],
)  # fmt: skip
def test_what_is_no_date_makes_none(names: list[str]) -> None:
    """Days that there are not, no prefix, other lengths, and a year or a month that stands alone."""
    assert families(names) == ()


def test_one_beginning_may_have_several_widths() -> None:
    """Each is a family of its own, and a longer beginning as well."""
    found = families(["e_2025", "e_2026", "e_20260101", "e_intraday_20260101"])

    assert [(family.prefix, family.suffix) for family in found] == [
        ("e_", "%Y"), ("e_", "%Y%m%d"), ("e_intraday_", "%Y%m%d"),
    ]  # fmt: skip
