"""A FHIR OperationOutcome for a sender of FHIR.

Source: FHIR R4 (4.0.1) OperationOutcome; value sets issue-severity and issue-type.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from core.results.intake import IntakeReport, ItemReport
from core.results.reported import Finding
from core.results.versions import Change
from labs.replies import Explain

SYSTEM = "urn:ketqua:finding"
_TYPES = {
    "no_patient": "required",
    "no_name": "required",
    "no_accession": "required",
    "no_value": "required",
    "no_collection_time": "required",
    "no_birth_date": "required",
    "no_phone": "required",
    "missing_reference": "not-found",
    "unknown_test": "code-invalid",
    "unknown_value": "code-invalid",
    "unreadable_date": "value",
    "birth_date_unreadable": "value",
    "unreadable_json": "structure",
    "unreadable_item": "structure",
    "unrecognised_format": "not-supported",
    "unsupported_format": "not-supported",
    "too_large": "too-long",
    "accession_reused": "conflict",
    "two_reports_one_accession": "conflict",
    "older_than_stored": "conflict",
}
_OTHER = "business-rule"


def operation_outcome(report: IntakeReport, explain: Explain) -> bytes:
    """One issue for each finding, and a last one with the counts."""
    issues = [issue for item in report.items for issue in _issues(item, explain)]
    counts = ", ".join(f"{word} {count}" for word, count in report.counts().items())
    issues.append({"severity": "information", "code": "informational", "diagnostics": counts})
    return msgspec.json.encode({"resourceType": "OperationOutcome", "issue": issues})


def _issues(item: ItemReport, explain: Explain) -> Iterator[dict[str, object]]:
    for error in item.errors:
        yield _issue("error", item, error, explain)
    severity = "information" if item.change is Change.IGNORED else "warning"
    for warning in item.warnings:
        yield _issue(severity, item, warning, explain)


def _issue(
    severity: str, item: ItemReport, finding: Finding, explain: Explain
) -> dict[str, object]:
    message, hint = explain(finding)
    place = f"item {item.index + 1}" + (f": {finding.field}" if finding.field else "")
    return {
        "severity": severity,
        "code": _TYPES.get(finding.code, _OTHER),
        "details": {"coding": [{"system": SYSTEM, "code": finding.code}], "text": message},
        "diagnostics": hint,
        "expression": [place],
    }
