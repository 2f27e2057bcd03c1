"""Open gzip, however much is in it: what passes the limit is not even unpacked.

Source: RFC 1952 (several members are one file).
"""

from __future__ import annotations

import zlib

MAGIC = b"\x1f\x8b"
_GZIP = 16 + zlib.MAX_WBITS


class TooLargeInside(Exception):
    """The content passes the limit."""


class BrokenGzip(Exception):
    """The file is cut off or damaged."""


def unpack(data: bytes, limit: int) -> bytes:
    """The content of every member.

    Args:
        limit: Largest size in bytes.

    Raises:
        TooLargeInside: it is larger.
        BrokenGzip: it can't be unpacked.
    """
    parts: list[bytes] = []
    left = limit
    while data.startswith(MAGIC):
        opened = zlib.decompressobj(_GZIP)
        try:
            part = opened.decompress(data, left + 1)
        except zlib.error as error:
            raise BrokenGzip from error
        if len(part) > left:
            raise TooLargeInside
        if not opened.eof:
            raise BrokenGzip
        parts.append(part)
        left -= len(part)
        data = opened.unused_data.lstrip(b"\x00")
    if data:
        raise BrokenGzip
    return b"".join(parts)
