"""One result keyed in by hand, for a unit that has no connection yet.

What is typed becomes one row of the same table that a spreadsheet sends, so no rule of
reading or judging is here.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from flask import Response, request

from core.citizens.identity import Identity, read_identity
from core.policy.staff import Right, StaffAccount
from core.results.catalogue import TestDefinition
from core.results.reported import DocumentType
from sms.errors import error_page
from sms.page import day, language, say, show
from sms.room import current_room
from sms.staff.scanned import scanned
from sms.staff.sending import facilities_of, facility_of, show_account, told
from sms.staff.session import needs, note

OUTCOMES = ("negative", "positive", "indeterminate", "invalid")
_COLUMNS = {
    "accession": "accession",
    "name": "full name",
    "birth_date": "date of birth",
    "sex": "sex",
    "phone": "phone",
    "national_id": "cccd",
    "passport": "passport",
    "test": "test code",
    "outcome": "result",
    "collected_at": "collected at",
    "consent": "consent",
}
_LONGEST = 200
_LOINC = "LN"
_SEXES = {"male": "nam", "female": "nữ"}


@needs(Right.SEND_RESULTS)
def ask_for_result(account: StaffAccount) -> Response:
    """The empty form."""
    return _form(account)


@needs(Right.SEND_RESULTS)
def take_in_result(account: StaffAccount) -> Response:
    """Take in what was typed; what was refused comes back with its reasons, still filled in."""
    room, facility = current_room(), facility_of(account)
    if facility is None:
        return error_page(403, "pages.staff.not_allowed", way_on="/staff/")
    typed = {name: request.form.get(name, "").strip()[:_LONGEST] for name in _COLUMNS}
    report = room.laboratories.intake.receive(
        _row(typed), facility, source="manual", feed="manual", format="csv"
    )
    room.poke()
    note(account.login, "result_entered", facility.code)
    errors = [error for item in report.items for error in item.errors]
    if errors:
        reasons = [told(replace(error, field=_label(error.field))) for error in errors]
        return _form(account, 422, typed | {"facility": facility.code}, reasons)
    return show_account(account, facility, report)


@needs(Right.SEND_RESULTS)
def fill_from_card(account: StaffAccount) -> Response:
    """The form with what an identity card's QR says; it is no proof of any result."""
    identity = read_identity(scanned("card"))
    if identity is None:
        return _form(account, 422, error=say("pages.staff.enter.card_unreadable"))
    return _form(account, typed=_typed(identity))


def _typed(identity: Identity) -> dict[str, str]:
    """The fields of the form as somebody would have typed them from the card."""
    foremost = identity.documents[0]
    return {
        "name": identity.name,
        "birth_date": day(identity.birth_date),
        "sex": _SEXES.get(identity.sex, ""),
        "national_id": foremost.number if foremost.type is DocumentType.NATIONAL_ID else "",
        "passport": foremost.number if foremost.type is DocumentType.PASSPORT else "",
    }


def _form(
    account: StaffAccount,
    status: int = 200,
    typed: Mapping[str, str] = MappingProxyType({}),
    reasons: Sequence[tuple[str, str]] = (),
    error: str = "",
) -> Response:
    tests = current_room().laboratories.tests
    return show(
        "staff_enter.html",
        status,
        account=account,
        facilities=facilities_of(account),
        tests=[(_code(test), test.name(language())) for test in tests if _code(test)],
        outcomes=OUTCOMES,
        typed=typed,
        reasons=reasons,
        error=error,
    )


def _label(heading: str) -> str:
    """A column's heading as the form calls it."""
    name = next((name for name, column in _COLUMNS.items() if column == heading), "")
    return say(f"pages.staff.enter.{name}") if name else heading


def _code(test: TestDefinition) -> str:
    """The test's LOINC code; of several the lowest."""
    return min((code for system, code in test.codes if system == _LOINC), default="")


def _row(typed: dict[str, str]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows((_COLUMNS.values(), (typed[name] for name in _COLUMNS)))
    return text.getvalue().encode()
