"""CSV: bytes to rows with the numbers that a spreadsheet program shows.

Separators are told by the header; a quoted line break stays within its row. UTF-8 is tried
first, then what Vietnamese Windows writes.
Source: RFC 4180.
"""

from __future__ import annotations

import csv
import io
import unicodedata
from collections.abc import Iterator
from zoneinfo import ZoneInfo

from core.results.facility import DateOrder
from core.results.reported import Finding, Unreadable
from labs.readers.spreadsheet import Read, Row, table_of

SEPARATORS = ",;\t"
_LONGEST_CELL = 100_000
_FIRST_ROWS = 20


def read_csv(data: bytes, zone: ZoneInfo, date_order: DateOrder) -> Iterator[Read]:
    """Read the rows of a file; what it isn't is one ``Unreadable``."""
    text, warnings = _decoded(data.removeprefix(b"\xef\xbb\xbf"))
    rows = enumerate(_rows(text), start=1)
    reason = Finding("missing_columns")
    try:
        for number, headings in rows:
            table = table_of(headings, zone, date_order, warnings)
            if not isinstance(table, Finding):
                yield from table.read(rows)
                return
            if number == 1 or reason.detail.count(",") > table.detail.count(","):
                reason = table
            if number >= _FIRST_ROWS:
                break
    except csv.Error:
        yield Unreadable((Finding("unreadable_table"),)), data, 1
        return
    yield Unreadable((reason,)), data, 1


def _rows(text: str) -> Iterator[Row]:
    csv.field_size_limit(_LONGEST_CELL)
    lines = io.StringIO(text, newline="")
    return csv.reader(lines, delimiter=separator_of(text), strict=False)


def separator_of(text: str) -> str:
    """The separator that the first line has most of."""
    first = text.lstrip().partition("\n")[0]
    return max(SEPARATORS, key=first.count)


def _decoded(data: bytes) -> tuple[str, tuple[Finding, ...]]:
    try:
        return data.decode(), ()
    except UnicodeDecodeError:
        pass
    for charset in ("cp1258", "latin-1"):
        try:
            text = unicodedata.normalize("NFC", data.decode(charset))
        except UnicodeDecodeError:
            continue
        return text, (Finding("charset_guessed", "", charset),)
    raise ValueError("latin-1 reads everything")
