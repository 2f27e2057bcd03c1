"""Times as stored."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.moments import maybe_micros, maybe_moment, to_micros, to_moment


@given(st.datetimes(timezones=st.just(UTC)))
def test_every_microsecond_survives(moment: datetime) -> None:
    assert to_moment(to_micros(moment)) == moment


def test_the_same_instant_of_two_zones_is_stored_alike() -> None:
    hanoi = timezone(timedelta(hours=7))
    noon = datetime(2026, 3, 4, 12, tzinfo=hanoi)
    assert to_micros(noon) == to_micros(datetime(2026, 3, 4, 5, tzinfo=UTC))
    assert to_moment(to_micros(noon)).tzinfo is UTC


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(TypeError):
        to_micros(datetime(2026, 3, 4))  # noqa: DTZ001


def test_none_stays_none() -> None:
    assert maybe_micros(None) is None
    assert maybe_moment(None) is None
