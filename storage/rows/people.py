"""Citizens' and staff's sessions, what they proved and asked, and the audit log."""

from __future__ import annotations

from typing import Any, ClassVar

from sqlalchemy import BigInteger, Index, Integer
from sqlmodel import Field, SQLModel

from storage.rows.base import moment


class ChallengeRecord(SQLModel, table=True):
    """A one-time password that was asked for; ``sealed`` is the number."""

    __tablename__: ClassVar[Any] = "challenge"
    __table_args__ = (Index("ix_challenge_phone", "phone_index", "channel", "created_at"),)

    id: str = Field(primary_key=True)
    phone_index: bytes
    channel: str
    code_mac: bytes
    created_at: int = moment(index=True)
    expires_at: int = moment()
    attempts_left: int
    used: bool
    sealed: bytes


class ProofRecord(SQLModel, table=True):
    """What a number has proved of a person."""

    __tablename__: ClassVar[Any] = "person_proof"

    phone_index: bytes = Field(primary_key=True)
    person_index: bytes = Field(primary_key=True)
    opened_at: int | None = moment()
    failures: int
    locked_until: int | None = moment()


class VisitRecord(SQLModel, table=True):
    """A visit to the web pages; ``sealed`` is the number."""

    __tablename__: ClassVar[Any] = "visit"

    id: str = Field(primary_key=True)
    step: int
    challenge_id: str
    expires_at: int = moment(index=True)
    verified: bool
    person_key: str | None
    proven: bool
    result_id: str | None
    sealed: bytes


class ConversationRecord(SQLModel, table=True):
    """What a chat remembers; ``sealed`` is state and data."""

    __tablename__: ClassVar[Any] = "conversation"

    key_index: bytes = Field(primary_key=True)
    kept_at: int = moment(index=True)
    sealed: bytes


class StaffRecord(SQLModel, table=True):
    """A staff account; ``sealed`` is name, password hash and TOTP secret.

    Args:
        scopes: Codes, sorted, separated by blanks.
    """

    __tablename__: ClassVar[Any] = "staff_account"

    login: str = Field(primary_key=True)
    role: str
    scopes: str
    active: bool
    totp_step: int = Field(sa_type=BigInteger)
    failures: int
    locked_until: int | None = moment()
    sealed: bytes


class StaffSessionRecord(SQLModel, table=True):
    """A signed-in browser."""

    __tablename__: ClassVar[Any] = "staff_session"

    token_hash: bytes = Field(primary_key=True)
    login: str = Field(foreign_key="staff_account.login")
    expires_at: int = moment(index=True)


class LookupRecord(SQLModel, table=True):
    """An officer's look-up, for counting; about whom is kept nowhere.

    Args:
        missed: Nothing acceptable was found, or it isn't known yet.
    """

    __tablename__: ClassVar[Any] = "lookup"
    __table_args__ = (
        Index("ix_lookup_officer", "officer", "at"),
        Index("ix_lookup_place", "place", "at"),
    )

    id: str = Field(primary_key=True)
    officer: str
    place: str
    at: int = moment(index=True)
    missed: bool


class AuditRecord(SQLModel, table=True):
    """An entry of the audit log."""

    __tablename__: ClassVar[Any] = "audit_entry"

    id: int | None = Field(
        default=None,
        primary_key=True,
        sa_type=BigInteger().with_variant(Integer, "sqlite"),
    )
    at: int = moment(index=True)
    actor: str
    action: str
    subject: str
    detail: str
