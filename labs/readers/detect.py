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
from labs.readers.csv_file import SEPARATORS, read_csv
from labs.readers.fhir import read_fhir
from labs.readers.gzip_file import MAGIC, BrokenGzip, TooLargeInside, unpack
from labs.readers.oru import Content
from labs.readers.xlsx_file import MAGIC as ZIP
from labs.readers.xlsx_file import read_xlsx
from labs.readers.xml4 import read_xml4

LARGEST = 64 * 1024 * 1024
FORMATS = ("auto", "fhir", "hl7v2", "csv", "xlsx", "xml4")
_BOM = b"\xef\xbb\xbf"
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
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
        part = part + 1 if raw is before and index else 0
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
        else:
            yield from _of_kind(kind, text, local)
    except TooLargeInside:
        yield _unreadable("too_large", detail=f"> {local.limit}"), data, None
    except BrokenGzip:
        yield _unreadable("truncated_file", detail="gzip"), data, None
    except Exception as error:  # noqa: BLE001 - the last net: an account of it, never a traceback
        yield _unreadable("unreadable_item", detail=type(error).__name__), data, None


def _of_kind(kind: str, text: bytes, local: Local) -> Iterator[Read]:
    if kind == "csv":
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
    if text.startswith(b"%PDF") or _BINARY.search(text):
        return ""
    if text[:1] in (b"{", b"["):
        return "fhir"
    if text.startswith((b"FHS", b"BHS")) or hl7v2.looks_like_hl7(data):
        return "hl7v2"
    if text.startswith(b"<"):
        return "xml4"
    return "csv" if _looks_like_csv(text) else ""


def _looks_like_csv(text: bytes) -> bool:
    """A first line of three columns or more, with one of the usual separators."""
    header = text.split(b"\n", 1)[0]
    return any(header.count(bytes([separator])) > 1 for separator in SEPARATORS.encode())


def _as_utf8(data: bytes) -> bytes:
    """UTF-16 with its mark, as Windows programs save text, becomes UTF-8."""
    if not data.startswith(_UTF16):
        return data
    return data.decode("utf-16", "replace").encode()


def _refused(kind: str, data: bytes) -> Unreadable:
    if kind or data.startswith((MAGIC, _OLD_EXCEL)):
        detail = kind[:16] or ("gzip" if data.startswith(MAGIC) else "xls")
        return _unreadable("unsupported_format", detail=detail)
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
        for content in oru.read_message(message, zone):
            yield content, raw
    if not found:
        yield _empty_batch(data), data


def _empty_batch(data: bytes) -> Content:
    """Batch segments without a message: an empty batch if its trailer came, else half of one."""
    if b"BTS" in data or b"FTS" in data:
        return NotAResult(Finding("not_a_result", "BHS", "BTS"))
    return _unreadable("truncated_message", "BHS", "segment 1")
