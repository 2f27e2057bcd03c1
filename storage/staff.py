"""Staff accounts and their web sessions.

Name, password hash and TOTP secret are sealed; a session is known by the hash of its token.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final, TypeVar

import msgspec
from sqlalchemy import Engine, delete
from sqlmodel import Session, select

from core.policy.staff import Role, StaffAccount
from storage.encryption import Keyring
from storage.engine import writer, writing
from storage.moments import maybe_micros, maybe_moment, to_micros
from storage.rows import STAFF_SESSION, StaffRecord, StaffSessionRecord

T = TypeVar("T")
PURPOSE: Final = "staff_account.sealed"
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(tuple[str, str, str]).decode


class StaffStore:
    """Implements ``core.ports.StaffAccounts``."""

    def __init__(self, engine: Engine, keyring: Keyring) -> None:
        self._engine = engine
        self._keyring = keyring

    def add(self, account: StaffAccount) -> None:
        """Store a new account, or replace the one with this login and sign it out everywhere."""
        with Session(writer(self._engine)) as session:
            session.execute(delete(STAFF_SESSION).where(STAFF_SESSION.c.login == account.login))
            session.merge(self._record(account))
            session.commit()

    def get(self, login: str) -> StaffAccount | None:
        """The account with this login."""
        with Session(self._engine) as session:
            record = session.get(StaffRecord, login)
            return None if record is None else self._account(record)

    def all(self) -> list[StaffAccount]:
        """Every account, by login."""
        with Session(self._engine) as session:
            records = session.exec(select(StaffRecord).order_by(StaffRecord.login))
            return [self._account(record) for record in records]

    def update(
        self, login: str, change: Callable[[StaffAccount], tuple[StaffAccount, T]]
    ) -> T | None:
        """Apply ``change`` to the locked row and store what it returns; None if there is none."""
        with Session(writer(self._engine)) as session:
            record = session.get(StaffRecord, login, with_for_update=True)
            if record is None:
                return None
            after, outcome = change(self._account(record))
            session.merge(self._record(after))
            session.commit()
        return outcome

    def open_session(self, token_hash: bytes, login: str, expires_at: datetime) -> None:
        """Remember a signed-in browser. Raises: sqlalchemy.exc.IntegrityError, no such login."""
        with Session(writer(self._engine)) as session:
            session.add(
                StaffSessionRecord(
                    token_hash=token_hash, login=login, expires_at=to_micros(expires_at)
                )
            )
            session.commit()

    def session(self, token_hash: bytes, now: datetime) -> StaffAccount | None:
        """Whose browser this is; None when signed out, expired, unknown or no longer active."""
        with Session(self._engine) as session:
            found = session.get(StaffSessionRecord, token_hash)
            if found is None or found.expires_at <= to_micros(now):
                return None
            record = session.get(StaffRecord, found.login)
            return self._account(record) if record is not None and record.active else None

    def close_session(self, token_hash: bytes) -> None:
        """Sign a browser out."""
        with writing(self._engine) as connection:
            connection.execute(
                delete(STAFF_SESSION).where(STAFF_SESSION.c.token_hash == token_hash)
            )

    def _record(self, account: StaffAccount) -> StaffRecord:
        secrets = _encode((account.name, account.password_hash, account.totp_secret))
        return StaffRecord(
            login=account.login,
            role=account.role,
            scopes=" ".join(sorted(account.scopes)),
            active=account.active,
            totp_step=account.totp_step,
            failures=account.failures,
            locked_until=maybe_micros(account.locked_until),
            sealed=self._keyring.seal(secrets, PURPOSE, account.login),
        )

    def _account(self, record: StaffRecord) -> StaffAccount:
        secrets = self._keyring.open(record.sealed, PURPOSE, record.login)
        name, password_hash, totp_secret = _decode(secrets)
        return StaffAccount(
            login=record.login,
            name=name,
            role=Role(record.role),
            scopes=frozenset(record.scopes.split()),
            password_hash=password_hash,
            totp_secret=totp_secret,
            totp_step=record.totp_step,
            failures=record.failures,
            locked_until=maybe_moment(record.locked_until),
            active=record.active,
        )
