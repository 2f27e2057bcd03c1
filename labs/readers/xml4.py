"""The health-insurance export (XML1 with XML4) to results: one for each service and its time.

Rules: a report is one ``MA_LK``, ``MA_DICH_VU`` and ``NGAY_KQ``, its indices are the lines;
lines belong to the person whose row has the same ``MA_LK`` in the same ``HOSO``, and to
nobody where two such rows differ. The export has no number of the laboratory: ``MA_LK`` and
``MA_DICH_VU`` stand in for it, with ``NGAY_KQ`` where the service was done again. It has no
status: what is billed is final. The time of collection is ``NGAY_TH_YL`` of table 3, when
the order was carried out; an order's own time (``NGAY_YL``) is none. ``KET_LUAN`` is a line
of its own, because it may contradict the value. ``MA_MAY`` is no name of a test kit.

Source: Decisions 4210/QĐ-BYT (2017), 130/QĐ-BYT and 4750/QĐ-BYT (2023), 3176/QĐ-BYT (2024),
tables 1, 3 and 4.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar
from zoneinfo import ZoneInfo

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
from labs.readers.times import hl7_birth_date, hl7_time
from labs.readers.vocabulary import card_type, shape
from labs.readers.xml4_rows import read_records
from labs.readers.xml4_tables import Line, Person, Record, Service, kept

Content = ReportedResult | Unreadable | NotAResult

SERVICES = "BHYT-DV"  # code system of MA_DICH_VU
INDICES = "BHYT-CS"  # code system of MA_CHI_SO
_T = TypeVar("_T", Person, Service)
_SEXES = {"1": "male", "2": "female"}
_UNKNOWN_YEAR = "0000"
_NO_RECORD = "<HOSO/>"
_SEVERAL = re.compile(r"[;,/]")
_PASSPORT = re.compile(r"(?=.*\d)(?=.*[A-Za-z])[A-Za-z0-9]{5,15}", re.ASCII)


@dataclass(frozen=True, slots=True)
class _Group:
    """The rows of one report."""

    persons: Sequence[Person]
    services: Sequence[Service]
    lines: Sequence[Line]
    number: str

    def raw(self) -> bytes:
        return kept(self.number, [*self.persons, *self.services, *self.lines])


class _UnreadableFieldError(ValueError):
    """A field that stops its item, with the finding that says so."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.code)
        self.finding = finding


def read_xml4(data: bytes, zone: ZoneInfo) -> Iterator[tuple[Content, bytes]]:
    """Yield what ``data`` holds with the bytes of each item; never raises.

    Args:
        zone: The facility's zone: the export's times have no offset.
    """
    for record in read_records(data):
        if record.broken:
            yield Unreadable((record.broken,)), record.raw or data
        elif record.lines:
            for group in _groups(record):
                yield _guarded(group, zone), group.raw()
        else:
            yield _without_lines(record), _told_apart(record, data)


def _without_lines(record: Record) -> Content:
    if record.persons or record.services:
        return NotAResult(Finding("not_a_result", "XML4", "XML1" if record.persons else "XML3"))
    if record.envelope:
        return NotAResult(Finding("not_a_result", "XML4", "HOSO"))
    return Unreadable((Finding("unrecognised_format", "XML", "xml4"),))


def _told_apart(record: Record, data: bytes) -> bytes:
    """The encounter's number alone: nothing of a person without a result is kept."""
    if record.persons:
        return kept("", [Person(ma_lk=person.ma_lk) for person in record.persons])
    if record.services:
        return kept("", [Service(ma_lk=record.services[0].ma_lk)])
    return _NO_RECORD.encode() if record.envelope else data


def _groups(record: Record) -> Iterator[_Group]:
    """The reports of ``record`` in the order of their first lines."""
    lines: dict[tuple[str, str, str], list[Line]] = {}
    for line in dict.fromkeys(record.lines):  # a table may be in the file twice
        lines.setdefault((line.ma_lk, _service(line), line.ngay_kq), []).append(line)
    first: dict[tuple[str, str], str] = {}
    for encounter, service, at in lines:
        first[encounter, service] = min(at, first.get((encounter, service), at))
    persons, services = _by_encounter(record.persons), _by_encounter(record.services)
    for (encounter, service, at), of_report in lines.items():
        number = _accession(encounter, service, "" if at == first[encounter, service] else at)
        yield _Group(
            persons.get(encounter, ()),
            [each for each in services.get(encounter, ()) if each.ma_dich_vu == service],
            of_report,
            record.number or number,
        )


def _service(line: Line) -> str:
    return line.ma_dich_vu or line.ma_chi_so


def _accession(encounter: str, service: str, again: str) -> str:
    if not encounter:
        return ""
    return "/".join(part for part in (encounter, service, again) if part)


