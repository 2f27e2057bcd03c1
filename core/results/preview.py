"""A sample as it would be read: for staff who connect a laboratory, with nothing stored.

A sample may be of real people, so what is shown of a person is enough to see that a field was
read in its place, and no more. Of a test of class C or D only that it is one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from core.citizens.names import split_whole
from core.citizens.phone import PhoneKind, read_phone
from core.ports import Former, ResultRow
from core.results.catalogue import Catalogue, Confidentiality, TestDefinition
from core.results.facility import Facility
from core.results.item_report import ItemReport
from core.results.judge import Judged
from core.results.reported import (
    DocumentType,
    Finding,
    ReadItem,
    ReportedPatient,
    ReportedResult,
    ReportStatus,
)
from core.results.result import Outcome
from core.results.versions import Change, Incoming, Stored

MOST_PREVIEWED = 50
HIDDEN = "•••"
_CONFIDENTIAL = frozenset({Confidentiality.C, Confidentiality.D})
_SHOWN_DIGITS = 3


@dataclass(frozen=True, slots=True)
class MaskedPerson:
    """Which fields of a person were read; empty ones were not.

    Args:
        initials: ``N. V. B.``
        birth_year: Four digits, whatever is recorded beside it.
        phone: The last digits of the mobile number.
        documents: Kind and last characters of each.
    """

    initials: str = ""
    birth_year: str = ""
    sex: str = ""
    phone: str = ""
    documents: tuple[tuple[DocumentType, str], ...] = ()


@dataclass(frozen=True, slots=True)
class PreviewedItem:
    """One item of a sample.

    Args:
        report: What would become of it.
        test: None where none was recognised, and for a confidential one.
        confidential: The test is of class C or D, or a line of the report is.
        outcome: None where it can't be told, and for a confidential test.
        collected_at: None where no usable time was sent.
        person: None where the item says nothing of one.
    """

    report: ItemReport
    test: TestDefinition | None = None
    confidential: bool = False
    outcome: Outcome | None = None
    status: ReportStatus | None = None
    collected_at: datetime | None = None
    person: MaskedPerson | None = None


def previewed(
    item: ReadItem, report: ItemReport, judged: Judged | None, catalogue: Catalogue
) -> PreviewedItem:
    """What may be shown of an item.

    Args:
        judged: None where it was refused.
        catalogue: With the sender's own codes.
    """
    content, report = item.content, replace(report, result_id=None)
    if not isinstance(content, ReportedResult):
        return PreviewedItem(report)
    test = judged.result.test if judged else _test(content, catalogue)
    confidential = any(each.confidentiality in _CONFIDENTIAL for each in _named(content, catalogue))
    said = PreviewedItem(
        report,
        test=test,
        outcome=judged.result.outcome if judged else None,
        status=content.status,
        collected_at=content.collected_at,
        person=masked(content.patient) if content.patient else None,
    )
    return _confidential(said) if confidential else said


def _test(content: ReportedResult, catalogue: Catalogue) -> TestDefinition | None:
    return next(_named(content, catalogue), None)


def _named(content: ReportedResult, catalogue: Catalogue) -> Iterator[TestDefinition]:
    """Every test that the report or a line of it names, by any of its codes."""
    for codes in (content.codes, *(member.codes for member in content.members)):
        for code in codes:
            test = catalogue.find([code])
            if test is not None:
                yield test


def _confidential(said: PreviewedItem) -> PreviewedItem:
    report = replace(
        said.report,
        errors=tuple(map(_without_detail, said.report.errors)),
        warnings=tuple(map(_without_detail, said.report.warnings)),
    )
    return replace(said, report=report, test=None, outcome=None, confidential=True)


def _without_detail(finding: Finding) -> Finding:
    """A detail may be a code that names the disease."""
    return replace(finding, detail=HIDDEN if finding.detail else "")


def masked(patient: ReportedPatient) -> MaskedPerson:
    """What shows that a person's fields came through."""
    family, given = split_whole(patient.family, patient.given)
    phones = (read_phone(typed) for typed in patient.phones)
    mobile = next((each.e164 for each in phones if each.kind is PhoneKind.MOBILE), "")
    return MaskedPerson(
        initials=" ".join(f"{word[0]}." for word in f"{family} {given}".split()),
        birth_year=patient.birth_date[:4],
        sex="" if patient.sex == "unknown" else patient.sex,
        phone=mobile[-_SHOWN_DIGITS:],
        documents=tuple(
            (each.type, each.number.strip()[-_SHOWN_DIGITS:])
            for each in patient.documents
            if each.number.strip()
        ),
    )


class Unmade:
    """A release that makes nothing: no certificate, no link, no message; nobody stores it."""

    def __call__(
        self,
        judged: Judged,
        change: Change,
        stored: Stored | None,
        incoming: Incoming,
        former: Former | None,
    ) -> ResultRow:
        """A bare version."""
        result = judged.result
        return ResultRow(
            result_id=f"{result.accession}/{result.test.key}",
            version=stored.version + 1 if stored else 1,
            supersedes=stored.result_id if stored else None,
            result=result,
            change=change,
            short_code=former.short_code if former else "",
            content_mac=incoming.content_mac,
            person_index=incoming.person_index,
            certificate=None,
            message=None,
            link_hash=None,
            link_expires_at=None,
        )

    def certify(self, rows: list[ResultRow], _facility: Facility) -> list[ResultRow]:
        """The same rows."""
        return rows
