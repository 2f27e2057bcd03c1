"""Judge a reported result: a ``Result`` with warnings, or the findings that refuse it.

Lenient with what the product doesn't need, strict with what a certificate or a person's
identity stands on. A person without a usable phone is accepted with a warning: the result
waits for a printed slip.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from core.citizens.names import split_whole
from core.citizens.phone import PhoneKind, read_phone
from core.quick import quick_init
from core.results.accession import LONGEST, normalise_accession
from core.results.catalogue import Catalogue, Confidentiality, TestDefinition, TestKind
from core.results.local_codes import NO_CODES, LocalCodes
from core.results.reported import (
    Coding,
    DocumentType,
    Finding,
    Member,
    ReportedPatient,
    ReportedResult,
    ReportStatus,
)
from core.results.result import Document, Outcome, Person, Result, Value
from core.results.values import read_outcome

_CLOCK_SKEW = timedelta(minutes=10)
_EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
_OLDEST_PERSON = 130
_STRICTNESS = {
    Confidentiality.A: 0,
    Confidentiality.B: 1,
    Confidentiality.C: 2,
    Confidentiality.D: 3,
}
_CCCD_DIGITS = 12
_CODE = re.compile(r"[A-Za-z0-9._:/#-]{1,24}")
_PHONE_FINDINGS = {
    PhoneKind.LANDLINE: "phone_not_mobile",
    PhoneKind.UNREADABLE: "phone_unreadable",
}

_PHONE_TOLD = frozenset({"phone_zero_lost"})  # the reader said already why there is none


@quick_init
@dataclass(frozen=True, slots=True)
class Judged:
    """A result that may be stored."""

    result: Result
    warnings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Refused:
    """Why a report can't be used; every reason at once."""

    errors: tuple[Finding, ...]
    warnings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """A withdrawal that names its report but could not be a result of its own.

    Args:
        test_key: Empty where the test can't be told.
    """

    accession: str
    test_key: str
    reported_at: datetime
    refused: Refused


class _Notes:
    """Collects findings while a report is looked at."""

    def __init__(self, warnings: Sequence[Finding]) -> None:
        self.errors: list[Finding] = []
        self.warnings: list[Finding] = list(warnings)

    def refuse(self, code: str, field: str = "", detail: str = "") -> None:
        self.errors.append(Finding(code, field, detail))

    def warn(self, code: str, field: str = "", detail: str = "") -> None:
        self.warnings.append(Finding(code, field, detail))


def judge(
    reported: ReportedResult,
    catalogue: Catalogue,
    *,
    now: datetime,
    local: LocalCodes = NO_CODES,
) -> Judged | Refused | Withdrawal:
    """Judge one report. A withdrawal needs no more than its accession.

    Args:
        catalogue: With the sender's own codes of tests (``Catalogue.with_codes``).
        local: The sender's own codes of values.
        now: Aware UTC; times later than this (with 10 minutes of grace) are refused.
    """
    notes = _Notes(reported.findings)
    accession = normalise_accession(reported.accession)
    _check_accession(accession, notes)
    person = _person(reported.patient, notes, now)
    test = _test(reported, catalogue, notes)
    outcome, values = _outcome(reported, test, local, notes)
    collected, released = _times(reported, test, notes, now)
    if notes.errors or test is None or person is None:
        refused = Refused(tuple(notes.errors), tuple(notes.warnings))
        if reported.status is ReportStatus.WITHDRAWN and _is_accession(accession):
            return Withdrawal(accession, test.key if test else "", released, refused)
        return refused
    result = Result(
        accession=accession,
        test=test,
        status=reported.status,
        outcome=outcome,
        person=person,
        collected_at=collected,
        reported_at=released,
        values=values,
        pooled=reported.pooled,
        consent_to_contact=reported.consent_to_contact,
        device=reported.device,
    )
    return Judged(result, tuple(notes.warnings))


def _check_accession(accession: str, notes: _Notes) -> None:
    if not accession:
        notes.refuse("no_accession", "accession")
    elif not _is_accession(accession):
        notes.refuse("accession_unusable", "accession", str(len(accession)))


def _is_accession(accession: str) -> bool:
    return 0 < len(accession) <= LONGEST and accession.isprintable()


def _person(patient: ReportedPatient | None, notes: _Notes, now: datetime) -> Person | None:
    if patient is None:
        notes.refuse("no_patient", "patient")
        return None
    family, given = split_whole(patient.family, patient.given)
    if not family and not given:
        notes.refuse("no_name", "patient.name")
    return Person(
        family=family,
        given=given,
        birth_date=_birth_date(patient.birth_date, notes, now),
        sex=patient.sex,
        phone=_phone(patient.phones, notes),
        documents=tuple(_documents(patient, notes)),
    )


