"""Error reports in the sender's own format: rows as its spreadsheet shows them, FHIR issues."""

from __future__ import annotations

import csv
import json

from core.results.intake import IntakeReport, ItemReport
from core.results.reported import Finding
from core.results.versions import Change
from labs.replies.account import account
from labs.replies.bad_rows import HEADINGS, bad_rows
from labs.replies.outcome import operation_outcome

FOUND = (Finding("no_name", "Họ và tên"), Finding("x", "=1+1"))
BAD = ItemReport("kq.csv", 0, Change.QUARANTINED, errors=FOUND, row=7)
NO_PHONE = (Finding("no_phone", "phone"),)
GOOD = ItemReport("kq.csv", 1, Change.ACCEPTED, "r1", warnings=NO_PHONE, row=8)
REPORT = IntakeReport([BAD, GOOD])


def explain(finding: Finding) -> tuple[str, str]:
    return f"{finding.code}!", f"Sửa {finding.field}."


def test_bad_rows_carry_the_numbers_that_the_spreadsheet_shows() -> None:
    text = bad_rows(REPORT, explain)
    assert text.startswith(b"\xef\xbb\xbf")
    head, first, second = csv.reader(text.decode("utf-8-sig").splitlines())
    assert tuple(head) == HEADINGS
    assert first == ["7", "quarantined", "no_name", "Họ và tên", "no_name!", "Sửa Họ và tên."]
    assert second[3] == "'=1+1"  # never a formula


def test_an_operation_outcome_has_an_issue_for_each_finding_and_the_counts() -> None:
    outcome = json.loads(operation_outcome(REPORT, explain))
    assert outcome["resourceType"] == "OperationOutcome"
    severities = [issue["severity"] for issue in outcome["issue"]]
    assert severities == ["error", "error", "warning", "information"]
    first = outcome["issue"][0]
    assert first["code"] == "required"
    assert first["details"]["coding"] == [{"system": "urn:ketqua:finding", "code": "no_name"}]
    assert first["expression"] == ["item 1: Họ và tên"]
    assert "received 2" in outcome["issue"][-1]["diagnostics"]


def test_an_operation_outcome_is_one_by_somebody_elses_model() -> None:
    from fhir.resources.operationoutcome import OperationOutcome

    OperationOutcome.model_validate_json(operation_outcome(REPORT, explain))
    OperationOutcome.model_validate_json(operation_outcome(IntakeReport(), explain))


def test_the_account_sums_up() -> None:
    told = account(REPORT, explain)
    assert (told["received"], told["accepted"], told["quarantined"]) == (2, 1, 1)
    items = told["items"]
    assert isinstance(items, list)
    assert items[0]["row"] == 7
    assert items[1]["result_id"] == "r1"
