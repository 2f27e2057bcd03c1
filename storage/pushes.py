"""Push keys, and the answers that repeated pushes get again."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Engine, delete, or_, update
from sqlmodel import Session, col, select

from core.feeds.push import PushKey
from storage.encryption import Keyring
from storage.engine import insert_into, writer, writing
from storage.moments import maybe_micros, maybe_moment, to_micros, to_moment
from storage.rows import PUSH, PUSH_KEY, PushKeyRecord, PushRecord

PURPOSE: Final = "push.sealed"
_USE_IS_WRITTEN_EVERY: Final = timedelta(minutes=1)


class PushStore:
    """Implements ``core.feeds.ports.Pushes``."""

    def __init__(self, engine: Engine, keyring: Keyring) -> None:
        self._engine = engine
        self._keyring = keyring

    def add_key(self, key: PushKey, others_until: datetime) -> None:
        """Store a new key; the feed's earlier ones end at ``others_until`` at the latest."""
        end = to_micros(others_until)
        ending = update(PUSH_KEY).where(
            PUSH_KEY.c.facility == key.facility,
            PUSH_KEY.c.feed == key.feed,
            or_(PUSH_KEY.c.expires_at.is_(None), PUSH_KEY.c.expires_at > end),
        )
        new = PUSH_KEY.insert().values(
            key_hash=key.key_hash,
            facility=key.facility,
            feed=key.feed,
            hint=key.hint,
            created_at=to_micros(key.created_at),
            expires_at=maybe_micros(key.expires_at),
            used_at=None,
        )
        with writing(self._engine) as connection:
            connection.execute(ending.values(expires_at=end))
            connection.execute(new)

    def key(self, key_hash: bytes, now: datetime) -> PushKey | None:
        """The key with this hash that still counts; its use is noted, at most once a minute."""
        with Session(self._engine) as session:
            record = session.get(PushKeyRecord, key_hash)
            found = None if record is None else _key(record)
        if found is None or (found.expires_at is not None and found.expires_at <= now):
            return None
        if found.used_at is None or now - found.used_at >= _USE_IS_WRITTEN_EVERY:
            used = update(PUSH_KEY).where(PUSH_KEY.c.key_hash == key_hash)
            with writing(self._engine) as connection:
                connection.execute(used.values(used_at=to_micros(now)))
        return found

    def keys(self, facility: str) -> list[PushKey]:
        """Every key of a facility, newest first."""
        ordered = (
            select(PushKeyRecord)
            .where(PushKeyRecord.facility == facility)
            .order_by(col(PushKeyRecord.created_at).desc())
        )
        with Session(self._engine) as session:
            return [_key(record) for record in session.exec(ordered)]

    def revoke_key(self, facility: str, hint: str, now: datetime) -> int:
        """End the facility's keys with this hint at once; how many there were."""
        ending = update(PUSH_KEY).where(PUSH_KEY.c.facility == facility, PUSH_KEY.c.hint == hint)
        with writing(self._engine) as connection:
            return connection.execute(ending.values(expires_at=to_micros(now))).rowcount

    def answer(self, facility: str, idempotency_key: str) -> tuple[bytes, bytes] | None:
        """The index of what was sent under this key, and what was answered."""
        with Session(self._engine) as session:
            record = session.get(PushRecord, (facility, self._index(facility, idempotency_key)))
            if record is None:
                return None
            plain = self._keyring.open(record.sealed, PURPOSE, facility)
            return record.body_index, plain

    def remember(
        self, facility: str, idempotency_key: str, body_index: bytes, answer: bytes, now: datetime
    ) -> None:
        """Keep an answer; the first one stays."""
        row = insert_into(self._engine, PUSH).values(
            facility=facility,
            key_index=self._index(facility, idempotency_key),
            body_index=body_index,
            created_at=to_micros(now),
            sealed=self._keyring.seal(answer, PURPOSE, facility),
        )
        with Session(writer(self._engine)) as session:
            session.execute(row.on_conflict_do_nothing())
            session.commit()

    def forget(self, before: datetime) -> int:
        """Remove answers that are older; how many."""
        with writing(self._engine) as connection:
            old = delete(PUSH).where(PUSH.c.created_at < to_micros(before))
            return connection.execute(old).rowcount

    def _index(self, facility: str, idempotency_key: str) -> bytes:
        return self._keyring.raw(f"{facility}\n{idempotency_key}".encode())


def _key(record: PushKeyRecord) -> PushKey:
    return PushKey(
        record.key_hash,
        record.facility,
        record.feed,
        record.hint,
        to_moment(record.created_at),
        maybe_moment(record.expires_at),
        maybe_moment(record.used_at),
    )
