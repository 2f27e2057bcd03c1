"""Linking a chat: a code works once and not for long, and who guesses locks only themselves."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import timedelta

import pytest

from core.citizens.codes import chat_code, in_threes, read_chat_code
from core.feeds.linking import TRIES, TRIES_WITHIN, Linking, LinkRefusal
from core.feeds.officer import LINK_LIFETIME, Officer
from tests.core.feeds.fakes import MemoryChatGuesses, MemoryOfficers
from tests.core.onboarding.fakes import MemoryAudit
from tests.sms.fakes import Watch

HOA = Officer("o1", "BVNDGD", "Chị Hoa", "+84900000900")
TIN = Officer("o2", "BVTD", "Anh Tín", "+84900000901")
HERE = ("telegram", "77")


class Desk:
    """A linking with its world in memory."""

    def __init__(self) -> None:
        self.officers = MemoryOfficers(HOA, TIN)
        self.guesses, self.audit, self.clock = MemoryChatGuesses(), MemoryAudit(), Watch()
        self.linking = Linking(
            self.officers, self.guesses, self.audit, self.clock, os.urandom, b"k" * 32
        )

    def offer(self, officer_id: str = "o1") -> str:
        code = self.linking.offer(officer_id)
        assert code is not None
        return code


@pytest.fixture
def desk() -> Desk:
    return Desk()


def wrong() -> str:
    return chat_code(os.urandom(5))


def test_a_code_links_the_chat_that_shows_it(desk: Desk) -> None:
    linked = replace(HOA, channel="telegram", chat="77")
    assert desk.linking.redeem(desk.offer(), *HERE) == linked
    assert desk.officers.rows["o1"] == linked
    (entry,) = desk.audit.entries
    assert (entry.actor, entry.action, entry.subject) == ("telegram", "officer_linked", "o1")


def test_a_code_is_known_by_its_keyed_hash_only(desk: Desk) -> None:
    code = read_chat_code(desk.offer())
    assert code is not None
    ((kept, _),) = desk.officers.offers.values()
    assert code.encode() not in kept
    other = replace(desk.linking, key=b"x" * 32)
    assert other.redeem(code, *HERE) is LinkRefusal.WRONG
    assert isinstance(desk.linking.redeem(code, *HERE), Officer)


def test_there_is_no_code_for_nobody(desk: Desk) -> None:
    assert desk.linking.offer("o9") is None


def test_a_code_works_once(desk: Desk) -> None:
    code = desk.offer()
    desk.linking.redeem(code, *HERE)
    assert desk.linking.redeem(code, "telegram", "78") is LinkRefusal.WRONG
    assert desk.officers.rows["o1"].chat == "77"


def test_a_code_ends_after_its_time_and_when_the_next_is_made(desk: Desk) -> None:
    first = desk.offer()
    second = desk.offer()
    assert desk.linking.redeem(first, *HERE) is LinkRefusal.WRONG
    desk.clock.now += LINK_LIFETIME
    assert desk.linking.redeem(second, *HERE) is LinkRefusal.WRONG


def test_five_wrong_codes_an_hour_and_even_the_right_one_waits(desk: Desk) -> None:
    code = desk.offer()
    refusals = [desk.linking.redeem(wrong(), *HERE) for _ in range(TRIES + 1)]
    assert refusals == [LinkRefusal.WRONG] * TRIES + [LinkRefusal.TOO_MANY]
    assert desk.linking.redeem(code, *HERE) is LinkRefusal.TOO_MANY
    desk.clock.now += TRIES_WITHIN
    assert isinstance(desk.linking.redeem(desk.offer(), *HERE), Officer)


def test_who_guesses_locks_nobody_else_out(desk: Desk) -> None:
    code = desk.offer()
    for _ in range(TRIES + 3):
        desk.linking.redeem(wrong(), "telegram", "666")
    assert isinstance(desk.linking.redeem(code, *HERE), Officer)
    assert isinstance(desk.linking.redeem(desk.offer("o2"), "zalo", "666"), Officer)


def test_the_limit_slides_with_the_clock(desk: Desk) -> None:
    for _ in range(TRIES):
        desk.linking.redeem(wrong(), *HERE)
        desk.clock.now += timedelta(minutes=10)
    assert desk.linking.redeem(wrong(), *HERE) is LinkRefusal.TOO_MANY
    desk.clock.now += timedelta(minutes=10)
    assert desk.linking.redeem(wrong(), *HERE) is LinkRefusal.WRONG
    assert desk.linking.redeem(wrong(), *HERE) is LinkRefusal.TOO_MANY


def test_a_slip_of_the_finger_costs_no_try(desk: Desk) -> None:
    code = desk.offer()
    slip = ("0" if code[0] != "0" else "1") + code[1:]
    for _ in range(TRIES + 1):
        assert desk.linking.redeem(slip, *HERE) is LinkRefusal.UNREADABLE
    assert isinstance(desk.linking.redeem(code, *HERE), Officer)


def test_a_right_code_forgives_the_wrong_ones_before(desk: Desk) -> None:
    for officer_id in ("o1", "o2"):
        for _ in range(TRIES - 1):
            desk.linking.redeem(wrong(), *HERE)
        assert isinstance(desk.linking.redeem(desk.offer(officer_id), *HERE), Officer)


def test_a_chat_of_two_officers_parts_from_both_and_from_nobody_else(desk: Desk) -> None:
    desk.linking.redeem(desk.offer("o1"), *HERE)
    desk.linking.redeem(desk.offer("o2"), *HERE)
    assert desk.linking.unlink("zalo", "77") == []
    assert [officer.id for officer in desk.linking.unlink(*HERE)] == ["o1", "o2"]
    assert desk.officers.rows == {"o1": HOA, "o2": TIN}
    assert desk.linking.unlink(*HERE) == []


def test_why_a_chat_was_parted_is_recorded_without_its_id(desk: Desk) -> None:
    for part in (desk.linking.unlink, desk.linking.chat_closed):
        desk.linking.redeem(desk.offer(), "telegram", "4711")
        part("telegram", "4711")
    actions = [entry.action for entry in desk.audit.entries]
    assert actions[1::2] == ["officer_unlinked", "officer_chat_closed"]
    assert "4711" not in repr(desk.audit.entries)
    assert HOA.phone not in repr(desk.audit.entries)


@pytest.mark.parametrize("language", ["vi", "en"])
def test_what_is_recorded_has_words_for_the_audit_page(desk: Desk, language: str) -> None:
    from tests.words import catalogues

    desk.linking.redeem(desk.offer(), *HERE)
    desk.linking.unlink(*HERE)
    desk.linking.redeem(desk.offer(), *HERE)
    desk.linking.chat_closed(*HERE)
    actions = {entry.action for entry in desk.audit.entries}
    assert len(actions) == 3
    said = catalogues()
    assert all(said.has(language, f"pages.staff.action.{action}") for action in actions)


def test_a_code_is_shown_in_threes_and_read_however_it_is_typed() -> None:
    code = chat_code(b"\x12\x34\x56\x78\x9a")
    shown = in_threes(code)
    assert [len(part) for part in shown.split("-")] == [3, 3, 3]
    assert read_chat_code(f" {shown.lower()} ") == read_chat_code(shown.replace("-", " ")) == code
    assert read_chat_code(code[:-1]) is None
