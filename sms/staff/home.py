"""What staff see: intake per facility and how long it took, what was kept back, the audit log.

An account sees only its facilities. Lists carry counts, codes and file names; no person, test
or outcome of any class.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from flask import Response

from core.feeds.feed import Feed, FeedState
from core.feeds.freshness import HISTORY, rhythm
from core.policy.staff import Right, StaffAccount
from core.results.facility import Facility
from core.results.inbox import IntakeCount
from core.results.versions import Change
from sms.page import show
from sms.room import current_room
from sms.staff.session import needs
from sms.staff.waiting import DelayLine, lines_of

_MOST_ITEMS = 100
_MOST_ENTRIES = 200
_DELAYS_OF = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class FeedLine:
    """How one feed is doing.

    Args:
        expected, seen: How often something should come, and how often it did; or None.
        latest: When the last new item came.
    """

    feed: Feed
    state: FeedState
    expected: timedelta | None
    seen: timedelta | None
    latest: datetime | None


@dataclass(frozen=True, slots=True)
class FacilityDay:
    """What one facility sent today.

    Args:
        is_pilot: Nothing of it reaches people yet.
        counts: By outcome; absent ones are zero.
        latest: When the last item came, today or earlier; None: never.
        waiting: Items in quarantine, whenever they came.
        delays: How long its results of the last 24 hours took.
    """

    code: str
    name: str
    counts: dict[Change, int]
    latest: datetime | None
    is_pilot: bool = False
    feeds: tuple[FeedLine, ...] = ()
    waiting: int = 0
    delays: tuple[DelayLine, ...] = ()

    @property
    def volume(self) -> int:
        """Items of today."""
        return sum(self.counts.values())


@needs(None)
def welcome(account: StaffAccount) -> Response:
    """The first page: intake for those who may see it, else what the account is for."""
    if account.may(Right.SEE_INTAKE):
        return _intake_page(account)
    return show("staff_home.html", account=account, days=None, changes=())


@needs(Right.SEE_INTAKE)
def intake(account: StaffAccount) -> Response:
    """What arrived today."""
    return _intake_page(account)


@needs(Right.SEE_INTAKE)
def quarantine(account: StaffAccount) -> Response:
    """Items that could not be used, with reasons and advice."""
    allowed = frozenset(_facilities(account))
    items = current_room().inbox.quarantined(allowed, _MOST_ITEMS)
    waiting = sorted(current_room().inbox.reasons(allowed).items())
    return show("staff_quarantine.html", account=account, items=items, waiting=waiting)


@needs(Right.SEE_AUDIT)
def audit(account: StaffAccount) -> Response:
    """Who did what, newest first."""
    entries = current_room().audit.recent(_MOST_ENTRIES)
    return show("staff_audit.html", account=account, entries=entries)


def _intake_page(account: StaffAccount) -> Response:
    days = _today(account)
    return show("staff_home.html", account=account, days=days, changes=tuple(Change))


def _today(account: StaffAccount) -> list[FacilityDay]:
    room, mine = current_room(), _facilities(account)
    now = room.clock()
    counted, waiting = room.inbox.counts(_midnight(now)), _waiting(mine)
    lines, delays = _feed_lines(now), room.laboratories.delays.since(now - _DELAYS_OF)
    latest = _latest(counted)
    return [
        FacilityDay(
            code,
            facility.name,
            {count.change: count.count for count in counted if count.facility == code},
            latest.get(code),
            facility.is_pilot,
            tuple(line for line in lines if line.feed.facility == code),
            waiting[code],
            lines_of(delays.get(code, {})),
        )
        for code, facility in mine.items()
    ]


def _waiting(mine: Iterable[str]) -> Counter[str]:
    """By facility, how many items wait in quarantine."""
    waiting: Counter[str] = Counter()
    for (code, _), count in current_room().inbox.reasons(frozenset(mine)).items():
        waiting[code] += count
    return waiting


def _latest(counted: list[IntakeCount]) -> dict[str, datetime]:
    """By facility, when its last item came: today by any way, or the last new one."""
    new = current_room().laboratories.feed_hours.latest()
    came = [(code, at) for (code, _), at in new.items()]
    latest: dict[str, datetime] = {}
    for code, at in [*came, *((count.facility, count.latest) for count in counted)]:
        latest[code] = max(at, latest.get(code, at))
    return latest


def _feed_lines(now: datetime) -> list[FeedLine]:
    here = current_room().laboratories
    hours, latest = here.feed_hours.since(now - HISTORY), here.feed_hours.latest()
    return [
        FeedLine(
            feed,
            state,
            feed.expected_every,
            rhythm(hours.get((feed.facility, feed.name), ())),
            latest.get((feed.facility, feed.name)),
        )
        for feed, state in here.feeds.all()
    ]


def _facilities(account: StaffAccount) -> dict[str, Facility]:
    """By code, the facilities that the account answers for."""
    every = current_room().facilities.all()
    return {each.code: each for each in every if account.may(Right.SEE_INTAKE, each.code)}


def _midnight(now: datetime) -> datetime:
    """When today began in the place's zone, in UTC."""
    zone = current_room().zone
    return datetime.combine(now.astimezone(zone).date(), time(), zone).astimezone(UTC)
