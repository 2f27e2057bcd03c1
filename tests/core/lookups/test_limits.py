"""Limits of look-ups: by officer, by place, and the pause after many misses."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from core.lookups.limits import (
    MISSES,
    OFFICER_A_MINUTE,
    OFFICER_AN_HOUR,
    PAUSE,
    PLACE_A_MINUTE,
    PLACE_AN_HOUR,
    Limit,
    Pace,
    paused,
)

NOON = datetime(2026, 7, 12, 5, 0, tzinfo=UTC)


def misses(apart: timedelta) -> tuple[datetime, ...]:
    return tuple(NOON - apart * back for back in range(MISSES))


@pytest.mark.parametrize(
    ("pace", "limit"),
    [
        (Pace(officer_minute=OFFICER_A_MINUTE), Limit.OFFICER),
        (Pace(officer_hour=OFFICER_AN_HOUR), Limit.OFFICER),
        (Pace(place_minute=PLACE_A_MINUTE), Limit.PLACE),
        (Pace(place_hour=PLACE_AN_HOUR), Limit.PLACE),
    ],
)
def test_each_limit_holds(pace: Pace, limit: Limit) -> None:
    found = paused(pace, NOON)
    assert found
    assert found.limit is limit
    assert found.until > NOON


def test_just_below_every_limit_there_is_no_pause() -> None:
    pace = Pace(
        OFFICER_A_MINUTE - 1,
        OFFICER_AN_HOUR - 1,
        PLACE_A_MINUTE - 1,
        PLACE_AN_HOUR - 1,
        misses(timedelta(seconds=10))[:-1],
    )
    assert paused(pace, NOON) is None


def test_many_misses_in_a_row_pause_from_the_last_one() -> None:
    pace = Pace(misses=misses(timedelta(seconds=10)))
    found = paused(pace, NOON)
    assert found
    assert (found.limit, found.until) == (Limit.MISSES, NOON + PAUSE)
    assert paused(pace, NOON + PAUSE - timedelta(seconds=1))
    assert paused(pace, NOON + PAUSE) is None


def test_misses_spread_over_more_than_their_time_do_not_pause() -> None:
    assert paused(Pace(misses=misses(timedelta(seconds=67))), NOON) is None
