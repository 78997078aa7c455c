"""Tables keep every value whole and take none for markup."""

from __future__ import annotations

import pytest

from replicator.report.tables import print_rows, print_table


def test_values_are_printed_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    """Brackets are no markup, and a long name is not cut in a pipe."""
    name = "acme-analytics.marketing." + "t" * 120

    print_table(["name", "rows"], [[name, "1"], ["[bold]x[/bold]", "2"]], right=["rows"])

    printed = capsys.readouterr().out
    assert name in printed
    assert "[bold]x[/bold]" in printed


def test_null_and_empty_text_are_told_apart(capsys: pytest.CaptureFixture[str]) -> None:
    """A query's NULL is printed as NULL, and the number of rows is talk."""
    print_rows([{"a": None, "b": "x"}])

    printed = capsys.readouterr()
    assert "NULL" in printed.out
    assert printed.err == "1 row\n"


def test_no_rows_print_no_table(capsys: pytest.CaptureFixture[str]) -> None:
    """An empty answer is empty on stdout."""
    print_rows([])

    assert capsys.readouterr() == ("", "0 rows\n")
