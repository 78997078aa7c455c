"""Calls and statements are kept, bounded, and cleared."""

from __future__ import annotations

from replicator.local.recorder import Call, Recorder, Statement


def a_call(path: str) -> Call:
    return Call(0.0, "bigquery", "GET", path, "", 200, 0.1)


def a_statement(text: str) -> Statement:
    return Statement(0.0, text, "SELECT", "p", "EU", "job", variables={"x": "INT64"})


def test_what_was_asked_is_told_oldest_first() -> None:
    """With every field, so that a test can look for any of them."""
    recorder = Recorder()
    for path in ("/a", "/b"):
        recorder.call(a_call(path))
    recorder.statement(a_statement("SELECT 1"))

    assert [call["path"] for call in recorder.calls_as_json()["calls"]] == ["/a", "/b"]
    told = recorder.statements_as_json()["statements"][0]
    assert (told["text"], told["variables"]) == ("SELECT 1", {"x": "INT64"})


def test_the_oldest_go_first_and_are_counted() -> None:
    """Nobody takes a shortened list for a whole one."""
    recorder = Recorder(kept=2)
    for path in ("/a", "/b", "/c"):
        recorder.call(a_call(path))

    assert [call.path for call in recorder.calls()] == ["/b", "/c"]
    assert recorder.calls_as_json()["dropped"] == 1


def test_clearing_one_list_leaves_the_other() -> None:
    """A test clears before the part that it looks at."""
    recorder = Recorder()
    recorder.call(a_call("/a"))
    recorder.statement(a_statement("SELECT 1"))

    recorder.clear_calls()

    assert recorder.calls() == ()
    assert len(recorder.statements()) == 1
