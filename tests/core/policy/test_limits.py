"""Limits by visitor."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from core.policy.limits import VisitorLimit

NOON = datetime(2026, 7, 12, 5, tzinfo=UTC)


def test_a_minutes_worth_is_let_through_at_once_and_then_one_at_a_time() -> None:
    limit = VisitorLimit(6)
    assert [limit.wait("192.0.2.1", NOON) for _ in range(7)] == [0, 0, 0, 0, 0, 0, 10]
    assert limit.wait("192.0.2.1", NOON + timedelta(seconds=9)) == 1
    assert limit.wait("192.0.2.1", NOON + timedelta(seconds=10)) == 0


def test_one_visitor_uses_up_nobody_elses_share() -> None:
    limit = VisitorLimit(1)
    assert limit.wait("192.0.2.1", NOON) == 0
    assert limit.wait("192.0.2.1", NOON) > 0
    assert limit.wait("192.0.2.2", NOON) == 0


def test_a_household_of_ipv6_has_one_share() -> None:
    limit = VisitorLimit(1)
    assert limit.wait("2001:db8::1", NOON) == 0
    assert limit.wait("2001:db8::ffff", NOON) > 0
    assert limit.wait("2001:db8:0:1::1", NOON) == 0


def test_a_long_rest_gives_no_more_than_a_minutes_worth() -> None:
    limit = VisitorLimit(2)
    limit.wait("x", NOON)
    later = NOON + timedelta(days=1)
    assert [limit.wait("x", later) == 0 for _ in range(3)] == [True, True, False]


def test_a_clock_that_goes_back_gives_nothing() -> None:
    limit = VisitorLimit(1)
    assert limit.wait("x", NOON) == 0
    assert limit.wait("x", NOON - timedelta(hours=1)) > 0
