"""A source added to a file of a person's own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from replicator.errors import ConfigError
from replicator.onboard.inserting import insert_sources

FILE = Path("p.yaml")
CONFIGS = Path(__file__).parents[3] / "configs"
START = """\
a: 1 # one
sources:
  # jp
  - name: jp   # odd   blanks
    where: |
      x = 1
"""


def lines(dash: int, keys: int) -> Sequence[Sequence[str]]:
    """One source, indented as asked."""
    gap = " " * (keys - dash - 1)
    return [[f"{' ' * dash}-{gap}name: new", f"{' ' * keys}project: acme-br"]]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        # Two blanks, a key behind, comments of both.
        (
            f"{START}\n# merge\nmerge: append\n",
            f"{START}\n  - name: new\n    project: acme-br\n\n# merge\nmerge: append\n",
        ),
        # At the margin, at the end of the file, a comment that belongs to the list.
        (
            "sources:\n- name: jp\n  # - old: one\n",
            "sources:\n- name: jp\n  # - old: one\n\n- name: new\n  project: acme-br\n",
        ),
        # Wide indentation, no line end behind the last line.
        (
            "sources:\n    -   name: jp\n        b: [1, 2]",
            "sources:\n    -   name: jp\n        b: [1, 2]\n\n    -   name: new\n        project: acme-br\n",
        ),
        # Sources in braces, and the end of the document.
        ("sources:\n  - {name: jp}\n...\n", "sources:\n  - {name: jp}\n\n  - name: new\n    project: acme-br\n...\n"),
        # A byte order mark and the line ends of another system.
        (
            "\ufeffsources:\r\n  - name: jp\r\n\r\nmerge: append\r\n",
            "\ufeffsources:\r\n  - name: jp\r\n\r\n  - name: new\r\n    project: acme-br\r\n\r\nmerge: append\r\n",
        ),
    ],
)
def test_every_byte_that_was_there_stays(before: str, after: str) -> None:
    """Comments, order, quotes and line ends are the person's; the new lines follow their indentation."""
    assert insert_sources(before, FILE, lines) == after


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\n", "has no sources of its own"),
        ("sources: [{name: jp}]\n", "p.yaml:1:10: sources: is not written line by line"),
        ("sources:\n  {name: jp}\n", "is not written line by line"),
        ("sources: []\n", "is not written line by line"),
    ],
)
def test_what_cannot_be_added_to_is_refused_with_its_place(text: str, message: str) -> None:
    """Rather than written anew."""
    with pytest.raises(ConfigError, match=message):
        insert_sources(text, FILE, lines)


@pytest.mark.parametrize("file", sorted(CONFIGS.glob("**/[!d]*.yaml")), ids=lambda file: file.stem)
def test_the_repositorys_own_files_can_be_added_to(file: Path) -> None:
    """Behind every one of them, whatever ends its sources; without the new lines it is the file that it was."""
    text = file.read_text("utf-8")

    changed = insert_sources(text, file, lines)

    added = "\n".join(("", *lines(2, 4)[0], ""))
    assert changed.count(added) == 1
    assert changed.replace(added, "") == text
