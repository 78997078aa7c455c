"""The DDL of a missing target, as SQL writes it from the field paths of what has landed."""

from __future__ import annotations

from typing import Final

from replicator.names import TableRef
from replicator.sql.align import create_target
from tests.googlesql import analyze, parse
from tests.unit.sql.literals import Row, answer, cut, literal, rows

TARGET: Final = TableRef("acme-analytics", "sales", "orders")
PATHS: Final = {"field_path": "STRING", "data_type": "STRING"}
ITEM: Final = "ARRAY<STRUCT<id STRING, params ARRAY<STRUCT<key STRING, value INT64>>>>"


def script(by: str = "day") -> str:
    """The script that makes the target."""
    return create_target(
        target=TARGET, partition_column="order_day", partition_by=by, source_column="shop", labels="[('a', 'b')]"
    )


def fields(landed: tuple[Row, ...]) -> str:
    """The temporary table of all fields, as a query."""
    select = cut(script(), "SELECT DISTINCT field_path AS path", ";\nSET conflict")
    return f"({select.replace('FROM landed', f'FROM {rows(PATHS, *landed)}')})"


def conflict(*landed: Row) -> str | None:
    """What is said about fields that have more than one type."""
    query = cut(script(), "SELECT STRING_AGG(FORMAT('%s is %s'", "\n);\nIF conflict")
    ((text,),) = answer(query, tables={"FROM fields": f"FROM {fields(landed)}"})
    return None if text is None else str(text)


def ddl(*landed: Row, by: str = "day") -> str:
    """The statement that makes the target."""
    query = cut(script(by), "WITH nodes AS", "\n);\nEXECUTE IMMEDIATE statement;\nSELECT TO_JSON")
    kind = next((kind for name, kind in landed if name == "order_day"), None)
    query = query.replace("IFNULL(partition_kind", f"IFNULL(CAST({literal(kind)} AS STRING)")
    ((text,),) = answer(query, tables={"FROM fields": f"FROM {fields(landed)}"})
    parse(str(text))
    return str(text)


def columns(statement: str) -> dict[str, str]:
    """What a table made by the statement has: name to type."""
    body = statement[statement.index("(\n") + 2 : statement.index(")\nPARTITION BY")].strip()
    body = body.replace(" NOT NULL", "")
    ((_, kind),) = analyze(f"SELECT CAST(NULL AS STRUCT<{body}>) AS row_")
    return {name: str(child) for name, child in kind.fields}


def test_a_target_has_its_own_two_columns_and_the_sources_by_name() -> None:
    """Own columns first, REQUIRED; then what the sources have, in the order of the names."""
    assert ddl(("total", "FLOAT64"), ("id", "STRING"), ("replicator_unit", "INT64")) == (
        "CREATE TABLE IF NOT EXISTS `acme-analytics.sales.orders` (\n"
        "  `order_day` DATE NOT NULL, `shop` STRING NOT NULL, `id` STRING, `total` FLOAT64)\n"
        "PARTITION BY `order_day`\nCLUSTER BY `shop`\nOPTIONS (labels = [('a', 'b')])"
    )


def test_wider_partitions_truncate_the_day() -> None:
    """A column of days makes partitions of months and years."""
    assert "PARTITION BY DATE_TRUNC(`order_day`, MONTH)" in ddl(("id", "STRING"), by="month")
    assert "PARTITION BY DATE_TRUNC(`order_day`, YEAR)" in ddl(("id", "STRING"), by="year")


def test_a_partition_column_that_the_sources_bring_keeps_its_type() -> None:
    """Partitioned by what the target asks for, nullable, and named once; hours without a column are a TIMESTAMP."""
    assert "PARTITION BY TIMESTAMP_TRUNC(`order_day`, DAY)" in ddl(("order_day", "TIMESTAMP"), ("id", "STRING"))
    assert "PARTITION BY DATETIME_TRUNC(`order_day`, MONTH)" in ddl(
        ("order_day", "DATETIME"), ("id", "STRING"), by="month"
    )
    assert columns(ddl(("order_day", "DATE"), ("id", "STRING"))) == {
        "order_day": "DATE", "shop": "STRING", "id": "STRING"
    }  # fmt: skip
    assert "`order_day` TIMESTAMP NOT NULL" in ddl(("id", "STRING"), by="hour")


def test_records_are_the_union_of_the_sources_fields_at_every_depth() -> None:
    """Three levels down, through two arrays; a sibling whose name continues its neighbour's stays outside of it."""
    made = columns(
        ddl(
            ("geo", "STRUCT<city STRING>"),
            ("geo.city", "STRING"),
            ("geo_id", "INT64"),
            ("geo", "STRUCT<country STRING, city STRING>"),
            ("geo.country", "STRING"),
            ("geo.city", "STRING"),
            ("items", ITEM),
            ("items.id", "STRING"),
            ("items.params", "ARRAY<STRUCT<key STRING, value INT64>>"),
            ("items.params.key", "STRING"),
            ("items.params.value", "INT64"),
            ("items.params.extra", "ARRAY<STRING>"),
            ("tags", "ARRAY<STRING>"),
        )
    )

    assert made == {
        "order_day": "DATE",
        "shop": "STRING",
        "geo": "STRUCT<city STRING, country STRING>",
        "geo_id": "INT64",
        "items": "ARRAY<STRUCT<id STRING, params ARRAY<STRUCT<extra ARRAY<STRING>, key STRING, value INT64>>>>",
        "tags": "ARRAY<STRING>",
    }


def test_names_that_differ_in_case_are_one_column() -> None:
    """As BigQuery has it: one column, and no conflict."""
    landed = ("UserId", "STRING"), ("userid", "STRING"), ("Geo", "STRUCT<City STRING>"), ("Geo.City", "STRING")

    assert conflict(*landed) is None
    assert columns(ddl(*landed)) == {
        "order_day": "DATE",
        "shop": "STRING",
        "Geo": "STRUCT<City STRING>",
        "UserId": "STRING",
    }


def test_fields_whose_types_differ_are_all_named() -> None:
    """A scalar against a scalar, a record against an array of records, a scalar against its array."""
    said = conflict(
        ("amount", "INT64"),
        ("amount", "STRING"),
        ("geo", "STRUCT<city STRING>"),
        ("geo", "STRUCT<country STRING>"),
        ("geo.city", "STRING"),
        ("page", "STRUCT<path STRING>"),
        ("page", "ARRAY<STRUCT<path STRING>>"),
        ("tag", "STRING"),
        ("tag", "ARRAY<STRING>"),
    )

    assert said is not None
    assert [part.partition(" is ")[0] for part in said.split("; ")] == ["amount", "page", "tag"]
    assert sorted(said.split("; ")[0].removeprefix("amount is ").split(" and ")) == ["INT64", "STRING"]


def test_names_that_need_quotes_have_them() -> None:
    """Words that SQL keeps for itself are columns like any other."""
    assert columns(ddl(("select", "STRING"), ("group", "STRUCT<`from` STRING>"), ("group.from", "STRING"))) == {
        "order_day": "DATE",
        "shop": "STRING",
        "group": "STRUCT<`from` STRING>",
        "select": "STRING",
    }
