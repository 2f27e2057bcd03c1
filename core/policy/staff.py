"""Staff: roles, scopes, and signing in with a password and a TOTP.

Five failures lock an account for 15 minutes; a TOTP is accepted once. The store applies
``sign_in`` to a locked row.
Source: RFC 6238 (TOTP, 30 s, one step of drift); NIST SP 800-63B, 5.1.1 and 5.2.8.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from hmac import compare_digest

import pyotp
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

MAX_FAILURES = 5
LOCKED_FOR = timedelta(minutes=15)
SESSION_LIFETIME = timedelta(hours=8)
_STEP = 30
_HASHER = PasswordHasher()


class Role(StrEnum):
    """What kind of work an account does."""

    FACILITY_OFFICER = "facility_officer"
    CONTROL_OFFICER = "control_officer"
    OPERATOR = "operator"
    APPROVER = "approver"
    AUDITOR = "auditor"
    ADMINISTRATOR = "administrator"


class Right(StrEnum):
    """What a page or command needs."""

    SEE_INTAKE = "see_intake"
    SEND_RESULTS = "send_results"
    SEE_AUDIT = "see_audit"
    MANAGE_RULES = "manage_rules"
    MANAGE_STAFF = "manage_staff"
    MANAGE_FACILITIES = "manage_facilities"
    REVOKE = "revoke"
    PRINT_SLIPS = "print_slips"
    LOOK_UP = "look_up"


_RIGHTS: dict[Role, frozenset[Right]] = {
    Role.FACILITY_OFFICER: frozenset({Right.SEE_INTAKE, Right.SEND_RESULTS, Right.PRINT_SLIPS}),
    Role.CONTROL_OFFICER: frozenset({Right.LOOK_UP}),
    Role.OPERATOR: frozenset(
        {
            Right.SEE_INTAKE,
            Right.SEND_RESULTS,
            Right.MANAGE_RULES,
            Right.MANAGE_FACILITIES,
            Right.REVOKE,
            Right.PRINT_SLIPS,
        }
    ),
    Role.APPROVER: frozenset({Right.SEE_INTAKE}),
    Role.AUDITOR: frozenset({Right.SEE_AUDIT}),
    Role.ADMINISTRATOR: frozenset(Right),
}
_SCOPED = frozenset({Role.FACILITY_OFFICER, Role.CONTROL_OFFICER})


@dataclass(frozen=True, slots=True)
class StaffAccount:
    """One person of the staff.

    Args:
        scopes: Codes of the facilities or places it answers for; empty means all for roles
            of the department, none for facility and control-point officers.
        totp_secret: Base 32.
        totp_step: The last 30-second step whose code was accepted.
    """

    login: str
    name: str
    role: Role
    scopes: frozenset[str]
    password_hash: str
    totp_secret: str
    totp_step: int = 0
    failures: int = 0
    locked_until: datetime | None = None
    active: bool = True

    def may(self, right: Right, scope: str | None = None) -> bool:
        """Whether the account has ``right``, for the facility or place ``scope`` if given."""
        if not self.active or right not in _RIGHTS[self.role]:
            return False
        if self.role not in _SCOPED:
            return not self.scopes or scope is None or scope in self.scopes
        return scope is None or scope in self.scopes


class SignInVerdict(StrEnum):
    """The outcome of one sign-in; pages show every refusal but ``locked`` alike."""

    PASSED = "passed"
    REFUSED = "refused"
    LOCKED = "locked"


def hash_password(password: str) -> str:
    """Argon2id with the library's current parameters."""
    return _HASHER.hash(password)


def new_totp_secret() -> str:
    """A fresh base 32 secret of 160 bits."""
    return pyotp.random_base32()


def sign_in(
    account: StaffAccount, password: str, code: str, now: datetime
) -> tuple[StaffAccount, SignInVerdict]:
    """Try to sign in.

    Returns:
        The account to store next, and the verdict.
    """
    if account.locked_until is not None and now < account.locked_until:
        return account, SignInVerdict.LOCKED
    right_password = password_matches(account.password_hash, password)
    step = _matching_step(account, code, now)
    if right_password and step is not None and account.active:
        return replace(account, totp_step=step, failures=0, locked_until=None), SignInVerdict.PASSED
    return _after_failure(account, now), SignInVerdict.REFUSED


def password_matches(password_hash: str, password: str) -> bool:
    """Compare in argon2's time, also for an unknown login (give any hash)."""
    try:
        return _HASHER.verify(password_hash, password)
    except (VerificationError, InvalidHashError):
        return False


def _matching_step(account: StaffAccount, code: str, now: datetime) -> int | None:
    totp = pyotp.TOTP(account.totp_secret)
    current = int(now.timestamp()) // _STEP
    for step in (current, current - 1, current + 1):
        right = totp.at(step * _STEP).encode()
        if step > account.totp_step and compare_digest(right, code.encode()):
            return step
    return None


def _after_failure(account: StaffAccount, now: datetime) -> StaffAccount:
    failures = account.failures + 1
    locked = now + LOCKED_FOR if failures >= MAX_FAILURES else None
    return replace(account, failures=0 if locked else failures, locked_until=locked)
