"""A laboratory's table to results: one for each row under the headings.

Rules: a date of numbers only is read in the facility's order and refused where it contradicts
that; a year of two digits is refused; what a spreadsheet program destroyed (a leading zero, a
long number in powers of ten) is said and never repaired; a bad row stops itself only. A row's
raw bytes are the headings and the row, so that it can be read again alone.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from core.results.facility import DateOrder
from core.results.reported import (
    Coding,
    DocumentType,
    Finding,
    Member,
    ReportedDocument,
    ReportedPatient,
    ReportedResult,
    ReportStatus,
    Unreadable,
)
from labs.readers.columns import missing_from, places_of
from labs.readers.text import on_one_line, seen
from labs.readers.times import fhir_time, iso_birth_date
from labs.readers.vocabulary import LOINC, SNOMED, plain, says_pooled, shape

Row = Sequence[str]
Read = tuple[ReportedResult | Unreadable, bytes, int]

_MOST_COLUMNS = 512
_SNOMED = re.compile(r"\d{6,18}", re.ASCII)
_ANSWER = re.compile(r"LA\d+-\d", re.ASCII)
_LOINC = re.compile(r"\d{1,7}-\d")
_DATE = re.compile(
    r"(\d{1,4})([/.-])(\d{1,2})\2(\d{1,4})"
    r"(?:[ T]+(\d{1,2}):(\d{2})(?::(\d{2}))?(?:\.\d+)?\s*([AaPp][Mm])?)?",
    re.ASCII,
)
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})(?:(\d{2})(\d{2})(?:\d{2})?([+-]\d{4})?)?", re.ASCII)
_MONTH = re.compile(r"(\d{1,2})[/.-](\d{4})", re.ASCII)
_POWERS = re.compile(r"\d(?:[.,]\d+)?[eE]\+?\d+", re.ASCII)
_TRUE = frozenset({"x", "1", "co", "yes", "y", "true", "dung"})
_STATUSES = {
    **dict.fromkeys(("", "f", "final", "hoan tat", "hoan thanh", "da co ket qua"),
                    ReportStatus.FINAL),
    **dict.fromkeys(("c", "corrected", "dinh chinh", "sua", "amended"), ReportStatus.CORRECTED),
    **dict.fromkeys(("x", "w", "cancelled", "canceled", "huy", "thu hoi", "entered in error"),
                    ReportStatus.WITHDRAWN),
    **dict.fromkeys(("p", "i", "preliminary", "pending", "dang cho", "so bo"),
                    ReportStatus.PRELIMINARY),
}  # fmt: skip
_SEXES = {
    **dict.fromkeys(("m", "male", "nam"), "male"),
    **dict.fromkeys(("f", "female", "nu"), "female"),
    **dict.fromkeys(("o", "other", "khac"), "other"),
}
_DOCUMENTS = {
    "national_id": DocumentType.NATIONAL_ID,
    "citizen_id": DocumentType.CITIZEN_ID,
    "passport": DocumentType.PASSPORT,
    "insurance": DocumentType.INSURANCE,
}
_PHONE_DIGITS_LESS = 9
_FIRST_OF_A_MOBILE = "35789"
_CCCD_DIGITS = 12
_FEWEST_CCCD_DIGITS = 10  # two zeros lost; a number of nine is an old card


class _RowRefused(Exception):
    """A row that can't be read; the argument is the finding."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.code)
        self.finding = finding


@dataclass(frozen=True, slots=True)
class Table:
    """How to read the rows under some headings."""

    headings: Row
    places: dict[str, int]
    zone: ZoneInfo
    date_order: DateOrder
    warnings: tuple[Finding, ...] = ()

    def read(self, rows: Iterable[tuple[int, Row]]) -> Iterator[Read]:
        """Read rows, each with its number; empty ones are no rows."""
        for number, row in rows:
            if any(cell.strip() for cell in row):
                yield self._guarded(row), self.raw(row), number

    def raw(self, row: Row) -> bytes:
        """The headings and the row as CSV."""
        text = io.StringIO()
        csv.writer(text).writerows((self.headings, row))
        return text.getvalue().encode("utf-8", "replace")

    def _guarded(self, row: Row) -> ReportedResult | Unreadable:
        if len(row) > len(self.headings) and any(row[len(self.headings) :]):
            detail = f"{len(row)} / {len(self.headings)}"
            return Unreadable((Finding("row_has_other_columns", "", detail),))
        try:
            return _RowReading(self, row).result()
        except _RowRefused as refused:
            return Unreadable((refused.finding,))


