"""Staff print a result for whoever has no phone; each print is audited.

The answer for a number that isn't there, one of another facility, and a class that is never
printed is the same.
"""

from __future__ import annotations

from flask import Response, request

from core.paper.press import Form, Printed
from core.policy.printing import PrintRefusal
from core.policy.staff import Right, StaffAccount
from core.ports import ShelfItem
from core.results.facility import Facility
from sms.errors import error_page
from sms.page import pdf_file, say, show
from sms.room import current_room
from sms.staff.session import needs, note

_MOST = 20
_LONGEST = 64


@needs(Right.PRINT_SLIPS)
def ask_what(account: StaffAccount) -> Response:
    """The empty form."""
    return _form(account)


@needs(Right.PRINT_SLIPS)
def print_results(account: StaffAccount) -> Response:
    """The PDF of what was asked for, or why there is none."""
    facility = _facility_of(account)
    if facility is None:
        return error_page(403, "pages.staff.not_allowed", way_on="/staff/")
    lines = request.form.get("accessions", "").splitlines()
    accessions = [line.strip()[:_LONGEST] for line in lines if line.strip()]
    form = Form.SLIP if request.form.get("form") not in set(Form) else Form(request.form["form"])
    printed = current_room().paper.press.print(
        _found(accessions[:_MOST], facility), form, asked=bool(request.form.get("asked"))
    )
    if not printed.pdf:
        note(account.login, "slip_refused", facility.code)
        return _form(account, 404, facility.code, error=say(_reason(printed)))
    for item in printed.items:
        note(account.login, "slip_printed", item.result_id, form)
    return pdf_file(printed.pdf, f"{form}-{printed.items[0].short_code}.pdf")


def _found(accessions: list[str], facility: Facility) -> list[ShelfItem]:
    find = current_room().paper.find
    return [item for accession in accessions for item in find(accession, facility.code)]


def _reason(printed: Printed) -> str:
    """Why nothing was printed, as far as this page may say."""
    reasons = {reason for _, reason in printed.refused}
    for told in (PrintRefusal.REPLACED, PrintRefusal.NOT_FINAL, PrintRefusal.NO_CERTIFICATE):
        if told in reasons:
            return f"pages.staff.print.{told}"
    return "pages.staff.print.nothing"


def _facility_of(account: StaffAccount) -> Facility | None:
    code = request.form.get("facility", "")
    return next((each for each in _facilities_of(account) if each.code == code), None)


def _facilities_of(account: StaffAccount) -> list[Facility]:
    every = current_room().facilities.all()
    return [each for each in every if account.may(Right.PRINT_SLIPS, each.code)]


def _form(
    account: StaffAccount, status: int = 200, facility: str = "", *, error: str = ""
) -> Response:
    return show(
        "staff_print.html",
        status,
        account=account,
        facilities=_facilities_of(account),
        facility=facility,
        forms=tuple(Form),
        error=error,
    )
