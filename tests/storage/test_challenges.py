"""One-time passwords in the database: parallel guesses share nothing."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from core.citizens.challenge import Challenge, CodeVerdict, answer, open_challenge
from core.messages.delivery import DeliveryDraft, Priority
from core.messages.templates import Template
from core.ports import Origin
from core.results.catalogue import TestDefinition
from core.results.reported import ReportStatus
from core.results.versions import Change
from storage.rows import CHALLENGE, DELIVERY
from tests.storage.conftest import Stores
from tests.storage.samples import (
    BINH,
    DENGUE,
    HIV,
    KEYS,
    NOON,
    OTHER_PHONE,
    PCR,
    PHONE,
    TB,
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
    assert add(stores, challenge, not_before=None)
    return challenge


def add(
    stores: Stores,
    challenge: Challenge,
    message: DeliveryDraft | None = None,
    *,
    not_before: datetime | None = NOON - 60 * SECOND,
    most: int = 5,
) -> bool:
    return stores.challenges.add(
        challenge,
        message or sms(challenge),
        not_before=not_before,
        since=NOON - 3600 * SECOND,
        most=most,
    )


def rows_of(stores: Stores) -> list[int | None]:
    with stores.engine.connect() as connection:
        return [
            connection.execute(select(func.count()).select_from(table)).scalar()
            for table in (CHALLENGE, DELIVERY)
        ]


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
        add(stores, opened("c2"), broken, not_before=None)
    assert rows_of(stores) == [1, 1]


def test_of_sixteen_parallel_requests_of_a_number_one_is_served(
    stores: Stores, pool: ThreadPoolExecutor
) -> None:
    served = Counter(pool.map(lambda n: add(stores, opened(f"c{n}")), range(16)))
    assert served == {True: 1, False: 15}
    assert rows_of(stores) == [1, 1]


def test_parallel_requests_of_different_numbers_do_not_hinder_each_other(
    stores: Stores, pool: ThreadPoolExecutor
) -> None:
    asked = [opened(f"c{n}", phone=f"+849000011{n:02}") for n in range(16)]
    assert all(pool.map(lambda each: add(stores, each), asked))


def test_the_next_challenge_waits_for_its_own_channel_only(stores: Stores) -> None:
    ask(stores, opened("c1", age=59))
    assert not add(stores, opened("c2"))
    assert add(stores, opened("c3", channel="telegram"))
    assert rows_of(stores) == [2, 2]


def test_the_next_challenge_is_served_when_the_wait_is_over(stores: Stores) -> None:
    ask(stores, opened("c1", age=60))
    assert add(stores, opened("c2"))


def test_a_number_that_had_its_share_on_one_channel_is_not_locked_out_on_another(
    stores: Stores,
) -> None:
    for n in range(5):
        ask(stores, opened(f"c{n}", age=3600 - n))
    assert not add(stores, opened("c9"))
    assert add(stores, opened("c10", channel="telegram"))
    assert add(stores, opened("c11", phone=OTHER_PHONE))


def test_what_is_older_than_the_hour_counts_no_more(stores: Stores) -> None:
    for n in range(5):
        ask(stores, opened(f"c{n}", age=3601 if n == 0 else 600))
    assert add(stores, opened("c9"))


def test_the_newest_challenge_is_found_by_number_and_channel(stores: Stores) -> None:
    ask(stores, opened("c1", age=90))
    ask(stores, opened("c2", age=30))
    ask(stores, opened("c3", channel="telegram", age=10))
    ask(stores, opened("c4", phone=OTHER_PHONE))
    assert stores.challenges.latest(PHONE, "web") == NOON - 30 * SECOND
    assert stores.challenges.latest(PHONE, "zalo") is None


def test_a_number_is_known_by_a_current_result_only(stores: Stores) -> None:
    assert not stores.challenges.known(PHONE)
    stores.intake.store(UNIT.code, Origin("f"), [item()], [version("r1")], NOON)
    assert stores.challenges.known(PHONE)
    assert not stores.challenges.known(OTHER_PHONE)
    moved = result(person=replace(BINH, phone=OTHER_PHONE))
    stores.intake.store(
        UNIT.code, Origin("f"), [], [version("r2", moved, number=2, supersedes="r1")], NOON
    )
    assert stores.challenges.known(OTHER_PHONE)
    assert not stores.challenges.known(PHONE)


@pytest.mark.parametrize(
    ("test", "known"), [(PCR, True), (DENGUE, True), (TB, False), (HIV, False)]
)
def test_a_number_with_nothing_that_may_be_shown_looks_unknown(
    stores: Stores, test: TestDefinition, known: bool
) -> None:
    row = version("r1", result(test=test), certified=False)
    stores.intake.store(UNIT.code, Origin("f"), [], [row], NOON)
    assert stores.challenges.known(PHONE) is known


def test_a_number_whose_only_result_was_withdrawn_looks_unknown(stores: Stores) -> None:
    stores.intake.store(UNIT.code, Origin("f"), [], [version("r1")], NOON)
    gone = result(status=ReportStatus.WITHDRAWN)
    row = version("r2", gone, number=2, supersedes="r1", change=Change.WITHDRAWN)
    stores.intake.store(UNIT.code, Origin("f"), [], [row], NOON)
    assert not stores.challenges.known(PHONE)
