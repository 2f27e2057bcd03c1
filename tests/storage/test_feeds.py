"""Feeds: polled by one process at a time, taken over from a dead one, never read twice."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text

from core.feeds.feed import Feed, FeedKind
from core.feeds.officer import LINK_LIFETIME, Officer
from core.feeds.push import key_hash, new_key
from core.feeds.schedule import LEASE, failed, succeeded
from core.feeds.weekdays import parse
from core.ports import Origin
from core.results.versions import Change
from storage.feed_hours import FeedHourStore
from storage.feeds import FeedStore
from storage.officers import OfficerStore
from storage.pushes import PushStore
from tests.storage.conftest import Stores
from tests.storage.samples import KEYS, NOON, OTHER_UNIT, UNIT, item, version

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
FULL_HOUR = NOON.replace(minute=0, second=0, microsecond=0)
LIS = Feed(
    UNIT.code, "lis", FeedKind.FHIR, "https://lis.example/fhir", secret="ward:round",
    expected_every=HOUR, opens=7, closes=17, days=parse("mon-sat"),
)  # fmt: skip
OFFICER = Officer("o1", UNIT.code, "Chị Hoa", "+84900000001")


@pytest.fixture
def feeds(stores: Stores) -> FeedStore:
    store = FeedStore(stores.engine, KEYS)
    store.add(LIS, NOON)
    return store


def claim(feeds: FeedStore, at: timedelta = timedelta(0)) -> list[str]:
    return [feed.id for feed, _ in feeds.claim_due(str(at), 99, NOON + at, LEASE)]


def test_a_feed_is_read_back_as_it_was_stored(feeds: FeedStore) -> None:
    mllp = Feed(UNIT.code, "hl7", FeedKind.MLLP, "LIS|BVX", peers=("10.1.0.0/16", "::1/128"))
    feeds.add(mllp, NOON)
    assert [feed for feed, _ in feeds.all()] == [mllp, LIS]
    found = feeds.get(UNIT.code, "lis")
    assert found is not None
    assert found[0] == LIS
    assert (found[1].watched_from, found[1].due_at, found[1].watermark) == (NOON, NOON, "")
    assert feeds.get(UNIT.code, "x") is None


def test_a_secret_is_sealed_in_the_table_and_hidden_in_words(
    feeds: FeedStore, stores: Stores
) -> None:
    with stores.engine.connect() as connection:
        (sealed,) = connection.execute(text("SELECT sealed FROM feed")).one()
    assert b"round" not in bytes(sealed)
    assert "round" not in repr(feeds.all())


def test_only_polled_active_feeds_that_are_due_are_claimed(feeds: FeedStore) -> None:
    feeds.add(Feed(UNIT.code, "push", FeedKind.PUSH), NOON)
    feeds.add(replace(LIS, name="paused", active=False), NOON)
    feeds.add(replace(LIS, name="later"), NOON + HOUR)
    assert claim(feeds) == [LIS.id]


def test_a_claimed_feed_is_nobody_elses_until_its_lease_ends(feeds: FeedStore) -> None:
    assert claim(feeds) == [LIS.id]
    assert claim(feeds, LEASE - timedelta(seconds=1)) == []
    assert claim(feeds, LEASE) == [LIS.id]


def test_twenty_clocks_claim_each_feed_once(feeds: FeedStore, pool: ThreadPoolExecutor) -> None:
    for number in range(30):
        feeds.add(replace(LIS, name=f"f{number}"), NOON)
    claimed = [name for names in pool.map(lambda _: claim(feeds), range(20)) for name in names]
    assert len(claimed) == len(set(claimed)) == 31


def test_what_a_poll_learnt_is_there_for_the_next(feeds: FeedStore) -> None:
    ((feed, state),) = feeds.claim_due("p", 1, NOON, LEASE)
    feeds.progress(feed, "p", "2026-03-04T05:00:00Z")
    feeds.release(feed, "p", failed(feed, state, "feed_timed_out", NOON, 0.5))
    assert claim(feeds, timedelta(seconds=29)) == []
    ((feed, state),) = feeds.claim_due("p", 1, NOON + timedelta(seconds=30), LEASE)
    assert (state.watermark, state.failures, state.error) == (
        "2026-03-04T05:00:00Z", 1, "feed_timed_out",
    )  # fmt: skip
    feeds.release(feed, "p", succeeded(feed, state, NOON + HOUR, 0.5))
    after = feeds.get(UNIT.code, "lis")
    assert after is not None
    assert (after[1].failures, after[1].error, after[1].succeeded_at) == (0, "", NOON + HOUR)
    assert after[1].watermark == "2026-03-04T05:00:00Z"


def test_a_feed_that_moves_begins_at_the_beginning_and_one_that_does_not_goes_on(
    feeds: FeedStore,
) -> None:
    feeds.progress(LIS, "", "w")
    feeds.add(replace(LIS, secret="new", interval=HOUR), NOON)
    found = feeds.get(UNIT.code, "lis")
    assert found is not None
    assert (found[0].secret, found[1].watermark) == ("new", "w")
    feeds.add(replace(LIS, address="https://other.example"), NOON)
    found = feeds.get(UNIT.code, "lis")
    assert found is not None
    assert found[1].watermark == ""


def test_a_poll_of_the_old_place_writes_nothing_about_the_new_one(feeds: FeedStore) -> None:
    ((feed, state),) = feeds.claim_due("a", 9, NOON, LEASE)
    feeds.add(replace(LIS, address="https://other.example"), NOON + MINUTE)
    assert not feeds.progress(feed, "a", "2026-03-04T05:00:00Z")
    feeds.release(feed, "a", succeeded(feed, state, NOON + MINUTE, 0.5))
    ((moved, state),) = feeds.claim_due("b", 9, NOON + MINUTE, LEASE)  # at once
    assert (moved.address, state.watermark) == ("https://other.example", "")


def test_a_change_at_the_same_place_leaves_a_poll_its_claim(feeds: FeedStore) -> None:
    ((feed, _),) = feeds.claim_due("a", 9, NOON, LEASE)
    feeds.add(replace(LIS, interval=HOUR), NOON + MINUTE)
    assert feeds.progress(feed, "a", "w")
    assert feeds.claim_due("b", 9, NOON + MINUTE, LEASE) == []


def test_a_repaired_feed_is_tried_at_once_and_its_old_failures_are_forgotten(
    feeds: FeedStore,
) -> None:
    ((feed, state),) = feeds.claim_due("a", 9, NOON, LEASE)
    feeds.release(feed, "a", failed(feed, replace(state, failures=9), "feed_timed_out", NOON, 0.5))
    feeds.add(replace(LIS, active=False), NOON + MINUTE)
    paused = feeds.get(UNIT.code, "lis")
    assert paused is not None
    assert paused[1].error == "feed_timed_out"
    feeds.add(replace(LIS, secret="right"), NOON + MINUTE)
    ((_, state),) = feeds.claim_due("a", 9, NOON + MINUTE, LEASE)
    assert (state.failures, state.error) == (0, "")


def test_of_two_clocks_one_tells_the_officers(feeds: FeedStore) -> None:
    assert feeds.alerted(LIS, "silent", NOON, "")
    assert not feeds.alerted(LIS, "silent", NOON, "")
    found = feeds.get(UNIT.code, "lis")
    assert found is not None
    assert (found[1].alert, found[1].alerted_at) == ("silent", NOON)
    assert feeds.alerted(LIS, "", NOON + HOUR, "silent")


def test_a_removed_feed_is_gone(feeds: FeedStore) -> None:
    assert feeds.remove(UNIT.code, "lis")
    assert not feeds.remove(UNIT.code, "lis")
    assert feeds.all() == []


def test_items_count_for_freshness_only_when_they_are_new(stores: Stores) -> None:
    hours = FeedHourStore(stores.engine)
    bad = item(1, b"bad", change=Change.QUARANTINED)
    origin = Origin("f", "lis")
    stores.intake.store(UNIT.code, origin, [item(result_id="r1"), bad], [version("r1")], NOON)
    again = [item(change=Change.DUPLICATE, result_id="r1"), bad]
    stores.intake.store(UNIT.code, origin, again, [], NOON + HOUR)
    assert hours.since(NOON - HOUR) == {(UNIT.code, "lis"): [(FULL_HOUR, 2)]}
    assert hours.latest() == {(UNIT.code, "lis"): NOON}
    more = [item(2, b"worse", change=Change.QUARANTINED)]
    stores.intake.store(UNIT.code, origin, more, [], NOON + timedelta(minutes=5))
    assert hours.since(NOON - HOUR) == {(UNIT.code, "lis"): [(FULL_HOUR, 3)]}
    assert hours.since(NOON + HOUR) == {}


def test_a_new_push_key_lets_the_old_one_count_for_a_while(stores: Stores) -> None:
    pushes = PushStore(stores.engine, KEYS)
    old, remembered = new_key(UNIT.code, "push", random=lambda n: b"1" * n, now=NOON)
    pushes.add_key(remembered, NOON)
    new, remembered = new_key(UNIT.code, "push", random=lambda n: b"2" * n, now=NOON + HOUR)
    pushes.add_key(remembered, NOON + 2 * HOUR)
    found = pushes.key(key_hash(old), NOON + HOUR)
    assert found is not None
    assert (found.facility, found.feed, found.hint) == (UNIT.code, "push", old[-4:])
    assert pushes.key(key_hash(old), NOON + 2 * HOUR) is None
    assert pushes.key(key_hash(new), NOON + 2 * HOUR) is not None
    assert pushes.key(key_hash("kqp_guessed"), NOON) is None
    assert [key.hint for key in pushes.keys(UNIT.code)] == [new[-4:], old[-4:]]
    assert pushes.keys(OTHER_UNIT.code) == []


def test_a_revoked_key_ends_at_once_and_its_use_is_seen(stores: Stores) -> None:
    pushes = PushStore(stores.engine, KEYS)
    key, remembered = new_key(UNIT.code, "push", random=lambda n: b"1" * n, now=NOON)
    pushes.add_key(remembered, NOON)
    assert pushes.key(key_hash(key), NOON + HOUR) is not None
    assert pushes.keys(UNIT.code)[0].used_at == NOON + HOUR
    assert pushes.revoke_key(UNIT.code, key[-4:], NOON + HOUR) == 1
    assert pushes.key(key_hash(key), NOON + HOUR) is None


def test_a_repeated_push_finds_its_first_answer(stores: Stores) -> None:
    pushes = PushStore(stores.engine, KEYS)
    assert pushes.answer(UNIT.code, "k") is None
    pushes.remember(UNIT.code, "k", b"body", b"answer", NOON)
    pushes.remember(UNIT.code, "k", b"other", b"later", NOON)
    assert pushes.answer(UNIT.code, "k") == (b"body", b"answer")
    assert pushes.answer(OTHER_UNIT.code, "k") is None
    assert pushes.forget(NOON + HOUR) == 1
    assert pushes.answer(UNIT.code, "k") is None


def test_an_officers_chat_is_linked_once_by_a_code_that_ends(stores: Stores) -> None:
    officers = OfficerStore(stores.engine, KEYS)
    officers.add(OFFICER)
    assert officers.of(UNIT.code) == [OFFICER]
    assert officers.of(OTHER_UNIT.code) == []
    assert officers.offer_link("o1", b"hash", NOON)
    assert not officers.offer_link("o9", b"hash9", NOON)
    assert officers.link(b"other", "zalo", "77", NOON) is None
    assert officers.link(b"hash", "zalo", "77", NOON + LINK_LIFETIME) is None
    linked = officers.link(b"hash", "zalo", "77", NOON + MINUTE)
    assert linked == replace(OFFICER, channel="zalo", chat="77")
    assert officers.link(b"hash", "telegram", "78", NOON + MINUTE) is None
    assert officers.of(UNIT.code) == [linked]
    assert officers.remove("o1")
    assert not officers.remove("o1")


def test_what_is_known_of_an_officer_is_sealed(stores: Stores) -> None:
    OfficerStore(stores.engine, KEYS).add(OFFICER)
    with stores.engine.connect() as connection:
        (sealed,) = connection.execute(text("SELECT sealed FROM officer")).one()
    assert b"900000001" not in bytes(sealed)
    assert "900000001" not in repr(OFFICER)


def test_a_poller_that_renews_keeps_its_feed_and_one_that_lost_it_writes_nothing(
    feeds: FeedStore,
) -> None:
    ((feed, state),) = feeds.claim_due("a", 9, NOON, LEASE)
    feeds.renew([feed], "a", NOON + LEASE / 2, LEASE)
    assert feeds.claim_due("b", 9, NOON + LEASE, LEASE) == []
    assert feeds.progress(feed, "a", "w1")
    assert feeds.claim_due("b", 9, NOON + 2 * LEASE, LEASE) != []
    feeds.renew([feed], "a", NOON + 2 * LEASE, LEASE)
    assert not feeds.progress(feed, "a", "w0")
    feeds.release(feed, "a", failed(feed, state, "feed_timed_out", NOON, 0.5))
    found = feeds.get(UNIT.code, "lis")
    assert found is not None
    assert (found[1].watermark, found[1].failures) == ("w1", 0)
    assert feeds.claim_due("c", 9, NOON + 2 * LEASE, LEASE) == []


def test_a_feed_is_watched_anew_when_it_is_resumed_and_when_its_facility_goes_live(
    feeds: FeedStore,
) -> None:
    def watched_from() -> object:
        found = feeds.get(UNIT.code, "lis")
        assert found is not None
        return found[1].watched_from

    feeds.add(replace(LIS, active=False), NOON + HOUR)
    assert watched_from() == NOON
    feeds.add(LIS, NOON + 2 * HOUR)
    assert watched_from() == NOON + 2 * HOUR
    feeds.add(replace(LIS, secret="new"), NOON + 3 * HOUR)
    assert watched_from() == NOON + 2 * HOUR
    feeds.watch_from(UNIT.code, NOON + 4 * HOUR)
    assert watched_from() == NOON + 4 * HOUR


@pytest.mark.parametrize("how", ["resumed", "live"])
def test_what_was_told_of_a_feed_is_past_when_it_is_watched_anew(
    feeds: FeedStore, how: str
) -> None:
    assert feeds.alerted(LIS, "silent", NOON, "")
    feeds.add(replace(LIS, active=False), NOON + HOUR)
    found = feeds.get(UNIT.code, "lis")
    assert found is not None
    assert found[1].alert == "silent"
    if how == "resumed":
        feeds.add(LIS, NOON + HOUR)
    else:
        feeds.watch_from(UNIT.code, NOON + HOUR)
    found = feeds.get(UNIT.code, "lis")
    assert found is not None
    assert (found[1].alert, found[1].alerted_at) == ("", None)


def test_what_is_taken_in_again_is_no_sign_of_life_of_its_feed(stores: Stores) -> None:
    hours = FeedHourStore(stores.engine)
    origin, kept = Origin("f", "lis"), item(result_id="r1")
    stores.intake.store(UNIT.code, origin, [kept], [version("r1")], NOON, arrived=False)
    assert hours.latest() == {}
