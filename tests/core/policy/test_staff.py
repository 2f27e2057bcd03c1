"""Staff sign-in and rights."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pyotp
import pytest

from core.policy.staff import (
    LOCKED_FOR,
    MAX_FAILURES,
    Right,
    Role,
    SignInVerdict,
    StaffAccount,
    hash_password,
    sign_in,
)

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"  # a documentation value
HASH = hash_password("correct horse battery")


def account(**changes: object) -> StaffAccount:
    base = StaffAccount("lan", "Lan", Role.OPERATOR, frozenset(), HASH, SECRET)
    return replace(base, **changes)  # type: ignore[arg-type]


def code(at: datetime = NOON) -> str:
    return pyotp.TOTP(SECRET).at(at)


def test_password_and_code_together_sign_in() -> None:
    after, verdict = sign_in(account(), "correct horse battery", code(), NOON)
    assert verdict is SignInVerdict.PASSED
    assert after.failures == 0


@pytest.mark.parametrize(
    ("password", "typed"), [("wrong", None), ("correct horse battery", "000000")]
)
def test_either_alone_is_refused_and_counted(password: str, typed: str | None) -> None:
    after, verdict = sign_in(account(), password, typed or code(), NOON)
    assert (verdict, after.failures) == (SignInVerdict.REFUSED, 1)


@pytest.mark.parametrize("typed", ["\uff11\uff12\uff13\uff14\uff15\uff16", "", "ế" * 6])
def test_a_code_of_other_characters_is_refused_and_counted(typed: str) -> None:
    after, verdict = sign_in(account(), "correct horse battery", typed, NOON)
    assert (verdict, after.failures) == (SignInVerdict.REFUSED, 1)


def test_a_code_is_accepted_once() -> None:
    after, _ = sign_in(account(), "correct horse battery", code(), NOON)
    assert sign_in(after, "correct horse battery", code(), NOON)[1] is SignInVerdict.REFUSED


def test_a_clock_half_a_minute_off_still_signs_in_but_not_two_minutes() -> None:
    near, far = code(NOON - timedelta(seconds=30)), code(NOON - timedelta(minutes=2))
    assert sign_in(account(), "correct horse battery", near, NOON)[1] is SignInVerdict.PASSED
    assert sign_in(account(), "correct horse battery", far, NOON)[1] is SignInVerdict.REFUSED


def test_failures_lock_and_the_lock_ends() -> None:
    tried = account()
    for _ in range(MAX_FAILURES):
        tried, _ = sign_in(tried, "wrong", code(), NOON)
    assert sign_in(tried, "correct horse battery", code(), NOON)[1] is SignInVerdict.LOCKED
    later = NOON + LOCKED_FOR
    assert sign_in(tried, "correct horse battery", code(later), later)[1] is SignInVerdict.PASSED


def test_an_inactive_account_never_signs_in() -> None:
    gone = account(active=False)
    assert sign_in(gone, "correct horse battery", code(), NOON)[1] is SignInVerdict.REFUSED
    assert not gone.may(Right.SEE_INTAKE)


def test_a_facility_officer_sees_only_its_facilities() -> None:
    officer = account(role=Role.FACILITY_OFFICER, scopes=frozenset({"BVA"}))
    assert officer.may(Right.SEE_INTAKE, "BVA")
    assert not officer.may(Right.SEE_INTAKE, "BVB")
    assert not officer.may(Right.SEE_AUDIT)


def test_a_department_role_without_scopes_sees_every_facility() -> None:
    assert account().may(Right.SEE_INTAKE, "BVB")
    assert not account(scopes=frozenset({"BVA"})).may(Right.SEE_INTAKE, "BVB")
