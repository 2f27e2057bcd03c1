"""CSV: bytes to rows with the numbers that a spreadsheet program shows.

The separator is the one under which the headings are understood. A quoted line break stays
within its row; a quotation mark that nobody closes, or that is closed in another row, costs
its own line, not those that it would swallow: their people would become one. UTF-8 is tried
first, then what Vietnamese and western Windows write; a byte that was damaged in UTF-8 costs
its own row. Rows are decoded one by one.

Source: RFC 4180; Windows code pages 1258 and 1252; Excel's first line ``sep=;``.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
import unicodedata
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from zoneinfo import ZoneInfo

from core.results.facility import DateOrder
from core.results.reported import Finding, Unreadable
from labs.readers.spreadsheet import (
    FIRST_ROWS,
    Read,
    Table,
    best_reason,
    head_of,
    or_nothing,
    table_of,
)

SEPARATORS = ",;\t"
_BOM = codecs.BOM_UTF8
_CHUNK = 1024 * 1024
_LONGEST_CELL = 100_000
_LONGEST_LINE = 1_000_000
# Of a row with line breaks in its cells: what a broken one may cost to look at again.
_LONGEST_ROW, _MOST_LINES = 100_000, 100
_DAMAGED = re.compile("[\udc80-\udcff]")
_FOREIGN = re.compile("[^\x00-\x7f\udc80-\udcff]")
_NAMES_SEPARATOR = re.compile(r'"?sep=.?"?[\r\n]*', re.IGNORECASE)


def read_csv(data: bytes, zone: ZoneInfo, date_order: DateOrder) -> Iterator[Read]:
    """Read the rows of a file; what it isn't is one ``Unreadable``."""
    charset = _charset_of(data)
    reasons = []
    first = charset.text_of(data).readline()
    for separator in sorted(SEPARATORS, key=first.count, reverse=True):
        rows = Rows(charset.text_of(data), separator, composed=charset.is_guess)
        for cells in islice(rows, FIRST_ROWS):
            headings = () if isinstance(cells, Finding) else cells
            table = table_of(headings, zone, date_order, charset.warnings)
            if isinstance(table, Table):
                rows.fewest = table.fewest
                is_damaged = _is_damaged if charset.is_damaged else _is_whole
                yield from or_nothing(_read(rows, table, separator, is_damaged), data)
                return
            reasons.append(table)
    yield Unreadable((best_reason(reasons),)), data, 1


def _read(
    rows: Rows, table: Table, separator: str, is_damaged: Callable[[list[str]], bool]
) -> Iterator[Read]:
    for cells in rows:
        if not isinstance(cells, Finding) and not is_damaged(cells):
            yield from table.read(rows.number, cells, cut=rows.cut)
            continue
        found = cells if isinstance(cells, Finding) else Finding("damaged_characters")
        written = rows.written.encode("utf-8", "surrogateescape")
        # The mark keeps a damaged row from being taken for another character set.
        raw = _BOM + head_of(table.headings, separator) + written
        yield Unreadable((found,)), raw, rows.number


def _is_damaged(cells: list[str]) -> bool:
    return _DAMAGED.search("".join(cells)) is not None


def _is_whole(_cells: list[str]) -> bool:
    return False


