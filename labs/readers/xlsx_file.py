"""XLSX: the first sheet with headings that mean something.

The zip is measured before it is opened: what it unpacks to is bounded, however small it is.
Source: ECMA-376; ZIP (APPNOTE 6.3).
"""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

from core.results.facility import DateOrder
from core.results.reported import Finding, Unreadable
from labs.readers.spreadsheet import Read, table_of

MAGIC = b"PK\x03\x04"
_MOST_MEMBERS = 1000
_CHUNK = 1024 * 1024
_FIRST_ROWS = 20
_ALL_DIGITS = 15  # of a double; a longer number has lost some


def read_xlsx(data: bytes, zone: ZoneInfo, date_order: DateOrder, limit: int) -> Iterator[Read]:
    """Read the rows of a file; what it isn't is one ``Unreadable``.

    Args:
        limit: Largest size of all that is in it, in bytes.
    """
    trouble = _measured(data, limit)
    if trouble is not None:
        yield Unreadable((trouble,)), data, 1
        return
    from python_calamine import CalamineError, CalamineWorkbook  # noqa: PLC0415  (only for these)

    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(data))
        sheets = [book.get_sheet_by_name(name) for name in book.sheet_names]
    except (CalamineError, OSError, ValueError):
        yield Unreadable((Finding("unreadable_table"),)), data, 1
        return
    reason = Finding("missing_columns")
    for sheet in sheets:
        rows = enumerate(map(_texts, sheet.iter_rows()), start=1)
        for _, headings in islice(rows, _FIRST_ROWS):
            table = table_of(headings, zone, date_order)
            if not isinstance(table, Finding):
                yield from table.read(rows)
                return
            reason = table
    yield Unreadable((reason,)), data, 1


def _measured(data: bytes, limit: int) -> Finding | None:
    """Unpack to nowhere and count: the sizes that a zip declares prove nothing."""
    left = limit
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()
            if len(members) > _MOST_MEMBERS:
                return Finding("too_large", "", f"{len(members)} members")
            if any(member.flag_bits & 1 for member in members):
                return Finding("unsupported_format", "", "encrypted xlsx")
            for member in members:
                with archive.open(member) as stream:
                    while part := stream.read(_CHUNK):
                        left -= len(part)
                        if left < 0:
                            return Finding("too_large", "", f"> {limit}")
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError, OSError, ValueError):
        return Finding("unreadable_table")
    return None


def _texts(row: Sequence[Any]) -> list[str]:
    return [_text(cell) for cell in row]


def _text(cell: object) -> str:
    """A cell as the person who typed it would read it."""
    if isinstance(cell, float) and cell.is_integer():
        whole = str(int(cell))
        return whole if len(whole) <= _ALL_DIGITS else f"{cell:E}"
    if isinstance(cell, datetime):
        return cell.isoformat() if cell.time() != time() else cell.date().isoformat()
    if isinstance(cell, date):
        return cell.isoformat()
    return str(cell)
