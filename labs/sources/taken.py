"""Which files of a distant folder have been taken: the memory behind a watermark.

A file is its name, its size and its time of change together: one that is replaced is a new
one, and one that comes late with an old time is as new as any. Only what still lies there is
remembered, so the memory is as long as the folder and no longer.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import blake2b

import msgspec

_MARK_BYTES = 8  # two files of one folder share a mark once in 10^14 folders


@dataclass(frozen=True, slots=True)
class Listed:
    """A plain file as a listing shows it.

    Args:
        name: As the server wrote it: any bytes but ``/`` and NUL.
        size: Bytes.
        changed: Seconds since 1970 by the server's clock, or as whoever wrote it set them.
    """

    name: bytes
    size: int
    changed: int

    @property
    def mark(self) -> bytes:
        """Eight bytes that stand for this file in this state."""
        text = b"%d %d %b" % (self.size, self.changed, self.name)
        return blake2b(text, digest_size=_MARK_BYTES).digest()


class _Remembered(msgspec.Struct):
    taken: bytes


class Taken:
    """What has been taken of the files that lie there now."""

    def __init__(self, watermark: str, present: Iterable[Listed]) -> None:
        """Recall ``watermark``, and forget what isn't ``present`` any more."""
        known = _marks(watermark)
        marks = (file.mark for file in present)
        self._marks = dict.fromkeys(mark for mark in marks if mark in known)

    def __contains__(self, file: Listed) -> bool:
        return file.mark in self._marks

    def add(self, file: Listed) -> None:
        """Remember ``file``."""
        self._marks[file.mark] = None

    def forget(self, file: Listed) -> None:
        """``file`` lies elsewhere now."""
        self._marks.pop(file.mark, None)

    def watermark(self) -> str:
        """All of it as JSON; 11 characters a file."""
        return msgspec.json.encode(_Remembered(b"".join(self._marks))).decode()


def _marks(watermark: str) -> frozenset[bytes]:
    """The marks of a watermark; none of one that we didn't write.

    To begin anew then is safe: intake knows what it has seen.
    """
    try:
        text = msgspec.json.decode(watermark, type=_Remembered).taken
    except (msgspec.DecodeError, UnicodeError):
        return frozenset()
    starts = range(0, len(text), _MARK_BYTES)
    return frozenset(text[start : start + _MARK_BYTES] for start in starts)
