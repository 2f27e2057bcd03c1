"""A laboratory's table to results: one for each row under the headings.

Rules: what a spreadsheet program destroyed (a leading zero, a long number in powers of ten)
is said and never repaired; a bad row stops itself only. Cells that are missing at a row's end
are empty (Excel leaves them out in some blocks of rows), unless one of them had to be there
or the file ends within the row.
A row's raw bytes are the headings and the row, so that it can be read again alone. Dates: see
``written_dates``.

Source: StataCorp, "How Excel writes empty cells" (missing delimiters at the end of rows).
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Literal
from zoneinfo import ZoneInfo

from core.results.facility import DateOrder
from core.results.reported import (
    Coding,
    DocumentType,
    Finding,
    Member,
    NotAResult,
    ReportedDocument,
    ReportedPatient,
    ReportedResult,
    ReportStatus,
    Unreadable,
)
from labs.readers.columns import missing_from, places_of, repeated_in
from labs.readers.statuses import OBR_25, REPORT
from labs.readers.text import on_one_line, seen
from labs.readers.vocabulary import LOINC, SNOMED, plain, says_pooled, shape
from labs.readers.written_dates import OtherOrderError, written_birth_date, written_time

Row = Sequence[str]
Read = tuple[ReportedResult | Unreadable | NotAResult, bytes, int]

FIRST_ROWS = 20  # the headings may stand below a title
MOST_COLUMNS = 512
_SNOMED = re.compile(r"\d{6,18}", re.ASCII)
_ANSWER = re.compile(r"LA\d+-\d", re.ASCII)
_LOINC = re.compile(r"\d{1,7}-\d", re.ASCII)
# As spreadsheet programs write it: with the sign. A laboratory's own number may be 2E10.
_POWERS = re.compile(r"\d(?:[.,]\d+)?[eE]\+\d+", re.ASCII)
_YES = frozenset({"x", "1", "co", "yes", "y", "true", "dung", "dong y"})
_NO = frozenset(
    {"", "0", "-", "khong", "ko", "k", "no", "n", "false", "sai", "don", "mau don", "single"}
)
_STATUSES = {
    **{word.replace("-", " "): status for word, status in REPORT.items()},
    **{letter.lower(): status for letter, status in OBR_25.items()},
    **dict.fromkeys(("", "hoan tat", "hoan thanh", "da co ket qua", "da duyet"),
                    ReportStatus.FINAL),
    **dict.fromkeys(("dinh chinh", "sua"), ReportStatus.CORRECTED),
    **dict.fromkeys(("canceled", "huy", "thu hoi"), ReportStatus.WITHDRAWN),
    **dict.fromkeys(("pending", "dang cho", "so bo", "cho duyet", "chua duyet"),
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
_PHONE_SIGNS = str.maketrans("", "", " .-()\u00a0\u202f")
_PHONE_WITHOUT_ZERO = re.compile(r"[35789]\d{8}", re.ASCII)
_LONGEST_NAME = 200
_CCCD_DIGITS = 12
_FEWEST_CCCD_DIGITS = 10  # two zeros lost; a number of nine is an old card
_LONGEST_WORD = 40
_NEEDED = ("accession", "value")


class _RowRefused(Exception):
    """A row that can't be read; the argument is the finding."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.code)
        self.finding = finding


