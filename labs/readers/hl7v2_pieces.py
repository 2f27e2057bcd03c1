"""Cut an HL7 v2 message that holds several reports: a message of its own for each.

Rules: a piece has the header, its person with the consents given, its own order and lines, in
the sender's bytes and order, so that it reads as its report does in the whole. Of a message
with a damaged segment each piece has that segment too and stays as unreadable. What every
piece needs is repeated; a message of which many small reports share a great deal isn't cut,
or a small message would fill a large disk.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from labs.readers.hl7v2 import Message, body_of, parse

MOST_TIMES = 32  # how much larger than the message all of its pieces may be together
_SEGMENT = re.compile(rb"[A-Z][A-Z0-9]{2}(?:[^A-Za-z0-9\s]|\s*\Z)")


@dataclass(slots=True)
class _Piece:
    """Numbers of the lines of a report: its person's, shared with others, and its own."""

    person: list[int]
    own: list[int] = field(default_factory=list)


class Pieces:
    """The lines of a message by the report to which they belong."""

    def __init__(self, raw: bytes, message: Message) -> None:
        """Sort the lines of ``raw``, from which ``message`` was parsed."""
        body = body_of(raw)
        self._whole = raw
        self._damaged = message.damaged is not None
        self._lines = body.splitlines(keepends=True)
        self._head: list[int] = []
        self._pieces = self._sorted(_names(self._lines, _separator(raw, message)))
        self._lines[-1] += raw[len(body) :]
        if message.damaged:
            self._head += _around(self._lines, int(message.damaged.detail))

    def __len__(self) -> int:
        return len(self._pieces)

    def __iter__(self) -> Iterator[bytes]:
        for piece in self._pieces:
            yield self._joined([*self._head, *piece.person, *piece.own])

    @property
    def is_safe(self) -> bool:
        """Whether none reads better alone than the message does."""
        return not self._damaged or parse(self._joined(self._head)).damaged is not None

    def _joined(self, numbers: Iterable[int]) -> bytes:
        return b"".join([self._lines[at] for at in sorted(set(numbers))])

    @property
    def too_much(self) -> bool:
        """Whether they would repeat far more than the message has."""
        size = [len(line) for line in self._lines]
        shared = sum(size[at] for at in self._head) * len(self)
        persons = {id(piece.person): sum(size[at] for at in piece.person) for piece in self._pieces}
        shared += sum(persons[id(piece.person)] for piece in self._pieces)
        return shared > MOST_TIMES * len(self._whole)

    def _sorted(self, names: Sequence[bytes]) -> list[_Piece]:
        """What no name places follows the line above it, as notes do."""
        pieces: list[_Piece] = []
        person: list[int] = []
        waiting: list[int] = []  # belongs to the next report
        place = self._head
        for at, name in enumerate(names):
            if name == b"OBR":
                pieces.append(_Piece(person, waiting))
                place, waiting = waiting, []
            elif name == b"PID":
                if not pieces or pieces[-1].person is not person:
                    waiting += person  # nobody's report
                place = person = []
            elif name == b"CON":
                place = person
            elif name == b"ORC":
                place = waiting
            elif name in (b"OBX", b"SPM"):
                place = pieces[-1].own if pieces else waiting
            place.append(at)
        if pieces:
            pieces[-1].own += waiting
            pieces[-1].own += person if pieces[-1].person is not person else []
        return pieces


def _separator(raw: bytes, message: Message) -> bytes:
    encoded = message.delimiters.field.encode()
    return encoded if raw.startswith(encoded, 3) else raw[3:4]


def _names(lines: Sequence[bytes], separator: bytes) -> list[bytes]:
    """The name of each line that is a segment; what is none has an empty one."""
    return [
        line[:3] if line.startswith(separator, 3) or not line[3:].strip(b"\r\n") else b""
        for line in lines
    ]


def _around(lines: Sequence[bytes], number: int) -> list[int]:
    """The line with this number (of those that aren't blank, from 1), from its segment on.

    Whether it is damaged depends on what it may continue.
    """
    counted = [at for at, line in enumerate(lines) if line.strip()]
    end = counted[min(number, len(counted)) - 1]
    start = next((at for at in range(end - 1, 0, -1) if _SEGMENT.match(lines[at])), 0)
    return list(range(start, end + 1))
