"""What a reader found in a laboratory's message, before anybody judged it.

Nothing here is trusted or normalised: dates of birth are text, phones are as typed,
codes are whatever the sender wrote. ``core.results.judge`` decides what it means.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from core.quick import quick_init


@quick_init
@dataclass(frozen=True, slots=True)
class Finding:
    """One thing worth telling the sender: a code, where, and harmless details.

    The sentence and the advice are looked up by ``code`` at the edge that shows it.

    Args:
        code: Stable word such as ``unknown_test``.
        field: Where in the sender's own words: ``PID-7``, ``Patient.birthDate``.
        detail: A code, number or format that helps to fix it; never a person's data.
    """

    code: str
    field: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Coding:
    """A code of a code system.

    Args:
        system: ``LN`` (LOINC), ``SCT`` (SNOMED CT), or the sender's own name for a
            local system; readers map URIs and spellings (``LOINC``, ``http://loinc.org``).
        code: The code itself.
        display: The sender's text for it.
    """

    system: str
    code: str
    display: str = ""


class ReportStatus(StrEnum):
    """Where a report stands in its life, whatever the format called it."""

    PRELIMINARY = "preliminary"
    FINAL = "final"
    CORRECTED = "corrected"
    WITHDRAWN = "withdrawn"


class DocumentType(StrEnum):
    """Kind of identity document (draft VN Core identifier systems)."""

    NATIONAL_ID = "national_id"
    CITIZEN_ID = "citizen_id"
    PASSPORT = "passport_number"
    INSURANCE = "insurance_number"


@quick_init
@dataclass(frozen=True, slots=True)
class ReportedDocument:
    """An identity document as sent."""

    type: DocumentType
    number: str


@quick_init
@dataclass(frozen=True, slots=True)
class ReportedPatient:
    """The person a report is about, as sent.

    Args:
        family: Family name, or the whole name when the sender has only one field.
        given: Middle and given names in the order in which they are spoken.
        birth_date: ISO 8601 ``YYYY-MM-DD``, ``YYYY-MM`` or ``YYYY``; empty if absent.
        sex: ``male``, ``female``, ``other``, ``unknown``.
        phones: As typed, mobile numbers first where the sender says which is which.
    """

    family: str = ""
    given: str = ""
    birth_date: str = ""
    sex: str = "unknown"
    phones: tuple[str, ...] = ()
    documents: tuple[ReportedDocument, ...] = ()


@quick_init
@dataclass(frozen=True, slots=True)
class Member:
    """One observation of a report.

    Args:
        codes: Codes of what was observed, the sender's first.
        value: Text or number as sent; empty when the value is coded only.
        value_codes: Codes of the value (SNOMED, LOINC answers, local).
        unit: UCUM or the sender's own unit.
        reference_range: As sent.
        abnormal: HL7 table 0078 flag (``N``, ``A``, ``H``, ``L`` …) or empty.
    """

    codes: tuple[Coding, ...]
    value: str = ""
    value_codes: tuple[Coding, ...] = ()
    unit: str = ""
    reference_range: str = ""
    abnormal: str = ""


@quick_init
@dataclass(frozen=True, slots=True)
class ReportedResult:
    """One report: an HL7 OBR group or a FHIR DiagnosticReport with its observations.

    Args:
        accession: The laboratory's number of the report (filler order number before placer).
        codes: Codes of the ordered test or panel.
        collected_at: Aware time of collection of the specimen.
        reported_at: Aware time at which the laboratory released it.
        pooled: The specimen is a pool of several people's samples.
        consent_to_contact: Consent to a neutral message was recorded at sampling.
        device: Name of the test kit or instrument, if sent.
        findings: Warnings of the reader itself (a repaired line ending, a charset).
    """

    accession: str
    status: ReportStatus
    codes: tuple[Coding, ...]
    members: tuple[Member, ...]
    patient: ReportedPatient | None
    collected_at: datetime | None = None
    reported_at: datetime | None = None
    pooled: bool = False
    consent_to_contact: bool = False
    device: str = ""
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Something that should have been a result and can't be read."""

    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class NotAResult:
    """A readable message of another kind: an admission, an order, a lone Patient."""

    finding: Finding


@quick_init
@dataclass(frozen=True, slots=True)
class ReadItem:
    """One item of a file, in the order of the file.

    Args:
        index: 0-based position among the items of the file.
        content: What was read.
        part: 0-based position among the items of ``raw``, which may hold several.
        row: Number of the row as the sender's spreadsheet shows it; None for other formats.
        raw: The bytes it was read from, for the inbox; the whole file where the
            format can't be cut.
    """

    index: int
    content: ReportedResult | Unreadable | NotAResult
    raw: bytes = field(default=b"", repr=False)
    part: int = 0
    row: int | None = None
