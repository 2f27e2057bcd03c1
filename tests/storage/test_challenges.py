"""One-time passwords in the database: parallel guesses share nothing."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from core.citizens.challenge import Challenge, CodeVerdict, answer, open_challenge
from core.messages.delivery import DeliveryDraft, Priority
from core.messages.templates import Template
from storage.rows import CHALLENGE, DELIVERY
from tests.storage.conftest import Stores
from tests.storage.samples import (
    BINH,
    KEYS,
    NOON,
    OTHER_PHONE,
    PHONE,
    UNIT,
    item,
    result,
    version,
)

KEY = KEYS.derive("otp")
SECOND = timedelta(seconds=1)


def opened(name: str = "c1", phone: str = PHONE, channel: str = "web", age: int = 0) -> Challenge:
    return open_challenge(name, phone, channel, "123456", key=KEY, now=NOON - age * SECOND)


def sms(challenge: Challenge) -> DeliveryDraft:
    return DeliveryDraft(
        f"otp:{challenge.id}", Template.OTP, challenge.phone, "Ma OTP: 123456", Priority.OTP
    )


def ask(stores: Stores, challenge: Challenge) -> Challenge:
    stores.challenges.add(challenge, sms(challenge))
    return challenge


def guess(stores: Stores, code: str, name: str = "c1") -> CodeVerdict | None:
    return stores.challenges.update(name, lambda c: answer(c, code, key=KEY, now=NOON))


def kept(stores: Stores, name: str = "c1") -> Challenge | None:
    return stores.challenges.update(name, lambda challenge: (challenge, challenge))


def test_a_challenge_comes_back_as_it_was(stores: Stores) -> None:
    challenge = ask(stores, opened())
    assert kept(stores) == challenge


def test_twenty_parallel_wrong_guesses_spend_exactly_five_attempts(
    stores: Stores, pool: ThreadPoolExecutor
) -> None:
    ask(stores, opened())
    verdicts = Counter(pool.map(lambda _: guess(stores, "000000"), range(20)))
    assert verdicts == {CodeVerdict.WRONG: 5, CodeVerdict.LOCKED: 15}
    assert guess(stores, "123456") is CodeVerdict.LOCKED


def test_twenty_parallel_right_guesses_pass_exactly_once(
    stores: Stores, pool: ThreadPoolExecutor
) -> None:
    ask(stores, opened())
    verdicts = Counter(pool.map(lambda _: guess(stores, "123456"), range(20)))
    assert verdicts == {CodeVerdict.PASSED: 1, CodeVerdict.USED: 19}


def test_a_challenge_that_is_not_there_has_no_answer(stores: Stores) -> None:
    assert guess(stores, "123456", "nobody") is None


def test_a_challenge_and_its_message_are_stored_together_or_not_at_all(stores: Stores) -> None:
    ask(stores, opened())
    (claimed,) = stores.deliveries.claim(9, NOON)
    assert (claimed.to, claimed.text) == (PHONE, "Ma OTP: 123456")
    broken = replace(sms(opened("c2")), result_id="no such result")
    with pytest.raises(IntegrityError):
        stores.challenges.add(opened("c2"), broken)
    with stores.engine.connect() as connection:
        counts = [
            connection.execute(select(func.count()).select_from(table)).scalar()
            for table in (CHALLENGE, DELIVERY)
        ]
    assert counts == [1, 1]


def test_the_newest_challenge_is_found_by_number_and_channel(stores: Stores) -> None:
    ask(stores, opened("c1", age=90))
    ask(stores, opened("c2", age=30))
    ask(stores, opened("c3", channel="telegram", age=10))
    ask(stores, opened("c4", phone=OTHER_PHONE))
    assert stores.challenges.latest(PHONE, "web") == NOON - 30 * SECOND
    assert stores.challenges.latest(PHONE, "zalo") is None


def test_challenges_are_counted_over_all_channels(stores: Stores) -> None:
    for name, age, channel in (("c1", 90, "web"), ("c2", 30, "web"), ("c3", 10, "telegram")):
        ask(stores, opened(name, channel=channel, age=age))
    assert stores.challenges.count_since(PHONE, NOON - 30 * SECOND) == 2
    assert stores.challenges.count_since(OTHER_PHONE, NOON - 30 * SECOND) == 0


def test_a_number_is_known_by_a_current_result_only(stores: Stores) -> None:
    assert not stores.challenges.known(PHONE)
    stores.intake.store(UNIT.code, "f", [item()], [version("r1")], NOON)
    assert stores.challenges.known(PHONE)
    assert not stores.challenges.known(OTHER_PHONE)
    moved = result(person=replace(BINH, phone=OTHER_PHONE))
    stores.intake.store(UNIT.code, "f", [], [version("r2", moved, number=2, supersedes="r1")], NOON)
    assert stores.challenges.known(OTHER_PHONE)
    assert not stores.challenges.known(PHONE)
