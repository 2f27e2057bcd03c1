"""In-memory stand-ins for what the retrieval desk needs, shared by chat and pages."""

from __future__ import annotations

import threading
from collections.abc import Callable, Container
from datetime import datetime
from typing import TypeVar

from core.citizens.challenge import Challenge
from core.messages.delivery import DeliveryDraft, DeliveryState
from core.ports import Challenges

T = TypeVar("T")


class MemoryChallenges(Challenges):
    """Codes and the messages that would carry them.

    Args:
        numbers: Those that were recorded with a result.
    """

    def __init__(self, numbers: Container[str]) -> None:
        self.numbers = numbers
        self.rows: dict[str, Challenge] = {}
        self.messages: list[DeliveryDraft] = []
        self.lock = threading.Lock()

    def latest(self, phone: str, channel: str) -> datetime | None:
        return max(self._times(phone, channel), default=None)

    def known(self, phone: str) -> bool:
        return phone in self.numbers

    def add(
        self,
        challenge: Challenge,
        message: DeliveryDraft,
        *,
        not_before: datetime,
        since: datetime,
        most: int,
    ) -> bool:
        with self.lock:
            made = self._times(challenge.phone, challenge.channel)
            if any(at > not_before for at in made) or sum(at >= since for at in made) >= most:
                return False
            self.rows[challenge.id] = challenge
            self.messages.append(message)
            return True

    def update(
        self, challenge_id: str, change: Callable[[Challenge], tuple[Challenge, T]]
    ) -> T | None:
        with self.lock:
            if challenge_id not in self.rows:
                return None
            self.rows[challenge_id], told = change(self.rows[challenge_id])
            return told

    def last_code(self) -> str:
        """The code of the newest message that really leaves."""
        message = [each for each in self.messages if each.state is DeliveryState.PENDING][-1]
        return message.text.split("Ma OTP: ")[1][:6]

    def _times(self, phone: str, channel: str) -> list[datetime]:
        rows = self.rows.values()
        return [r.created_at for r in rows if (r.phone, r.channel) == (phone, channel)]