def _birth_date(text: str, notes: _Notes, now: datetime) -> str:
    if not text:
        notes.warn("no_birth_date", "patient.birth_date")
        return ""
    try:
        earliest = date.fromisoformat(text + "0000-01-01"[len(text) :])
    except ValueError:
        notes.refuse("birth_date_unreadable", "patient.birth_date")
        return ""
    if not 0 <= now.year - earliest.year <= _OLDEST_PERSON or earliest > now.date():
        notes.refuse("birth_date_implausible", "patient.birth_date")
    return text


def _phone(typed: tuple[str, ...], notes: _Notes) -> str:
    phones = [read_phone(text) for text in typed]
    mobile = next((phone for phone in phones if phone.kind is PhoneKind.MOBILE), None)
    if mobile is not None:
        return mobile.e164
    if not any(found.code in _PHONE_TOLD for found in notes.warnings):
        notes.warn(_PHONE_FINDINGS[phones[0].kind] if phones else "no_phone", "patient.phone")
    return ""


def _documents(patient: ReportedPatient, notes: _Notes) -> list[Document]:
    documents = []
    for document in patient.documents:
        number = "".join(document.number.split()).upper()
        if not number:
            continue
        if document.type is DocumentType.NATIONAL_ID and not _is_cccd(number):
            notes.warn("national_id_not_12_digits", "patient.document", str(len(number)))
        documents.append(Document(document.type, number))
    return documents


def _is_cccd(number: str) -> bool:
    return len(number) == _CCCD_DIGITS and number.isascii() and number.isdigit()


def _test(reported: ReportedResult, catalogue: Catalogue, notes: _Notes) -> TestDefinition | None:
    of_members = {
        test.key: test for member in reported.members if (test := catalogue.find(member.codes))
    }
    test = catalogue.find(reported.codes)
    if test is None and len(of_members) == 1 and _all_known(reported.members, catalogue):
        test = next(iter(of_members.values()))
    if test is None:
        notes.refuse("unknown_test", "test", _shown(reported.codes[0]) if reported.codes else "")
        return None
    if any(_stricter(member, test) for member in of_members.values()):
        notes.refuse("stricter_member", "test", test.key)
    return test


def _shown(code: Coding) -> str:
    """A code to show to the sender; free text in its place may hold a name or a disease."""
    looks_like_codes = _CODE.fullmatch(code.code) and _CODE.fullmatch(code.system or "-")
    return f"{code.system}|{code.code}" if looks_like_codes else ""


def _all_known(members: Sequence[Member], catalogue: Catalogue) -> bool:
    return all(catalogue.find(member.codes) for member in members)


def _stricter(member: TestDefinition, report: TestDefinition) -> bool:
    return _STRICTNESS[member.confidentiality] > _STRICTNESS[report.confidentiality]


def _outcome(
    reported: ReportedResult, test: TestDefinition | None, local: LocalCodes, notes: _Notes
) -> tuple[Outcome, tuple[Value, ...]]:
    unset: tuple[Outcome, tuple[Value, ...]] = (Outcome.INVALID, ())
    released = reported.status in (ReportStatus.FINAL, ReportStatus.CORRECTED)
    if test is None or not released:
        return unset
    read = read_outcome(test, reported.members, local.values)
    if isinstance(read, Finding):
        notes.errors.append(read)
        return unset
    return read


def _times(
    reported: ReportedResult, test: TestDefinition | None, notes: _Notes, now: datetime
) -> tuple[datetime, datetime]:
    # Without a time of report the earliest it can have been: a later one is never "older".
    released = (reported.reported_at or reported.collected_at or now).astimezone(UTC)
    if released > now + _CLOCK_SKEW:
        notes.refuse("reported_in_future", "reported_at")
    if reported.collected_at is None:
        _without_collection(test, reported.status, notes)
        return released, released
    collected = reported.collected_at.astimezone(UTC)
    if collected > now + _CLOCK_SKEW:
        notes.refuse("collected_in_future", "collected_at")
    if collected < _EARLIEST:
        notes.refuse("collected_too_early", "collected_at")
    return collected, released


def _without_collection(test: TestDefinition | None, status: ReportStatus, notes: _Notes) -> None:
    certified = test is not None and test.kind in (TestKind.PCR, TestKind.ANTIGEN)
    if certified and status in (ReportStatus.FINAL, ReportStatus.CORRECTED):
        notes.refuse("no_collection_time", "collected_at")
    else:
        notes.warn("no_collection_time", "collected_at")
