"""Logical bytes of a fragment, counted from what its Parquet file says of itself, without reading its values.

A fragment has no dictionaries and no compression. So the number of a leaf's values stands in the file's footer
(values less missing ones), and the length of its texts is what its pages hold beside levels and lengths.
Asking the engine for hundreds of sums instead costs many times what writing a small table does.

https://parquet.apache.org/docs/file-format/
"""

from __future__ import annotations

import os
import struct
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO, Final

from replicator.local.bigquery.storage import thrift
from replicator.local.bigquery.storage.sizes import Leaf, leaves_of
from replicator.schema.fields import Field

_MAGIC: Final = b"PAR1"
_TAIL: Final = 8
_REQUIRED, _REPEATED = 0, 2
_DATA_PAGE: Final = 0
# DELTA_LENGTH_BYTE_ARRAY: the lengths of all texts of a page, packed, then the texts.
_LENGTHS_THEN_TEXTS: Final = 6
# What the length of a page's levels takes (data page, version 1).
_PREFIX: Final = 4


def measure(path: Path, fields: tuple[Field, ...]) -> tuple[int, list[int]]:
    """Rows of a file, and the logical bytes of each leaf, in the order of ``sizes.leaves(fields)``.

    Raises:
        ValueError, KeyError: The file is not written as fragments are.
    """
    wanted = leaves_of(fields)
    sizes = [0] * len(wanted)
    with path.open("rb") as file:
        footer = _footer(file)
        levels = _levels(footer[2])
        if len(levels) != len(wanted):
            msg = f"{path} has {len(levels)} columns, and its schema {len(wanted)} leaves"
            raise ValueError(msg)
        for group in footer.get(4, ()):
            for place, chunk in enumerate(group[1]):
                sizes[place] += _size(file, chunk[3], wanted[place], levels[place])
    return int(footer[3]), sizes


def _footer(file: BinaryIO) -> Mapping[int, Any]:
    """``FileMetaData``: 2 is the schema, 3 the number of rows, 4 the row groups."""
    end = file.seek(0, os.SEEK_END)
    file.seek(end - _TAIL)
    length, magic = struct.unpack("<i4s", file.read(_TAIL))
    if magic != _MAGIC:
        msg = f"{file.name} is no Parquet file"
        raise ValueError(msg)
    file.seek(end - _TAIL - length)
    return thrift.read_struct(file.read(length))[0]


def _levels(schema: Sequence[Mapping[int, Any]]) -> list[int]:
    """How many kinds of levels the pages of each column have: repetition, definition, both or none.

    ``SchemaElement``, parents before children: 3 is the repetition, 5 the number of children.
    """
    found = []
    open_records: list[tuple[int, frozenset[int]]] = []
    for element in schema:
        left, kinds = open_records.pop() if open_records else (1, frozenset[int]())
        if left > 1:
            open_records.append((left - 1, kinds))
        kinds |= {element.get(3, _REQUIRED)} - {_REQUIRED}
        if element.get(5):
            open_records.append((element[5], kinds))
        else:
            # What repeats may also be empty, and has both.
            found.append(2 if _REPEATED in kinds else len(kinds))
    return found


def _size(file: BinaryIO, chunk: Mapping[int, Any], leaf: Leaf, levels: int) -> int:
    """``ColumnMetaData``: 5 values, 7 length, 9 where the pages begin, 12 statistics, and in them 3 missing values."""
    values = chunk[5] - chunk[12][3]
    if leaf.width is not None:
        return int(values * leaf.width)
    return int(_texts(file, chunk[9], chunk[7], levels) + values * leaf.overhead)


def _texts(file: BinaryIO, start: int, length: int, levels: int) -> int:
    """How many bytes the texts of a chunk's pages take.

    ``PageHeader``: 1 is its type, 3 its length, 5 a data page's header, and in that 2 is the encoding.
    """
    file.seek(start)
    data, position, taken = file.read(length), 0, 0
    while position < length:
        header, position = thrift.read_struct(data, position)
        if header[1] != _DATA_PAGE or header[5][2] != _LENGTHS_THEN_TEXTS:
            msg = f"{file.name} has a page before {start + position} that is not written as lengths and texts"
            raise ValueError(msg)
        first, position = position, position + header[3]
        for _ in range(levels):
            first += _PREFIX + int.from_bytes(data[first : first + _PREFIX], "little")
        taken += position - _after_lengths(data, first)
    return taken


def _after_lengths(data: bytes, position: int) -> int:
    """Where a page's lengths end (delta encoding).

    Blocks of as many lengths, each with its smallest difference, the width of each of its parts in bits, and the parts.
    """
    block, position = thrift.read_unsigned(data, position)
    parts, position = thrift.read_unsigned(data, position)
    count, position = thrift.read_unsigned(data, position)
    _, position = thrift.read_unsigned(data, position)
    for _ in range(0, count - 1, block):
        _, position = thrift.read_unsigned(data, position)
        widths = data[position : position + parts]
        position += parts + sum(widths) * (block // parts) // 8
    return position
