"""MLLP's framing: what a connection sends, cut into messages.

Rules: a VT begins a message only before a header, an FS ends one only before what may follow a
message, or a pause: both bytes also stand in careless texts. Senders that forget the VT, or the
CR at the end, are understood.

Source: HL7 Version 3 Standard: Transport Specification, MLLP Release 1 (``<VT>…<FS><CR>``).
"""

from __future__ import annotations

import re

START, END, CR = b"\x0b", b"\x1c", b"\r"
_CHUNK = 64 * 1024
_BLANKS = re.compile(rb"[\r\n\t \x00]*")
_HEADER = rb"(?:\xef\xbb\xbf)?(?:MSH|FHS|BHS)"
# An FS inside a text is followed by more text, one at an end by what may follow a message ...
_SURE_END = re.compile(rb"\x1c(?=[\r\n\x0b\x1c]|MSH|FHS|BHS)")
# ... or by nothing, which tells only when the peer pauses.
_ANY_END = re.compile(rb"\x1c(?=[\r\n\x0b\x1c]|MSH|FHS|BHS|\Z)")
_LOOK_BACK = 3  # an FS may wait for so many bytes to be told by
# A VT inside a text is followed by no header. The last one counts: its peer began anew.
_BEGUN = re.compile(rb"(?s:.*)\x0b(?=[\r\n\t \x00]*" + _HEADER + rb")")
_UNMARKED = re.compile(rb"(?:\A|[\r\n])(?=" + _HEADER + rb")")


class TooLarge(Exception):
    """The message passed the limit; the argument is what came of it."""


class Frames:
    """Cuts what a connection sends into messages.

    Bytes between two messages are skipped, unless a message begins there without its VT.
    """

    def __init__(self, largest: int) -> None:
        """Refuse messages of more than ``largest`` bytes."""
        self._buffer = bytearray()
        self._largest = largest
        self._looked = 0

    @property
    def size(self) -> int:
        """How many bytes are kept."""
        return len(self._buffer)

    @property
    def inside(self) -> bool:
        """Whether a message has begun and not ended."""
        return bool(self._buffer)

    @property
    def may_have_ended(self) -> bool:
        """Whether the last byte is an end block, or an FS inside a text."""
        return self._buffer.endswith(END)

    def feed(self, data: bytes) -> None:
        """Take what came. Raises: TooLarge."""
        self._buffer += data
        self._skip_blanks()
        if len(self._buffer) > self._largest + 2 and self._end(_ANY_END) < 0:
            raise TooLarge(self._told(bytes(self._buffer[:_CHUNK])))

    def next(self, *, paused: bool = False) -> bytes | None:
        """The next whole message, or None. Raises: TooLarge.

        Args:
            paused: Nothing more came for a while.
        """
        while (end := self._end(_ANY_END if paused else _SURE_END)) >= 0:
            block = bytes(self._buffer[:end])
            del self._buffer[: end + 1]
            self._looked = 0
            self._skip_blanks()
            message = self._told(block)
            if len(message) > self._largest:
                raise TooLarge(message[:_CHUNK])
            if message:
                return message
        return None

    def _end(self, pattern: re.Pattern[bytes]) -> int:
        found = pattern.search(self._buffer, self._looked)
        if found is not None:
            return found.start()
        self._looked = max(0, len(self._buffer) - _LOOK_BACK)
        return -1

    def _skip_blanks(self) -> None:
        """Between two messages; within one the first byte is none."""
        blanks = _BLANKS.match(self._buffer)
        if blanks is not None and (count := blanks.end()):
            del self._buffer[:count]
            self._looked = 0

    @staticmethod
    def _told(block: bytes) -> bytes:
        """The message of a block; its last segment is ended, since the end block came."""
        begun = _BEGUN.match(block) or _UNMARKED.search(block)
        block = block[begun.end() :] if begun else block.partition(START)[2] or block
        block = block.lstrip(b"\r\n\t \x00\x0b")
        return block + CR if block and not block.endswith((b"\r", b"\n")) else block
