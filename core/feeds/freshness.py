"""When a feed is too quiet, and who is told: once when it begins, once when it is over.

Silence counts only within the feed's hours and on its days: a clinic that closes at five is
not silent at six, nor on a Sunday that is none of its days. Volume falls off when the last
day brought far less than such days usually do; days that aren't its own are cut out of time,
so that a Monday is compared with the days before that Sunday. It is well again only at half
of the usual: one that hovers at the edge is told once. Nothing is
over before something new came. A feed that can't be polled is silent by the same clock; the
alert then says so. Pilots are not asked about: whoever calls ``assess`` leaves them out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from statistics import median
from zoneinfo import ZoneInfo

from core.feeds.feed import Feed, FeedState
from core.feeds.opening import is_always_open, is_its_day, is_open, share_of_week
from core.feeds.weekdays import EVERY_DAY

HISTORY = timedelta(days=15)  # a feed of two days a week has four of them in it
_DAY = timedelta(days=1)
_HOUR = timedelta(hours=1)
_DAYS_COMPARED = 7
_FEWEST_DAYS = 3
_FEWEST_ITEMS = 20
_FALLEN_TO = 0.3
_WELL_AGAIN_AT = 0.5
_USUAL_LOOK = timedelta(days=14)
_LONGEST_LOOK = timedelta(days=400)

Hours = Sequence[tuple[datetime, int]]


class Alert(StrEnum):
    """What is wrong with a feed; the column ``alert`` holds these words."""

    NONE = ""
    SILENT = "silent"
    LOW_VOLUME = "low_volume"


@dataclass(frozen=True, slots=True)
class Notice:
    """Something to tell the officers of a feed.

    Args:
        alert: What is wrong now; ``NONE``: it is over.
        since: Since when it has been quiet: the last item, or since when it is watched.
        error: Why the last poll failed; empty where it didn't.
    """

    feed: Feed
    alert: Alert
    since: datetime
    error: str = ""


def assess(
    feed: Feed,
    state: FeedState,
    hours: Hours,
    *,
    last_item_at: datetime | None,
    now: datetime,
    zone: ZoneInfo,
) -> Notice | None:
    """What is to be told now, or None: nothing, or it has been told.

    Args:
        hours: New items by hour, oldest first, of the last ``HISTORY``.
        last_item_at: When the last item came that was not here before.
    """
    if feed.expected_every is None or not feed.active:
        return None
    since = max(last_item_at or state.watched_from, state.watched_from)
    was = Alert(state.alert)
    is_now = _alert(feed, hours, since, now, zone, was)
    if is_now is was or (was is Alert.SILENT and is_now is Alert.LOW_VOLUME):
        return None
    if is_now is Alert.NONE and not _came_since(state, last_item_at):
        return None
    return Notice(feed, is_now, since, state.error)


def _alert(
    feed: Feed, hours: Hours, since: datetime, now: datetime, zone: ZoneInfo, was: Alert
) -> Alert:
    if is_silent(feed, since, now, zone):
        return Alert.SILENT
    below = _WELL_AGAIN_AT if was is Alert.LOW_VOLUME else _FALLEN_TO
    return Alert.LOW_VOLUME if falls_off(feed, hours, now, zone, below) else Alert.NONE


def _came_since(state: FeedState, last_item_at: datetime | None) -> bool:
    """It is over when something came, not because the doors have closed or a week has passed."""
    told = state.alerted_at
    return last_item_at is not None and (told is None or last_item_at > told)


def is_silent(feed: Feed, since: datetime, now: datetime, zone: ZoneInfo) -> bool:
    """Whether nothing came for longer than expected; never of a feed that nothing is expected of.

    Args:
        since: When the last item came, or when the feed was made.
    """
    limit = feed.expected_every
    return limit is not None and silence(feed, since, now, zone) > limit


def silence(feed: Feed, since: datetime, now: datetime, zone: ZoneInfo) -> timedelta:
    """How long a feed has been silent within its hours and days.

    What lies further back than ``_reach`` is not counted, so that the loop ends.
    """
    start = max(since, now - _reach(feed))
    if is_always_open(feed):
        return max(now - start, timedelta(0))
    quiet, at = timedelta(0), start
    while at < now:
        # To the next full hour there: zones differ from UTC by quarters of an hour too.
        there = at.astimezone(zone)
        rest = timedelta(minutes=there.minute, seconds=there.second, microseconds=there.microsecond)
        end = min(at + _HOUR - rest, now)
        if is_open(feed, there):
            quiet += end - at
        at = end
    return quiet


def _reach(feed: Feed) -> timedelta:
    """How far to look back: past every closed day, two more than it needs to pass its limit."""
    limit = min(feed.expected_every or timedelta(0), _LONGEST_LOOK)
    needed = limit / share_of_week(feed) + (9 - len(feed.days)) * _DAY
    return min(max(needed, _USUAL_LOOK), _LONGEST_LOOK)


def falls_off(
    feed: Feed, hours: Hours, now: datetime, zone: ZoneInfo, below: float = _FALLEN_TO
) -> bool:
    """Whether its last day brought less than 30 % of what its seven days before did.

    Said only of feeds with three such days or more, and a usual day of 20 items or more.

    Args:
        below: Part of the usual day (their median) below which it does.
    """
    own = [entry for entry in hours if _is_own(feed, entry[0], zone)]
    days = [_between(own, start, end) for end, start in pairwise(_edges(feed, now, zone))]
    earlier = [items for items in days[1:] if items]
    if len(earlier) < _FEWEST_DAYS:
        return False
    usual = median(earlier)
    return usual >= _FEWEST_ITEMS and days[0] < usual * below


def _edges(feed: Feed, now: datetime, zone: ZoneInfo) -> list[datetime]:
    """Where its last day and those before it begin, newest first; ``now`` before them all.

    Each has 24 hours of its days, counted back from now.
    """
    edges, at, counted = [now], now, 0
    while len(edges) <= _DAYS_COMPARED + 1 and at > now - HISTORY:
        at -= _HOUR
        if _is_own(feed, at, zone):
            counted += 1
            if counted % 24 == 0:
                edges.append(at)
    return edges


def _is_own(feed: Feed, moment: datetime, zone: ZoneInfo) -> bool:
    return feed.days >= EVERY_DAY or is_its_day(feed, moment.astimezone(zone))


def _between(hours: Hours, start: datetime, end: datetime) -> int:
    return sum(items for hour, items in hours if start <= hour < end)


def rhythm(hours: Hours) -> timedelta | None:
    """How often something usually came: the median gap between hours in which it did.

    Finer than an hour where a usual hour brought several items; None with too little seen.
    """
    if len(hours) <= _FEWEST_DAYS:
        return None
    starts = [hour for hour, _ in hours]
    gap = median((b - a).total_seconds() for a, b in pairwise(starts))
    per_hour = median(items for _, items in hours)
    seconds = gap / per_hour if gap <= _HOUR.total_seconds() else gap
    return timedelta(seconds=round(seconds))
