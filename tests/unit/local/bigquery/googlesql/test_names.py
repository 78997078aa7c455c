"""Names: scopes, aliases, paths, stars, what is ambiguous and what is not there."""

from __future__ import annotations

import pytest

from replicator.local.bigquery.errors import BigQueryError
from replicator.local.bigquery.googlesql.analysis import analyze_query
from replicator.local.bigquery.types import Type, array, struct
from tests.googlesql_engine import context, run, table

INT64, STRING = Type("INT64"), Type("STRING")
PEOPLE = table(
    {"Name": STRING, "age": INT64, "home": struct(("City", STRING), ("zip", INT64))},
    [("ann", 30, ("Rome", 1)), ("bob", 20, ("Oslo", 2)), ("eve", 40, None)],
)


def test_names_are_found_whatever_their_case() -> None:
    """A column and a field are the same in any case; the result keeps the spelling of the query."""
    analyzed = analyze_query("SELECT NAME, p.HOME.city FROM people AS P WHERE Age = 30", context({"people": PEOPLE}))

    assert analyzed.columns == (("NAME", STRING), ("city", STRING))
    assert run("SELECT NAME, p.HOME.city FROM people AS P WHERE Age = 30", {"people": PEOPLE}) == [("ann", "Rome")]


def test_a_range_variable_hides_a_column_of_its_name() -> None:
    """``SELECT age FROM people AS age`` is the row."""
    assert run("SELECT age.age FROM people AS age ORDER BY 1", {"people": PEOPLE}) == [(20,), (30,), (40,)]


def test_a_subquery_sees_the_row_around_it() -> None:
    """Correlation reaches through two levels, and the nearest name wins."""
    sql = """
    SELECT name, (SELECT COUNT(*) FROM people AS q WHERE q.age < p.age
      AND EXISTS (SELECT 1 FROM people AS r WHERE r.age = q.age AND r.name != p.name))
    FROM people AS p ORDER BY name
    """

    assert run(sql, {"people": PEOPLE}) == [("ann", 1), ("bob", 0), ("eve", 2)]


def test_a_field_of_a_null_struct_is_null() -> None:
    """No error, no row lost."""
    assert run("SELECT home.zip FROM people ORDER BY 1", {"people": PEOPLE}) == [(None,), (1,), (2,)]


def test_pseudo_columns_are_there_for_those_who_ask() -> None:
    """``*`` leaves them out, a name finds them."""
    shards = table({"v": INT64, "_TABLE_SUFFIX": STRING}, [(1, "a"), (2, "b")])

    assert run("SELECT * FROM `ds.t_*` WHERE _TABLE_SUFFIX = 'b'", {"t_*": shards}) == [(2,)]
    assert run("SELECT _TABLE_SUFFIX AS s FROM `ds.t_*` WHERE v = 1", {"t_*": shards}) == [("a",)]


def test_using_merges_its_columns() -> None:
    """The merged column comes first and once; in a full join it is the side that is there."""
    sql = """
    SELECT * FROM (SELECT 1 AS id, 'l' AS a UNION ALL SELECT 2, 'm') AS x
    FULL JOIN (SELECT 2 AS id, 'r' AS b UNION ALL SELECT 3, 's') AS y USING (id) ORDER BY id
    """

    assert run(sql) == [(1, "l", None), (2, "m", "r"), (3, None, "s")]


def test_a_with_table_hides_a_table_and_sees_only_those_before_it() -> None:
    """WITH tables go by their name, in their order."""
    assert run("WITH people AS (SELECT 5 AS n), q AS (SELECT n + 1 AS m FROM people) SELECT * FROM q, people") == [
        (6, 5)
    ]

    with pytest.raises(BigQueryError, match=r"Not found: Table acme:ds\.q was not found"):
        run("WITH people AS (SELECT * FROM q), q AS (SELECT 1 AS n) SELECT * FROM people")


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("SELECT nam FROM people", "Unrecognized name: nam at [1:8]"),
        ("SELECT p.nam\nFROM people AS p", "Name nam not found inside p at [1:10]"),
        (
            "SELECT home.street FROM people",
            "Field name street does not exist in STRUCT<City STRING, zip INT64> at [1:13]",
        ),
        ("SELECT name FROM people AS a, people AS b", "Column name name is ambiguous at [1:8]"),
        ("SELECT 1 FROM people, people", "Duplicate table alias people in the same FROM clause at [1:23]"),
        ("SELECT\n  age + missing\nFROM people", "Unrecognized name: missing at [2:9]"),
        ("SELECT age AS x FROM people WHERE x = 1", "Unrecognized name: x at [1:35]"),
        ("SELECT name.x FROM people", "Cannot access field x on a value with type STRING at [1:13]"),
        ("SELECT 1 FROM elsewhere", "Not found: Table acme:ds.elsewhere was not found in location EU"),
    ],
)
def test_what_is_not_there_is_named_with_its_place(sql: str, message: str) -> None:
    """The error says what was looked for, and where it stands in the text."""
    with pytest.raises(BigQueryError) as refusal:
        run(sql, {"people": PEOPLE})

    assert refusal.value.message == message


def test_a_path_is_completed_by_the_project_and_the_default_dataset() -> None:
    """One, two and three parts, quoted as a whole or in pieces, name the same table."""
    for path in ("people", "ds.people", "`ds.people`", "acme.ds.people", "`acme`.ds.`people`", "`acme.ds.people`"):
        scan = analyze_query(f"SELECT 1 FROM {path}", context({"people": PEOPLE})).scans[0]

        assert scan.path == ("acme", "ds", "people")


def test_metadata_views_are_found_by_dataset_and_by_region() -> None:
    """INFORMATION_SCHEMA may stand inside the quotes or outside of them."""
    views = {"TABLES": table({"table_name": STRING}, [("t",)])}
    paths = {
        "ds.INFORMATION_SCHEMA.TABLES": ("acme", "ds", "INFORMATION_SCHEMA", "TABLES"),
        "`p-q.ds`.INFORMATION_SCHEMA.TABLES": ("p-q", "ds", "INFORMATION_SCHEMA", "TABLES"),
        "`p-q`.`region-eu`.INFORMATION_SCHEMA.TABLES": ("p-q", "region-eu", "INFORMATION_SCHEMA", "TABLES"),
        "`p-q.region-eu.information_schema.tables`": ("p-q", "region-eu", "INFORMATION_SCHEMA", "TABLES"),
        "`region-eu`.INFORMATION_SCHEMA.TABLES": ("acme", "region-eu", "INFORMATION_SCHEMA", "TABLES"),
    }

    for written, path in paths.items():
        assert analyze_query(f"SELECT t.table_name FROM {written} AS t", context(views)).scans[0].path == path


def test_arrays_of_the_row_before_are_unnested_by_path() -> None:
    """``FROM t, t.tags`` and UNNEST(t.tags) are the same."""
    tagged = {"t": table({"id": INT64, "tags": array(STRING)}, [(1, ["x", "y"]), (2, [])])}

    assert run("SELECT id, tag FROM t, t.tags AS tag ORDER BY 2", tagged) == [(1, "x"), (1, "y")]
    assert run("SELECT id, tag, o FROM t LEFT JOIN UNNEST(tags) AS tag WITH OFFSET AS o ORDER BY 1, 3", tagged) == [
        (1, "x", 0),
        (1, "y", 1),
        (2, None, None),
    ]
