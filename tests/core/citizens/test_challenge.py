"""The OTP: what a guess costs, and what can never pass."""

from datetime import UTC, datetime, timedelta

import pytest

from core.citizens.challenge import (
    ATTEMPTS,
    LIFETIME,
    RESEND_AFTER,
    Challenge,
    CodeVerdict,
    answer,
    open_challenge,
    six_digits,
    wait_before_next,
)

KEY = b"k" * 32
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def opened() -> Challenge:
    return open_challenge("c1", "+84900000001", "web", "123456", key=KEY, now=NOON)


def after_wrong(challenge: Challenge, times: int) -> Challenge:
    for _ in range(times):
        challenge, _ = answer(challenge, "000000", key=KEY, now=NOON)
    return challenge


def test_a_right_code_passes() -> None:
    assert answer(opened(), "123456", key=KEY, now=NOON)[1] is CodeVerdict.PASSED


def test_a_right_code_cannot_be_used_twice() -> None:
    after, _ = answer(opened(), "123456", key=KEY, now=NOON)
    assert answer(after, "123456", key=KEY, now=NOON)[1] is CodeVerdict.USED


def test_a_wrong_code_costs_an_attempt() -> None:
    after, verdict = answer(opened(), "654321", key=KEY, now=NOON)
    assert (verdict, after.attempts_left) == (CodeVerdict.WRONG, ATTEMPTS - 1)


def test_the_fifth_attempt_may_still_be_right() -> None:
    fifth = after_wrong(opened(), ATTEMPTS - 1)
    assert answer(fifth, "123456", key=KEY, now=NOON)[1] is CodeVerdict.PASSED


def test_the_sixth_attempt_is_locked_even_when_right() -> None:
    locked = after_wrong(opened(), ATTEMPTS)
    assert answer(locked, "123456", key=KEY, now=NOON)[1] is CodeVerdict.LOCKED


def test_a_right_code_is_too_late_when_its_life_ends() -> None:
    last = NOON + LIFETIME - timedelta(microseconds=1)
    assert answer(opened(), "123456", key=KEY, now=last)[1] is CodeVerdict.PASSED
    assert answer(opened(), "123456", key=KEY, now=NOON + LIFETIME)[1] is CodeVerdict.EXPIRED


def test_a_code_of_another_challenge_or_key_is_wrong() -> None:
    other = open_challenge("c2", "+84900000001", "web", "123456", key=KEY, now=NOON)
    assert other.code_mac != opened().code_mac
    assert answer(opened(), "123456", key=b"x" * 32, now=NOON)[1] is CodeVerdict.WRONG


def test_a_new_code_waits_sixty_seconds() -> None:
    assert wait_before_next(None, NOON) == timedelta()
    assert wait_before_next(NOON, NOON + timedelta(seconds=59)) == timedelta(seconds=1)
    assert wait_before_next(NOON, NOON + RESEND_AFTER) == timedelta()


@pytest.mark.parametrize("random", [bytes(8), b"\xff" * 8, b"\x00" * 7 + b"\x07"])
def test_a_code_always_has_six_digits(random: bytes) -> None:
    code = six_digits(random)
    assert len(code) == 6
    assert code.isdecimal()
