"""Measure a workbook before anything opens it: a small file may want all the memory there is.

Three measures: what its members unpack to, whatever sizes the zip declares; the rectangle
between the outermost filled cells of each sheet, because the reader lays out every cell of it
(two cells in opposite corners make half a terabyte, and the process is gone); and the longest
shared text for each cell that has one, because the reader copies it into each. Members are
looked at whatever they are called: a workbook may name any of them as its sheet. A place that
is written otherwise than Excel writes it (``A99999999999``, which the reader takes for another
row), or rows out of order, are refused: this must never see less than the reader does.

Source: ECMA-376 part 1, 18.3.1 (sheetData, row, c); ZIP (APPNOTE 6.3).
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from xml.parsers import expat

from core.results.reported import Finding

MOST_CELLS = 8_000_000  # 32 bytes each
_MOST_MEMBERS = 1000
_CHUNK = 1024 * 1024
_MOST_TEXT = 1_000_000_000
_MEMBER = b"PK\x01\x02"  # begins each entry of the zip's directory
_PLACE = re.compile(r"([A-Z]{1,3})([1-9][0-9]{0,6})", re.ASCII)
_ROW = re.compile(r"[1-9][0-9]{0,6}", re.ASCII)
# Words of a sheet and of the shared texts.
_TELLTALE = re.compile(rb"sheetData|</(?:[\w.-]{1,32}:)?si[\s>]")
_TAIL = 64
_BASE = ord("A") - 1
_LETTERS = 26
_BROKEN = (
    zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError, OSError, ValueError,
    RuntimeError,
)  # fmt: skip


class _Refused(Exception):
    """Not to be opened; the argument is the finding."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.code)
        self.finding = finding


def trouble_with(data: bytes, limit: int) -> Finding | None:
    """Why a workbook must not be opened, or None.

    Args:
        limit: Largest size of all that is in it, in bytes.
    """
    if data.count(_MEMBER) > _MOST_MEMBERS:
        return Finding("too_large", "", f"> {_MOST_MEMBERS} members")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            _look_at(archive, limit)
    except _Refused as refused:
        return refused.finding
    except _BROKEN:
        return Finding("unreadable_table")
    return None


def _look_at(archive: zipfile.ZipFile, limit: int) -> None:
    names = {member.filename for member in archive.infolist()}
    left, longest, texts = limit, 0, 0
    for member in archive.infolist():
        if member.flag_bits & 1:
            raise _Refused(Finding("unsupported_format", "", "encrypted zip"))
        look = _Look()
        with archive.open(member) as stream:
            while part := stream.read(_CHUNK):
                left -= len(part)
                if left < 0:
                    raise _Refused(Finding("too_large", "", f"> {limit}"))
                look.feed(part)
        look.feed(b"", final=True)
        longest, texts = max(longest, look.longest), texts + look.texts
    if longest * texts > _MOST_TEXT:
        raise _Refused(Finding("too_large", "", f"{longest} * {texts} cells"))
    if "xl/workbook.xml" not in names or names & {"content.xml", "xl/workbook.bin"}:
        raise _Refused(Finding("unsupported_format", "", _kind_of(names)))


def _kind_of(names: set[str]) -> str:
    if "content.xml" in names:
        return "ods"
    return "xlsb" if "xl/workbook.bin" in names else "zip"


class _Look:
    """One member: its outermost filled cells, its longest text, its cells that share texts.

    What isn't XML may be a picture; it is refused if it has a sheet's own words in it, because
    a more patient parser than this might read it as one.
    """

    def __init__(self) -> None:
        self._parser = expat.ParserCreate()
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.StartDoctypeDeclHandler = self._doctype
        self.longest = self.texts = 0
        self._is_xml, self._matters = True, False
        self._tail = b""
        self._row = self._column = self._nth = self._last_row = 0
        self._places: tuple[tuple[int, int], ...] = ()
        self._top = self._left = 0
        self._bottom = self._right = -1
        self._began = 0

    def feed(self, part: bytes, *, final: bool = False) -> None:
        self._matters = self._matters or _TELLTALE.search(self._tail + part) is not None
        self._tail = part[-_TAIL:]
        try:
            if self._is_xml:
                self._parser.Parse(part, final)
        except expat.ExpatError:
            self._is_xml = False
        if self._matters and not self._is_xml:
            raise _Refused(Finding("unreadable_table"))
        self._measure()

    def _doctype(self, *_: object) -> None:
        raise _Refused(Finding("unreadable_table"))

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        name = tag.rpartition(":")[2]
        if name == "c":
            self._cell(attributes.get("r"))
            self.texts += attributes.get("t") == "s"
        elif name in ("v", "is"):
            self._filled()
        elif name == "row":
            written = attributes.get("r")
            if written is not None and not _ROW.fullmatch(written):
                raise _Refused(Finding("unreadable_table"))
            self._row = self._last_row = int(written) if written else self._row + 1
            self._column = self._nth = 0
        elif name == "si":
            self._began = self._parser.CurrentByteIndex

    def _end(self, tag: str) -> None:
        if tag.rpartition(":")[2] == "si":
            self.longest = max(self.longest, self._parser.CurrentByteIndex - self._began)

    def _cell(self, written: str | None) -> None:
        """Where this cell is: by its own word, else at each place that a reader may give it."""
        self._nth += 1
        if written is None:
            self._column += 1
            columns = {self._column, self._nth}
            self._places = tuple((r, c) for r in {self._row, self._last_row} for c in columns)
            return
        place = _PLACE.fullmatch(written)
        if place is None:
            raise _Refused(Finding("unreadable_table"))
        self._column, self._last_row = 0, int(place[2])
        for letter in place[1]:
            self._column = self._column * _LETTERS + ord(letter) - _BASE
        self._places = ((self._last_row, self._column),)

    def _filled(self) -> None:
        for row, column in self._places:
            if self._bottom < 0:
                self._top, self._left, self._right = row, column, column
            elif row < self._bottom:
                raise _Refused(Finding("unreadable_table"))
            self._bottom = row
            self._left, self._right = min(self._left, column), max(self._right, column)

    def _measure(self) -> None:
        cells = (self._bottom - self._top + 1) * (self._right - self._left + 1)
        if cells > MOST_CELLS:
            raise _Refused(Finding("too_large", "", f"{cells} cells"))
