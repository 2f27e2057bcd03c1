"""When something may be expected of a feed: its hours, on its days.

An hour after midnight belongs to the evening before it where the hours go over midnight: a
laboratory that works Monday to Saturday from 22 to 6 is open on Sunday at three.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from core.feeds.feed import Feed
from core.feeds.weekdays import EVERY_DAY

_DAY = timedelta(days=1)
_HOURS_A_WEEK = 7 * 24


def is_always_open(feed: Feed) -> bool:
    """Whether it is expected to send at every hour of every day."""
    return hours_a_day(feed) == 24 and feed.days >= EVERY_DAY  # noqa: PLR2004  (hours)


def is_open(feed: Feed, there: datetime) -> bool:
    """Whether it is expected to send in the hour of ``there``, a local time."""
    return is_its_hour(feed, there.hour) and is_its_day(feed, there)


def is_its_hour(feed: Feed, hour: int) -> bool:
    """Whether a local hour lies within its hours."""
    if feed.opens < feed.closes:
        return feed.opens <= hour < feed.closes
    return hour >= feed.opens or hour < feed.closes  # over midnight


def is_its_day(feed: Feed, there: datetime) -> bool:
    """Whether ``there``, a local time, lies in a day on which it is expected to send."""
    after_midnight = feed.opens >= feed.closes and there.hour < feed.closes
    return (there - _DAY if after_midnight else there).weekday() in feed.days


def hours_a_day(feed: Feed) -> int:
    """How long it is open on one of its days."""
    return (feed.closes - feed.opens) % 24 or 24


def share_of_week(feed: Feed) -> float:
    """Which part of a week it is open; never zero."""
    return hours_a_day(feed) * max(len(feed.days), 1) / _HOURS_A_WEEK
