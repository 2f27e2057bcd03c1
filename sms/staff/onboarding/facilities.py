"""The list of facilities, a facility's own page, and the form that adds or changes one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from flask import Response

from core.onboarding.facilities import FacilityDraft
from core.onboarding.mistake import Mistakes
from core.policy.staff import Right, StaffAccount
from core.results.facility import DateOrder, Facility
from sms.page import show
from sms.room import current_room
from sms.staff.onboarding.at_facility import (
    NO_MISTAKES,
    at_facility,
    desks,
    go,
    not_allowed,
    told,
    typed,
    what_was_done,
)
from sms.staff.onboarding.feeds import lines_of
from sms.staff.session import needs

_FIELDS = ("name", "short_name", "zone", "contact", "date_order")
_NEW = {"zone": "Asia/Ho_Chi_Minh", "date_order": DateOrder.DAY_FIRST.value}


@dataclass(frozen=True, slots=True)
class FacilityLine:
    """One facility of the list.

    Args:
        waiting: Items in its quarantine.
    """

    facility: Facility
    feeds: int
    waiting: int


@needs(Right.SEE_INTAKE)
def list_facilities(account: StaffAccount) -> Response:
    """The facilities that the account answers for."""
    room = current_room()
    seen = [each for each in room.facilities.all() if account.may(Right.SEE_INTAKE, each.code)]
    feeds = Counter(feed.facility for feed, _ in room.laboratories.feeds.all())
    waiting: Counter[str] = Counter()
    for (code, _), count in room.inbox.reasons(frozenset(each.code for each in seen)).items():
        waiting[code] += count
    lines = [FacilityLine(each, feeds[each.code], waiting[each.code]) for each in seen]
    return show("staff_facilities.html", account=account, lines=lines)


@at_facility(Right.SEE_INTAKE)
def show_facility(account: StaffAccount, facility: Facility) -> Response:
    """Everything about one facility, and what can be done."""
    return show(
        "staff_facility.html",
        account=account,
        facility=facility,
        manages=account.may(Right.MANAGE_FACILITIES, facility.code),
        sends=account.may(Right.SEND_RESULTS, facility.code),
        feeds=lines_of(facility),
        officers=desks().officers.of(facility.code),
        pilot=desks().facilities.pilot_account(facility),
        done=what_was_done(),
    )


@needs(Right.MANAGE_FACILITIES)
def ask_for_facility(account: StaffAccount) -> Response:
    """The empty form."""
    return _form(account, None, _NEW)


@needs(Right.MANAGE_FACILITIES)
def add_facility(account: StaffAccount) -> Response:
    """Connect a facility, as a pilot."""
    said = typed("code", *_FIELDS)
    code = said["code"].strip().upper()
    if code and not account.may(Right.MANAGE_FACILITIES, code):
        return not_allowed(account, code)
    made = desks().facilities.add(code, _draft(said), by=account.login)
    if isinstance(made, Mistakes):
        return _form(account, None, said, made)
    return go(made, done="facility_added")


@at_facility(Right.MANAGE_FACILITIES)
def ask_for_changes(account: StaffAccount, facility: Facility) -> Response:
    """The form, filled in."""
    return _form(account, facility, {name: str(getattr(facility, name)) for name in _FIELDS})


@at_facility(Right.MANAGE_FACILITIES)
def change_facility(account: StaffAccount, facility: Facility) -> Response:
    """Keep what was typed, or show what has to be mended."""
    said = typed(*_FIELDS)
    saved = desks().facilities.save(facility.code, _draft(said), by=account.login)
    if isinstance(saved, Mistakes):
        return _form(account, facility, said, saved)
    return go(saved, done="facility_saved")


def _draft(said: Mapping[str, str]) -> FacilityDraft:
    return FacilityDraft(**{name: said[name] for name in _FIELDS})


def _form(
    account: StaffAccount,
    facility: Facility | None,
    said: Mapping[str, str],
    mistakes: Mistakes = NO_MISTAKES,
) -> Response:
    return show(
        "staff_facility_form.html",
        422 if mistakes.found else 200,
        account=account,
        facility=facility,
        typed=said,
        mistakes=told(mistakes),
        orders=tuple(DateOrder),
    )
