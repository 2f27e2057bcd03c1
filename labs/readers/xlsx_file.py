"""XLSX: the first sheet with headings that mean something.

Nothing is opened before ``zip_check`` has measured it. What the reader's library makes of a
broken workbook, a panic of its own included, is one ``Unreadable``.

Source: ECMA-376.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, time
from itertools import islice
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from core.results.facility import DateOrder
from core.results.reported import Finding, Unreadable
from labs.readers.spreadsheet import FIRST_ROWS, Read, Table, best_reason, or_nothing, table_of
from labs.readers.zip_check import trouble_with

if TYPE_CHECKING:
    from python_calamine import CalamineWorkbook

MAGIC = b"PK\x03\x04"
_ALL_DIGITS = 15  # of a double; a longer number has lost some


def read_xlsx(data: bytes, zone: ZoneInfo, date_order: DateOrder, limit: int) -> Iterator[Read]:
    """Read the rows of a file; what it isn't is one ``Unreadable``.

    Args:
        limit: Largest size of all that is in it, in bytes.
    """
    trouble = trouble_with(data, limit)
    if trouble is not None:
        yield Unreadable((trouble,)), data, 1
        return
    try:
        yield from _of_book(_opened(data), zone, date_order, data)
    except _BrokenBook:
        yield Unreadable((Finding("unreadable_table"),)), data, 1


def _of_book(
    book: CalamineWorkbook, zone: ZoneInfo, date_order: DateOrder, data: bytes
) -> Iterator[Read]:
    reasons = []
    for name in _shown(book):  # one is in memory at a time
        rows = enumerate(_rows(book, name), start=1)
        for _, headings in islice(rows, FIRST_ROWS):
            table = table_of(headings, zone, date_order)
            if isinstance(table, Table):
                yield from or_nothing(_read(table, rows), data)
                return
            reasons.append(table)
    yield Unreadable((best_reason(reasons),)), data, 1


def _shown(book: CalamineWorkbook) -> list[str]:
    """The sheets that a person sees: nobody looks through the others before sending."""
    from python_calamine import SheetVisibleEnum  # noqa: PLC0415  (only for these files)

    visible = SheetVisibleEnum.Visible
    return [sheet.name for sheet in book.sheets_metadata if sheet.visible == visible]


class _BrokenBook(Exception):
    """The library gave up."""


@contextmanager
def _no_panic() -> Iterator[None]:
    """Turn what the library raises, a Rust panic (no ``Exception``) included, into one error."""
    try:
        yield
    except (KeyboardInterrupt, SystemExit, GeneratorExit):
        raise
    except BaseException as error:
        raise _BrokenBook from error


def _opened(data: bytes) -> CalamineWorkbook:
    from python_calamine import CalamineWorkbook  # noqa: PLC0415  (only for these files)

    with _no_panic():
        return CalamineWorkbook.from_filelike(io.BytesIO(data))


def _rows(book: CalamineWorkbook, name: str) -> Iterator[list[str]]:
    with _no_panic():
        rows = iter(book.get_sheet_by_name(name).iter_rows())
    while True:
        with _no_panic():
            row = next(rows, None)
        if row is None:
            return
        yield [_text(cell) for cell in row]


def _read(table: Table, rows: Iterator[tuple[int, list[str]]]) -> Iterator[Read]:
    for number, row in rows:
        yield from table.read(number, row)


def _text(cell: object) -> str:
    """A cell as the person who typed it would read it."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, float) and cell.is_integer():
        whole = str(int(cell))
        return whole if len(whole) <= _ALL_DIGITS else f"{cell:E}"
    if isinstance(cell, datetime):
        return cell.isoformat() if cell.time() != time() else cell.date().isoformat()
    if isinstance(cell, date):
        return cell.isoformat()
    return str(cell)
