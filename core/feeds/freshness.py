"""When a feed is too quiet, and who is told: once when it begins, once when it is over.

Silence counts only within the feed's hours: a clinic that closes at five is not silent at
six. Volume falls off when the last day brought far less than such days usually do. A feed
that can't be polled is silent by the same clock; the alert then says so.
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

HISTORY = timedelta(days=8)
_DAY = timedelta(days=1)
_HOUR = timedelta(hours=1)
_FEWEST_DAYS = 3
_FEWEST_ITEMS = 20
_FALLEN_TO = 0.3
_LONGEST_LOOK = timedelta(days=14)

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
        since: Since when it has been quiet: the last item, or when the feed was made.
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
    since = last_item_at or state.made_at
    is_now = _alert(feed, hours, since, now, zone)
    was = Alert(state.alert)
    if is_now is was or (was is Alert.SILENT and is_now is Alert.LOW_VOLUME):
        return None
    if is_now is Alert.NONE and not _came_since(state, last_item_at, was):
        return None
    return Notice(feed, is_now, since, state.error)


def _alert(feed: Feed, hours: Hours, since: datetime, now: datetime, zone: ZoneInfo) -> Alert:
    assert feed.expected_every is not None  # noqa: S101  (asked before)
    if silence(feed, since, now, zone) > feed.expected_every:
        return Alert.SILENT
    return Alert.LOW_VOLUME if falls_off(hours, now) else Alert.NONE


def _came_since(state: FeedState, last_item_at: datetime | None, was: Alert) -> bool:
    """Silence is over when something came, not because the doors have closed."""
    if was is not Alert.SILENT:
        return True
    told = state.alerted_at
    return last_item_at is not None and (told is None or last_item_at > told)


def silence(feed: Feed, since: datetime, now: datetime, zone: ZoneInfo) -> timedelta:
    """How long a feed has been silent within its hours (at most two weeks are looked at)."""
    start = max(since, now - _LONGEST_LOOK)
    if (feed.closes - feed.opens) % 24 == 0:
        return max(now - start, timedelta(0))
    quiet, at = timedelta(0), start
    while at < now:
        # To the next full hour there: zones differ from UTC by quarters of an hour too.
        there = at.astimezone(zone)
        rest = timedelta(minutes=there.minute, seconds=there.second, microseconds=there.microsecond)
        end = min(at + _HOUR - rest, now)
        if _is_open(feed, there.hour):
            quiet += end - at
        at = end
    return quiet


def _is_open(feed: Feed, hour: int) -> bool:
    if feed.opens < feed.closes:
        return feed.opens <= hour < feed.closes
    return hour >= feed.opens or hour < feed.closes  # over midnight


def falls_off(hours: Hours, now: datetime) -> bool:
    """Whether the last day brought less than 30 % of what a day of the week before did.

    Said only of feeds with three such days or more, and a usual day of 20 items or more.
    """
    days = [_between(hours, now - _DAY * (n + 1), now - _DAY * n) for n in range(8)]
    earlier = [items for items in days[1:] if items]
    if len(earlier) < _FEWEST_DAYS:
        return False
    usual = median(earlier)
    return usual >= _FEWEST_ITEMS and days[0] < usual * _FALLEN_TO


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
