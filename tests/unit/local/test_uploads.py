"""The bodies of uploads: parts split by their own line ends, chunks in their places."""

from __future__ import annotations

import pytest

from replicator.local.uploads import Chunks, Part, UploadError, two_parts


@pytest.mark.parametrize("end", [b"\r\n", b"\n"])
def test_parts_are_split_by_the_line_ends_of_the_first_line(end: bytes) -> None:
    """Line ends of either kind, and hyphens, stay as they are in the data."""
    data = b"a\r\nb\n--c\r\n\r\nd\n\n"
    lines = [b"--x", b"", b"{}", b"--x", b"Content-Type: text/csv", b"", data, b"--x--", b""]

    stated, held = two_parts({"content-type": 'multipart/related; boundary="x"'}, end.join(lines))

    assert (stated, held) == (Part(None, b"{}"), Part("text/csv", data))


@pytest.mark.parametrize(
    ("kind", "body", "wrong"),
    [
        ("multipart/related", b"", "with a boundary"),
        ("text/plain; boundary=x", b"", "with a boundary"),
        ("multipart/related; boundary=x", b"--x\r\n\r\n{}\r\n--x--", "this one has 1"),
        ("multipart/related; boundary=x", b"", "this one has 0"),
    ],
)
def test_what_is_no_pair_of_parts_is_refused(kind: str, body: bytes, wrong: str) -> None:
    """Whatever is missing."""
    with pytest.raises(UploadError, match=wrong):
        two_parts({"content-type": kind}, body)


def test_chunks_are_put_in_their_places() -> None:
    """One that is sent again replaces what had arrived from its first byte on; a question changes nothing."""
    chunks = Chunks()

    assert not chunks.take({"content-range": "bytes 0-2/*"}, b"abc")
    assert not chunks.take({"content-range": "bytes */*"}, b"")
    assert not chunks.take({"content-range": "bytes 1-3/6"}, b"BCD")
    assert chunks.headers == {"Range": "bytes=0-3"}
    assert chunks.take({"content-range": "bytes 4-5/6"}, b"ef")
    assert bytes(chunks.data) == b"aBCDef"
    assert Chunks().take({"content-range": "bytes */0"}, b"")
    assert Chunks().take({}, b"all")


@pytest.mark.parametrize(
    ("said", "body"),
    [("bytes 1-1/2", b"b"), ("bytes 0-5/6", b"ab"), ("bytes 0/1", b"a"), (f"bytes 0-{10**20}/*", b"a"), ("", b"a")],
)
def test_a_chunk_that_cannot_be_placed_is_refused(said: str, body: bytes) -> None:
    """A gap, another length than it says, or nothing that can be read."""
    with pytest.raises(UploadError):
        Chunks().take({"content-range": said}, body)
