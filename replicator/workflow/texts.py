"""The statements' texts within a document: as they were written, or on fewer lines."""

from __future__ import annotations

import re
from typing import Final

_QUOTED: Final = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|`(?:[^`\\]|\\.)*`")
_OPEN: Final = re.compile(r"['\"`#]|--|/\*")


class Sql(str):
    """A GoogleSQL statement or script of ours, in which white space between tokens says nothing."""

    __slots__ = ()


def dense(sql: Sql, width: int) -> Sql:
    """The same tokens on fewer lines, since each line of a document costs its indentation.

    A statement begins a line of its own. A line that is not whole in itself, because a text or a comment in it may go
    on to its end or beyond, is left as it is, and so is what follows it.

    Args:
        sql: The statement.
        width: Characters up to which lines are joined.
    """
    lines: list[str] = []
    whole = False
    for line in sql.splitlines():
        before, whole = whole, not _OPEN.search(_QUOTED.sub("", line))
        joined = f"{lines[-1]} {line.strip()}".rstrip() if before and whole else ""
        if joined and len(joined) <= width and not lines[-1].endswith(";"):
            lines[-1] = joined
        elif line.strip() or not (before and whole):
            lines.append(line)
    return Sql("\n".join(lines) + "\n" * sql.endswith("\n"))
