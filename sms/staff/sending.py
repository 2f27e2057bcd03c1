"""Staff send results in: a file of a facility, and what was held back once more.

A file's account is shown at once: how many of what, and each row that could not be used with
the number that the spreadsheet shows. Nothing of a person stands on the page.
"""

from __future__ import annotations

from flask import Response, request

from core.certificates.scan import MAX_BYTES
from core.messages.findings import explain
from core.policy.staff import Right, StaffAccount
from core.results.facility import Facility
from core.results.intake import BATCH, IntakeReport, ItemReport
from core.results.reported import Finding
from core.results.versions import Change
from sms.errors import error_page
from sms.page import language, say, show
from sms.room import current_room
from sms.staff.session import needs, note

_MOST_SHOWN = 200
_LONGEST_NAME = 100
_PICTURES = ("staff.look_up", "staff.fill_from_card")
_ROOM_FOR_THE_FORM = 64 * 1024


def let_files_in(endpoint: str | None, _values: dict[str, object] | None) -> None:
    """Raise the limit of a body, before anything reads the form."""
    if endpoint == "staff.take_in_file":
        request.max_content_length = current_room().laboratories.largest
    if endpoint in _PICTURES:
        request.max_content_length = MAX_BYTES + _ROOM_FOR_THE_FORM


@needs(Right.SEND_RESULTS)
def ask_for_file(account: StaffAccount) -> Response:
    """The form."""
    return show("staff_upload.html", account=account, facilities=facilities_of(account))


@needs(Right.SEND_RESULTS)
def take_in_file(account: StaffAccount) -> Response:
    """Take in an uploaded file and show its account."""
    room, facility, file = current_room(), facility_of(account), request.files.get("file")
    if facility is None:
        return error_page(403, "pages.staff.not_allowed", way_on="/staff/")
    data = file.read() if file else b""
    if not data:
        facilities = facilities_of(account)
        error = say("pages.staff.upload_empty")
        return show("staff_upload.html", 422, account=account, facilities=facilities, error=error)
    name = (file.filename or "") if file else ""
    report = room.laboratories.intake.receive(
        data, facility, source=name[:_LONGEST_NAME], feed="upload"
    )
    room.poke()
    note(account.login, "uploaded", facility.code)
    return show_account(account, facility, report)


@needs(Right.SEND_RESULTS)
def replay(account: StaffAccount) -> Response:
    """Take in again what waits for one reason, after its cause was mended."""
    room, facility = current_room(), facility_of(account)
    if facility is None:
        return error_page(403, "pages.staff.not_allowed", way_on="/staff/")
    reason = request.form.get("reason", "")[:64]
    kept = room.inbox.kept(facility.code, reason=reason, limit=BATCH)
    report = room.laboratories.intake.replay(kept, facility)
    room.poke()
    note(account.login, "replayed", facility.code)
    return show_account(account, facility, report)


def show_account(account: StaffAccount, facility: Facility, report: IntakeReport) -> Response:
    """What became of what was sent, with each row that was held back."""
    held_back = [item for item in report.items if item.change is Change.QUARANTINED]
    return show(
        "staff_account.html",
        account=account,
        facility=facility,
        counts=report.counts(),
        changes=tuple(Change),
        rows=[_row(item) for item in held_back[:_MOST_SHOWN]],
        more=max(0, len(held_back) - _MOST_SHOWN),
    )


def _row(item: ItemReport) -> tuple[int, list[tuple[str, str]]]:
    """The row's number, and for each reason its sentence and advice."""
    return item.row if item.row is not None else item.index + 1, list(map(told, item.errors))


def told(finding: Finding) -> tuple[str, str]:
    """Sentence and advice in the reader's language."""
    return explain(current_room().catalogues, language(), finding)


def facility_of(account: StaffAccount) -> Facility | None:
    """The facility of the form, if the account answers for it."""
    code = request.form.get("facility", "")
    return next((each for each in facilities_of(account) if each.code == code), None)


def facilities_of(account: StaffAccount) -> list[Facility]:
    """The facilities for which the account may send."""
    every = current_room().facilities.all()
    return [each for each in every if account.may(Right.SEND_RESULTS, each.code)]
