"""When a feed is polled next, and for how long a poll holds it.

A poll that went well comes again after the feed's interval. One that failed comes again
sooner than a long interval, then ever later: most outages last a minute, and a laboratory
that is down all night should not be knocked on every minute. Every wait is spread by a
tenth, so that a hundred feeds made in one minute don't knock in one second for ever.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from core.feeds.feed import LONGEST_INTERVAL, Feed, FeedState

# A claim is renewed while its feed is polled, so only a dead process loses it.
LEASE = timedelta(minutes=2)
RENEW_EVERY = timedelta(seconds=30)
_SHORTEST = timedelta(seconds=1)
_FIRST_RETRY = timedelta(seconds=30)
_SPREAD = 0.1


def succeeded(
    feed: Feed, state: FeedState, now: datetime, chance: float, *, more: bool = False
) -> FeedState:
    """The state after a poll that went well.

    Args:
        chance: Random number from 0 to 1.
        more: The poll stopped at its limit and more waits: due again at once.
    """
    due = now if more else now + _spread(feed.interval, chance)
    return replace(state, due_at=due, polled_at=now, succeeded_at=now, failures=0, error="")


def failed(feed: Feed, state: FeedState, code: str, now: datetime, chance: float) -> FeedState:
    """The state after a poll that failed for the reason ``code``."""
    failures = state.failures + 1
    due = now + _spread(back_off(feed, failures), chance)
    return replace(state, due_at=due, polled_at=now, failures=failures, error=code)


def back_off(feed: Feed, failures: int) -> timedelta:
    """Wait after this many failures in a row: 30 s, 1, 2, 4 … minutes, an hour at most.

    A feed with an interval below half a minute begins with its interval.
    """
    first = min(feed.interval, _FIRST_RETRY).total_seconds()
    seconds = first * 2.0 ** min(failures - 1, 12)
    return min(timedelta(seconds=seconds), LONGEST_INTERVAL)


def _spread(wait: timedelta, chance: float) -> timedelta:
    spread = wait * (1 - _SPREAD + 2 * _SPREAD * chance)
    return min(max(spread, _SHORTEST), LONGEST_INTERVAL)
