"""A silent feed is noticed once, and its recovery once."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
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
from core.messages.delivery import Priority

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
NOON = datetime(2026, 3, 4, 5, tzinfo=UTC)  # 12:00 there
FEED = Feed("BVA", "lis", FeedKind.MLLP, expected_every=HOUR)
DAYTIME = replace(FEED, opens=7, closes=17)
NIGHT = replace(FEED, opens=22, closes=6)
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
    for feed in (FEED, DAYTIME, NIGHT):
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
    assert falls_off(hours, NOON)
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
    assert not falls_off([*day(4, 5), *day(3, 6), *day(2, 5)], NOON)
    assert not falls_off([*day(3, 100), *day(2, 100)], NOON)
    assert not falls_off([], NOON)


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
    st.sampled_from([FEED, DAYTIME, NIGHT]),
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
        Notice(FEED, Alert.SILENT, NOON, "feed_timed_out"), officers, zone=ZONE, say=say
    )
    assert [(d.channel, d.to) for d in drafts] == [
        ("sms", "+84900000001"), ("zalo", "77"), ("sms", "+84900000002"),
    ]  # fmt: skip
    assert "12:00 04/03/2026" in drafts[0].text
    assert drafts[1].text == "alerts.feed_silent.unreachable BVA/lis 12:00 04/03/2026"
    assert len({draft.dedupe_key for draft in drafts}) == 3
    assert {draft.priority for draft in drafts} == {Priority.ALERT}
    again = letters(
        Notice(FEED, Alert.SILENT, NOON, "feed_timed_out"), officers, zone=ZONE, say=say
    )
    assert [d.dedupe_key for d in again] == [d.dedupe_key for d in drafts]


def spoken(notice: Notice) -> str:
    officer = Officer("o1", "BVA", "Hoa", "", "zalo", "77")
    (draft,) = letters(notice, [officer], zone=ZONE, say=lambda key, **_: key)
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
