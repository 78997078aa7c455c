"""Reading YAML: every place is right, and what could be read in two ways is refused."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from replicator.errors import ConfigError, Place
from replicator.source.reader import MAX_DEPTH, parse, read
from replicator.source.tree import MapNode, key_place_of, place_of, plain

FILE = Path("orders.yaml")


def refusals(text: str) -> list[str]:
    with pytest.raises(ConfigError) as refused:
        parse(text, FILE)
    return [str(problem).removeprefix("orders.yaml:") for problem in refused.value.problems]


def test_what_looks_like_another_type_stays_text() -> None:
    """YAML's guesses (true, 45000, 1000, a date) are not made."""
    document = parse("a: on\nb: 12:30:00\nc: 1_000\nd: 2026-01-01\ne: 0x10\nf: 'null'\n", FILE)

    assert plain(document) == {"a": "on", "b": "12:30:00", "c": "1_000", "d": "2026-01-01", "e": "0x10", "f": "null"}


def test_null_and_nothing_are_no_text() -> None:
    """``null``, ``~`` and an empty value are absent values; in quotes they are texts."""
    document = parse("a: null\nb: ~\nc:\nd: ''\ne: '~'\n", FILE)

    assert plain(document) == {"a": None, "b": None, "c": None, "d": "", "e": "~"}


def test_every_value_and_every_key_knows_its_place() -> None:
    """Lines and columns count from 1; a path that ends in nothing is where it would be added."""
    root = parse("a: 1\nb:\n  - {c: x}\n  -   d: y\n", FILE)

    assert place_of(root, ("b", 0, "c")) == Place(FILE, 3, 9)
    assert key_place_of(root, ("b", 0, "c")) == Place(FILE, 3, 6)
    assert place_of(root, ("b", 1)) == Place(FILE, 4, 7)
    assert place_of(root, ("b", 1, "missing", "deeper")) == Place(FILE, 4, 7)
    assert place_of(root, ()) == Place(FILE, 1, 1)


def test_a_block_of_text_keeps_its_lines() -> None:
    """A literal block is one text, whatever it looks like."""
    assert plain(parse("sql: |\n  SELECT 1\n  FROM t\n", FILE)) == {"sql": "SELECT 1\nFROM t\n"}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a: 1\nb: 2\na: 3\n", ["3:1: a: is given twice, first on line 1; keep one of the two"]),
        ("a: {b: 1, b: 2}", ["1:11: a.b: is given twice, first on line 1; keep one of the two"]),
        ("a:\n\t- b\n", ["2:1: a tab stands where YAML wants spaces; indent with spaces"]),
        ("a: &x 1\n", ["1:4: a: anchors are not read; write the value out where it is needed"]),
        (
            "a: b\n<<: {c: d}\n",
            ["2:1: <<: merge keys are not read; write the keys out, or use defaults.yaml"],
        ),
        ("a: !!str 1\n", ["1:4: a: tags are not read: a key's type is known; remove the tag"]),
        ("a: 1\n---\nb: 2\n", ["2:1: a second document begins here; put it into a file of its own"]),
        ("[a]: b\n", ["1:1: has a key that is no text; write keys as plain text"]),
        ("'': b\n", ["1:1: has an empty key; name the key before the colon"]),
        ("", ["1:1: is empty; write a map of keys, or remove the file"]),
        ("# nothing\n", ["1:1: is empty; write a map of keys, or remove the file"]),
        ("a: \x07", ["1:4: the character U+0007 cannot stand in YAML; remove it or escape it in quotes"]),
    ],
)
def test_what_could_be_read_in_two_ways_is_refused(text: str, told: list[str]) -> None:
    """Each refusal names the place, the reason and the way out."""
    assert refusals(text) == told


def test_refusals_are_told_all_at_once() -> None:
    """An alias, a repeated key and a tag are three errors, not one after the other."""
    told = refusals("a: &x 1\nb: *x\na: !t 2\n")

    assert [line.split(":")[0] for line in told] == ["1", "2", "3", "3"]
    assert "the alias '*x' would give one text two places" in told[1]


def test_a_syntax_error_says_where_the_broken_thing_began() -> None:
    """The end of the file is rarely where the quote was forgotten."""
    (told,) = refusals("a: 1\nb: 'x\nc: d\n")

    assert told.startswith("4:1: is not YAML: found unexpected end of stream")
    assert "that began on line 2" in told


def test_a_document_that_is_nested_without_end_is_refused() -> None:
    """A hostile file cannot exhaust the stack."""
    (told,) = refusals("[" * (MAX_DEPTH + 5) + "]" * (MAX_DEPTH + 5))

    assert f"is nested more than {MAX_DEPTH} levels deep" in told


def test_a_file_that_is_not_utf8_names_the_byte(tmp_path: Path) -> None:
    """The place is that of the first byte that cannot be read."""
    file = tmp_path / "latin.yaml"
    file.write_bytes(b"a: 1\nb: caf" + b"\xe9\n")

    with pytest.raises(ConfigError, match=r":2:7: byte 0xe9 is not UTF-8; save the file as UTF-8"):
        read(file)


def test_a_byte_order_mark_is_no_part_of_the_first_key(tmp_path: Path) -> None:
    """Editors on Windows write one."""
    file = tmp_path / "bom.yaml"
    file.write_bytes(b"\xef\xbb\xbfa: 1\n")

    assert plain(read(file)) == {"a": "1"}


def test_a_file_that_is_not_there_is_one_clear_sentence(tmp_path: Path) -> None:
    """The system's own reason is passed on."""
    with pytest.raises(ConfigError, match="cannot be read: No such file or directory"):
        read(tmp_path / "absent.yaml")


@given(st.text(alphabet=" \n\t-:{}[]&*!|>'\"%@#,?abc1<~é\x00", max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    """Nothing but a ConfigError ever comes out, whatever is in the file."""
    with contextlib.suppress(ConfigError):
        assert parse(text, FILE).place.line >= 1


def test_keys_keep_the_order_of_the_file() -> None:
    """What is made from a document is as stable as the document."""
    root = parse("z: 1\na: 2\nm: 3\n", FILE)

    assert isinstance(root, MapNode)
    assert [entry.key for entry in root.entries] == ["z", "a", "m"]
