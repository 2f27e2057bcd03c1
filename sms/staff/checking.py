"""The officer's look-up: a short code or an identity card and a year of birth, one answer.

Nothing that was typed comes back on the page, and the answer names nobody.
"""

from __future__ import annotations

from flask import Response, request

from core.lookups.desk import LookupAnswer
from core.lookups.question import Unreadable, read_question
from core.policy.rules import DEFAULT_PLACE
from core.policy.staff import Right, StaffAccount
from sms.errors import error_page
from sms.page import say, show, when
from sms.room import current_room
from sms.staff.scanned import scanned
from sms.staff.session import needs

_LONGEST_YEAR = 10
_TOO_MANY = 429


@needs(Right.LOOK_UP)
def ask_whom(account: StaffAccount) -> Response:
    """The empty form."""
    return _form(account)


@needs(Right.LOOK_UP)
def look_up(account: StaffAccount) -> Response:
    """Look up who was asked for, and show the answer above the form for the next one."""
    place = request.form.get("place", "")
    if place not in places_of(account):
        return error_page(403, "pages.staff.not_allowed", way_on="/staff/")
    question = read_question(scanned("asked"), request.form.get("year", "")[:_LONGEST_YEAR])
    if isinstance(question, Unreadable):
        return _form(account, 422, place, error=say(f"pages.staff.check.{question}"))
    answer = current_room().lookups.look_up(question, officer=account.login, place=place)
    if answer.limit:
        until = when(answer.until) if answer.until else ""
        error = say(f"pages.staff.check.{answer.limit}", until=until)
        return _form(account, _TOO_MANY, place, error=error)
    return _form(account, 200, place, answer=answer)


def places_of(account: StaffAccount) -> tuple[str, ...]:
    """Where the account may look up; the place of everybody for who is bound to none."""
    places = sorted(account.scopes) or [DEFAULT_PLACE]
    return tuple(place for place in places if account.may(Right.LOOK_UP, place))


def _form(
    account: StaffAccount,
    status: int = 200,
    place: str = "",
    *,
    error: str = "",
    answer: LookupAnswer | None = None,
) -> Response:
    return show(
        "staff_check.html",
        status,
        account=account,
        places=places_of(account),
        place=place,
        error=error,
        answer=answer,
    )
