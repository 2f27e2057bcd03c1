"""From pilot to live and back; what came during the pilot is released a batch at a press."""

from __future__ import annotations

from flask import Response, request

from core.policy.staff import Right, StaffAccount
from core.results.facility import Facility
from sms.page import show
from sms.room import current_room
from sms.staff.onboarding.at_facility import at_facility, confirm, desks, go
from sms.staff.sending import show_account


@at_facility(Right.MANAGE_FACILITIES)
def ask_to_go_live(account: StaffAccount, facility: Facility) -> Response:
    """What it means, and how the pilot went."""
    if not facility.is_pilot:
        return go(facility)
    return show(
        "staff_go_live.html",
        account=account,
        facility=facility,
        pilot=desks().facilities.pilot_account(facility),
    )


@at_facility(Right.MANAGE_FACILITIES)
def go_live(account: StaffAccount, facility: Facility) -> Response:
    """End the pilot; a form that was sent twice ends it once."""
    if facility.is_pilot:
        facility = desks().facilities.go_live(facility, by=account.login)
    if request.form.get("release"):
        return _release(account, facility)
    return go(facility, done="facility_live")


@at_facility(Right.MANAGE_FACILITIES)
def ask_to_go_back(account: StaffAccount, facility: Facility) -> Response:
    """Are you sure?"""
    if facility.is_pilot:
        return go(facility)
    return confirm(account, facility, "pilot", "/pilot")


@at_facility(Right.MANAGE_FACILITIES)
def go_back(account: StaffAccount, facility: Facility) -> Response:
    """A pilot again."""
    if not facility.is_pilot:
        facility = desks().facilities.back_to_pilot(facility, by=account.login)
    return go(facility, done="facility_pilot")


@at_facility(Right.MANAGE_FACILITIES)
def ask_to_release(account: StaffAccount, facility: Facility) -> Response:
    """Are you sure? People will get messages."""
    good = desks().facilities.pilot_account(facility).good
    if facility.is_pilot or not good:
        return go(facility)
    return confirm(account, facility, "release", "/release", n=good)


@at_facility(Right.MANAGE_FACILITIES)
def release(account: StaffAccount, facility: Facility) -> Response:
    """Take in a batch of what came during the pilot."""
    return _release(account, facility)


def _release(account: StaffAccount, facility: Facility) -> Response:
    report = desks().facilities.release_pilot(facility, by=account.login)
    current_room().poke()
    return show_account(account, facility, report)
