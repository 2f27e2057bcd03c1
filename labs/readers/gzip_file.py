"""Open gzip, however much is in it: what passes the limit is not even unpacked.

Source: RFC 1952 (several members are one file).
"""

from __future__ import annotations

import zlib

MAGIC = b"\x1f\x8b"
_GZIP = 16 + zlib.MAX_WBITS
_CHUNK = 64 * 1024  # what follows a member is copied: a whole file each time would take hours
_MOST_MEMBERS = 10_000


class TooLargeInside(Exception):
    """The content passes the limit."""


class BrokenGzip(Exception):
    """The file is cut off or damaged."""


def unpack(data: bytes, limit: int) -> bytes:
    """The content of every member.

    Args:
        limit: Largest size in bytes.

    Raises:
        TooLargeInside: it is larger, or in more members than anybody means.
        BrokenGzip: it can't be unpacked.
    """
    parts: list[bytes] = []
    at, left = 0, limit
    for _ in range(_MOST_MEMBERS):
        at, left = _member(data, at, left, parts)
        at = _without_padding(data, at)
        if at == len(data):
            return b"".join(parts)
    raise TooLargeInside


def _member(data: bytes, at: int, left: int, parts: list[bytes]) -> tuple[int, int]:
    """Unpack the member at ``at``: where the next begins, and what is left of the limit."""
    opened = zlib.decompressobj(_GZIP)
    while not opened.eof:
        chunk = data[at : at + _CHUNK]
        if not chunk:
            raise BrokenGzip
        try:
            part = opened.decompress(chunk, left + 1)
        except zlib.error as error:
            raise BrokenGzip from error
        left -= len(part)
        if left < 0:
            raise TooLargeInside
        parts.append(part)
        at += len(chunk) - len(opened.unused_data) - len(opened.unconsumed_tail)
    return at, left


def _without_padding(data: bytes, at: int) -> int:
    """Past the zeros that tape and block devices leave behind a member."""
    while data[at : at + 1] == b"\x00":
        at += 1
    return at
