"""Tell a file's format by its bytes and read its items. The only door of this room.

Whatever comes in, items come out: a file that can't be read is one ``Unreadable`` with its
reason, an item that can't be read leaves the others alone, and nothing raises.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from core.results.facility import DateOrder
from core.results.reported import Finding, NotAResult, ReadItem, Unreadable
from labs.readers import hl7v2, oru
from labs.readers.columns import missing_from, places_of
from labs.readers.csv_file import SEPARATORS, read_csv
from labs.readers.fhir import read_fhir
from labs.readers.gzip_file import MAGIC, BrokenGzip, TooLargeInside, unpack
from labs.readers.hl7v2_pieces import Pieces
from labs.readers.oru import Content
from labs.readers.spreadsheet import FIRST_ROWS, MOST_COLUMNS
from labs.readers.xlsx_file import MAGIC as ZIP
from labs.readers.xlsx_file import read_xlsx
from labs.readers.xml4 import read_xml4

LARGEST = 64 * 1024 * 1024
FORMATS = ("auto", "fhir", "hl7v2", "csv", "xlsx", "xml4")
_BOM = b"\xef\xbb\xbf"
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_HL7 = (b"MSH", b"FHS", b"BHS")
_BLANK = b" \t\r\n\x0b\x0c\x1c"
_BINARY = re.compile(rb"[\x00-\x08\x0e-\x1a\x1e\x1f]")
_PEEK = 4096
_OLD_EXCEL = b"\xd0\xcf\x11\xe0"
Read = tuple[Content, bytes, int | None]


def read(
    data: bytes,
    *,
    format: str = "auto",  # noqa: A002 - the word of the command line
    zone: ZoneInfo,
    date_order: DateOrder = DateOrder.DAY_FIRST,
    limit: int = LARGEST,
) -> Iterator[ReadItem]:
    """Yield the items of a file in its order.

    Args:
        format: One of ``FORMATS``; anything else is ``unsupported_format``.
        zone: The facility's zone, for times without an offset.
        date_order: The facility's, for dates of numbers only.
        limit: Largest size in bytes, also of what is compressed in it.
    """
    before, part = b"", 0
    local = Local(zone, date_order, limit)
    for index, (content, raw, row) in enumerate(_contents(data, format, local)):
        # Whole files are read again from their beginning.
        part = index if raw is data else part + 1 if raw is before and index else 0
        before = raw
        yield ReadItem(index, content, raw, part, row)


@dataclass(frozen=True, slots=True)
class Local:
    """What the sender's bytes don't say themselves."""

    zone: ZoneInfo
    date_order: DateOrder
    limit: int


def _contents(data: bytes, wanted: str, local: Local) -> Iterator[Read]:
    if len(data) > local.limit:
        yield _unreadable("too_large", detail=f"{len(data)} > {local.limit}"), data, None
        return
    try:
        text = _as_utf8(_unpacked(data, local.limit))
        kind = detect(text) if wanted == "auto" else wanted
        if not text.removeprefix(_BOM).strip(_BLANK):
            yield _unreadable("empty_file"), data, None
        elif text.startswith(MAGIC):  # within gzip; kept as it came, or it would open next time
            yield _unreadable("unsupported_format", detail="gzip"), data, None
        else:
            yield from _of_kind(kind, text, local)
    except TooLargeInside:
        yield _unreadable("too_large", detail=f"> {local.limit}"), data, None
    except BrokenGzip:
        yield _unreadable("truncated_file", detail="gzip"), data, None
    except Exception as error:  # noqa: BLE001 - the last net: an account of it, never a traceback
        yield _unreadable("unreadable_item", detail=type(error).__name__), data, None


def _of_kind(kind: str, text: bytes, local: Local) -> Iterator[Read]:
    if kind in ("csv", "xlsx") and text.startswith(_OLD_EXCEL):
        yield _unreadable("unsupported_format", detail="xls"), text, None
    elif kind == "csv" and text.startswith(ZIP):
        yield _unreadable("unrecognised_format", detail="csv"), text, None
    elif kind == "csv" or (kind == "xlsx" and detect(text) == "csv"):  # a row that was kept
        yield from read_csv(text, local.zone, local.date_order)
    elif kind == "xlsx":
        yield from read_xlsx(text, local.zone, local.date_order, 4 * local.limit)
    else:
        for content, raw in _without_rows(kind, text, local.zone):
            yield content, raw, None


def _without_rows(kind: str, text: bytes, zone: ZoneInfo) -> Iterator[tuple[Content, bytes]]:
    if kind == "hl7v2":
        yield from _hl7(text, zone)
    elif kind == "fhir":
        yield from _fhir(text, zone)
    elif kind == "xml4":
        yield from read_xml4(text, zone)
    else:
        yield _refused(kind, text), text


def _unpacked(data: bytes, limit: int) -> bytes:
    return unpack(data, limit) if data.startswith(MAGIC) else data


def detect(data: bytes) -> str:
    """The format of ``data`` (UTF-8): one of ``FORMATS``, or empty when it is none of them."""
    text = data[:_PEEK].removeprefix(_BOM).lstrip(_BLANK)
    if text.startswith(ZIP):
        return "xlsx"
    if text.startswith(b"%PDF"):
        return ""
    if text.startswith((b"{", b"[")):
        return "" if _BINARY.search(text) else "fhir"
    if text.startswith(b"<"):
        return "" if _BINARY.search(text) else "xml4"
    if not text.startswith(_HL7) and _has_headings(text):
        return "csv"  # before HL7 is looked for further down: a cell may begin with MSH
    if text.startswith((b"FHS", b"BHS")) or hl7v2.looks_like_hl7(data):
        return "" if _BINARY.search(text) else "hl7v2"
    return "csv" if _looks_like_csv(text) else ""


def _has_headings(text: bytes) -> bool:
    """A line among the first that says what a table must say."""
    for line in text.decode("utf-8", "replace").splitlines()[:FIRST_ROWS]:
        for separator in SEPARATORS:
            headings = [heading.strip(' "') for heading in line.split(separator)]
            if len(headings) <= MOST_COLUMNS and not missing_from(places_of(headings)):
                return True
    return False


def _looks_like_csv(text: bytes) -> bool:
    """A line of three columns or more among the first, and no binary data up to it."""
    for line in text.splitlines()[:FIRST_ROWS]:
        if _BINARY.search(line):
            return False
        if any(line.count(bytes([separator])) > 1 for separator in SEPARATORS.encode()):
            return True
    return False


def _as_utf8(data: bytes) -> bytes:
    """UTF-16 with its mark, as Windows programs save text, becomes UTF-8."""
    if not data.startswith(_UTF16):
        return data
    return data.decode("utf-16", "replace").encode()


def _refused(kind: str, data: bytes) -> Unreadable:
    if kind or data.startswith(_OLD_EXCEL):
        return _unreadable("unsupported_format", detail=kind[:16] or "xls")
    return _unreadable("unrecognised_format", detail="pdf" if data[:4] == b"%PDF" else "")


def _unreadable(code: str, field: str = "", detail: str = "") -> Unreadable:
    return Unreadable((Finding(code, field, detail),))


def _fhir(data: bytes, zone: ZoneInfo) -> Iterator[tuple[Content, bytes]]:
    if data.removeprefix(_BOM).lstrip(_BLANK)[:1] not in (b"{", b"["):
        yield _unreadable("unrecognised_format", detail="fhir"), data
        return
    yield from read_fhir(data, zone)


def _hl7(data: bytes, zone: ZoneInfo) -> Iterator[tuple[Content, bytes]]:
    found = False
    for raw in hl7v2.split_stream(data):
        found = True
        try:
            message = hl7v2.parse(raw)
        except Exception:  # noqa: BLE001 - this message only
            yield _unreadable("unrecognised_format", "MSH", "hl7v2"), raw
            continue
        yield from _cut(list(oru.read_message(message, zone)), raw, message)
    if not found:
        yield _empty_batch(data), data


def _cut(
    contents: list[Content], raw: bytes, message: hl7v2.Message
) -> Iterator[tuple[Content, bytes]]:
    """Each report of a message with bytes of its own; one that is alone keeps the message."""
    if len(contents) == 1:
        yield contents[0], raw
        return
    pieces = Pieces(raw, message)
    if len(pieces) != len(contents) or pieces.too_much:
        yield _unreadable("too_large", "MSH", f"{len(contents)} OBR, {len(raw)}"), raw
    elif not pieces.is_safe:
        yield contents[0], raw  # all of them say the same: that it is damaged
    else:
        yield from zip(contents, pieces, strict=True)


def _empty_batch(data: bytes) -> Content:
    """Batch segments without a message: an empty batch if its trailer came, else half of one."""
    if b"BTS" in data or b"FTS" in data:
        return NotAResult(Finding("not_a_result", "BHS", "BTS"))
    return _unreadable("truncated_message", "BHS", "segment 1")