def table_of(
    headings: Row, zone: ZoneInfo, date_order: DateOrder, warnings: tuple[Finding, ...] = ()
) -> Table | Finding:
    """The table under these headings, or why there is none."""
    if len(headings) > _MOST_COLUMNS:
        return Finding("too_many_columns", "", str(len(headings)))
    places = places_of(headings)
    missing = missing_from(places)
    if missing:
        return Finding("missing_columns", "", ", ".join(missing))
    return Table(headings, places, zone, date_order, warnings)


class _RowReading:
    """One row being read; warnings collect on the way."""

    def __init__(self, table: Table, row: Row) -> None:
        self.table, self.row = table, row
        self.found = list(table.warnings)

    def result(self) -> ReportedResult:
        codes = self.codes()
        value, value_codes = self.value()
        member = Member(
            codes,
            value,
            value_codes,
            unit=self.cell("unit"),
            reference_range=self.cell("reference_range"),
        )
        return ReportedResult(
            accession=self.number("accession", refuse=True),
            status=self.status(),
            codes=codes,
            members=(member,),
            patient=self.patient(),
            collected_at=self.time("collected_at"),
            reported_at=self.time("reported_at"),
            pooled=self.flag("pooled") or says_pooled(self.cell("test_name")),
            consent_to_contact=self.flag("consent"),
            device=seen(self.cell("device")),
            findings=tuple(self.found),
        )

    def cell(self, fact: str) -> str:
        place = self.table.places.get(fact)
        return self.row[place].strip() if place is not None and place < len(self.row) else ""

    def heading(self, fact: str) -> str:
        return on_one_line(self.table.headings[self.table.places[fact]])[:64]

    def flag(self, fact: str) -> bool:
        return plain(self.cell(fact)) in _TRUE

    def codes(self) -> tuple[Coding, ...]:
        """The test's code and its name: what a laboratory maps may be either."""
        code, name = self.cell("test_code"), seen(self.cell("test_name"))
        found = []
        if code:
            found.append(Coding(LOINC if _LOINC.fullmatch(code) else "", code, name))
        if name:
            found.append(Coding(LOINC if _LOINC.fullmatch(name) else "", name, name))
        return tuple(dict.fromkeys(found))

    def value(self) -> tuple[str, tuple[Coding, ...]]:
        """A word or number as text; what looks like SNOMED CT or a LOINC answer as that code."""
        text = seen(self.cell("value"))
        for pattern, system in ((_SNOMED, SNOMED), (_ANSWER, LOINC)):
            if pattern.fullmatch(text):
                return "", (Coding(system, text),)
        return text, ()

    def status(self) -> ReportStatus:
        status = _STATUSES.get(plain(self.cell("status")).replace("-", " "))
        if status is None:
            raise _RowRefused(Finding("unknown_status", self.heading("status")))
        return status

    def patient(self) -> ReportedPatient:
        family, given = self.name()
        return ReportedPatient(
            family=family,
            given=given,
            birth_date=self.birth_date(),
            sex=_SEXES.get(plain(self.cell("sex")), "unknown"),
            phones=self.phones(),
            documents=tuple(self.documents()),
        )

    def name(self) -> tuple[str, str]:
        whole = on_one_line(self.cell("full_name"))
        if whole:
            return whole, ""
        given = on_one_line(f"{self.cell('middle')} {self.cell('given')}")
        return on_one_line(self.cell("family")), given

    def phones(self) -> tuple[str, ...]:
        phone = self.number("phone")
        digits = re.sub(r"[\s.()-]", "", phone)
        if len(digits) == _PHONE_DIGITS_LESS and digits[0] in _FIRST_OF_A_MOBILE:
            self.found.append(Finding("phone_zero_lost", self.heading("phone")))
            return ()
        return (phone,) if phone else ()

    def documents(self) -> Iterator[ReportedDocument]:
        for fact, kind in _DOCUMENTS.items():
            number = self.number(fact).replace(" ", "")
            short = number.isdigit() and _FEWEST_CCCD_DIGITS <= len(number) < _CCCD_DIGITS
            if kind is DocumentType.NATIONAL_ID and short:
                detail = str(len(number))
                self.found.append(Finding("national_id_zero_lost", self.heading(fact), detail))
            elif number:
                yield ReportedDocument(kind, number)

    def number(self, fact: str, *, refuse: bool = False) -> str:
        """A number as text; one that a spreadsheet wrote in powers of ten is lost."""
        text = self.cell(fact)
        if not _POWERS.fullmatch(text):
            return text
        finding = Finding("number_in_scientific_notation", self.heading(fact))
        if refuse:
            raise _RowRefused(finding)
        self.found.append(finding)
        return ""

    def birth_date(self) -> str:
        text = self.cell("birth_date")
        if not text:
            return ""
        try:
            return _birth_date(text, self.table.date_order)
        except ValueError as error:
            raise self.bad_date("birth_date", text, error) from error

    def time(self, fact: str) -> datetime | None:
        text = self.cell(fact)
        if not text:
            return None
        try:
            return fhir_time(_iso(text, self.table.date_order), self.table.zone)
        except ValueError as error:
            raise self.bad_date(fact, text, error) from error

    def bad_date(self, fact: str, text: str, error: ValueError) -> _RowRefused:
        code = "date_contradicts_order" if error.args[:1] == (_ORDER,) else "unreadable_date"
        return _RowRefused(Finding(code, self.heading(fact), shape(text)))


