"""The tables.

Rules: no column holds a phone number, name, date of birth, document number, OTP, message
text, raw item or chat data in plain. Such things lie in ``sealed`` fields
(``storage.encryption``), and what must be found again has a blind index beside it
(``…_index``). Times are integers (``storage.moments``). What a result says is sealed;
its test, class and status are plain, because queries need them. Migrations, not this file,
make the tables; a test holds the two together.
"""

from __future__ import annotations

from typing import Any, ClassVar

from sqlalchemy import BigInteger, Index, Integer, UniqueConstraint, text
from sqlmodel import Field, SQLModel

# Conditions of partial indexes. Queries use the same words, or the index stays unused.
CURRENT = text("is_current")
OPEN = text("state IN ('pending', 'claimed')")
QUARANTINED = text("change = 'quarantined'")


def _time(**options: Any) -> Any:  # noqa: ANN401  (as SQLModel's Field)
    return Field(sa_type=BigInteger, **options)


def _partial(name: str, *columns: str, where: Any, unique: bool = False) -> Index:  # noqa: ANN401
    return Index(name, *columns, unique=unique, sqlite_where=where, postgresql_where=where)


class InstallationRecord(SQLModel, table=True):
    """This installation: one row, made with the database.

    Args:
        is_demo: The database belongs to the demo and must not serve real people.
        canary: A known word, sealed with the master key.
        index_canary: The blind index of a known word.
    """

    __tablename__: ClassVar[Any] = "installation"

    id: int = Field(default=1, primary_key=True)
    created_at: int = _time()
    is_demo: bool
    canary: bytes
    index_canary: bytes


class FacilityRecord(SQLModel, table=True):
    """A connected unit."""

    __tablename__: ClassVar[Any] = "facility"

    code: str = Field(primary_key=True)
    name: str
    short_name: str
    zone: str
    contact: str


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
        _partial(
            "uq_result_current", "facility", "accession", "test_key", where=CURRENT, unique=True
        ),
        _partial("ix_result_phone", "phone_index", where=CURRENT),
        _partial("ix_result_document", "document_index", where=CURRENT),
        Index("ix_result_short_code", "short_code"),
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
    collected_at: int = _time()
    reported_at: int = _time()
    stored_at: int = _time()
    sealed: bytes


class CertificateRecord(SQLModel, table=True):
    """A certificate that we signed.

    Args:
        sealed: The COSE bytes, which hold name and date of birth.
        standing: ``good``; ``corrected`` or ``revoked`` once its version is superseded.
    """

    __tablename__: ClassVar[Any] = "certificate"

    uvci: str = Field(primary_key=True)
    result_id: str = Field(foreign_key="result.id", index=True)
    kid: bytes
    signature: bytes
    issued_at: int = _time()
    expires_at: int = _time()
    standing: str
    sealed: bytes


class DeliveryRecord(SQLModel, table=True):
    """An outgoing message.

    Args:
        due_at: When it may be claimed (again): for a claimed one, the end of its lease.
        sealed: Number and text; None once housekeeping has removed them.
        code: Why it was put off or failed.
    """

    __tablename__: ClassVar[Any] = "delivery"
    __table_args__ = (_partial("ix_delivery_due", "priority", "due_at", where=OPEN),)

    id: str = Field(primary_key=True)
    dedupe_key: str = Field(unique=True)
    template: str
    state: str
    priority: int
    tries: int
    created_at: int = _time()
    due_at: int = _time()
    expires_at: int | None = _time()
    finished_at: int | None = _time()
    result_id: str | None = Field(foreign_key="result.id", index=False)
    gateway_reference: str | None
    code: str | None
    sealed: bytes | None


class LinkRecord(SQLModel, table=True):
    """A link in an SMS, known by the hash of its token."""

    __tablename__: ClassVar[Any] = "link"

    token_hash: bytes = Field(primary_key=True)
    result_id: str = Field(foreign_key="result.id")
    expires_at: int = _time()


class InboxRecord(SQLModel, table=True):
    """A raw item with what became of it.

    Args:
        note: Sealed: name of the source, errors, warnings.
        position: Index of the item in its source.
        received_at: When it first came.
        last_seen_at: When it last came; ``seen`` counts how often.
        sealed: The raw bytes.
    """

    __tablename__: ClassVar[Any] = "inbox_item"
    __table_args__ = (
        Index("ix_inbox_seen", "last_seen_at", "facility", "change"),
        _partial("ix_inbox_quarantined", "received_at", where=QUARANTINED),
    )

    facility: str = Field(primary_key=True, foreign_key="facility.code")
    raw_index: bytes = Field(primary_key=True)
    position: int
    change: str
    result_id: str | None = Field(foreign_key="result.id")
    received_at: int = _time()
    last_seen_at: int = _time()
    seen: int
    note: bytes
    sealed: bytes


class ChallengeRecord(SQLModel, table=True):
    """A one-time password that was asked for; ``sealed`` is the number."""

    __tablename__: ClassVar[Any] = "challenge"
    __table_args__ = (Index("ix_challenge_phone", "phone_index", "channel", "created_at"),)

    id: str = Field(primary_key=True)
    phone_index: bytes
    channel: str
    code_mac: bytes
    created_at: int = _time(index=True)
    expires_at: int = _time()
    attempts_left: int
    used: bool
    sealed: bytes


class ProofRecord(SQLModel, table=True):
    """What a number has proved of a person."""

    __tablename__: ClassVar[Any] = "person_proof"

    phone_index: bytes = Field(primary_key=True)
    person_index: bytes = Field(primary_key=True)
    opened_at: int | None = _time()
    failures: int
    locked_until: int | None = _time()


class VisitRecord(SQLModel, table=True):
    """A visit to the web pages; ``sealed`` is the number."""

    __tablename__: ClassVar[Any] = "visit"

    id: str = Field(primary_key=True)
    step: int
    challenge_id: str
    expires_at: int = _time(index=True)
    verified: bool
    person_key: str | None
    proven: bool
    result_id: str | None
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
    locked_until: int | None = _time()
    sealed: bytes


class StaffSessionRecord(SQLModel, table=True):
    """A signed-in browser."""

    __tablename__: ClassVar[Any] = "staff_session"

    token_hash: bytes = Field(primary_key=True)
    login: str = Field(foreign_key="staff_account.login")
    expires_at: int = _time(index=True)


class AuditRecord(SQLModel, table=True):
    """An entry of the audit log."""

    __tablename__: ClassVar[Any] = "audit_entry"

    id: int | None = Field(
        default=None,
        primary_key=True,
        sa_type=BigInteger().with_variant(Integer, "sqlite"),
    )
    at: int = _time(index=True)
    actor: str
    action: str
    subject: str
    detail: str


class ConversationRecord(SQLModel, table=True):
    """What a chat remembers; ``sealed`` is state and data."""

    __tablename__: ClassVar[Any] = "conversation"

    key_index: bytes = Field(primary_key=True)
    kept_at: int = _time(index=True)
    sealed: bytes


_TABLES = SQLModel.metadata.tables
INSTALLATION = _TABLES["installation"]
RESULT = _TABLES["result"]
FACILITY = _TABLES["facility"]
CERTIFICATE = _TABLES["certificate"]
DELIVERY = _TABLES["delivery"]
LINK = _TABLES["link"]
INBOX = _TABLES["inbox_item"]
CHALLENGE = _TABLES["challenge"]
PROOF = _TABLES["person_proof"]
VISIT = _TABLES["visit"]
STAFF_SESSION = _TABLES["staff_session"]
AUDIT = _TABLES["audit_entry"]
CONVERSATION = _TABLES["conversation"]
