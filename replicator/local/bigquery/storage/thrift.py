"""Thrift's compact protocol, as much of it as Parquet's footers and page headers use; read only.

https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

_TRUE, _FALSE, _LIST, _SET, _STRUCT = 1, 2, 9, 10, 12
_LONG_FORM: Final = 15


def read_struct(data: bytes, position: int = 0) -> tuple[dict[int, Any], int]:
    """A struct's fields by their ids, and where it ends.

    Raises:
        KeyError: It uses a type that Parquet does not.
        IndexError: The data ends before the struct does.
    """
    fields: dict[int, Any] = {}
    identity = 0
    while header := data[position]:
        position += 1
        kind = header & 0x0F
        if header >> 4:
            identity += header >> 4
        else:
            identity, position = _integer(data, position)
        if kind <= _FALSE:
            fields[identity] = kind == _TRUE
        else:
            fields[identity], position = _READERS[kind](data, position)
    return fields, position + 1


def read_unsigned(data: bytes, position: int) -> tuple[int, int]:
    """A number of as many bytes as it takes, seven bits in each, and where it ends."""
    value = data[position]
    position += 1
    if value < 0x80:
        return value, position
    value, shift = value & 0x7F, 7
    while (byte := data[position]) & 0x80:
        value |= (byte & 0x7F) << shift
        shift, position = shift + 7, position + 1
    return value | byte << shift, position + 1


def _integer(data: bytes, position: int) -> tuple[int, int]:
    value, position = read_unsigned(data, position)
    return (value >> 1) ^ -(value & 1), position


def _binary(data: bytes, position: int) -> tuple[bytes, int]:
    length, position = read_unsigned(data, position)
    return data[position : position + length], position + length


def _list(data: bytes, position: int) -> tuple[list[Any], int]:
    header = data[position]
    count, kind, position = header >> 4, header & 0x0F, position + 1
    if count == _LONG_FORM:
        count, position = read_unsigned(data, position)
    read, items = _READERS[kind], []
    for _ in range(count):
        item, position = read(data, position)
        items.append(item)
    return items, position


# A boolean in a list is a byte, and so is the type of that number.
def _byte(data: bytes, position: int) -> tuple[int, int]:
    return data[position], position + 1


def _double(data: bytes, position: int) -> tuple[bytes, int]:
    return data[position : position + 8], position + 8


_READERS: Final[dict[int, Callable[[bytes, int], tuple[Any, int]]]] = {
    _TRUE: _byte,
    _FALSE: _byte,
    3: _byte,
    4: _integer,
    5: _integer,
    6: _integer,
    7: _double,
    8: _binary,
    _LIST: _list,
    _SET: _list,
    _STRUCT: read_struct,
}
