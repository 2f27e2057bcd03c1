"""How often may be looked up, by one officer and at one place.

A busy lane takes a person every few seconds: 30 in a minute is faster than cards can be read,
and 300 in an hour is a full hour of it. A place has about five lanes. Guessing is what the
pause is for: somebody at a gate seldom has ten people in a row without a result. It leaves 60
misses an hour. Of a million live codes of 35 bits, each with one of 80 years of birth, an
account that guesses day and night meets one in five years, and learns no name from it. Every
"no" is a miss, whatever its reason, or the count would tell.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

MINUTE: Final = timedelta(minutes=1)
HOUR: Final = timedelta(hours=1)
OFFICER_A_MINUTE: Final = 30
OFFICER_AN_HOUR: Final = 300
PLACE_A_MINUTE: Final = 150
PLACE_AN_HOUR: Final = 1500
MISSES: Final = 10
MISSES_WITHIN: Final = timedelta(minutes=10)
PAUSE: Final = timedelta(minutes=10)


class Limit(StrEnum):
    """Which limit was reached."""

    OFFICER = "too_many_by_officer"
    PLACE = "too_many_at_place"
    MISSES = "too_many_misses"


@dataclass(frozen=True, slots=True)
class Paused:
    """No look-up before ``until``."""

    limit: Limit
    until: datetime


@dataclass(frozen=True, slots=True)
class Pace:
    """What was looked up lately, this one not counted.

    Args:
        officer_minute: By this officer at any place, within the last minute; and so on.
        misses: Times of the officer's latest misses, newest first, at most ``MISSES``.
    """

    officer_minute: int = 0
    officer_hour: int = 0
    place_minute: int = 0
    place_hour: int = 0
    misses: tuple[datetime, ...] = ()


def paused(pace: Pace, now: datetime) -> Paused | None:
    """Whether there must be a pause before the next look-up, and until when at most."""
    until = _after_misses(pace.misses)
    if until is not None and now < until:
        return Paused(Limit.MISSES, until)
    if pace.officer_hour >= OFFICER_AN_HOUR:
        return Paused(Limit.OFFICER, now + HOUR)
    if pace.officer_minute >= OFFICER_A_MINUTE:
        return Paused(Limit.OFFICER, now + MINUTE)
    if pace.place_hour >= PLACE_AN_HOUR:
        return Paused(Limit.PLACE, now + HOUR)
    if pace.place_minute >= PLACE_A_MINUTE:
        return Paused(Limit.PLACE, now + MINUTE)
    return None


def _after_misses(misses: tuple[datetime, ...]) -> datetime | None:
    """The end of the pause that the latest misses called for; None if they did not."""
    if len(misses) < MISSES or misses[0] - misses[MISSES - 1] >= MISSES_WITHIN:
        return None
    return misses[0] + PAUSE
