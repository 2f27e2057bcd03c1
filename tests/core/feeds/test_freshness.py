"""A silent feed is noticed once, and its recovery once."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from statistics import median
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.feeds.feed import Feed, FeedKind, FeedState
from core.feeds.freshness import (
    Alert,
    Hours,
    Notice,
    assess,
    falls_off,
    is_silent,
    rhythm,
    silence,
)
from core.feeds.officer import Officer, letters
from core.feeds.opening import is_open
from core.feeds.weekdays import EVERY_DAY, parse
from core.messages.delivery import Priority

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
NOON = datetime(2026, 3, 4, 5, tzinfo=UTC)  # 12:00 there
FEED = Feed("BVA", "lis", FeedKind.MLLP, expected_every=HOUR)
DAYTIME = replace(FEED, opens=7, closes=17)
NIGHT = replace(FEED, opens=22, closes=6)
SIX_DAYS = replace(DAYTIME, days=parse("mon-sat"))
SIX_NIGHTS = replace(NIGHT, days=parse("mon-sat"))
SATURDAY, SUNDAY, MONDAY = (NOON + timedelta(days=n) for n in (3, 4, 5))
NEW = FeedState(NOON, NOON)


def look(
    feed: Feed = FEED,
    state: FeedState = NEW,
    *,
    last: datetime | None = NOON,
    now: datetime = NOON,
    hours: Hours = (),
) -> Notice | None:
    return assess(feed, state, hours, last_item_at=last, now=now, zone=ZONE)


def told(state: FeedState, notice: Notice | None, now: datetime) -> FeedState:
    if notice is None:
        return state
    return replace(state, alert=notice.alert, alerted_at=now if notice.alert else None)


def test_a_feed_within_its_limit_is_left_alone() -> None:
    assert look(now=NOON + HOUR) is None


def test_silence_past_the_limit_is_told_once_and_so_is_the_recovery() -> None:
    late = NOON + HOUR + MINUTE
    notice = look(now=late)
    assert notice == Notice(FEED, Alert.SILENT, NOON)
    state = told(NEW, notice, late)
    assert look(state=state, now=late + DAY) is None
    back = late + DAY + MINUTE
    over = look(state=state, last=back, now=back)
    assert over == Notice(FEED, Alert.NONE, back)
    assert look(state=told(state, over, back), last=back, now=back) is None


def test_a_feed_that_never_sent_is_silent_from_when_it_was_made() -> None:
    assert look(last=None, now=NOON + HOUR) is None
    notice = look(last=None, now=NOON + 2 * HOUR)
    assert notice is not None
    assert notice.since == NOON


def test_nobody_is_told_of_a_feed_without_a_limit_or_of_a_paused_one() -> None:
    assert look(replace(FEED, expected_every=None), now=NOON + DAY) is None
    assert look(replace(FEED, active=False), now=NOON + DAY) is None


def test_the_reason_of_a_failing_poll_goes_with_the_alert() -> None:
    notice = look(state=replace(NEW, error="feed_unreachable"), now=NOON + DAY)
    assert notice is not None
    assert notice.error == "feed_unreachable"


def test_closed_hours_are_no_silence() -> None:
    closing = NOON + 5 * HOUR  # 17:00
    assert silence(DAYTIME, closing, closing + 14 * HOUR, ZONE) == timedelta(0)
    assert silence(DAYTIME, closing, closing + 15 * HOUR, ZONE) == HOUR
    assert look(DAYTIME, last=closing, now=closing + 14 * HOUR) is None


def test_hours_may_go_over_midnight() -> None:
    ten_at_night = NOON + 10 * HOUR
    assert silence(NIGHT, ten_at_night, ten_at_night + 12 * HOUR, ZONE) == 8 * HOUR


def test_a_day_that_is_none_of_its_days_is_no_silence() -> None:
    closing = SATURDAY + 5 * HOUR
    opening = MONDAY - 5 * HOUR
    assert silence(SIX_DAYS, closing, opening, ZONE) == timedelta(0)
    assert look(SIX_DAYS, last=closing, now=opening + HOUR) is None
    assert look(SIX_DAYS, last=closing, now=opening + HOUR + MINUTE) is not None
    assert silence(DAYTIME, closing, opening, ZONE) == 10 * HOUR


def test_the_night_into_a_closed_day_belongs_to_the_evening_before() -> None:
    midnight = SATURDAY + 12 * HOUR
    assert silence(SIX_NIGHTS, midnight, midnight + 24 * HOUR, ZONE) == 6 * HOUR
    assert silence(SIX_NIGHTS, midnight + 24 * HOUR, midnight + 46 * HOUR, ZONE) == timedelta(0)


@given(
    st.sets(st.integers(0, 6), min_size=1).map(frozenset),
    st.integers(0, 23),
    st.integers(1, 24),
    st.integers(1, 40),
    st.integers(0, 7 * 24 * 60),
)
def test_whatever_its_days_and_hours_a_feed_that_stays_away_is_silent_one_day(
    days: frozenset[int], opens: int, closes: int, limit: int, start: int
) -> None:
    feed = replace(FEED, days=days, opens=opens, closes=closes, expected_every=limit * HOUR)
    since = NOON + start * MINUTE
    assert is_silent(feed, since, since + 400 * DAY, ZONE)
    assert not is_silent(feed, since, since + limit * HOUR, ZONE)


@given(
    st.sets(st.integers(0, 6), min_size=1).map(frozenset),
    st.integers(0, 23),
    st.integers(1, 24),
    st.integers(0, 14 * 24),
    st.integers(0, 14 * 24),
)
def test_days_share_out_the_silence_of_every_day(
    days: frozenset[int], opens: int, closes: int, start: int, length: int
) -> None:
    every = replace(FEED, opens=opens, closes=closes)
    since = NOON + start * HOUR
    spans = [
        silence(replace(every, days=some), since, since + length * HOUR, ZONE)
        for some in (days, EVERY_DAY - days, EVERY_DAY)
        if some
    ]
    assert sum(spans[:-1], timedelta(0)) == spans[-1]


def test_closing_the_doors_ends_no_alert() -> None:
    late = NOON + 3 * HOUR
    state = told(NEW, look(DAYTIME, now=late), late)
    assert state.alert == Alert.SILENT
    assert look(DAYTIME, state, now=NOON + 30 * DAY) is None


def test_a_limit_of_many_open_hours_is_reached_too() -> None:
    weekly = replace(DAYTIME, expected_every=7 * DAY)  # 168 hours, of which a day has ten
    assert not is_silent(weekly, NOON, NOON + 16 * DAY, ZONE)
    assert is_silent(weekly, NOON, NOON + 18 * DAY, ZONE)
    assert is_silent(weekly, NOON, NOON + 3650 * DAY, ZONE)


def test_a_limit_that_nobody_can_have_meant_breaks_nothing() -> None:
    for feed in (FEED, DAYTIME, NIGHT, SIX_DAYS):
        endless = replace(feed, expected_every=timedelta.max)
        assert look(endless, now=NOON + 3650 * DAY) is None


def test_an_hour_that_a_zone_repeats_or_leaves_out_is_counted_as_it_passed() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    early = replace(FEED, opens=1, closes=5)
    spring = datetime(2026, 3, 28, 23, tzinfo=UTC)  # midnight there
    autumn = datetime(2026, 10, 24, 22, tzinfo=UTC)
    assert silence(early, spring, spring + 12 * HOUR, berlin) == 3 * HOUR
    assert silence(early, autumn, autumn + 12 * HOUR, berlin) == 5 * HOUR


def day(n: int, items: int) -> list[tuple[datetime, int]]:
    return [(NOON - DAY * n + HOUR, items)]


def test_a_volume_far_below_the_usual_is_told_once() -> None:
    hours = [*day(5, 100), *day(4, 90), *day(3, 110), *day(2, 100), *day(1, 10)]
    assert falls_off(FEED, hours, NOON, ZONE)
    notice = look(hours=hours)
    assert notice is not None
    assert notice.alert is Alert.LOW_VOLUME
    state = told(NEW, notice, NOON)
    assert look(state=state, hours=hours) is None
    worse = look(state=state, hours=hours, now=NOON + 2 * HOUR)
    assert worse is not None
    assert worse.alert is Alert.SILENT


USUAL = [item for n in range(2, 8) for item in day(n, 100)]


def low_at(items: int, state: FeedState, now: datetime) -> Notice | None:
    return look(state=state, last=now, now=now, hours=[*USUAL, *day(1, items)])


def test_a_volume_at_the_edge_is_told_once_and_well_again_at_half() -> None:
    state, words, now = NEW, [], NOON
    for items in (29, 31, 29, 49, 29, 50, 31, 29):
        now += MINUTE
        notice = low_at(items, state, now)
        state = told(state, notice, now)
        words.append(notice.alert if notice else None)
    none, low, over = None, Alert.LOW_VOLUME, Alert.NONE
    assert words == [low, none, none, none, none, over, none, low]


def test_a_low_volume_is_not_over_before_something_came() -> None:
    state = replace(NEW, alert=Alert.LOW_VOLUME, alerted_at=NOON)
    assert look(state=state, last=NOON - MINUTE, hours=[*USUAL, *day(1, 90)]) is None
    over = low_at(90, state, NOON + MINUTE)
    assert over is not None
    assert over.alert is Alert.NONE


def test_a_silent_feed_that_trickles_is_told_of_once() -> None:
    late = NOON + 2 * HOUR
    state = told(NEW, look(now=late), late)
    assert state.alert == Alert.SILENT
    assert low_at(10, state, late + MINUTE) is None


def test_a_quiet_day_of_a_small_or_new_sender_is_nothing() -> None:
    assert not falls_off(FEED, [*day(4, 5), *day(3, 6), *day(2, 5)], NOON, ZONE)
    assert not falls_off(FEED, [*day(3, 100), *day(2, 100)], NOON, ZONE)
    assert not falls_off(FEED, [], NOON, ZONE)


def week(feed: Feed, until: datetime, items: int, quiet: int) -> list[tuple[datetime, int]]:
    """Two weeks of a feed that brings ``items`` an open hour and ``quiet`` in any other."""
    hours = [until.replace(minute=0) - HOUR * n for n in range(15 * 24, 0, -1)]
    there = [(hour, hour.astimezone(ZONE)) for hour in hours]
    counted = [(hour, items if is_open(feed, local) else quiet) for hour, local in there]
    return [(hour, count) for hour, count in counted if count]


@pytest.mark.parametrize("feed", [SIX_DAYS, SIX_NIGHTS], ids=["by day", "by night"])
@pytest.mark.parametrize("hour", range(0, 30, 3))
def test_after_a_closed_sunday_a_usual_monday_is_no_fall(feed: Feed, hour: int) -> None:
    now = SUNDAY + HOUR * hour
    usual = week(feed, now, 30, 0)
    assert not falls_off(feed, usual, now, ZONE)


def test_a_feed_that_is_said_to_work_on_sunday_falls_off_on_a_closed_one() -> None:
    now = SUNDAY + 12 * HOUR
    assert falls_off(DAYTIME, week(SIX_DAYS, now, 30, 0), now, ZONE)


def test_a_monday_that_brings_little_is_a_fall_though_sunday_was_closed() -> None:
    now = MONDAY + 6 * HOUR  # after closing
    usual = week(SIX_DAYS, SUNDAY, 30, 0)
    assert falls_off(SIX_DAYS, [*usual, (MONDAY, 20)], now, ZONE)
    assert not falls_off(SIX_DAYS, [*usual, (MONDAY, 200)], now, ZONE)


def test_what_came_on_a_closed_day_does_not_make_up_for_a_day_that_brought_little() -> None:
    now = MONDAY + 6 * HOUR
    usual = [*week(SIX_DAYS, SUNDAY, 30, 0), (SUNDAY, 250)]
    assert falls_off(SIX_DAYS, [*usual, (MONDAY, 20)], now, ZONE)


def test_two_days_a_week_are_enough_to_know_the_usual_one() -> None:
    twice = replace(DAYTIME, days=parse("tue,fri"))
    now = NOON + 2 * DAY + 6 * HOUR  # a Friday
    usual = week(twice, NOON, 30, 0)
    assert falls_off(twice, [*usual, (NOON + 2 * DAY, 20)], now, ZONE)


@given(
    st.lists(st.tuples(st.integers(0, 15 * 24), st.integers(1, 300)), max_size=60),
    st.integers(0, 7 * 24 * 60),
)
def test_days_of_a_feed_of_every_day_are_the_last_spans_of_24_hours(
    came: list[tuple[int, int]], minutes: int
) -> None:
    now = NOON + minutes * MINUTE
    hours = [(now - HOUR * ago, items) for ago, items in sorted(came, reverse=True)]
    spans = [sum(i for a, i in came if 24 * n < a <= 24 * (n + 1)) for n in range(8)]
    earlier = [items for items in spans[1:] if items]
    usual = median(earlier) if len(earlier) >= 3 else 0
    expected = usual >= 20 and spans[0] < usual * 0.3
    assert falls_off(FEED, hours, now, ZONE) == expected


def test_the_rhythm_that_was_seen_is_shown() -> None:
    every_hour = [(NOON + HOUR * n, 4) for n in range(8)]
    assert rhythm(every_hour) == 15 * MINUTE
    assert rhythm([(NOON + 6 * HOUR * n, 30) for n in range(8)]) == 6 * HOUR
    assert rhythm(every_hour[:2]) is None


@given(
    st.lists(
        st.tuples(st.integers(0, 60), st.integers(1, 400), st.sampled_from([1, 1, 1, 9])),
        max_size=80,
    ),
    st.sampled_from([FEED, DAYTIME, NIGHT, SIX_DAYS, SIX_NIGHTS]),
)
def test_no_alert_follows_another_without_a_recovery(
    steps: list[tuple[int, int, int]], feed: Feed
) -> None:
    state, last, now = NEW, NOON, NOON
    hours, heard = list(USUAL), [Alert.NONE]
    for items, minutes, times in steps:
        now += timedelta(minutes=minutes * times)
        last = now if items else last
        hours += [(now, items)] if items else []
        before, notice = state.alerted_at, look(feed, state, last=last, now=now, hours=hours)
        state = told(state, notice, now)
        if notice is not None:
            heard.append(notice.alert)
            assert notice.alert or (before is not None and last > before)
    worse = (Alert.LOW_VOLUME, Alert.SILENT)
    assert all(one is not other for one, other in pairwise(heard))
    assert all(not (one and other) or (one, other) == worse for one, other in pairwise(heard))


@given(st.integers(0, 30 * 24 * 60), st.integers(0, 86_400), st.integers(0, 24), st.integers(0, 24))
def test_silence_is_never_longer_than_the_time_that_passed(
    minutes: int, second: int, opens: int, closes: int
) -> None:
    feed = replace(FEED, opens=opens, closes=closes)
    now, span = NOON + timedelta(seconds=second), timedelta(minutes=minutes)
    assert timedelta(0) <= silence(feed, now - span, now, ZONE) <= span


def test_each_officer_gets_an_sms_and_the_same_in_a_linked_chat() -> None:
    officers = [
        Officer("o1", "BVA", "Hoa", "+84900000001", "zalo", "77"),
        Officer("o2", "BVA", "Tín", "+84900000002"),
    ]

    def say(key: str, **data: str) -> str:
        return f"{key} {data['facility']}/{data['feed']} {data['since']}"

    drafts = letters(
        Notice(FEED, Alert.SILENT, NOON, "feed_timed_out"), officers, now=NOON, zone=ZONE, say=say
    )
    assert [(d.channel, d.to) for d in drafts] == [
        ("sms", "+84900000001"), ("zalo", "77"), ("sms", "+84900000002"),
    ]  # fmt: skip
    assert "12:00 04/03/2026" in drafts[0].text
    assert drafts[1].text == "alerts.feed_silent.unreachable BVA/lis 12:00 04/03/2026"
    assert len({draft.dedupe_key for draft in drafts}) == 3
    assert {draft.priority for draft in drafts} == {Priority.ALERT}
    again = letters(
        Notice(FEED, Alert.SILENT, NOON, "feed_timed_out"), officers, now=NOON, zone=ZONE, say=say
    )
    assert [d.dedupe_key for d in again] == [d.dedupe_key for d in drafts]
    assert {d.expires_at for d in drafts} == {NOON + timedelta(hours=12)}


def spoken(notice: Notice) -> str:
    officer = Officer("o1", "BVA", "Hoa", "", "zalo", "77")
    (draft,) = letters(notice, [officer], now=NOON, zone=ZONE, say=lambda key, **_: key)
    return draft.text


@pytest.mark.parametrize(
    ("error", "key"),
    [
        ("", "alerts.feed_silent"),
        ("feed_failed", "alerts.feed_silent"),
        ("feed_unreachable", "alerts.feed_silent.unreachable"),
        ("feed_timed_out", "alerts.feed_silent.unreachable"),
        ("feed_not_authorised", "alerts.feed_silent.unreadable"),
        ("feed_host_key_changed", "alerts.feed_silent.unreadable"),
    ],
)
def test_the_chat_says_whom_to_call(error: str, key: str) -> None:
    assert spoken(Notice(FEED, Alert.SILENT, NOON, error)) == key


def test_only_a_silent_feed_has_a_reason() -> None:
    assert spoken(Notice(FEED, Alert.LOW_VOLUME, NOON, "feed_timed_out")) == "alerts.feed_low"
    assert spoken(Notice(FEED, Alert.NONE, NOON, "feed_timed_out")) == "alerts.feed_recovered"


def test_an_officer_is_not_shown_by_a_log() -> None:
    shown = repr(Officer("o1", "BVA", "Hoa", "+84900000001", "zalo", "77"))
    assert not any(secret in shown for secret in ("Hoa", "+849", "77"))


def test_a_feed_that_was_resumed_is_not_silent_for_the_time_it_was_paused() -> None:
    resumed = NOON + 30 * DAY
    state = replace(NEW, watched_from=resumed)
    assert look(state=state, now=resumed + HOUR) is None
    assert look(state=state, now=resumed + 2 * HOUR) is not None
