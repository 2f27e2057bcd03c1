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
_TYPES = {  # value set issue-type → our codes
    "required": (
        "no_patient", "no_name", "no_accession", "no_value", "no_collection_time",
        "no_birth_date", "no_phone", "no_report", "no_message_type", "missing_columns",
    ),
    "value": (
        "unreadable_date", "birth_date_unreadable", "birth_date_implausible", "accession_unusable",
        "date_contradicts_order", "phone_unreadable", "national_id_not_12_digits",
        "number_in_scientific_notation", "collected_in_future", "reported_in_future",
    ),
    "code-invalid": ("unknown_test", "unknown_value", "unknown_status"),
    "not-found": ("missing_reference", "nothing_to_withdraw", "nothing_to_correct"),
    "conflict": (
        "accession_reused", "two_reports_one_accession", "older_than_stored", "older_version",
        "withdrawn_before", "other_test_of_accession", "contradicting_patients",
        "contradicting_values",
    ),
    "structure": (
        "unreadable_json", "unreadable_xml", "unreadable_table", "unreadable_item",
        "damaged_segment", "unclosed_quote", "repeated_column", "row_has_other_columns",
        "truncated_message", "truncated_file", "empty_file", "line_break_in_field",
    ),
    "not-supported": ("unrecognised_format", "unsupported_format", "not_a_result"),
    "too-long": ("too_large", "too_many_columns"),
    "transient": ("try_again",),
    "unknown": ("unknown_sender",),
}  # fmt: skip
_TYPE_OF = {code: kind for kind, codes in _TYPES.items() for code in codes}
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
    issue: dict[str, object] = {
        "severity": severity,
        "code": _TYPE_OF.get(finding.code, _OTHER),
        "details": {"coding": [{"system": SYSTEM, "code": finding.code}], "text": message},
        "expression": [place],
    }
    if hint:  # FHIR has no empty strings
        issue["diagnostics"] = hint
    return issue
