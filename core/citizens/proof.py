"""The second factor: phone ≠ person, so a person is opened once by a date of birth.

Five wrong tries lock the person on that number over all channels for a day. The store
applies ``try_proof`` to a locked row.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

TRIES = 5
LOCKED_FOR = timedelta(hours=24)


class ProofVerdict(StrEnum):
    """The outcome of one try."""

    PASSED = "passed"
    WRONG = "wrong"
    UNREADABLE = "unreadable"
    LOCKED = "locked"
    ASK_STAFF = "ask_staff"


@dataclass(frozen=True, slots=True)
class Proof:
    """What one number has proved of one person.

    Args:
        opened_at: When the first right answer came, or None.
        failures: Wrong tries since the last right one.
        locked_until: Aware UTC, or None.
    """

    opened_at: datetime | None = None
    failures: int = 0
    locked_until: datetime | None = None


def try_proof(proof: Proof, *, right: bool | None, now: datetime) -> tuple[Proof, ProofVerdict]:
    """Count one try.

    Args:
        right: Whether the answer was right; None if it could not be read (costs nothing).

    Returns:
        The proof to store next, and the verdict to show.
    """
    if proof.locked_until is not None and now < proof.locked_until:
        return proof, ProofVerdict.LOCKED
    if right is None:
        return proof, ProofVerdict.UNREADABLE
    if right:
        return Proof(opened_at=proof.opened_at or now), ProofVerdict.PASSED
    return _after_failure(proof, now), ProofVerdict.WRONG


def _after_failure(proof: Proof, now: datetime) -> Proof:
    fresh = proof.locked_until is not None  # an old lock has run out: count anew
    failures = 1 if fresh else proof.failures + 1
    locked = now + LOCKED_FOR if failures >= TRIES else None
    return replace(proof, failures=failures, locked_until=locked)
