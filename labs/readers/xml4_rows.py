"""The rows of a health-insurance export that a result needs, read as a stream, never as a tree.

Rules: rows are told by their own element's name (``TONG_HOP``, ``CHI_TIET_DVKT``,
``CHI_TIET_CLS``), wherever the version of the export puts them; only the named fields are
kept. A ``HOSO`` is read by itself: what is wrong inside spoils that one. What follows a
broken place of the outer document is lost with it. No DTD, no entities, nothing external.

Not here: the tables (``xml4_tables``) and what they mean (``xml4``).

Source: Decisions 4210/QĐ-BYT (2017), 130/QĐ-BYT and 4750/QĐ-BYT (2023), 3176/QĐ-BYT (2024),
tables 1, 3 and 4; the envelope GIAMDINHHS of the insurance portal.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Mapping
from xml.etree.ElementTree import ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

from core.results.reported import Finding
from labs.readers.text import on_one_line
from labs.readers.xml4_tables import FIELDS, KEPT, NUMBER, TABLES, Record, Row

_FILES = frozenset({"XML1", "XML3", "XML4"})
_ENVELOPES = frozenset({"GIAMDINHHS", "THONGTINHOSO", "DANHSACHHOSO", "HOSO", "FILEHOSO"})
_DEEPEST = 64
_LONGEST = 16_384  # characters of a field
_CHUNK = 4 * 1024 * 1024
_BLANK = b" \t\r\n"
_DECLARED = re.compile(rb"^<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([A-Za-z0-9._-]{1,40})[\"']")
_MARKS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))


class _RefusedError(ValueError):
    """Something that no such export has, with the finding that says so."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.code)
        self.finding = finding


def read_records(data: bytes) -> Iterator[Record]:
    """Yield the records of ``data`` as they end; a broken document ends with a broken one."""
    text, encoding = _encoding(data)
    envelope = _Envelope()
    broken: Finding | None = None
    for at in range(0, len(text) + 1, _CHUNK):
        broken = _fed(envelope, encoding, text[at : at + _CHUNK], last=at + _CHUNK > len(text))
        for record in envelope.take():
            if record.broken and record.span[1]:
                record.raw = _cut(text, record.span, encoding)
            yield record
        if broken:
            yield Record(broken=broken, raw=_cut(text, (envelope.mark, len(text)), encoding, ""))
            return


def _fed(envelope: _Envelope, encoding: str, chunk: bytes, *, last: bool) -> Finding | None:
    """Feed ``chunk``; what was wrong with it, if anything was."""
    try:
        parser = envelope.parser or _parser(envelope, encoding)
        envelope.parser = parser
        parser.feed(chunk)
        if last:
            parser.close()
            envelope.end_of_document()
    except _FAULTS as error:
        return _finding(error, "XML")
    return None


def _cut(text: bytes, span: tuple[int, int], encoding: str, end: str = "</HOSO>") -> bytes:
    """A piece of ``text`` as a document of its own, in UTF-8."""
    start, stop = span
    if not start and stop == len(text):
        return b""
    try:
        return (text[start:stop].decode(encoding, "replace") + end).encode()
    except LookupError:
        return b""


class _Rows:
    """Takes the rows out of the events of a parser."""

    def __init__(self, record: Record) -> None:
        self.record = record
        self.depth = 0
        self.table: type[Row] | None = None
        self.row: dict[str, str] = {}
        self.row_depth = 0
        self.name = ""
        self.text: list[str] = []

    def start(self, tag: str, _attributes: Mapping[str, str]) -> None:
        """An element begins."""
        self.depth += 1
        if self.depth > _DEEPEST:
            raise _RefusedError(Finding("xml_forbidden", "XML", "depth"))
        if self.table is not None:
            if self.depth == self.row_depth + 1:
                self.name = FIELDS[self.table].get(_local(tag), "")
        elif (table := TABLES.get(_local(tag))) is not None:
            self.table, self.row_depth, self.row = table, self.depth, {}

    def data(self, text: str) -> None:
        """Text of an element, in pieces."""
        if self.name:
            self.text.append(text)

    def end(self, _tag: str) -> None:
        """An element ends."""
        if self.table is not None:
            if self.depth == self.row_depth + 1 and self.name:
                self._end_of_field()
            elif self.depth == self.row_depth:
                self.record.add(self.table(**self.row))
                self.table = None
        self.depth -= 1

    def _end_of_field(self) -> None:
        written, name = "".join(self.text), self.name
        self.text.clear()
        self.name = ""
        if len(written) > _LONGEST:
            too_long = Finding("unreadable_item", name.upper(), f"> {_LONGEST}")
            self.record.broken = self.record.broken or too_long
        else:
            self.row[name] = on_one_line(written)