_ORDER = "the other order"


@lru_cache(maxsize=4096)
def _iso(text: str, order: DateOrder) -> str:
    """A date or time as ISO 8601. Raises: ValueError."""
    compact = _COMPACT.fullmatch(text)
    if compact:
        year, month, day, hour, minute, offset = compact.groups()
        time = f"T{hour}:{minute}:00{_with_colon(offset)}" if hour else ""
        return f"{year}-{month}-{day}{time}"
    found = _DATE.fullmatch(text)
    if found is None:
        return text.replace(" ", "T", 1)  # ISO with a blank, or nothing that can be read
    first, _, second, third, hour, minute, seconds, half = found.groups()
    if len(first) == len("2026"):
        date = f"{first}-{int(second):02}-{int(third):02}"
    else:
        date = _ordered(first, second, third, order)
    if hour is None:
        return date
    return f"{date}T{_hour(int(hour), half):02}:{minute}:{seconds or '00'}"


def _with_colon(offset: str | None) -> str:
    return f"{offset[:3]}:{offset[3:]}" if offset else ""


def _ordered(first: str, second: str, year: str, order: DateOrder) -> str:
    day, month = int(first), int(second)
    if order is DateOrder.MONTH_FIRST:
        day, month = month, day
    if len(year) != len("2026"):
        raise ValueError("a year of two digits")
    if month > 12 >= day:  # noqa: PLR2004  (months)
        raise ValueError(_ORDER)
    return f"{year}-{month:02}-{day:02}"


def _hour(hour: int, half: str | None) -> int:
    if half is None:
        return hour
    if not 1 <= hour <= 12:  # noqa: PLR2004  (a clock's face)
        raise ValueError("not an hour of a half day")
    return hour % 12 + (12 if half.lower() == "pm" else 0)


@lru_cache(maxsize=4096)
def _birth_date(text: str, order: DateOrder) -> str:
    """A whole or partial birth date as ISO 8601. Raises: ValueError."""
    month = _MONTH.fullmatch(text)
    if month:
        return iso_birth_date(f"{month[2]}-{int(month[1]):02}")
    return iso_birth_date(_iso(text, order).partition("T")[0])