class Rows:
    """The rows of a text, counted as a spreadsheet program does; a broken one is its finding.

    Args:
        text: Opened with its line ends as they are.
        composed: Letters and accents are joined (NFC).
    """

    def __init__(self, text: io.TextIOWrapper, separator: str, *, composed: bool) -> None:
        csv.field_size_limit(_LONGEST_CELL)
        self.number = self.fewest = 0
        self._separator = separator
        self._lines = _Lines(text, composed=composed)
        self._reader = csv.reader(self._lines, delimiter=separator)

    def __iter__(self) -> Iterator[list[str] | Finding]:
        return self

    def __next__(self) -> list[str] | Finding:
        """The cells of the next row, or why it has none."""
        self.number += 1
        self._lines.begin()
        try:
            cells = next(self._reader)
        except (csv.Error, _TooLong):
            return self._first_line_only()
        spans = len(self._lines.taken) > 1
        # The reader asks for a line beyond the last one only while a quotation mark is open.
        if self._lines.ended or (spans and self._swallows()):
            return self._first_line_only()
        return cells

    @property
    def written(self) -> str:
        """The row as it stands in the text."""
        return "".join(self._lines.taken)

    @property
    def cut(self) -> bool:
        """Whether the text ends with this row and without a line break."""
        return not self._lines.taken[-1].endswith(("\r", "\n"))

    def _first_line_only(self) -> Finding:
        lines = self._lines
        lines.give_back()
        self._reader = csv.reader(lines, delimiter=self._separator)
        return Finding("unclosed_quote")

    def _swallows(self) -> bool:
        """Whether a mark was closed in another row: inside a cell, or around whole rows."""
        taken = self._lines.taken
        if self.fewest and all(line.count(self._separator) >= self.fewest - 1 for line in taken):
            return True
        try:
            list(csv.reader(taken, delimiter=self._separator, strict=True))
        except csv.Error:
            return True
        return False


class _TooLong(Exception):
    """More than a row may hold."""


class _Lines:
    """The lines of a text with their ends, and which of them were taken for a row."""

    def __init__(self, text: io.TextIOWrapper, *, composed: bool) -> None:
        self._text, self._composed = text, composed
        self._ahead: deque[str] = deque()
        self.taken: list[str] = []
        self._size = 0
        self.ended = False
        first = self._next()
        if not _NAMES_SEPARATOR.fullmatch(first):  # else no program shows that line
            self._ahead.append(first)

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = self._ahead.popleft() if self._ahead else self._next()
        if not line:
            self.ended = bool(self.taken)
            raise StopIteration
        self.taken.append(line)
        self._size += len(line)
        if len(line) > _LONGEST_LINE or (len(self.taken) > 1 and self._are_too_many()):
            raise _TooLong
        return line

    def begin(self) -> None:
        """Begin the next row."""
        self.taken, self._size = [], 0

    def give_back(self) -> None:
        """Leave the first line to its row; the others are still to be read."""
        self._ahead.extendleft(reversed(self.taken[1:]))
        self.taken = self.taken[:1]
        self.ended = False

    def _are_too_many(self) -> bool:
        return len(self.taken) > _MOST_LINES or self._size > _LONGEST_ROW

    def _next(self) -> str:
        line = self._text.readline()
        return unicodedata.normalize("NFC", line) if self._composed else line


@dataclass(frozen=True, slots=True)
class _Charset:
    """How a file's bytes become text."""

    name: str
    is_guess: bool = False
    is_damaged: bool = False

    @property
    def warnings(self) -> tuple[Finding, ...]:
        return (Finding("charset_guessed", "", self.name),) if self.is_guess else ()

    def text_of(self, data: bytes) -> io.TextIOWrapper:
        start = io.BytesIO(data)
        start.seek(len(_BOM) if data.startswith(_BOM) else 0)
        return io.TextIOWrapper(start, self.name, "surrogateescape", newline="")


def _charset_of(data: bytes) -> _Charset:
    if _decodes(data, "utf-8"):
        return _Charset("utf-8")
    if data.startswith(_BOM) or _is_mostly_utf8(data):
        return _Charset("utf-8", is_damaged=True)
    names = (name for name in ("cp1258", "cp1252") if _decodes(data, name))
    return _Charset(next(names, "latin-1"), is_guess=True)


def _decodes(data: bytes, charset: str) -> bool:
    decoder = codecs.getincrementaldecoder(charset)()
    try:
        for chunk in _chunks(data):
            decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _is_mostly_utf8(data: bytes) -> bool:
    """Whether more letters are UTF-8 than bytes are not: another set makes hardly any."""
    decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
    good = bad = 0
    for chunk in (*_chunks(data), b""):
        text = decoder.decode(chunk, final=not chunk)
        good += len(_FOREIGN.findall(text))
        bad += len(_DAMAGED.findall(text))
    return good > bad


def _chunks(data: bytes) -> Iterator[bytes]:
    return (data[at : at + _CHUNK] for at in range(0, len(data), _CHUNK))
