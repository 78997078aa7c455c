"""What the document logs is told in plain sentences; what is none of its events is left as it stands."""

from __future__ import annotations

import pytest

from replicator.report.events import Said, explain


def _moved(was: str, stage: str, **other: object) -> dict[str, object]:
    return {"event": "stage", "run": "ga4-000001", "source": "japan", "from": was, "stage": stage, "units": 6,
            "rows": 900, "error": None, **other}  # fmt: skip


@pytest.mark.parametrize(
    ("event", "said"),
    [
        (_moved("inventory", "stage", rows=0), Said("japan", "6 units due; staging")),
        (
            _moved("inventory", "datasets", units=0),
            Said("japan", "the account may not ask the whole region; listing the datasets that it may"),
        ),
        (
            _moved("datasets", "inventory", units=0),
            Said("japan", "datasets are listed; looking for what is due"),
        ),
        (_moved("inventory", "quiet", units=0), Said("japan", "nothing is due", ended=True)),
        (_moved("stage", "copy"), Said("japan", "6 units, 900 rows staged; copying")),
        (_moved("stage", "landed"), Said("japan", "6 units, 900 rows staged; aligning")),
        (_moved("copy", "landed"), Said("japan", "copied; aligning")),
        (_moved("landed", "aligned"), Said("japan", "aligned; committing")),
        (_moved("aligned", "committed", units=1, rows=1), Said("japan", "1 unit, 1 row committed; writing receipts")),
        (_moved("committed", "done"), Said("japan", "6 units, 900 rows done", ended=True)),
        (
            _moved("copy", "failed", error="japan, copy: no rights"),
            Said("japan", "failed: japan, copy: no rights", ended=True),
        ),
    ],
)
def test_a_source_says_what_is_over_and_what_comes_next(event: object, said: Said) -> None:
    """Each way from one stage to another that the document knows."""
    assert explain(event) == said


@pytest.mark.parametrize(
    ("event", "text"),
    [
        (
            {"event": "waiting", "holder": "execution-1", "expires": "2026-11-21 10:00:00+00"},
            "waiting for the fence: execution-1 holds it, until 2026-11-21 10:00:00+00",
        ),
        (
            {"event": "not_cleared", "source": "japan", "reason": "quota"},
            "japan: committed, but not cleared up, which the next run does: quota",
        ),
        (
            {"event": "not_finished", "reason": "quota"},
            "how the run ended could not be written, so its lease runs out by itself: quota",
        ),
        (
            {"event": "drift", "source": "japan", "fields": "a, b.c", "refusal": None},
            "japan: the target lacks a, b.c; see 'replicator drift'",
        ),
        (
            {"event": "drift", "source": "japan", "fields": "", "refusal": "Cannot read"},
            "japan: no wildcard reads what landed, so each schema was projected: Cannot read",
        ),
        (
            {"event": "not_evolved", "reason": "no rights"},
            "the target could not be changed, which keeps out what it lacks: no rights",
        ),
        ({"event": "evolved", "fields": "a, b.c"}, "the target gained a, b.c"),
    ],
)
def test_the_run_says_what_it_waits_for_and_what_it_leaves(event: object, text: str) -> None:
    """Sentences of the run, which stay when a source says its next one."""
    assert explain(event) == Said(None, text)


def test_a_copy_names_its_transfer_config() -> None:
    """The page to look at when it takes long."""
    event = {"event": "transfer_requested", "source": "japan", "config": "projects/p/transferConfigs/7"}

    assert explain(event) == Said("japan", "copying, as a run of projects/p/transferConfigs/7")


@pytest.mark.parametrize(
    "event", ["a text", None, {"event": "another"}, {"event": "stage"}, _moved("inventory", "a new stage")]
)
def test_what_is_not_known_is_not_explained(event: object) -> None:
    """Whoever asked shows it as it was logged."""
    assert explain(event) is None
