"""A facility's responsible officers: whom alerts reach. Numbers are masked."""

from __future__ import annotations

from flask import Response

from core.feeds.officer import LINK_LIFETIME
from core.onboarding.mistake import Mistakes
from core.policy.staff import Right, StaffAccount
from core.results.facility import Facility
from sms.page import show
from sms.staff.onboarding.at_facility import (
    NO_MISTAKES,
    at_facility,
    confirm,
    desks,
    go,
    told,
    typed,
    what_was_done,
)


@at_facility(Right.SEE_INTAKE)
def list_officers(account: StaffAccount, facility: Facility) -> Response:
    """Who they are, and the form for another."""
    return _page(account, facility, {})


@at_facility(Right.MANAGE_FACILITIES)
def add_officer(account: StaffAccount, facility: Facility) -> Response:
    """Name one."""
    said = typed("name", "phone")
    added = desks().officers.add(facility.code, said["name"], said["phone"], by=account.login)
    if isinstance(added, Mistakes):
        return _page(account, facility, said, added)
    return go(facility, "/officers", done="officer_added")


@at_facility(Right.MANAGE_FACILITIES)
def link_chat(account: StaffAccount, facility: Facility, officer_id: str) -> Response:
    """Show a code, this once, with which the officer links a chat."""
    found = next((o for o in desks().officers.of(facility.code) if o.id == officer_id), None)
    code = desks().officers.link_code(officer_id, by=account.login) if found else None
    if found is None or code is None:
        return go(facility, "/officers")
    minutes = LINK_LIFETIME.seconds // 60
    return show(
        "staff_chat_code.html",
        account=account,
        facility=facility,
        officer=found,
        code=code,
        minutes=minutes,
    )


@at_facility(Right.MANAGE_FACILITIES)
def ask_to_remove_officer(account: StaffAccount, facility: Facility, officer_id: str) -> Response:
    """Are you sure?"""
    found = next((o for o in desks().officers.of(facility.code) if o.id == officer_id), None)
    if found is None:
        return go(facility, "/officers")
    key, post = "officer", f"/officers/{officer_id}/remove"
    return confirm(account, facility, key, post, "/officers", name=found.name)


@at_facility(Right.MANAGE_FACILITIES)
def remove_officer(account: StaffAccount, facility: Facility, officer_id: str) -> Response:
    """Take one off, if it is this facility's."""
    if officer_id not in {officer.id for officer in desks().officers.of(facility.code)}:
        return go(facility, "/officers")
    desks().officers.remove(officer_id, by=account.login)
    return go(facility, "/officers", done="officer_removed")


def _page(
    account: StaffAccount,
    facility: Facility,
    said: dict[str, str],
    mistakes: Mistakes = NO_MISTAKES,
) -> Response:
    return show(
        "staff_officers.html",
        422 if mistakes.found else 200,
        account=account,
        facility=facility,
        officers=desks().officers.of(facility.code),
        manages=account.may(Right.MANAGE_FACILITIES, facility.code),
        typed=said,
        mistakes=told(mistakes),
        done=what_was_done(),
    )
