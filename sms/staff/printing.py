"""Staff print a result for whoever has no phone; each print is audited.

The answer for a number that isn't there, one of another facility, and a class that is never
printed is the same. A holder's wish for a clinical test is for one: where several are found,
staff pick it.
"""

from __future__ import annotations

from collections.abc import Sequence

from flask import Response, request

from core.paper.press import Form, Printed
from core.policy.printing import PrintRefusal, printable
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
    found = _picked(_found(accessions[:_MOST], facility))
    printed = current_room().paper.press.print(
        found, _chosen_form(), asked=bool(request.form.get("asked"))
    )
    if PrintRefusal.ASKED_FOR_SEVERAL in {reason for _, reason in printed.refused}:
        return _form(account, 422, facility.code, choices=printable(found))
    if not printed.pdf:
        note(account.login, "slip_refused", facility.code)
        return _form(account, 404, facility.code, error=say(_reason(printed)))
    for item in printed.items:
        note(account.login, "slip_printed", item.result_id, _chosen_form())
    return pdf_file(printed.pdf, f"{_chosen_form()}-{printed.items[0].short_code}.pdf")


def _found(accessions: list[str], facility: Facility) -> list[ShelfItem]:
    find = current_room().paper.find
    return [item for accession in accessions for item in find(accession, facility.code)]


def _chosen_form() -> Form:
    form = request.form.get("form", "")
    return Form(form) if form in set(Form) else Form.SLIP


def _picked(found: list[ShelfItem]) -> list[ShelfItem]:
    """The one that staff picked, of what was found; all where they picked none."""
    picked = request.form.get("result", "")
    return [item for item in found if item.result_id == picked] if picked else found


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
    account: StaffAccount,
    status: int = 200,
    facility: str = "",
    *,
    error: str = "",
    choices: Sequence[ShelfItem] = (),
) -> Response:
    return show(
        "staff_print.html",
        status,
        account=account,
        facilities=_facilities_of(account),
        facility=facility,
        forms=tuple(Form),
        error=error,
        choices=choices,
        accessions=request.form.get("accessions", "") if choices else "",
        chosen=_chosen_form(),
    )
