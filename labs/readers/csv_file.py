"""CSV: bytes to rows with the numbers that a spreadsheet program shows.

The separator is the one under which the headings are understood. A quoted line break stays
within its row; a quotation mark that nobody closes costs its own line, not those that it
would swallow. UTF-8 is tried first, then what Vietnamese and western Windows write.

Source: RFC 4180; Windows code pages 1258 and 1252.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from zoneinfo import ZoneInfo

from core.results.facility import DateOrder
from core.results.reported import Finding, Unreadable
from labs.readers.spreadsheet import (
    FIRST_ROWS,
    Read,
    Row,
    Table,
    best_reason,
    head_of,
    or_nothing,
    table_of,
)

SEPARATORS = ",;\t"
_LONGEST_CELL = 100_000
_MOST_MENDED = 100  # each may cost a look through a longest cell
_BREAK = re.compile(r"[\r\n]")
_LINE = re.compile(r"[^\r\n]*(?:\r\n?|\n)?")


@dataclass(frozen=True, slots=True)
class Record:
    """A row of the file and where it stands in the text; broken ones have no cells."""

    number: int
    cells: Row | None
    start: int
    end: int


def read_csv(data: bytes, zone: ZoneInfo, date_order: DateOrder) -> Iterator[Read]:
    """Read the rows of a file; what it isn't is one ``Unreadable``."""
    text, warnings = _decoded(data.removeprefix(b"\xef\xbb\xbf"))
    reasons = []
    for separator in sorted(SEPARATORS, key=text.partition("\n")[0].count, reverse=True):
        found = records(text, separator)
        for record in islice(found, FIRST_ROWS):
            table = table_of(record.cells or (), zone, date_order, warnings)
            if isinstance(table, Table):
                yield from or_nothing(_rows(found, table, text, separator), data)
                return
            reasons.append(table)
    yield Unreadable((best_reason(reasons),)), data, 1


def _rows(found: Iterator[Record], table: Table, text: str, separator: str) -> Iterator[Read]:
    for record in found:
        if record.cells is not None:
            cut = record.end == len(text) and not text.endswith(("\r", "\n"))
            yield from table.read(record.number, record.cells, cut=cut)
            continue
        written = text[record.start : record.end].encode("utf-8", "replace")
        raw = head_of(table.headings, separator) + written
        yield Unreadable((Finding("unclosed_quote"),)), raw, record.number


def records(text: str, separator: str) -> Iterator[Record]:
    """The rows of ``text``, counted as a spreadsheet program does."""
    csv.field_size_limit(_LONGEST_CELL)
    lines = _Lines(text)
    rows = csv.reader(lines, delimiter=separator)
    number = start = mended = 0
    while start < len(text):
        number, before = number + 1, rows.line_num
        cells = _next(rows)
        spans = rows.line_num > before + 1 or lines.at >= len(text)
        if cells is None or (spans and _swallows(text[start : lines.at], separator)):
            cells, mended = None, mended + 1
            # After too many of them the rest is one row: it is no table.
            lines.at = _LINE.match(text, start).end() if mended <= _MOST_MENDED else len(text)  # type: ignore[union-attr]
            rows = csv.reader(lines, delimiter=separator)
        yield Record(number, cells, start, lines.at)
        start = lines.at


def _next(rows: Iterator[list[str]]) -> list[str] | None:
    try:
        return next(rows)
    except csv.Error:
        return None


def _swallows(written: str, separator: str) -> bool:
    """Whether a quotation mark opens in a row that is not closed where a cell ends."""
    if '"' not in written:
        return False
    try:
        if len(_parsed(f"{written}\n.", separator)) == 1:  # the line after it became part of it
            return True
        if _BREAK.search(written.rstrip("\r\n")):
            _parsed(written, separator, strict=True)
    except csv.Error:
        return True
    return False


def _parsed(written: str, separator: str, *, strict: bool = False) -> list[list[str]]:
    return list(csv.reader(io.StringIO(written, newline=""), delimiter=separator, strict=strict))


class _Lines:
    """The lines of a text with their ends; ``at`` is where the next one begins."""

    __slots__ = ("at", "text")

    def __init__(self, text: str) -> None:
        self.text, self.at = text, 0

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        found = _LINE.match(self.text, self.at)
        if found is None or self.at >= len(self.text):
            raise StopIteration
        self.at = found.end()
        return found[0]


def _decoded(data: bytes) -> tuple[str, tuple[Finding, ...]]:
    try:
        return data.decode(), ()
    except UnicodeDecodeError:
        pass
    for charset in ("cp1258", "cp1252", "latin-1"):
        try:
            text = unicodedata.normalize("NFC", data.decode(charset))
        except UnicodeDecodeError:
            continue
        return text, (Finding("charset_guessed", "", charset),)
    raise ValueError("latin-1 reads everything")
