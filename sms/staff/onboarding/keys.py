"""Keys for pushing: made and shown once, ended by their hint."""

from __future__ import annotations

from flask import Response

from core.feeds.feed import FeedKind
from core.feeds.push import OVERLAP
from core.policy.staff import Right, StaffAccount
from core.results.facility import Facility
from sms.page import show
from sms.room import current_room
from sms.staff.onboarding.at_facility import at_facility, confirm, desks, go
from sms.staff.onboarding.feeds import FeedView, at_feed


@at_feed(Right.MANAGE_FACILITIES)
def make_key(account: StaffAccount, facility: Facility, found: FeedView) -> Response:
    """Show a new key, this once; earlier ones count for a while yet."""
    if found.feed.kind is not FeedKind.PUSH:
        return go(facility, found.way)
    return show(
        "staff_push_key.html",
        account=account,
        facility=facility,
        line=found,
        key=desks().feeds.make_key(facility.code, found.feed.name, by=account.login),
        days=OVERLAP.days,
        address=f"{current_room().base_url}/api/v1/facilities/{facility.code}/results",
    )


@at_facility(Right.MANAGE_FACILITIES)
def ask_to_end_key(account: StaffAccount, facility: Facility, name: str, hint: str) -> Response:
    """Are you sure?"""
    way = f"/feeds/{name}"
    if hint not in {key.hint for key in desks().feeds.keys(facility.code, name)}:
        return go(facility, way)
    post = f"{way}/keys/{hint}/end"
    return confirm(account, facility, "key", post, way, hint=hint)


@at_facility(Right.MANAGE_FACILITIES)
def end_key(account: StaffAccount, facility: Facility, name: str, hint: str) -> Response:
    """From now on nothing comes in with it."""
    desks().feeds.end_key(facility.code, name, hint, by=account.login)
    return go(facility, f"/feeds/{name}", done="key_ended")
