"""What a scope holds, and which of it is meant."""

from __future__ import annotations

import pytest

from replicator.errors import FailedError, NotFoundError, UsageError
from replicator.names import DatasetRef
from replicator.onboard.survey import Scope, Subject, obvious, survey
from tests.unit.onboard.shelf import Shelf, columns

EVENTS = columns("event_date", "event_timestamp INTEGER", "event_name", "event_params RECORD", "user_pseudo_id")
GA4 = [*EVENTS, *columns("ecommerce RECORD")]
SESSIONS = columns("visitId INTEGER", "visitStartTime INTEGER", "totals RECORD", "trafficSource RECORD", "hits RECORD")


def subjects(shelf: Shelf, scope: str) -> list[str]:
    """What is found, as a scope selects it."""
    return [each.pattern for each in survey(shelf, Scope.parse(scope)).subjects]


def meant(shelf: Shelf, scope: str) -> Subject:
    """The one that is meant."""
    subject = obvious(survey(shelf, Scope.parse(scope)))
    assert subject is not None
    return subject


@pytest.mark.parametrize(
    ("fields", "name", "title"),
    [
        (GA4, "events_", "Google Analytics 4"),
        (EVENTS, "events_", "Firebase"),
        (SESSIONS, "ga_sessions_", "Universal Analytics 360"),
    ],
)
def test_exports_are_told_by_their_columns(fields: list[dict[str, object]], name: str, title: str) -> None:
    """Beside the final days stand the running one, users and views: the days are meant."""
    shelf = Shelf()
    shelf.put("acme-jp.analytics_1", [f"{name}20260101", f"{name}20260102"], fields)
    shelf.put("acme-jp.analytics_1", [f"{name}intraday_20260103"], fields)
    shelf.put("acme-jp.analytics_1", ["ga_realtime_view_20260103"], [], type="VIEW")

    subject = meant(shelf, "acme-jp.analytics_1")

    assert subject.export is not None
    assert (subject.export.title, subject.name, subject.suffix) == (title, name, "%Y%m%d")
    assert [place.tables for place in subject.places] == [(f"{name}20260101", f"{name}20260102")]


def test_other_shards_with_an_exports_name_are_none_of_it() -> None:
    """Columns decide."""
    shelf = Shelf()
    shelf.put("acme-jp.x", ["events_20260101"], columns("n INTEGER"))

    assert meant(shelf, "acme-jp").export is None


def test_one_name_may_stand_for_several_exports() -> None:
    """Each dataset's own columns say which; none is chosen for a person."""
    shelf = Shelf()
    shelf.put("acme-jp.analytics_1", ["events_20260101"], GA4)
    shelf.put("acme-jp.analytics_2", ["events_20260101"], EVENTS)
    shelf.put("acme-jp.other", ["events_20260101"], columns("n INTEGER"))

    found = survey(shelf, Scope.parse("acme-jp"))

    told = {each.places[0].ref.dataset: each.export and each.export.title for each in found.subjects}
    assert told == {"analytics_1": "Google Analytics 4", "analytics_2": "Firebase", "other": None}
    assert obvious(found) is None
    del shelf.places[DatasetRef("acme-jp", "analytics_2")]
    assert obvious(survey(shelf, Scope.parse("acme-jp"))) is None


def test_a_project_is_one_subject_over_all_its_datasets() -> None:
    """Wherever they lie; what runs of ours keep beside them is no source."""
    shelf = Shelf()
    shelf.put("acme-jp.analytics_1", ["events_20260101"], GA4, at="asia-northeast1")
    shelf.put("acme-jp.analytics_2", ["events_20260102"], GA4, at="us")
    shelf.put("acme-jp.replicator_ga4__jp__0a1b2c_staging", ["events_20260101"], GA4)

    assert [(str(place.ref), place.location) for place in meant(shelf, "acme-jp").places] == [
        ("acme-jp.analytics_1", "asia-northeast1"), ("acme-jp.analytics_2", "US"),
    ]  # fmt: skip


