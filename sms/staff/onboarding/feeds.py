"""A feed's page: how it is doing, and what can be done about it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import wraps

from flask import Response

from core.feeds import weekdays
from core.feeds.feed import POLLED, Feed, FeedKind, FeedState
from core.feeds.source import FeedTrouble, Probe
from core.policy.staff import Right, StaffAccount
from core.results.facility import Facility
from sms.errors import error_page
from sms.page import show
from sms.room import current_room
from sms.staff.onboarding.at_facility import at_facility, confirm, desks, go, what_was_done


@dataclass(frozen=True, slots=True)
class FeedView:
    """One feed as pages show it.

    Args:
        latest: When the last new item came.
    """

    feed: Feed
    state: FeedState
    latest: datetime | None

    @property
    def way(self) -> str:
        """Where its pages lie, below the facility's."""
        return f"/feeds/{self.feed.name}"


def lines_of(facility: Facility) -> list[FeedView]:
    """The feeds of a facility."""
    here = current_room().laboratories
    latest = here.feed_hours.latest()
    return [
        FeedView(feed, state, latest.get((feed.facility, feed.name)))
        for feed, state in here.feeds.all()
        if feed.facility == facility.code
    ]


_FeedPage = Callable[[StaffAccount, Facility, FeedView], Response]


def at_feed(right: Right) -> Callable[[_FeedPage], Callable[..., Response]]:
    """Open a page of a feed that is there, as ``at_facility`` does."""

    def guard(page: _FeedPage) -> Callable[..., Response]:
        @at_facility(right)
        @wraps(page)
        def guarded(account: StaffAccount, facility: Facility, name: str) -> Response:
            found = next((each for each in lines_of(facility) if each.feed.name == name), None)
            if found is None:
                back = f"/staff/facilities/{facility.code}"
                return error_page(404, "pages.facility.unknown_feed", way_on=back)
            return page(account, facility, found)

        return guarded

    return guard


@at_feed(Right.SEE_INTAKE)
def show_feed(account: StaffAccount, facility: Facility, found: FeedView) -> Response:
    """How a feed is set up and how it is doing."""
    return _page(account, facility, found)


@at_feed(Right.SEND_RESULTS)
def test_feed(account: StaffAccount, facility: Facility, found: FeedView) -> Response:
    """Look at a polled feed, take nothing, and say what was seen."""
    try:
        probe = desks().feeds.test(found.feed, by=account.login)
    except FeedTrouble as trouble:
        return _page(account, facility, found, trouble=trouble)
    return _page(account, facility, found, probe=probe)


def _page(
    account: StaffAccount,
    facility: Facility,
    found: FeedView,
    *,
    probe: Probe | None = None,
    trouble: FeedTrouble | None = None,
) -> Response:
    feed = found.feed
    is_push = feed.kind is FeedKind.PUSH
    return show(
        "staff_feed.html",
        account=account,
        facility=facility,
        line=found,
        polled=feed.kind in POLLED,
        days=weekdays.write(feed.days),
        keys=desks().feeds.keys(feed.facility, feed.name) if is_push else (),
        manages=account.may(Right.MANAGE_FACILITIES, facility.code),
        sends=account.may(Right.SEND_RESULTS, facility.code),
        probe=probe,
        trouble=trouble,
        done=what_was_done(),
    )


@at_feed(Right.MANAGE_FACILITIES)
def pause_feed(account: StaffAccount, facility: Facility, found: FeedView) -> Response:
    """Stop a feed for a while; ``resume`` undoes it."""
    desks().feeds.activate(found.feed, active=False, by=account.login)
    return go(facility, found.way, done="feed_paused")


@at_feed(Right.MANAGE_FACILITIES)
def resume_feed(account: StaffAccount, facility: Facility, found: FeedView) -> Response:
    """Go on with it."""
    desks().feeds.activate(found.feed, active=True, by=account.login)
    return go(facility, found.way, done="feed_resumed")


@at_feed(Right.MANAGE_FACILITIES)
def ask_to_remove_feed(account: StaffAccount, facility: Facility, found: FeedView) -> Response:
    """Are you sure?"""
    key, name = "feed", found.feed.name
    return confirm(account, facility, key, f"{found.way}/remove", found.way, name=name)


@at_feed(Right.MANAGE_FACILITIES)
def remove_feed(account: StaffAccount, facility: Facility, found: FeedView) -> Response:
    """Forget it."""
    desks().feeds.remove(found.feed, by=account.login)
    return go(facility, done="feed_removed")
