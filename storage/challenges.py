"""One-time passwords: the row that every guess must lock.

The number is sealed; its blind index finds earlier challenges. A challenge and its SMS are
stored together or not at all. Whether a number may have another one is decided under a lock
of that number, so that parallel requests can't all be the first.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final, TypeVar

from sqlalchemy import ColumnElement, Connection, Engine, Row, func, insert, select, update

from core.citizens.challenge import Challenge
from core.messages.delivery import DeliveryDraft
from core.ports import Randomness
from core.results.catalogue import Confidentiality
from core.results.reported import ReportStatus
from storage.deliveries import delivery_row, insert_deliveries
from storage.encryption import Keyring
from storage.engine import writing
from storage.moments import maybe_moment, to_micros, to_moment
from storage.rows import CHALLENGE, CURRENT, RESULT

T = TypeVar("T")
PURPOSE: Final = "challenge.sealed"
# A number with nothing that any door could show must look like one that nobody recorded.
_SHOWABLE = RESULT.c.confidentiality.in_([Confidentiality.A.value, Confidentiality.B.value])
_STANDING = RESULT.c.status != ReportStatus.WITHDRAWN


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

    def known(self, phone: str) -> bool:
        """Whether the number has a current, not withdrawn result that may be shown at all."""
        found = select(RESULT.c.id).where(
            RESULT.c.phone_index == self._keyring.phone_index(phone), CURRENT, _STANDING, _SHOWABLE
        )
        with self._engine.connect() as connection:
            return connection.execute(found.limit(1)).first() is not None

    def add(
        self,
        challenge: Challenge,
        message: DeliveryDraft,
        *,
        not_before: datetime | None,
        since: datetime,
        most: int,
    ) -> bool:
        """Store both in one transaction, unless the number has had its share.

        Args:
            not_before: Refused if this number's newest on this channel is younger; None skips it.
            since: Refused if there have been ``most`` on this channel since then.

        Returns:
            Whether they were stored.
        """
        row = delivery_row(message, self._keyring, to_micros(challenge.created_at), self._random)
        values = self._values(challenge)
        mine = CHALLENGE.c.phone_index == values["phone_index"]
        here = CHALLENGE.c.channel == challenge.channel  # nobody locks the owner out elsewhere
        lately = select(func.count()).where(mine, here, CHALLENGE.c.created_at >= to_micros(since))
        with writing(self._engine) as connection:
            _lock_number(connection, self._keyring.phone_index(challenge.phone))
            if _too_soon(connection, mine, challenge.channel, not_before):
                return False
            if connection.execute(lately).scalar_one() >= most:
                return False
            connection.execute(insert(CHALLENGE).values(values))
            insert_deliveries(connection, [row])
        return True

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


def _lock_number(connection: Connection, phone_index: bytes) -> None:
    """Let others with this number wait until the transaction ends; SQLite's lock is whole."""
    if connection.dialect.name == "postgresql":
        key = int.from_bytes(phone_index[:8], "big", signed=True)
        connection.execute(select(func.pg_advisory_xact_lock(key)))


def _too_soon(
    connection: Connection, mine: ColumnElement[bool], channel: str, not_before: datetime | None
) -> bool:
    if not_before is None:
        return False
    newer = select(CHALLENGE.c.id).where(
        mine, CHALLENGE.c.channel == channel, CHALLENGE.c.created_at > to_micros(not_before)
    )
    return connection.execute(newer.limit(1)).first() is not None
