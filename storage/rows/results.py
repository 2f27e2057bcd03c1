"""Results with what is made of them: certificates, messages, links."""

from __future__ import annotations

from typing import Any, ClassVar

from sqlalchemy import Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from storage.rows.base import moment, partial_index

# Conditions of partial indexes. Queries use the same words, or the index stays unused.
CURRENT = text("is_current")
SHAREABLE = text("is_current AND confidentiality = 'A'")
OPEN = text("state IN ('pending', 'claimed')")
FIRST_AND_OPEN = text("version = 1 AND confidentiality IN ('A', 'B')")
TOLD = text("state = 'sent' AND result_id IS NOT NULL")
WITHDRAWN = text("standing <> 'good'")


class ResultRecord(SQLModel, table=True):
    """One version of a result.

    Args:
        sealed: Person, outcome, values, device (``storage.contents``).
        confidentiality: Class letter at the time of storing.
        announced: A message about this or an earlier version was stored.
    """

    __tablename__: ClassVar[Any] = "result"
    __table_args__ = (
        UniqueConstraint("facility", "accession", "test_key", "version", name="uq_result_version"),
        partial_index(
            "uq_result_current", "facility", "accession", "test_key", where=CURRENT, unique=True
        ),
        partial_index("ix_result_phone", "phone_index", where=CURRENT),
        partial_index("ix_result_document", "document_index", where=CURRENT),
        partial_index("ix_result_person", "person_index", where=SHAREABLE),
        Index("ix_result_short_code", "short_code"),
        Index("ix_result_stored", "facility", "stored_at"),
        partial_index(
            "ix_result_delay",
            "stored_at",
            "facility",
            "collected_at",
            "reported_at",
            "id",
            "version",
            "confidentiality",  # or SQLite opens the table for its condition
            where=FIRST_AND_OPEN,
        ),
    )

    id: str = Field(primary_key=True)
    facility: str = Field(foreign_key="facility.code")
    accession: str
    test_key: str
    version: int
    is_current: bool
    status: str
    confidentiality: str
    short_code: str
    announced: bool
    content_mac: bytes
    person_index: bytes
    phone_index: bytes | None
    document_index: bytes | None
    collected_at: int = moment()
    reported_at: int = moment()
    stored_at: int = moment()
    sealed: bytes


class CertificateRecord(SQLModel, table=True):
    """A certificate that we signed.

    Args:
        sealed: The COSE bytes, which hold name and date of birth.
        standing: ``good``; ``corrected`` or ``revoked`` once its version is superseded.
        compact: Sealed: the COSE bytes of the compact profile; None where it has none.
        compact_signature: Its signature, beside the full one's.
    """

    __tablename__: ClassVar[Any] = "certificate"
    __table_args__ = (partial_index("ix_certificate_withdrawn", "expires_at", where=WITHDRAWN),)

    uvci: str = Field(primary_key=True)
    result_id: str = Field(foreign_key="result.id", index=True)
    kid: bytes
    signature: bytes
    issued_at: int = moment()
    expires_at: int = moment()
    standing: str
    sealed: bytes
    compact: bytes | None
    compact_signature: bytes | None


class OwedCertificateRecord(SQLModel, table=True):
    """A result that may have a certificate and has none, because nothing could sign."""

    __tablename__: ClassVar[Any] = "owed_certificate"

    result_id: str = Field(primary_key=True, foreign_key="result.id")


class DeliveryRecord(SQLModel, table=True):
    """An outgoing message.

    Args:
        channel: ``sms``, or the chat channel whose process sends it.
        due_at: When it may be claimed (again): for a claimed one, the end of its lease.
        sealed: Number and text; None once housekeeping has removed them.
        code: Why it was put off or failed.
    """

    __tablename__: ClassVar[Any] = "delivery"
    __table_args__ = (
        partial_index("ix_delivery_due", "priority", "due_at", where=OPEN),
        partial_index("ix_delivery_unsent", "result_id", where=OPEN),
        partial_index("ix_delivery_told", "finished_at", "result_id", "state", where=TOLD),
    )

    id: str = Field(primary_key=True)
    dedupe_key: str = Field(unique=True)
    channel: str
    template: str
    state: str
    priority: int
    tries: int
    created_at: int = moment()
    due_at: int = moment()
    expires_at: int | None = moment()
    finished_at: int | None = moment()
    result_id: str | None = Field(foreign_key="result.id", index=False)
    gateway_reference: str | None
    code: str | None
    sealed: bytes | None


class LinkRecord(SQLModel, table=True):
    """A link in an SMS, known by the hash of its token."""

    __tablename__: ClassVar[Any] = "link"

    token_hash: bytes = Field(primary_key=True)
    result_id: str = Field(foreign_key="result.id")
    expires_at: int = moment()