@dataclass(frozen=True, slots=True)
class Table:
    """How to read the rows under some headings.

    Args:
        head: The headings as CSV: each row's raw bytes begin with them.
        fewest: Cells that a row must have.
    """

    headings: Row
    places: dict[str, int]
    head: bytes
    fewest: int
    zone: ZoneInfo
    date_order: DateOrder
    warnings: tuple[Finding, ...] = ()

    def read(self, number: int, row: Row, *, cut: bool = False) -> Iterator[Read]:
        """Read the row with this number; an empty one is none.

        Args:
            cut: The file ends with this row and without a line break.
        """
        if not "".join(row).strip():
            return
        try:
            content: ReportedResult | Unreadable = self._result(row, cut=cut)
        except _RowRefused as refused:
            content = Unreadable((refused.finding,))
        except Exception as error:  # noqa: BLE001 - a stranger's row must not stop the file
            content = Unreadable((Finding("unreadable_item", "", type(error).__name__),))
        written = as_csv(row)
        yield content, self.head + (written.rstrip(b"\r\n") if cut else written), number

    def _result(self, row: Row, *, cut: bool) -> ReportedResult:
        wide = len(self.headings)
        fewest = self.last_named if cut else self.fewest
        if len(row) < fewest or (len(row) > wide and "".join(row[wide:]).strip()):
            raise _RowRefused(Finding("row_has_other_columns", "", f"{len(row)} / {wide}"))
        return _RowReading(self, row).result()

    @property
    def last_named(self) -> int:
        """Columns up to the last that has a heading."""
        return max(place for place, heading in enumerate(self.headings, 1) if heading.strip())


def as_csv(row: Row, *, separator: str = ",", quoting: Literal[0, 1] = csv.QUOTE_MINIMAL) -> bytes:
    """One line of CSV."""
    text = io.StringIO()
    csv.writer(text, delimiter=separator, quoting=quoting).writerow(row)
    return text.getvalue().encode("utf-8", "replace")


def head_of(headings: Row, separator: str = ",") -> bytes:
    """The line of headings; quoted, so that it can't be taken for the start of another format."""
    return as_csv(headings, separator=separator, quoting=csv.QUOTE_ALL)


def table_of(
    headings: Row, zone: ZoneInfo, date_order: DateOrder, warnings: tuple[Finding, ...] = ()
) -> Table | Finding:
    """The table under these headings, or why there is none."""
    if len(headings) > MOST_COLUMNS:
        return Finding("too_many_columns", "", str(len(headings)))
    headings = [_printable(heading) for heading in headings]
    places = places_of(headings)
    missing = missing_from(places)
    if missing:
        return Finding("missing_columns", "", ", ".join(missing))
    repeated = repeated_in(headings)
    if repeated:
        return Finding("repeated_column", repeated[:_LONGEST_WORD])
    fewest = 1 + max(places.get(fact, 0) for fact in _NEEDED)
    return Table(headings, places, head_of(headings), fewest, zone, date_order, warnings)


def best_reason(reasons: Sequence[Finding]) -> Finding:
    """Why there is no table: of several rows that are none, the one that lacks least."""
    if not reasons:
        return Finding("missing_columns")
    return min(reasons, key=lambda reason: reason.detail.count(","))


def or_nothing(reads: Iterator[Read], data: bytes) -> Iterator[Read]:
    """Rows, or the account of a table without any: it must not vanish."""
    first = next(reads, None)
    if first is not None:
        yield first
        yield from reads
    else:
        yield NotAResult(Finding("not_a_result", "", "no rows")), data, 1


def _printable(heading: str) -> str:
    """Line breaks and invisible characters as blanks: a heading is one line."""
    return "".join(letter if letter.isprintable() else " " for letter in heading)


