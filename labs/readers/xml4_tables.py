"""The tables of a health-insurance export, down to the fields that a result needs.

Not here: how they are read (``xml4_rows``) and what they mean (``xml4``).

Source: Decisions 4210/QĐ-BYT (2017), 130/QĐ-BYT and 4750/QĐ-BYT (2023), 3176/QĐ-BYT (2024),
tables 1, 3 and 4.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape
from typing import NamedTuple

from core.results.reported import Finding


class Person(NamedTuple):
    """A row of table 1: an encounter and whom it is about."""

    ma_lk: str = ""
    ho_ten: str = ""
    so_cccd: str = ""
    ngay_sinh: str = ""
    gioi_tinh: str = ""
    dien_thoai: str = ""
    ma_the: str = ""  # Decision 4210
    ma_the_bhyt: str = ""  # since Decision 130


class Service(NamedTuple):
    """A row of table 3: a service that was carried out."""

    ma_lk: str = ""
    ma_dich_vu: str = ""
    ten_dich_vu: str = ""
    ngay_th_yl: str = ""
    ngay_kq: str = ""


class Line(NamedTuple):
    """A row of table 4: one index of a service and its value."""

    ma_lk: str = ""
    ma_dich_vu: str = ""
    ma_chi_so: str = ""
    ten_chi_so: str = ""
    gia_tri: str = ""
    don_vi_do: str = ""
    ket_luan: str = ""
    ngay_kq: str = ""


Row = Person | Service | Line
TABLES: Mapping[str, type[Row]] = {
    "TONG_HOP": Person,
    "CHI_TIET_DVKT": Service,
    "CHI_TIET_CLS": Line,
}
_ELEMENTS: Mapping[type[Row], str] = {table: name for name, table in TABLES.items()}
FIELDS = {table: {name.upper(): name for name in table._fields} for table in TABLES.values()}
KEPT = "PHIEU_XML4"
NUMBER = "SO_PHIEU"
_MOST_ROWS = 250_000  # of one HOSO, or of a document without any


@dataclass(slots=True)
class Record:
    """What one ``HOSO`` holds, or a document without any.

    Args:
        number: Accession under which an item was kept, see ``kept``.
        envelope: It is or was in the insurance portal's envelope.
        broken: Why nothing of it may be used.
        span: Where its ``HOSO`` stands in the text, without the end tag.
        raw: The bytes to keep of a broken one; empty where that is the whole document.
    """

    persons: list[Person] = field(default_factory=list)
    services: list[Service] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    number: str = ""
    envelope: bool = False
    broken: Finding | None = None
    span: tuple[int, int] = (0, 0)
    raw: bytes = b""

    def add(self, row: Row) -> None:
        """Take a row into its table, up to a number that no encounter comes near."""
        if len(self.persons) + len(self.services) + len(self.lines) >= _MOST_ROWS:
            self.broken = self.broken or Finding("xml_forbidden", "HOSO", "rows")
            return
        if isinstance(row, Person):
            self.persons.append(row)
        elif isinstance(row, Service):
            self.services.append(row)
        else:
            self.lines.append(row)


def kept(number: str, rows: list[Row]) -> bytes:
    """A document of ``rows`` alone, which reads again as one record.

    Args:
        number: The item's accession, which the other rows of its file may have decided.
    """
    inner = "".join(map(_written, rows))
    named = f' {NUMBER}="{escape(number)}"' if number else ""
    return f"<{KEPT}{named}>{inner}</{KEPT}>".encode()


def _written(row: Row) -> str:
    fields = zip(row._fields, row, strict=True)
    inner = "".join(f"<{n.upper()}>{escape(v)}</{n.upper()}>" for n, v in fields if v)
    name = _ELEMENTS[type(row)]
    return f"<{name}>{inner}</{name}>"
