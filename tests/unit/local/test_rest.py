"""JSON over HTTP as the services of protocol buffers speak it: times, pages, masks, enums, bodies."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from replicator.local.rest import (
    ApiError,
    Call,
    camel,
    decode,
    enum_name,
    mask_paths,
    normalized_timestamp,
    page,
    timestamp,
)

STATES = {"PENDING": 2, "RUNNING": 3}


def call(**query: str) -> Call:
    return Call({}, {name: (value,) for name, value in query.items()}, {})


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "1970-01-01T00:00:00Z"),
        (1_700_000_000.5, "2023-11-14T22:13:20.5Z"),
        (1_700_000_000.000001, "2023-11-14T22:13:20.000001Z"),
        (10, "1970-01-01T00:00:10Z"),
    ],
)
def test_a_time_is_written_in_utc_without_needless_zeros(seconds: float, text: str) -> None:
    """Zeros that belong to the seconds stay."""
    assert timestamp(seconds) == text


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("2026-11-01T00:00:00Z", "2026-11-01T00:00:00Z"),
        ("2026-11-01T01:30:00+01:30", "2026-11-01T00:00:00Z"),
        ("2026-11-01T00:00:00.120Z", "2026-11-01T00:00:00.12Z"),
        ("2026-11-01T00:00:00.123456789Z", "2026-11-01T00:00:00.123456Z"),
    ],
)
def test_a_time_that_came_in_is_kept_in_utc_to_the_microsecond(said: str, kept: str) -> None:
    """Two ways to write one moment become one text."""
    assert normalized_timestamp("time", said) == kept


@pytest.mark.parametrize("said", ["2026-11-01", "2026-11-01T00:00:00", "2026-13-01T00:00:00Z", "", None, 5])
def test_what_is_no_time_is_refused(said: object) -> None:
    """The field is named."""
    with pytest.raises(ApiError, match="requested_run_time"):
        normalized_timestamp("requested_run_time", said)


def pages(items: Sequence[str], size: int) -> list[Sequence[str]]:
    found, token = [], ""
    while True:
        chosen, token = page(items, call(pageSize=str(size), pageToken=token), key=str, size=10, largest=3)
        found.append(chosen)
        if not token:
            return found


def test_pages_cover_everything_once() -> None:
    """The last page has no token, also when it is full."""
    assert pages("abcd", 2) == ["ab", "cd"]
    assert pages("abcde", 2) == ["ab", "cd", "e"]
    assert pages("", 2) == [""]


def test_a_page_is_never_larger_than_the_service_gives() -> None:
    """Asking for more is not an error."""
    assert pages("abcde", 100) == ["abc", "de"]


def test_what_goes_between_two_pages_hides_nothing() -> None:
    """The next page begins after the last item of the one before, wherever that stands now."""
    _, token = page("abcd", call(pageSize="2"), key=str, size=10, largest=10)

    assert page("bcd", call(pageSize="2", pageToken=token), key=str, size=10, largest=10) == ("cd", "")


@pytest.mark.parametrize("query", [{"pageSize": "-1"}, {"pageSize": "many"}, {"pageToken": "nonsense"}])
def test_a_page_that_cannot_be_is_refused(query: dict[str, str]) -> None:
    """No page is guessed."""
    with pytest.raises(ApiError):
        page("abc", call(**query), key=str, size=10, largest=10)


def test_a_mask_may_come_in_either_case() -> None:
    """The REST form is camelCase, people write snake_case."""
    assert mask_paths("displayName, schedule_options.start_time,") == ("displayName", "scheduleOptions.startTime")
    assert camel("schedule_options_v2") == "scheduleOptionsV2"


@pytest.mark.parametrize("value", ["PENDING", 2, "2"])
def test_an_enum_may_come_by_name_or_number(value: object) -> None:
    """As clients of both encodings send it."""
    assert enum_name("state", value, STATES) == "PENDING"


@pytest.mark.parametrize("value", ["pending", 9, None, [], True])
def test_what_is_no_value_of_an_enum_is_refused(value: object) -> None:
    """The values that there are, in the message."""
    with pytest.raises(ApiError, match="PENDING, RUNNING"):
        enum_name("state", value, STATES)


@pytest.mark.parametrize("body", [b"[1]", b"{", b'"text"', b"\xff", b"[" * 100_000])
def test_a_body_that_is_no_object_is_refused(body: bytes) -> None:
    """With 400 and never with a traceback."""
    with pytest.raises(ApiError) as failure:
        decode(body)
    assert failure.value.status == 400


def test_no_body_is_an_empty_object() -> None:
    """As clients send DELETE and custom methods."""
    assert decode(b"  ") == {}


@pytest.mark.parametrize(("query", "numeric"), [({"$alt": "json;enum-encoding=int"}, True), ({"alt": "json"}, False)])
def test_enums_are_told_as_the_client_asks(query: dict[str, str], numeric: bool) -> None:
    """Google's generated clients ask for numbers."""
    assert call(**query).numeric_enums is numeric
