"""What every page of a facility begins with and ends in."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from flask import Response, redirect, request
from werkzeug.datastructures import MultiDict

from core.onboarding.desk import Onboarding
from core.onboarding.mistake import Mistakes
from core.policy.staff import Right, StaffAccount
from core.results.facility import Facility
from sms.errors import error_page
from sms.page import has_words, href, say, show
from sms.room import current_room
from sms.staff.session import needs, note

NO_MISTAKES = Mistakes(())
P = ParamSpec("P")
_Page = Callable[Concatenate[StaffAccount, Facility, P], Response]


def at_facility(right: Right) -> Callable[[_Page[P]], Callable[..., Response]]:
    """Open a page only to who has ``right`` at the facility that its address names."""

    def guard(page: _Page[P]) -> Callable[..., Response]:
        @wraps(page)
        @needs(right)
        def guarded(
            account: StaffAccount, /, code: str, *args: P.args, **kwargs: P.kwargs
        ) -> Response:
            if not account.may(right, code):
                return not_allowed(account, code)
            facility = current_room().facilities.get(code)
            if facility is None:
                return error_page(404, "pages.facility.unknown", way_on="/staff/facilities")
            return page(account, facility, *args, **kwargs)

        return guarded

    return guard


def not_allowed(account: StaffAccount, code: str) -> Response:
    """Another's facility."""
    known = current_room().facilities.get(code) is not None
    note(account.login, "page_refused", code if known else "unknown")
    return error_page(403, "pages.staff.not_allowed", way_on="/staff/facilities")


def desks() -> Onboarding:
    """Where the work is done."""
    return current_room().laboratories.onboarding


def go(facility: Facility, rest: str = "", *, done: str = "") -> Response:
    """Lead on to a page of the facility, which says what was done."""
    path = href(f"/staff/facilities/{facility.code}{rest}")
    address = f"{path}{'&' if '?' in path else '?'}done={done}" if done else path
    return redirect(address, 303)  # type: ignore[return-value]


def what_was_done() -> str:
    """The sentence for what the page before did; empty for a word that nobody wrote."""
    key = f"pages.facility.done.{request.args.get('done', '')}"
    return say(key) if has_words(key) else ""


def told(mistakes: Mistakes) -> dict[str, str]:
    """The sentence for each field that has to be mended, the first of each."""
    said: dict[str, str] = {}
    for each in mistakes.found:
        said.setdefault(each.field, say(f"errors.{each.code}", detail=each.detail))
    return said


def typed(*names: str, longest: int = 500) -> dict[str, str]:
    """What a form says, as far as it is read at all."""
    form: MultiDict[str, str] = request.form
    return {name: form.get(name, "")[:longest] for name in names}


def confirm(
    account: StaffAccount, facility: Facility, key: str, post: str, back: str = "", **data: object
) -> Response:
    """Ask once more before something that people slip into.

    Args:
        key: Below ``pages.facility.confirm``, with ``.title``, ``.text`` and ``.button``.
        post: Where the answer goes, below the facility's address; so is ``back``.
    """
    return show(
        "staff_confirm.html",
        account=account,
        facility=facility,
        key=f"pages.facility.confirm.{key}",
        data=data,
        post=f"/staff/facilities/{facility.code}{post}",
        back=f"/staff/facilities/{facility.code}{back}",
    )
