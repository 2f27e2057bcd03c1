"""Chats of officers: found by a blind index, parted together, and their tries counted."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text

from core.feeds.officer import Officer
from storage.chat_guesses import ChatGuessStore
from storage.officers import OfficerStore
from tests.storage.conftest import Stores
from tests.storage.samples import KEYS, NOON, OTHER_UNIT, UNIT

HOA = Officer("o1", UNIT.code, "Chị Hoa", "+84900000001")
TIN = Officer("o2", OTHER_UNIT.code, "Anh Tín", "+84900000002")
CHAT = "5550001112223"
HOUR = timedelta(hours=1)


@pytest.fixture
def officers(stores: Stores) -> OfficerStore:
    store = OfficerStore(stores.engine, KEYS)
    for officer in (HOA, TIN):
        store.add(officer)
    return store


def link(officers: OfficerStore, officer: Officer, channel: str, chat: str) -> Officer:
    code_hash = f"{officer.id}{chat}".encode()
    assert officers.offer_link(officer.id, code_hash, NOON)
    linked = officers.link(code_hash, channel, chat, NOON)
    assert linked == replace(officer, channel=channel, chat=chat)
    return linked


def test_a_chat_of_two_officers_is_parted_from_both(officers: OfficerStore) -> None:
    both = [link(officers, officer, "telegram", CHAT) for officer in (HOA, TIN)]
    assert officers.unlink("zalo", CHAT) == []
    assert officers.unlink("telegram", CHAT) == both
    assert officers.of(UNIT.code) == [HOA]
    assert officers.of(OTHER_UNIT.code) == [TIN]
    assert officers.unlink("telegram", CHAT) == []


def test_an_officer_has_the_chat_that_was_linked_last(officers: OfficerStore) -> None:
    link(officers, HOA, "telegram", CHAT)
    now = link(officers, HOA, "zalo", "9")
    assert officers.unlink("telegram", CHAT) == []
    assert officers.of(UNIT.code) == [now]


def test_an_officer_stored_with_a_chat_can_be_parted_from_it(officers: OfficerStore) -> None:
    officers.add(replace(HOA, channel="telegram", chat=CHAT))
    officers.add(replace(HOA, channel="telegram", chat="6"))
    assert officers.unlink("telegram", CHAT) == []
    assert len(officers.unlink("telegram", "6")) == 1


def test_of_many_who_show_one_code_one_gets_the_officer(
    officers: OfficerStore, pool: ThreadPoolExecutor
) -> None:
    officers.offer_link("o1", b"hash", NOON)
    shown = pool.map(lambda n: officers.link(b"hash", "telegram", str(n), NOON), range(20))
    (linked,) = [each for each in shown if each is not None]
    assert officers.of(UNIT.code) == [linked]


def test_no_table_holds_a_chats_id_in_plain(officers: OfficerStore, stores: Stores) -> None:
    link(officers, HOA, "telegram", CHAT)
    guesses = ChatGuessStore(stores.engine, KEYS)
    assert guesses.spend("telegram", CHAT, since=NOON - HOUR, most=5, now=NOON)
    with stores.engine.connect() as connection:
        rows = [
            *connection.execute(text("SELECT chat_index, sealed FROM officer WHERE id = 'o1'")),
            *connection.execute(text("SELECT chat_index FROM chat_guess")),
        ]
    values = [bytes(value) for row in rows for value in row]
    assert len(values) == 3
    assert values[0] == values[2] == KEYS.chat("telegram", CHAT)
    assert not any(CHAT.encode() in value for value in values)


def test_parallel_tries_of_a_chat_share_five(stores: Stores, pool: ThreadPoolExecutor) -> None:
    guesses = ChatGuessStore(stores.engine, KEYS)

    def spend(chat: str) -> bool:
        return guesses.spend("telegram", chat, since=NOON - HOUR, most=5, now=NOON)

    assert sum(pool.map(spend, ["7"] * 30)) == 5
    assert spend("8")
    assert guesses.spend("zalo", "7", since=NOON - HOUR, most=5, now=NOON)


def test_tries_count_for_their_time_until_they_are_forgiven_or_forgotten(stores: Stores) -> None:
    guesses = ChatGuessStore(stores.engine, KEYS)

    def spend(at: timedelta) -> bool:
        return guesses.spend("zalo", "7", since=NOON + at - HOUR, most=1, now=NOON + at)

    second = timedelta(seconds=1)
    assert spend(0 * second)
    assert not spend(HOUR - second)
    assert spend(HOUR)
    assert not spend(HOUR)
    guesses.forgive("zalo", "8")
    assert not spend(HOUR)
    guesses.forgive("zalo", "7")
    assert spend(HOUR)
    assert guesses.forget(NOON + HOUR - second) == 0
    assert guesses.forget(NOON + HOUR) == 1
    assert spend(HOUR)
