"""CSV as it is written and read, character by character."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from replicator.local.bigquery.files.csv_text import Broken, Value, line, records

TEXTS = st.text(alphabet=st.sampled_from("a\",;\r\n \\'ä"), max_size=5)


@given(rows=st.lists(st.lists(st.none() | TEXTS, min_size=2, max_size=3), max_size=4))
def test_what_is_written_is_read(rows: list[list[str | None]]) -> None:
    """Every text with what divides texts in it; NULL and the empty text stay apart."""
    text = "".join(line(row, delimiter=";") for row in rows)

    found = [record for _, record in records(text, delimiter=";", quote='"', quoted_newlines=True)]

    assert [
        [None if value == Value("") else value.text for value in record] for record in found if isinstance(record, list)
    ] == rows


@given(text=st.text(alphabet=st.sampled_from('a",\r\n'), max_size=20), quoted_newlines=st.booleans())
def test_every_text_is_read_to_its_end(text: str, quoted_newlines: bool) -> None:
    """What is no CSV is a broken record at its place, and what follows on the next line is read all the same."""
    found = list(records(text + "\nlast,1", delimiter=",", quote='"', quoted_newlines=quoted_newlines))

    assert [begin for begin, _ in found] == sorted({begin for begin, _ in found})
    assert quoted_newlines or found[-1][1] == [Value("last"), Value("1")]
    assert all(isinstance(record, Broken) or record for _, record in found)
