"""Error reports in the sender's own format: rows as its spreadsheet shows them, FHIR issues."""

from __future__ import annotations

import csv
import io
import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.results.intake import IntakeReport, ItemReport
from core.results.reported import Finding
from core.results.versions import Change
from labs.replies.account import account
from labs.replies.ack import _CONDITIONS
from labs.replies.bad_rows import HEADINGS, bad_rows
from labs.replies.outcome import _TYPES, operation_outcome
from tests.services import REPOSITORY

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


def test_a_row_that_was_used_is_no_bad_row() -> None:
    used = ItemReport("kq.csv", 2, Change.IGNORED, errors=FOUND, row=9)
    assert bad_rows(IntakeReport([used, GOOD]), explain).count(b"\n") == 1


def test_warnings_of_all_rows_are_there_where_asked_for() -> None:
    assert b"no_phone" not in bad_rows(REPORT, explain)
    rows = list(
        csv.reader(bad_rows(REPORT, explain, warnings=True).decode("utf-8-sig").split("\n"))
    )
    assert rows[3][:3] == ["8", "accepted", "no_phone"]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", " =", "\t", "\r", "\n=", "＝", "\u00a0@"])
def test_no_cell_can_start_a_formula(start: str) -> None:
    bad = ItemReport(
        "f", 0, Change.QUARANTINED, errors=(Finding("x", f"{start}cmd|' /C calc'!A0"),)
    )
    text = bad_rows(IntakeReport([bad]), lambda _: (f"{start}1", f"{start}2")).decode("utf-8-sig")
    _, row = csv.reader(io.StringIO(text, newline=""))
    assert row[0] == "1"
    assert [cell[0] for cell in row[3:]] == ["'"] * 3


@given(st.lists(st.text(max_size=30), min_size=3, max_size=3))
def test_whatever_is_said_is_one_row_of_six_cells(texts: list[str]) -> None:
    field, message, hint = texts
    bad = ItemReport("f", 0, Change.QUARANTINED, errors=(Finding("x", field),), row=2)
    text = bad_rows(IntakeReport([bad]), lambda _: (message, hint)).decode("utf-8-sig")
    _, row = csv.reader(io.StringIO(text, newline=""))
    assert [cell.removeprefix("'") for cell in row[3:]] == [
        each.removeprefix("'") for each in texts
    ]


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
    OperationOutcome.model_validate_json(operation_outcome(REPORT, lambda _: ("x", "")))


ISSUE_TYPES = {  # FHIR R4, value set issue-type
    "invalid", "structure", "required", "value", "invariant", "security", "login", "unknown",
    "expired", "forbidden", "suppressed", "processing", "not-supported", "duplicate",
    "multiple-matches", "not-found", "deleted", "too-long", "code-invalid", "extension",
    "too-costly", "business-rule", "conflict", "transient", "lock-error", "no-store", "exception",
    "timeout", "incomplete", "throttled", "informational",
}  # fmt: skip


def test_every_issue_type_is_one_of_fhir_and_every_code_of_ours_is_known() -> None:
    text = (REPOSITORY / "core/messages/catalogues/vi.po").read_text(encoding="utf-8")
    known = set(re.findall(r'msgid "findings\.(\w+)\.message"', text))
    assert set(_TYPES) <= ISSUE_TYPES
    assert {code for codes in _TYPES.values() for code in codes} <= known
    assert {code for codes in _CONDITIONS.values() for code in codes} <= known


def test_the_account_sums_up() -> None:
    told = account(REPORT, explain)
    assert (told["received"], told["accepted"], told["quarantined"]) == (2, 1, 1)
    items = told["items"]
    assert isinstance(items, list)
    assert items[0]["row"] == 7
    assert items[1]["result_id"] == "r1"