class _Envelope(_Rows):
    """Takes the records out of the outer document."""

    def __init__(self) -> None:
        super().__init__(Record())
        self.parser: DefusedXMLParser | None = None
        self.mark = 0  # where the record that is being read begins
        self.enveloped = False
        self.ended: list[Record] = []
        self.outside = self.record
        self.part = ""
        self.parts: dict[str, list[str]] = {}

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        name = _local(tag)
        if self.depth == 0:
            self.record.envelope = name in _ENVELOPES
            self.record.number = attributes.get(NUMBER, "") if name == KEPT else ""
        if self.table is None:
            if name == "HOSO":
                self._start_of_record()
            elif name == "FILEHOSO":
                self.parts = {}
            elif name == "LOAIHOSO" or (name == "NOIDUNGFILE" and self._wanted()):
                self.part, self.parts[name] = name, []
        super().start(tag, attributes)

    def data(self, text: str) -> None:
        if self.table is not None:
            super().data(text)
        elif self.part:
            self.parts[self.part].append(text)

    def end(self, tag: str) -> None:
        if self.table is None:
            name = _local(tag)
            if name == self.part:
                self.part = ""
            elif name == "FILEHOSO":
                self._end_of_file()
            elif name == "HOSO":
                self._end_of_record()
        super().end(tag)

    def take(self) -> list[Record]:
        """The records that have ended since the last time."""
        taken, self.ended = self.ended, []
        return taken

    def end_of_document(self) -> None:
        """What stood outside any ``HOSO`` is a record too."""
        outside = self.outside
        said = outside.persons or outside.lines or outside.services or outside.broken
        if said or not self.enveloped:
            self.ended.append(outside)

    def _position(self) -> int:
        return int(self.parser.parser.CurrentByteIndex) if self.parser else 0

    def _start_of_record(self) -> None:
        if self.record is not self.outside:
            raise _RefusedError(Finding("xml_forbidden", "HOSO", "HOSO"))
        self.record, self.mark = Record(envelope=True), self._position()
        self.enveloped = True

    def _end_of_record(self) -> None:
        before, self.mark = self.mark, self._position()
        self.record.span = (before, self.mark)
        self.ended.append(self.record)
        self.record = self.outside

    def _kind(self) -> str:
        return "".join(self.parts.get("LOAIHOSO", ())).strip().upper()

    def _wanted(self) -> bool:
        """Whether this file is read, as far as it can be told yet."""
        return self._kind() in _FILES or "LOAIHOSO" not in self.parts

    def _end_of_file(self) -> None:
        kind = self._kind()
        content = "".join(self.parts.get("NOIDUNGFILE", ())).strip()
        self.parts = {}
        if kind not in _FILES or not content or self.record.broken:
            return
        try:
            _read_inner(content, self.record)
        except _FAULTS as error:
            self.record.broken = _finding(error, kind)


def _read_inner(content: str, record: Record) -> None:
    """The document of a ``NOIDUNGFILE``: base64, or XML that was written as text."""
    text, encoding = content.encode(), "utf-8"
    if not content.startswith("<"):
        text, encoding = _encoding(_decoded(content))
    parser = _parser(_Rows(record), encoding)
    for at in range(0, len(text), _CHUNK):
        parser.feed(text[at : at + _CHUNK])
    parser.close()


def _decoded(content: str) -> bytes:
    try:
        return base64.b64decode("".join(content.split()), validate=True)
    except ValueError as error:
        raise _RefusedError(Finding("unreadable_xml", "NOIDUNGFILE", "base64")) from error


def _parser(target: _Rows, encoding: str) -> DefusedXMLParser:
    return DefusedXMLParser(target=target, encoding=encoding, forbid_dtd=True)


def _encoding(data: bytes) -> tuple[bytes, str]:
    """``data`` from its first sign, and its encoding: by its mark, else by its declaration."""
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return (data, encoding) if encoding == "utf-16" else (data[len(mark) :], encoding)
    text = data.lstrip(_BLANK)
    declared = _DECLARED.match(text)
    encoding = declared[1].decode().lower() if declared else "utf-8"
    # A declaration that can be read as ASCII is not UTF-16 any more, whatever it says.
    return text, "utf-8" if encoding.startswith(("utf-16", "utf16", "ucs-2")) else encoding


def _local(tag: str) -> str:
    """A name without its namespace."""
    return tag.rpartition("}")[2]


_FAULTS = (ParseError, DefusedXmlException, _RefusedError, LookupError, ValueError)


def _finding(error: Exception, where: str) -> Finding:
    if isinstance(error, _RefusedError):
        return error.finding
    if isinstance(error, DefusedXmlException):
        return Finding("xml_forbidden", where, "DTD")
    if isinstance(error, ParseError):
        return Finding("unreadable_xml", where, f"line {error.position[0]}")
    return Finding("unreadable_xml", where, "encoding")
