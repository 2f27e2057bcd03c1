"""One-time passwords: the row that every guess must lock.

The number is sealed; its blind index finds earlier challenges. A challenge and its SMS are
stored together or not at all.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final, TypeVar

from sqlalchemy import Engine, Row, func, insert, select, update

from core.citizens.challenge import Challenge
from core.messages.delivery import DeliveryDraft
from core.ports import Randomness
from storage.deliveries import delivery_row, insert_deliveries
from storage.encryption import Keyring
from storage.engine import writing
from storage.moments import maybe_moment, to_micros, to_moment
from storage.rows import CHALLENGE, CURRENT, RESULT

T = TypeVar("T")
PURPOSE: Final = "challenge.sealed"


class ChallengeStore:
    """Implements ``core.ports.Challenges``.

    Args:
        random: Source of delivery ids.
    """

    def __init__(self, engine: Engine, keyring: Keyring, random: Randomness = os.urandom) -> None:
        self._engine = engine
        self._keyring = keyring
        self._random = random

    def latest(self, phone: str, channel: str) -> datetime | None:
        """When the newest challenge of this number on this channel was made."""
        newest = select(func.max(CHALLENGE.c.created_at)).where(
            CHALLENGE.c.phone_index == self._keyring.phone_index(phone),
            CHALLENGE.c.channel == channel,
        )
        with self._engine.connect() as connection:
            return maybe_moment(connection.execute(newest).scalar())

    def count_since(self, phone: str, since: datetime) -> int:
        """How many challenges this number has had since then, over all channels."""
        count = select(func.count()).where(
            CHALLENGE.c.phone_index == self._keyring.phone_index(phone),
            CHALLENGE.c.created_at >= to_micros(since),
        )
        with self._engine.connect() as connection:
            return connection.execute(count).scalar_one()

    def known(self, phone: str) -> bool:
        """Whether the number is recorded with a current result."""
        found = select(RESULT.c.id).where(
            RESULT.c.phone_index == self._keyring.phone_index(phone), CURRENT
        )
        with self._engine.connect() as connection:
            return connection.execute(found.limit(1)).first() is not None

    def add(self, challenge: Challenge, message: DeliveryDraft) -> None:
        """Store both in one transaction."""
        row = delivery_row(message, self._keyring, to_micros(challenge.created_at), self._random)
        with writing(self._engine) as connection:
            connection.execute(insert(CHALLENGE).values(self._values(challenge)))
            insert_deliveries(connection, [row])

    def update(
        self, challenge_id: str, change: Callable[[Challenge], tuple[Challenge, T]]
    ) -> T | None:
        """Apply ``change`` to the locked row and store what it returns; None if there is none."""
        mine = CHALLENGE.c.id == challenge_id
        with writing(self._engine) as connection:
            row = connection.execute(select(CHALLENGE).where(mine).with_for_update()).first()
            if row is None:
                return None
            before = self._challenge(row)
            after, outcome = change(before)
            if after != before:
                spent = {"attempts_left": after.attempts_left, "used": after.used}
                connection.execute(update(CHALLENGE).where(mine).values(spent))
        return outcome

    def _values(self, challenge: Challenge) -> dict[str, object]:
        return {
            "id": challenge.id,
            "phone_index": self._keyring.phone_index(challenge.phone),
            "channel": challenge.channel,
            "code_mac": challenge.code_mac,
            "created_at": to_micros(challenge.created_at),
            "expires_at": to_micros(challenge.expires_at),
            "attempts_left": challenge.attempts_left,
            "used": challenge.used,
            "sealed": self._keyring.seal(challenge.phone.encode(), PURPOSE, challenge.id),
        }

    def _challenge(self, row: Row[Any]) -> Challenge:
        return Challenge(
            id=row.id,
            phone=self._keyring.open(row.sealed, PURPOSE, row.id).decode(),
            channel=row.channel,
            code_mac=row.code_mac,
            created_at=to_moment(row.created_at),
            expires_at=to_moment(row.expires_at),
            attempts_left=row.attempts_left,
            used=row.used,
        )
