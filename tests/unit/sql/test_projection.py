"""The projection that SQL writes from field paths, evaluated by GoogleSQL itself."""

from __future__ import annotations

import re

import pytest

from replicator.sql.projection import projections
from replicator.sql.quoting import quote_string
from tests.googlesql import RefusedError, analyze, evaluate
from tests.unit.sql.literals import rows

FIELDS = {
    "event_name": "STRING",
    "user_id": "STRING",
    "geo": "STRUCT<city STRING, country STRING>",
    "geo.city": "STRING",
    "geo.country": "STRING",
    "items": "ARRAY<STRUCT<id STRING, params ARRAY<STRUCT<key STRING, value STRUCT<i INT64, s STRING>>>>>",
    "items.id": "STRING",
    "items.params": "ARRAY<STRUCT<key STRING, value STRUCT<i INT64, s STRING>>>",
    "items.params.key": "STRING",
    "items.params.value": "STRUCT<i INT64, s STRING>",
    "items.params.value.i": "INT64",
    "items.params.value.s": "STRING",
    "tags": "ARRAY<STRING>",
}
ROW = (
    "(SELECT 'e' AS event_name, 'u' AS user_id, STRUCT('c' AS city, 'x' AS country) AS geo, "
    "[STRUCT('1' AS id, [STRUCT('k' AS key, STRUCT(7 AS i, 's' AS s) AS value), "
    "STRUCT('k2' AS key, CAST(NULL AS STRUCT<i INT64, s STRING>) AS value)] AS params), "
    "STRUCT('2' AS id, CAST([] AS ARRAY<STRUCT<key STRING, value STRUCT<i INT64, s STRING>>>) AS params)] AS items, "
    "['b', 'a'] AS tags)"
)


def write(
    fields: dict[str, str] = FIELDS,
    *,
    dropped: tuple[str, ...] = (),
    hashed: tuple[str, ...] = (),
    renamed: tuple[tuple[str, str], ...] = (),
) -> str:
    """The projection's text, as the stage's script computes it with these rules in its variables."""
    listed = rows({"path": "STRING", "data_type": "STRING"}, *fields.items())
    query = f"WITH {projections(f'SELECT 1 AS buffer, * FROM {listed}')} SELECT projection FROM projections"
    variables = {
        "dropped": f"CAST([{', '.join(map(quote_string, dropped))}] AS ARRAY<STRING>)",
        "hashed": f"CAST([{', '.join(map(quote_string, hashed))}] AS ARRAY<STRING>)",
        "renamed": "CAST(["
        + ", ".join(f"STRUCT({quote_string(path)} AS path, {quote_string(name)} AS name)" for path, name in renamed)
        + "] AS ARRAY<STRUCT<path STRING, name STRING>>)",
    }
    for name, literal in variables.items():
        query = re.sub(rf"\b{name}\b", literal.replace("\\", r"\\"), query)
    return str(evaluate(query)[0][0])


def columns(projection: str) -> dict[str, str]:
    """Column name to type of what the projection selects from the row above, as GoogleSQL sees it."""
    return {name: str(kind) for name, kind in analyze(f"SELECT {projection} FROM {ROW} AS replicator_row")}


def values(projection: str) -> tuple[object, ...]:
    """What the projection selects from the row above."""
    return evaluate(f"SELECT {projection} FROM {ROW} AS replicator_row")[0]


def test_a_column_that_no_rule_touches_is_taken_as_it_is() -> None:
    """Nothing is rebuilt for nothing: the text names each column once."""
    assert write() == (
        "replicator_row.`event_name` AS `event_name`, replicator_row.`geo` AS `geo`, "
        "replicator_row.`items` AS `items`, replicator_row.`tags` AS `tags`, replicator_row.`user_id` AS `user_id`"
    )


def test_fields_are_dropped_at_any_depth_and_arrays_keep_their_order() -> None:
    """Three levels down, through two arrays: NULL records stay NULL, empty arrays stay empty."""
    projection = write(dropped=("user_id", "geo.city", "items.params.value.s"))

    assert columns(projection) == {
        "event_name": "STRING",
        "geo": "STRUCT<country STRING>",
        "items": "ARRAY<STRUCT<id STRING, params ARRAY<STRUCT<key STRING, value STRUCT<i INT64>>>>>",
        "tags": "ARRAY<STRING>",
    }
    assert values(projection) == ("e", ("x",), [("1", [("k", (7,)), ("k2", None)]), ("2", [])], ["b", "a"])


def test_a_record_that_loses_all_of_its_fields_goes() -> None:
    """There is no empty STRUCT, so the record is left out, at any depth."""
    projection = write(dropped=("geo.city", "geo.country", "items.params.key", "items.params.value"))

    assert columns(projection)["items"] == "ARRAY<STRUCT<id STRING>>"
    assert "geo" not in columns(projection)


def test_hashes_are_lower_case_hex_of_sha_256() -> None:
    """Scalars, elements of arrays, numbers by their text; NULL stays NULL."""
    projection = write(hashed=("user_id", "tags", "items.params.value.i"))

    of = {
        "u": "0bfe935e70c321c7ca3afc75ce0d0ca2f98b5422e008bb31c00c6d7f1f1c0ad6",
        "b": "3e23e8160039594a33894f6564e1b1348bbd7a0088d42c4acb73eeaed59c009d",
        "a": "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb",
        "7": "7902699be42c8a8e46fbbb4501726517e86b22c56a189f7625a6da49081b2451",
    }
    found = dict(zip(columns(projection), values(projection), strict=True))
    assert found["user_id"] == of["u"]
    assert found["tags"] == [of["b"], of["a"]]
    assert found["items"] == [("1", [("k", (of["7"], "s")), ("k2", None)]), ("2", [])]


def test_renaming_keeps_the_value_and_changes_the_name() -> None:
    """At the top and in a record; the rest of the record stays."""
    projection = write(renamed=(("user_id", "visitor"), ("items.params.value.i", "whole")))

    assert columns(projection)["visitor"] == "STRING"
    assert columns(projection)["items"] == (
        "ARRAY<STRUCT<id STRING, params ARRAY<STRUCT<key STRING, value STRUCT<whole INT64, s STRING>>>>>"
    )


def test_rules_meet_fields_without_regard_to_case() -> None:
    """BigQuery's column names have none, so a rule has none either."""
    projection = write({"User_ID": "STRING", "Event": "STRING"}, dropped=("user_id",))

    assert projection == "replicator_row.`Event` AS `Event`"


def test_hashing_a_record_is_refused_by_name() -> None:
    """A record has no one value to hash."""
    with pytest.raises(RefusedError, match=r"columns\.hash names the record geo"):
        write(hashed=("geo",))


def test_a_hostile_name_stays_a_name() -> None:
    """A backquote in a name that a source brings does not end the name."""
    assert write({"a`b": "STRING"}) == "replicator_row.`a\\`b` AS `a\\`b`"
