"""Weekdays are read as people write them, and written so that they are read again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.feeds.weekdays import EVERY_DAY, parse, write


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("mon-sat", {0, 1, 2, 3, 4, 5}),
        ("MON-FRI", {0, 1, 2, 3, 4}),
        ("tue", {1}),
        ("mon, wed ,fri", {0, 2, 4}),
        ("sat-mon", {5, 6, 0}),
        ("mon-tue,sun", {0, 1, 6}),
        ("mon-sun", EVERY_DAY),
    ],
)
def test_days_are_read(text: str, days: set[int]) -> None:
    assert parse(text) == days


@pytest.mark.parametrize(
    "text", ["", "-", "monday", "mon-", "mon--sat", "mon,,tue", "1-6", "thứ hai"]
)
def test_what_is_no_day_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse(text)


@given(st.sets(st.integers(0, 6), min_size=1).map(frozenset))
def test_what_is_written_is_read_again(days: frozenset[int]) -> None:
    assert parse(write(days)) == days


def test_days_are_written_shortly() -> None:
    assert write(parse("sat,mon,tue,thu,wed,fri")) == "mon-sat"
    assert write(parse("sun,wed")) == "wed,sun"
