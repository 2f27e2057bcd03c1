"""When feeds are polled: spread, never rarer than an hour, back soon after an outage."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from core.feeds.feed import LONGEST_INTERVAL, Feed, FeedKind, FeedState
from core.feeds.schedule import LEASE, RENEW_EVERY, back_off, failed, succeeded

NOW = datetime(2026, 3, 4, 5, tzinfo=UTC)
FEED = Feed("BVA", "lis", FeedKind.FHIR, "https://lis.example")
NEW = FeedState(NOW, NOW)


def test_a_poll_that_went_well_comes_again_after_the_interval() -> None:
    after = succeeded(FEED, failed(FEED, NEW, "feed_timed_out", NOW, 0.5), NOW, 0.5)
    assert after.due_at == NOW + timedelta(minutes=15)
    assert (after.failures, after.error, after.succeeded_at) == (0, "", NOW)


def test_what_is_left_over_is_fetched_at_once() -> None:
    assert succeeded(FEED, NEW, NOW, 0.5, more=True).due_at == NOW


def test_feeds_of_one_interval_drift_apart() -> None:
    dues = {succeeded(FEED, NEW, NOW, chance / 10).due_at for chance in range(10)}
    assert len(dues) == 10


def test_a_failed_poll_comes_back_in_half_a_minute_then_ever_later() -> None:
    waits = [back_off(FEED, failures) for failures in range(1, 9)]
    assert waits[0] == timedelta(seconds=30)
    assert waits == sorted(waits)
    assert waits[-1] == LONGEST_INTERVAL
    after = failed(FEED, NEW, "feed_unreachable", NOW, 0.5)
    assert (after.failures, after.error, after.succeeded_at) == (1, "feed_unreachable", None)


def test_a_minutes_outage_does_not_cost_a_long_interval() -> None:
    waits = [back_off(FEED, 1), back_off(FEED, 2), back_off(FEED, 3)]
    assert waits == [timedelta(seconds=30), timedelta(minutes=1), timedelta(minutes=2)]
    quick = Feed("BVA", "lis", FeedKind.FHIR, interval=timedelta(seconds=5))
    assert back_off(quick, 1) == timedelta(seconds=5)


def test_only_a_dead_process_loses_its_poll() -> None:
    assert 3 * RENEW_EVERY <= LEASE  # two renewals may fail


def test_an_outage_forgets_neither_the_watermark_nor_the_alert() -> None:
    known = FeedState(NOW, NOW, watermark="w", succeeded_at=NOW, alerted_at=NOW, alert="silent")
    for after in (failed(FEED, known, "x", NOW, 0.5), succeeded(FEED, known, NOW, 0.5)):
        assert (after.watermark, after.alert, after.alerted_at) == ("w", "silent", NOW)
        assert after.succeeded_at == NOW


@given(st.integers(1, 3600), st.integers(1, 10**6), st.floats(0, 1), st.booleans())
def test_no_feed_waits_longer_than_an_hour_or_hammers(
    seconds: int, failures: int, chance: float, well: bool
) -> None:
    feed = Feed("BVA", "lis", FeedKind.SFTP, interval=timedelta(seconds=seconds))
    state = FeedState(NOW, NOW, failures=failures)
    after = succeeded(feed, state, NOW, chance) if well else failed(feed, state, "x", NOW, chance)
    wait = after.due_at - NOW
    assert timedelta(seconds=1) <= wait <= LONGEST_INTERVAL