def _by_encounter(rows: Sequence[_T]) -> dict[str, list[_T]]:
    """Rows by ``MA_LK``, each once; a row without one belongs to nothing."""
    found: dict[str, list[_T]] = {}
    for row in dict.fromkeys(rows):
        if row.ma_lk:
            found.setdefault(row.ma_lk, []).append(row)
    return found


def _guarded(group: _Group, zone: ZoneInfo) -> Content:
    """Read one report; whatever goes wrong stops this one only."""
    try:
        return _result(group, zone)
    except _UnreadableFieldError as error:
        return Unreadable((error.finding,))
    except Exception as error:  # noqa: BLE001 - a stranger's bytes must not stop the file
        return Unreadable((Finding("unreadable_item", "XML4", type(error).__name__),))


def _result(group: _Group, zone: ZoneInfo) -> ReportedResult:
    first = group.lines[0]
    named = next((each.ten_dich_vu for each in group.services if each.ten_dich_vu), "")
    return ReportedResult(
        accession=group.number,
        status=ReportStatus.FINAL,
        codes=_codes(SERVICES, first.ma_dich_vu, named),
        members=tuple(_members(group.lines)),
        patient=_one_patient(group.persons),
        collected_at=_collected_at(group, zone),
        reported_at=_time(first.ngay_kq, "NGAY_KQ", zone),
    )


def _codes(system: str, code: str, display: str) -> tuple[Coding, ...]:
    return (Coding(system, code, display),) if code else ()


def _members(lines: Sequence[Line]) -> Iterator[Member]:
    """The indices, then each conclusion once, under the codes of the lines that it stood on."""
    concluded: dict[str, dict[Coding, None]] = {}
    for line in lines:
        codes = _codes(INDICES, line.ma_chi_so, line.ten_chi_so)
        if line.gia_tri or not line.ket_luan:
            yield Member(codes, line.gia_tri, unit=line.don_vi_do)
        if line.ket_luan and line.ket_luan != line.gia_tri:
            concluded.setdefault(line.ket_luan, {}).update(dict.fromkeys(codes))
    for conclusion, of_lines in concluded.items():
        yield Member(tuple(of_lines), conclusion)


def _one_patient(persons: Sequence[Person]) -> ReportedPatient:
    if not persons:
        raise _UnreadableFieldError(Finding("no_patient", "XML1"))
    patients = {_patient(person) for person in persons}
    if len(patients) > 1:
        raise _UnreadableFieldError(Finding("contradicting_patients", "MA_LK"))
    return patients.pop()


def _patient(person: Person) -> ReportedPatient:
    return ReportedPatient(
        family=person.ho_ten,
        birth_date=_birth_date(person.ngay_sinh),
        sex=_SEXES.get(person.gioi_tinh, "unknown"),
        phones=tuple(_each(person.dien_thoai)),
        documents=tuple(_documents(person)),
    )


def _birth_date(written: str) -> str:
    if not written or written.startswith(_UNKNOWN_YEAR):
        return ""
    try:
        return hl7_birth_date(written)
    except ValueError as error:
        finding = Finding("unreadable_date", "NGAY_SINH", shape(written))
        raise _UnreadableFieldError(finding) from error


def _documents(person: Person) -> Iterator[ReportedDocument]:
    """``SO_CCCD`` holds any card or a passport; one person may have several insurance cards."""
    for number in _each(person.so_cccd):
        kind = DocumentType.PASSPORT if _PASSPORT.fullmatch(number) else card_type(number)
        yield ReportedDocument(kind or DocumentType.NATIONAL_ID, number)
    for number in dict.fromkeys((*_each(person.ma_the_bhyt), *_each(person.ma_the))):
        yield ReportedDocument(DocumentType.INSURANCE, number)


def _each(written: str) -> Iterator[str]:
    return (part.strip() for part in _SEVERAL.split(written) if part.strip())


def _collected_at(group: _Group, zone: ZoneInfo) -> datetime | None:
    """When the service was carried out; of several times the one with this result's time."""
    times = {each.ngay_th_yl for each in group.services if each.ngay_th_yl}
    if len(times) > 1:
        at = group.lines[0].ngay_kq
        times = {s.ngay_th_yl for s in group.services if s.ngay_kq == at and s.ngay_th_yl}
    return _time(times.pop(), "NGAY_TH_YL", zone) if len(times) == 1 else None


def _time(written: str, where: str, zone: ZoneInfo) -> datetime | None:
    if not written:
        return None
    try:
        return hl7_time(written, zone)
    except ValueError as error:
        raise _UnreadableFieldError(Finding("unreadable_date", where, shape(written))) from error
