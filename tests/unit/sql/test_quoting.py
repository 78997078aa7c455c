"""Names and texts get into statements whole, whatever is in them: judged by GoogleSQL itself."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from replicator.names import TableRef
from replicator.sql.quoting import quote_name, quote_string, quote_table, quoted, quoted_fields
from tests.googlesql import analyze, evaluate, parse

hostile = st.text(
    st.one_of(st.sampled_from("\\`'\"\n\r\t\x00.;-/*{}$@ %sT"), st.characters(exclude_categories=["Cs"])), max_size=40
)


# No name that a run can find holds a line break or a tab (tables#table_naming, schemas#column_names).
found = hostile.map(lambda name: "".join(character for character in name if character not in "\n\r\t")).filter(bool)


@settings(max_examples=20, deadline=None)
@given(texts=st.lists(hostile, min_size=1, max_size=20))
def test_a_text_comes_back_as_it_was(texts: list[str]) -> None:
    """No character ends a literal before its end, and none becomes another."""
    assert evaluate(f"SELECT {', '.join(map(quote_string, texts))}") == [tuple(texts)]


@settings(max_examples=20, deadline=None)
@given(names=st.lists(hostile.filter(bool), min_size=1, max_size=20))
def test_a_name_comes_back_as_it_was(names: list[str]) -> None:
    """No character ends a name before its end, and none becomes another."""
    query = ", ".join(f"{number} AS {quote_name(name)}" for number, name in enumerate(names))

    assert [name for name, _ in analyze(f"SELECT {query}")] == names


@settings(max_examples=20, deadline=None)
@given(names=st.lists(found, min_size=1, max_size=20))
def test_a_name_that_a_run_finds_is_quoted_by_sql(names: list[str]) -> None:
    """What SQL writes names the same thing as what Python writes."""
    (written,) = evaluate(f"SELECT {', '.join(quoted(quote_string(name)) for name in names)}")
    query = ", ".join(f"{number} AS {name}" for number, name in enumerate(written))

    assert [name for name, _ in analyze(f"SELECT {query}")] == names


def test_a_path_is_one_name() -> None:
    """Project, dataset and table stand in one pair of quotes, which a domain's colon and a table's space ask for."""
    table = TableRef("acme.org:shop", "sales", "orders 2026")

    assert quote_table(table) == "`acme.org:shop.sales.orders 2026`"


def test_a_part_that_is_empty_is_refused() -> None:
    """A path with nothing between its dots names something else."""
    with pytest.raises(ValueError, match="empty part"):
        quote_name("acme-jp", "", "orders")


@pytest.mark.parametrize(
    "printed",
    [
        "ARRAY<STRUCT<at TIMESTAMP, end STRUCT<from STRING, amount NUMERIC(10, 2)>>>",
        "ARRAY<STRUCT<`at` TIMESTAMP, `end` STRUCT<`from` STRING, amount NUMERIC(10, 2)>>>",
    ],
    ids=["bare", "in backquotes"],
)
def test_names_inside_a_type_can_be_read_again(printed: str) -> None:
    """A field may be named by a reserved word, whichever way the metadata prints it."""
    ((written,),) = evaluate(f"SELECT {quoted_fields(quote_string(printed))}")

    assert written == "ARRAY<STRUCT<`at` TIMESTAMP, `end` STRUCT<`from` STRING, `amount` NUMERIC(10, 2)>>>"
    parse(f"CREATE TABLE t (c {written})")