def test_what_runs_made_is_no_source_unless_it_is_named() -> None:
    """Targets and ledgers carry a label; a target may feed another pipeline, when a person says so."""
    shelf, ours = Shelf(), {"managed-by": "replicator"}
    shelf.put("acme-jp.analytics_1", ["events_20260101"], GA4)
    shelf.put("acme-jp.analytics_1", ["target"], columns("day DATE"), labels=ours)
    shelf.put("acme-jp.memory", ["units"], columns("n INTEGER"))
    shelf.labels[DatasetRef("acme-jp", "memory")] = ours

    assert subjects(shelf, "acme-jp") == ["events_*"]
    assert subjects(shelf, "acme-jp.analytics_1.target") == ["target"]
    assert subjects(shelf, "acme-jp.memory") == ["units"]


def test_what_is_in_doubt_is_not_chosen() -> None:
    """An export among tables of another kind: a person says which."""
    shelf = Shelf()
    shelf.put("acme-jp.analytics_1", ["events_20260101"], GA4)
    shelf.put("acme-jp.shop", ["orders"], columns("id"), timePartitioning={"type": "DAY", "field": "day"})

    found = survey(shelf, Scope.parse("acme-jp"))

    assert [each.title for each in found.subjects] == [
        "Google Analytics 4, shards events_%Y%m%d", "partitioned table orders",
    ]  # fmt: skip
    assert obvious(found) is None


@pytest.mark.parametrize(
    ("scope", "found"),
    [
        ("acme-jp.a.events_20260101", ["events_*"]),
        ("acme-jp.a.events_*", ["events_*"]),
        ("acme-jp.a.events_in*", ["events_intraday_*"]),
        ("acme-jp.*.ord*", ["orders"]),
        ("acme-jp.b*", ["orders"]),
        ("`acme-jp.b.orders`", ["orders"]),
    ],
)
def test_a_scope_selects(scope: str, found: list[str]) -> None:
    """A shard stands for its family, a beginning for the family of exactly this one, ``*`` for any characters."""
    shelf = Shelf()
    shelf.put("acme-jp.a", ["events_20260101", "events_20260102", "events_intraday_20260102"], GA4)
    shelf.put("acme-jp.b", ["orders"], columns("id"))

    assert subjects(shelf, scope) == found


def test_rights_on_one_dataset_are_enough_for_it() -> None:
    """Its project is not asked for the others."""

    class OneDataset(Shelf):
        def datasets(self, project: str) -> list[dict[str, object]]:
            raise FailedError(project)

    shelf = OneDataset()
    shelf.put("acme-jp.a", ["orders"], columns("id"))

    assert subjects(shelf, "acme-jp.a") == ["orders"]


@pytest.mark.parametrize(
    ("scope", "message"),
    [
        ("acme-jp.none", "reading dataset acme-jp.none: not found"),
        ("acme-jp.n*", r"has no dataset n\*; check the name"),
        ("acme-jp.a.none", "acme-jp.a.none holds no table none; check the name"),
    ],
)
def test_what_is_not_there_is_said(scope: str, message: str) -> None:
    """By name."""
    shelf = Shelf()
    shelf.put("acme-jp.a", ["orders"], columns("id"))

    with pytest.raises(NotFoundError, match=message):
        survey(shelf, Scope.parse(scope))


def test_views_alone_are_refused_with_what_would_be_right() -> None:
    """They have no partitions and no stamps of their own."""
    shelf = Shelf()
    shelf.put("acme-jp.a", ["v"], [], type="VIEW")

    with pytest.raises(
        FailedError, match=r"only views, external tables or snapshots \(a\.v\); write a source with a query"
    ):
        survey(shelf, Scope.parse("acme-jp.a"))


@pytest.mark.parametrize("text", ["", "a", "acme-jp.x.y.z", "acme-jp.a-b", "ACME.x", "acme-jp."])
def test_what_names_nothing_is_a_usage_error(text: str) -> None:
    """Before anything is asked."""
    with pytest.raises(UsageError, match="names nothing to onboard"):
        Scope.parse(text)
