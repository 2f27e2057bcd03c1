"""A delivery: one message to one number, whose row is the truth about it.

States: ``pending`` → ``claimed`` → ``sent``, ``failed`` or back to ``pending``;
``suppressed`` never leaves (the same work for a number that nobody recorded). A claim that
outlives its lease is taken again: the message may then go out twice, but is never lost.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from core.messages.templates import Template
from core.quick import quick_init

SMS = "sms"
LEASE = timedelta(seconds=60)
MAX_TRIES = 100  # with growing pauses about eight hours: an outage of a night loses nothing


class DeliveryState(StrEnum):
    """Where a delivery stands."""

    PENDING = "pending"
    CLAIMED = "claimed"
    SENT = "sent"
    FAILED = "failed"
    SUPPRESSED = "suppressed"


class Priority:
    """Lower goes first: somebody waits for an OTP."""

    OTP = 0
    RESULT = 10
    ALERT = 20


@quick_init
@dataclass(frozen=True, slots=True)
class DeliveryDraft:
    """A message to be stored for sending.

    Args:
        dedupe_key: Unique; storing it twice stores it once.
        to: E.164; of a chat channel the id of the chat.
        channel: ``sms``, or the chat channel by which it leaves.
        expires_at: When sending it is pointless (an OTP), or None.
    """

    dedupe_key: str
    template: Template
    to: str
    text: str
    priority: int
    state: DeliveryState = DeliveryState.PENDING
    result_id: str | None = None
    expires_at: datetime | None = None
    channel: str = SMS


@dataclass(frozen=True, slots=True)
class ClaimedDelivery:
    """A delivery that a worker holds until its lease ends."""

    id: str
    to: str
    text: str
    template: Template
    tries: int


def back_off(tries: int) -> timedelta:
    """Wait before try number ``tries`` + 1: 2, 4, 8 … at most 300 seconds."""
    return timedelta(seconds=min(300, 2 ** max(1, tries)))
