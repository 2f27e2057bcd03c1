"""Facilities, their feeds, keys, officers and codes, and every raw item they sent."""

from __future__ import annotations

from typing import Any, ClassVar

from sqlalchemy import BigInteger, Index, Integer, text
from sqlmodel import Field, SQLModel

from storage.rows.base import moment, partial_index

# Conditions of partial indexes. Queries use the same words, or the index stays unused.
QUARANTINED = text("change = 'quarantined'")


class FacilityRecord(SQLModel, table=True):
    """A connected unit."""

    __tablename__: ClassVar[Any] = "facility"

    code: str = Field(primary_key=True)
    name: str
    short_name: str
    zone: str
    contact: str
    date_order: str
    stage: str


class LocalCodeRecord(SQLModel, table=True):
    """What one of a laboratory's own codes means.

    Args:
        kind: ``test`` (``meaning`` is a key of the catalogue) or ``value`` (an outcome).
    """

    __tablename__: ClassVar[Any] = "local_code"

    facility: str = Field(primary_key=True, foreign_key="facility.code")
    kind: str = Field(primary_key=True)
    system: str = Field(primary_key=True)
    code: str = Field(primary_key=True)
    meaning: str


class FeedRecord(SQLModel, table=True):
    """A feed, how far it has been read, and how it is doing.

    Args:
        sealed: Its secret.
        peers: Networks, separated by blanks.
        days: As ``core.feeds.weekdays`` writes them.
        watched_from: Since when something could be expected of it.
        claimed_by: The claim that holds it, until ``claimed_until``; a dead one's claim ends.
    """

    __tablename__: ClassVar[Any] = "feed"
    __table_args__ = (Index("ix_feed_due", "active", "due_at"),)

    facility: str = Field(primary_key=True, foreign_key="facility.code")
    name: str = Field(primary_key=True)
    kind: str
    address: str
    sealed: bytes
    host_key: str
    peers: str
    interval_seconds: int
    overlap_seconds: int
    expected_seconds: int | None
    opens: int
    closes: int
    days: str
    active: bool
    watched_from: int = moment()
    due_at: int = moment()
    claimed_by: str
    claimed_until: int = moment()
    watermark: str
    polled_at: int | None = moment()
    succeeded_at: int | None = moment()
    failures: int
    error: str
    alerted_at: int | None = moment()
    alert: str


class FeedHourRecord(SQLModel, table=True):
    """How many items that were not here before came through a feed in an hour.

    Args:
        hour: Its beginning.
    """

    __tablename__: ClassVar[Any] = "feed_hour"

    facility: str = Field(primary_key=True, foreign_key="facility.code")
    feed: str = Field(primary_key=True)
    hour: int = moment(primary_key=True)
    arrived: int
    latest: int = moment()


class PushKeyRecord(SQLModel, table=True):
    """A key with which a facility pushes, known by its hash."""

    __tablename__: ClassVar[Any] = "push_key"

    key_hash: bytes = Field(primary_key=True)
    facility: str = Field(foreign_key="facility.code", index=True)
    feed: str
    hint: str
    created_at: int = moment()
    expires_at: int | None = moment()
    used_at: int | None = moment()


class PushRecord(SQLModel, table=True):
    """An answered push, so that its repetition gets the same answer.

    Args:
        key_index: Keyed hash of the sender's idempotency key.
        body_index: Keyed hash of what was sent.
        sealed: The answer.
    """

    __tablename__: ClassVar[Any] = "push"

    facility: str = Field(primary_key=True, foreign_key="facility.code")
    key_index: bytes = Field(primary_key=True)
    body_index: bytes
    created_at: int = moment(index=True)
    sealed: bytes


class OfficerRecord(SQLModel, table=True):
    """A facility's responsible officer; ``sealed`` is name, number and chat.

    Args:
        link_hash: Of the code that links a chat, while one is open.
        chat_index: Of the linked chat; one chat may belong to several officers.
    """

    __tablename__: ClassVar[Any] = "officer"

    id: str = Field(primary_key=True)
    facility: str = Field(foreign_key="facility.code", index=True)
    link_hash: bytes | None = Field(unique=True)
    link_expires_at: int | None = moment()
    chat_index: bytes | None = Field(index=True)
    sealed: bytes


class ChatGuessRecord(SQLModel, table=True):
    """A chat tried a code that links an officer."""

    __tablename__: ClassVar[Any] = "chat_guess"
    __table_args__ = (Index("ix_chat_guess_chat", "chat_index", "at"),)

    id: int | None = Field(
        default=None,
        primary_key=True,
        sa_type=BigInteger().with_variant(Integer, "sqlite"),
    )
    chat_index: bytes
    at: int = moment()


class InboxRecord(SQLModel, table=True):
    """A raw item with what became of it.

    Args:
        feed: Name of the feed, or ``cli``, ``folder``, ``upload``, ``manual``.
        reason: Code of the first error, else of the first warning; empty if there is none.
        note: Sealed: name of the source, errors, warnings, format.
        position: Index of the item in its source.
        part: Its position among the items of the same raw bytes.
        row: As the sender's spreadsheet shows it.
        received_at: When it first came.
        last_seen_at: When it last came; ``seen`` counts how often.
        sealed: The raw bytes.
    """

    __tablename__: ClassVar[Any] = "inbox_item"
    __table_args__ = (
        Index("ix_inbox_seen", "last_seen_at", "facility", "change"),
        partial_index("ix_inbox_quarantined", "received_at", where=QUARANTINED),
        partial_index("ix_inbox_waiting", "facility", "reason", where=QUARANTINED),
    )

    facility: str = Field(primary_key=True, foreign_key="facility.code")
    raw_index: bytes = Field(primary_key=True)
    feed: str
    position: int
    part: int
    row: int | None
    change: str
    reason: str
    result_id: str | None = Field(foreign_key="result.id")
    received_at: int = moment()
    last_seen_at: int = moment()
    seen: int
    note: bytes
    sealed: bytes
