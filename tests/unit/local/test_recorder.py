"""Calls and statements are kept, bounded, and cleared."""

from __future__ import annotations

import json

from replicator.local.recorder import Call, Recorder, Relation, Statement


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


def test_long_statements_push_older_ones_out_before_there_are_many() -> None:
    """What is kept is bounded in size as well: texts and schemas together; the newest stays however long it is."""
    recorder = Recorder(characters=100)
    schema = {"p.d.t": Relation((("a", "INT64"),), (("_PARTITIONDATE", "DATE"),))}
    wide = Statement(0.0, "x" * 40, "SELECT", "p", "EU", "job", relations=schema)
    assert wide.characters == 40 + 6 + 18

    for statement in (a_statement("SELECT 1"), wide):
        recorder.statement(statement)
    assert len(recorder.statements()) == 2
    recorder.statement(wide)
    assert recorder.statements() == (wide,)
    assert recorder.statements_as_json()["dropped"] == 2
    recorder.statement(a_statement("x" * 1_000))
    assert [len(each.text) for each in recorder.statements()] == [1_000]


def test_a_cleared_list_has_room_again() -> None:
    """Clearing forgets the size as well."""
    recorder = Recorder(characters=100)
    recorder.statement(a_statement("x" * 90))
    recorder.clear_statements()

    for _ in range(2):
        recorder.statement(a_statement("x" * 50))

    assert (len(recorder.statements()), recorder.statements_as_json()["dropped"]) == (2, 0)


def test_a_relation_is_told_with_its_columns() -> None:
    """As JSON, so that a program elsewhere can build a catalog of it."""
    recorder = Recorder()
    schema = {"p.d.t": Relation((("a", "ARRAY<STRUCT<b INT64>>"),), (("_TABLE_SUFFIX", "STRING"),))}
    recorder.statement(Statement(0.0, "SELECT 1", "SELECT", "p", "EU", "job", relations=schema))

    told = json.loads(json.dumps(recorder.statements_as_json()))["statements"][0]["relations"]

    assert told == {"p.d.t": {"columns": [["a", "ARRAY<STRUCT<b INT64>>"]], "pseudo": [["_TABLE_SUFFIX", "STRING"]]}}
