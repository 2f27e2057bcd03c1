"""A one-time password: six digits that prove a phone for five minutes.

Rules: single use, five attempts over all guessers, kept only as a keyed hash, a new one at
the earliest 60 s after the last. Storing and locking are the store's work, which must
apply ``answer`` to a locked row: two guesses must not share one attempt.
Source: NIST SP 800-63B, 5.1.3 (out-of-band, short-lived, throttled); HMAC per RFC 2104.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256

LIFETIME = timedelta(minutes=5)
RESEND_AFTER = timedelta(seconds=60)
ATTEMPTS = 5


class CodeVerdict(StrEnum):
    """The outcome of one guess."""

    PASSED = "passed"
    WRONG = "wrong"
    EXPIRED = "expired"
    LOCKED = "locked"
    USED = "used"


@dataclass(frozen=True, slots=True)
class Challenge:
    """One OTP that was asked for.

    Args:
        id: Unguessable; whoever holds it is the session that asked.
        phone: E.164.
        channel: Where it was asked: ``web``, ``telegram``, ``zalo`` …
        code_mac: HMAC-SHA256 over id and code.
    """

    id: str
    phone: str
    channel: str
    code_mac: bytes
    created_at: datetime
    expires_at: datetime
    attempts_left: int = ATTEMPTS
    used: bool = False


def six_digits(random: bytes) -> str:
    """Six decimal digits from at least 8 random bytes (bias below 2⁻⁴⁰)."""
    return f"{int.from_bytes(random[:8]) % 1_000_000:06d}"


def mac(challenge_id: str, code: str, key: bytes) -> bytes:
    """The keyed hash under which a code is kept."""
    return hmac.digest(key, f"{challenge_id}:{code}".encode(), sha256)


def open_challenge(
    challenge_id: str, phone: str, channel: str, code: str, *, key: bytes, now: datetime
) -> Challenge:
    """Start a challenge for ``phone``."""
    return Challenge(
        challenge_id, phone, channel, mac(challenge_id, code, key), now, now + LIFETIME
    )


def wait_before_next(latest: datetime | None, now: datetime) -> timedelta:
    """How long a new code must wait after one made at ``latest``; zero if it may go now."""
    if latest is None:
        return timedelta()
    return max(timedelta(), latest + RESEND_AFTER - now)


def answer(
    challenge: Challenge, code: str, *, key: bytes, now: datetime
) -> tuple[Challenge, CodeVerdict]:
    """Try ``code`` against ``challenge``.

    A wrong code is an outcome, not an error: the attempt that it costs must be stored,
    and an exception would roll that back.

    Args:
        code: As typed, blanks already stripped.
        now: Aware UTC time of the attempt.

    Returns:
        The challenge to store next, and the verdict to show.
    """
    matches = hmac.compare_digest(mac(challenge.id, code, key), challenge.code_mac)
    if challenge.used:
        return challenge, CodeVerdict.USED
    if challenge.attempts_left == 0:
        return challenge, CodeVerdict.LOCKED
    if now >= challenge.expires_at:
        return challenge, CodeVerdict.EXPIRED
    if matches:
        return replace(challenge, used=True), CodeVerdict.PASSED
    return replace(challenge, attempts_left=challenge.attempts_left - 1), CodeVerdict.WRONG