class _RowReading:
    """One row being read; warnings collect on the way."""

    def __init__(self, table: Table, row: Row) -> None:
        self.table = table
        self.cells = {
            fact: text
            for fact, place in table.places.items()
            if place < len(row) and (text := row[place].strip())
        }
        self.found = list(table.warnings)

    def result(self) -> ReportedResult:
        codes = _codes(self.cell("test_code"), self.cell("test_name"))
        value, value_codes = self.value()
        member = Member(
            codes,
            value,
            value_codes,
            unit=seen(self.cell("unit")),
            reference_range=seen(self.cell("reference_range")),
        )
        return ReportedResult(
            accession=self.number("accession", refuse=True),
            status=self.status(),
            codes=codes,
            members=(member,),
            patient=self.patient(),
            collected_at=self.time("collected_at"),
            reported_at=self.time("reported_at"),
            pooled=self.pooled(),
            consent_to_contact=self.word("consent") in _YES,
            device=seen(self.cell("device")),
            findings=tuple(self.found),
        )

    def cell(self, fact: str) -> str:
        return self.cells.get(fact, "")

    def heading(self, fact: str) -> str:
        return on_one_line(self.table.headings[self.table.places[fact]])[:64]

    def word(self, fact: str) -> str:
        """A cell of one or two words, compared without case and accents."""
        text = self.cell(fact)
        return plain(text) if len(text) <= _LONGEST_WORD else text

    def pooled(self) -> bool:
        """Whatever isn't a no is a pool (``5 mẫu``): its result is nobody's own."""
        return self.word("pooled") not in _NO or says_pooled(self.cell("test_name")[:_LONGEST_NAME])

    def value(self) -> tuple[str, tuple[Coding, ...]]:
        """A word or number as text; what looks like SNOMED CT or a LOINC answer as that code.

        A number with a unit is a quantity, however many digits it has.
        """
        text = seen(self.cell("value"))
        if self.cell("unit"):
            return text, ()
        for pattern, system in ((_SNOMED, SNOMED), (_ANSWER, LOINC)):
            if pattern.fullmatch(text):
                return "", (Coding(system, text),)
        return text, ()

    def status(self) -> ReportStatus:
        status = _STATUSES.get(self.word("status").replace("-", " "))
        if status is None:
            raise _RowRefused(Finding("unknown_status", self.heading("status")))
        return status

    def patient(self) -> ReportedPatient:
        family, given = self.name()
        return ReportedPatient(
            family=family,
            given=given,
            birth_date=self.birth_date(),
            sex=_SEXES.get(self.word("sex"), "unknown"),
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
        digits = phone.translate(_PHONE_SIGNS)
        if _PHONE_WITHOUT_ZERO.fullmatch(digits):
            self.found.append(Finding("phone_zero_lost", self.heading("phone")))
            return ()
        return (phone,) if phone else ()

    def documents(self) -> Iterator[ReportedDocument]:
        for fact, kind in _DOCUMENTS.items():
            number = self.number(fact).replace(" ", "")
            if not number:
                continue
            short = number.isdigit() and _FEWEST_CCCD_DIGITS <= len(number) < _CCCD_DIGITS
            if kind is DocumentType.NATIONAL_ID and short:
                detail = str(len(number))
                self.found.append(Finding("national_id_zero_lost", self.heading(fact), detail))
            else:
                yield ReportedDocument(kind, number)

    def number(self, fact: str, *, refuse: bool = False) -> str:
        """A number as text; one that a spreadsheet wrote in powers of ten is lost."""
        text = self.cell(fact)
        if not text or not _POWERS.fullmatch(text):
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
            return written_birth_date(text, self.table.date_order)
        except ValueError as error:
            raise self.bad_date("birth_date", text, error) from error

    def time(self, fact: str) -> datetime | None:
        text = self.cell(fact)
        if not text:
            return None
        try:
            return written_time(text, self.table.date_order, self.table.zone)
        except ValueError as error:
            raise self.bad_date(fact, text, error) from error

    def bad_date(self, fact: str, text: str, error: ValueError) -> _RowRefused:
        other = isinstance(error, OtherOrderError)
        code = "date_contradicts_order" if other else "unreadable_date"
        return _RowRefused(Finding(code, self.heading(fact), shape(text)))


@lru_cache(maxsize=4096)
def _codes(code: str, name: str) -> tuple[Coding, ...]:
    """The test's code and its name: what a laboratory maps may be either.

    Cached: a laboratory has a few hundred tests and repeats them in every row.
    """
    code, name = code[:_LONGEST_NAME], seen(name[:_LONGEST_NAME])
    found = []
    if code:
        found.append(Coding(LOINC if _LOINC.fullmatch(code) else "", code, name))
    if name:
        found.append(Coding(LOINC if _LOINC.fullmatch(name) else "", name, name))
    return tuple(dict.fromkeys(found))
