"""Tables on a terminal, and the same in a pipe."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from rich.console import Console

# A pipe has no width: nothing is folded there, so that a program finds every name whole.
_PIPE_WIDTH: Final = 100_000


def print_table(headers: Sequence[str], rows: Sequence[Sequence[str]], *, right: Sequence[str] = ()) -> None:
    """Print rows under headers on stdout.

    Args:
        headers: One per column.
        rows: Texts, as many as there are headers.
        right: Headers of the columns that are flushed right, as numbers are.
    """
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for header in headers:
        table.add_column(header, justify="right" if header in right else "left", overflow="fold")
    for row in rows:
        # Text, not str: brackets in a value are no markup.
        table.add_row(*(Text(cell) for cell in row))
    _console().print(table)


def print_rows(rows: Sequence[Mapping[str, Any]]) -> None:
    """Print a query's rows on stdout, and how many there are on stderr."""
    if rows:
        headers = list(rows[0])
        print_table(headers, [[_cell(row[header]) for header in headers] for row in rows])
    plural = "row" if len(rows) == 1 else "rows"
    print(f"{len(rows)} {plural}", file=sys.stderr)  # the talk goes to stderr


def _cell(value: object) -> str:
    return "NULL" if value is None else str(value)


def _console() -> Console:
    from rich.console import Console

    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else _PIPE_WIDTH
    return Console(file=sys.stdout, width=width, highlight=False, soft_wrap=False)
