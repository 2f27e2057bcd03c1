"""Staff revoke a certificate: found by its number, with a reason, and only after a second look.

The page that asks shows facility, numbers and times, so that staff can compare them with a
slip; no person, test or outcome.
"""

from __future__ import annotations

from flask import Response, request

from core.certificates.revoking import LONGEST_REASON, Outcome
from core.certificates.verdict import Standing
from core.policy.staff import Right, StaffAccount
from core.ports import ShelfItem
from sms.errors import error_page
from sms.page import say, show
from sms.room import current_room
from sms.staff.session import needs

_MOST_SHOWN = 100
_LONGEST_REFERENCE = 100


@needs(Right.REVOKE)
def revocations(account: StaffAccount) -> Response:
    """The form, and what was revoked last."""
    return _page(account)


@needs(Right.REVOKE)
def look_again(account: StaffAccount) -> Response:
    """What would be revoked: one button for each result that the number means."""
    reference, reason = _typed("reference", _LONGEST_REFERENCE), _typed("reason", LONGEST_REASON)
    if not reference or not reason:
        return _page(account, 422, error=say("pages.staff.revoke.incomplete"))
    items = current_room().revocations.desk.revocable(_found(account, reference))
    if not items:
        return _page(account, 422, error=say("pages.staff.revoke.not_found"))
    counting = {item.result_id for item in items if _counts(item)}
    return show("staff_revoke.html", account=account, items=items, counting=counting, reason=reason)


@needs(Right.REVOKE)
def revoke(account: StaffAccount) -> Response:
    """Revoke the one that was confirmed."""
    room, reason = current_room(), _typed("reason", LONGEST_REASON)
    items = _found(account, _typed("result_id", _LONGEST_REFERENCE))
    if len(items) != 1 or not reason:
        return error_page(403, "pages.staff.not_allowed", way_on="/staff/revocations")
    outcome = room.revocations.desk.revoke(items[0], actor=account.login, reason=reason)
    room.poke()
    done = outcome is Outcome.REVOKED
    text = say(f"pages.staff.revoke.{outcome}", code=items[0].short_code)
    return _page(account, 200 if done else 409, **{"done" if done else "error": text})


def _page(account: StaffAccount, status: int = 200, **more: object) -> Response:
    recent = [
        each
        for each in current_room().revocations.desk.revocations.recent(_MOST_SHOWN)
        if account.may(Right.REVOKE, each.facility)
    ]
    typed = {name: _typed(name, LONGEST_REASON) for name in ("reference", "reason")}
    return show(
        "staff_revocations.html", status, account=account, recent=recent, typed=typed, **more
    )


def _found(account: StaffAccount, reference: str) -> list[ShelfItem]:
    """What the number means, as far as the account answers for it."""
    if not reference:
        return []
    found = current_room().revocations.find(reference)
    return [item for item in found if account.may(Right.REVOKE, item.facility_code)]


def _counts(item: ShelfItem) -> bool:
    return current_room().checkpoint.standing(item.uvci or "") is Standing.GOOD


def _typed(name: str, longest: int) -> str:
    return request.form.get(name, "").strip()[:longest]
