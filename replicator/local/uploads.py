"""What the upload paths of Google's services have in common: bodies in several parts, and bodies in chunks.

https://docs.cloud.google.com/bigquery/docs/reference/api-uploads
https://docs.cloud.google.com/storage/docs/uploads-downloads
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

_BOUNDARY: Final = re.compile(r"(?i)boundary=(?:\"([^\"]+)\"|([^\s;\"]+))")
_CONTENT_TYPE: Final = re.compile(rb"(?i)^content-type:([^\r\n]*)", re.MULTILINE)
_RANGE: Final = re.compile(r"bytes (?:([0-9]{1,18})-([0-9]{1,18})|\*)/([0-9]{1,18}|\*)")


class UploadError(ValueError):
    """A body that is not what its headers say."""


class Part(NamedTuple):
    """One part of a multipart body.

    Attributes:
        content_type: What its own header says, None if it says nothing.
        body: Its bytes, as they are.
    """

    content_type: str | None
    body: bytes


def two_parts(headers: Mapping[str, str], body: bytes) -> tuple[Part, Part]:
    """What a multipart upload states, and its data.

    Args:
        headers: Those of the request, their names in lower case.
        body: That of the request.

    Raises:
        UploadError: It has no boundary, or another number of parts.
    """
    kind = headers.get("content-type", "")
    found = _BOUNDARY.search(kind)
    if found is None or not kind.lower().startswith("multipart/"):
        msg = "A multipart upload has the content type multipart/related with a boundary"
        raise UploadError(msg)
    # Split by hand: a mail parser would translate the line ends of the data. Its own are those of its first line,
    # which Google's API client for Python writes without a carriage return.
    first = b"--" + (found[1] or found[2]).encode()
    end = b"\n" if body.startswith(first + b"\n") else b"\r\n"
    pieces = (end + body).split(end + first)[1:-1]
    if len(pieces) != 2:
        msg = f"A multipart upload has two parts, the resource and its data; this one has {len(pieces)}"
        raise UploadError(msg)
    stated, data = (_part(piece.partition(2 * end)) for piece in pieces)
    return stated, data


def _part(piece: tuple[bytes, bytes, bytes]) -> Part:
    head, _, body = piece
    kind = _CONTENT_TYPE.search(head)
    return Part(kind[1].decode("latin-1").strip() if kind else None, body)


@dataclass(slots=True)
class Chunks:
    """What has arrived of a resumable upload.

    Attributes:
        data: Its bytes, from the first on.
    """

    data: bytearray = field(default_factory=bytearray)

    def take(self, headers: Mapping[str, str], body: bytes) -> bool:
        """Take a chunk, or the question how much has arrived; whether that is all of it.

        Args:
            headers: Those of the request, their names in lower case; without ``content-range`` it is the whole.
            body: The bytes of the chunk. Those that arrived before at their places are replaced.

        Raises:
            UploadError: It leaves a gap, or is of another length than its range.
        """
        said = headers.get("content-range")
        if said is None:
            self.data[:] = body
            return True
        match = _RANGE.fullmatch(said)
        if match is None:
            msg = "Invalid Content-Range header"
            raise UploadError(msg)
        if match[1] is not None:
            start = int(match[1])
            if start > len(self.data) or int(match[2]) - start + 1 != len(body):
                msg = "The chunk does not follow what has arrived"
                raise UploadError(msg)
            self.data[start:] = body
        return match[3] != "*" and len(self.data) >= int(match[3])

    @property
    def headers(self) -> dict[str, str]:
        """The headers of the answer that asks for more."""
        return {"Range": f"bytes=0-{len(self.data) - 1}"} if self.data else {}
