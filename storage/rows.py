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
FIRST_AND_OPEN = text("version = 1 AND confidentiality IN ('A', 'B')")
TOLD = text("state = 'sent' AND result_id IS NOT NULL")
WITHDRAWN = text("standing <> 'good'")


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
        claimed_by: The poller that holds it, until ``claimed_until``; a dead one's claim ends.
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
    watched_from: int = _time()
    due_at: int = _time()
    claimed_by: str
    claimed_until: int = _time()
    watermark: str
    polled_at: int | None = _time()
    succeeded_at: int | None = _time()
    failures: int
    error: str
    alerted_at: int | None = _time()
    alert: str


class FeedHourRecord(SQLModel, table=True):
    """How many items that were not here before came through a feed in an hour.

    Args:
        hour: Its beginning.
    """

    __tablename__: ClassVar[Any] = "feed_hour"

    facility: str = Field(primary_key=True, foreign_key="facility.code")
    feed: str = Field(primary_key=True)
    hour: int = _time(primary_key=True)
    arrived: int
    latest: int = _time()


class PushKeyRecord(SQLModel, table=True):
    """A key with which a facility pushes, known by its hash."""

    __tablename__: ClassVar[Any] = "push_key"

    key_hash: bytes = Field(primary_key=True)
    facility: str = Field(foreign_key="facility.code", index=True)
    feed: str
    hint: str
    created_at: int = _time()
    expires_at: int | None = _time()
    used_at: int | None = _time()


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
    created_at: int = _time(index=True)
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
    link_expires_at: int | None = _time()
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
    at: int = _time()


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
        Index("ix_result_stored", "facility", "stored_at"),
        _partial(
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
    collected_at: int = _time()
    reported_at: int = _time()
    stored_at: int = _time()
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
    __table_args__ = (_partial("ix_certificate_withdrawn", "expires_at", where=WITHDRAWN),)

    uvci: str = Field(primary_key=True)
    result_id: str = Field(foreign_key="result.id", index=True)
    kid: bytes
    signature: bytes
    issued_at: int = _time()
    expires_at: int = _time()
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
        _partial("ix_delivery_due", "priority", "due_at", where=OPEN),
        _partial("ix_delivery_told", "finished_at", "result_id", "state", where=TOLD),
    )

    id: str = Field(primary_key=True)
    dedupe_key: str = Field(unique=True)
    channel: str
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
        _partial("ix_inbox_quarantined", "received_at", where=QUARANTINED),
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
    at: int = _time(index=True)
    missed: bool


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


class RuleSetRecord(SQLModel, table=True):
    """One version of a place's rules; it says nothing about any person."""

    __tablename__: ClassVar[Any] = "rule_set"

    place: str = Field(primary_key=True)
    purpose: str = Field(primary_key=True)
    version: str = Field(primary_key=True)
    author: str
    created_at: int = _time()
    withdrawn_at: int | None = _time()
    document: str


class RevocationRecord(SQLModel, table=True):
    """Something that was revoked, by whom and why.

    Args:
        mark: The kid (8 bytes) or the hash (16 bytes) that a check looks for.
        kind: What the hash is made of; empty for a kid.
        named: As staff named it: UVCI, kid or hash.
        kid: Of the signer, where it is known.
        reason: Written by staff, who are told to name nobody.
    """

    __tablename__: ClassVar[Any] = "revocation"

    id: int | None = Field(
        default=None,
        primary_key=True,
        sa_type=BigInteger().with_variant(Integer, "sqlite"),
    )
    mark: bytes = Field(unique=True)
    target: str
    kind: str
    named: str
    kid: bytes | None
    result_id: str | None = Field(foreign_key="result.id", index=False)
    at: int = _time()
    actor: str
    reason: str


class DocumentRecord(SQLModel, table=True):
    """A version of a signed document that everybody may read.

    Args:
        follows: The version before it; two clocks can't both follow the same one.
        state: What it was made from.
    """

    __tablename__: ClassVar[Any] = "document"
    __table_args__ = (UniqueConstraint("kind", "follows", name="uq_document_follows"),)

    kind: str = Field(primary_key=True)
    version: int = Field(primary_key=True, sa_type=BigInteger)
    follows: int = Field(sa_type=BigInteger)
    issued_at: int = _time()
    expires_at: int = _time()
    state: str
    text: str


class RevocationBatchRecord(SQLModel, table=True):
    """Published hashes, named after what they are.

    Args:
        listed_at: When a document last announced it.
    """

    __tablename__: ClassVar[Any] = "revocation_batch"

    id: str = Field(primary_key=True)
    hashes: bytes
    listed_at: int = _time(index=True)


class ForeignListRecord(SQLModel, table=True):
    """Document signers of others, as the last list under an anchor named them.

    Args:
        anchor: Fingerprint of what the list was checked with.
        origin: File or address that it came from.
        version: The highest that was accepted; None where lists of this kind have none.
        certificates: JSON list of base64 DER.
    """

    __tablename__: ClassVar[Any] = "foreign_list"

    anchor: str = Field(primary_key=True)
    origin: str
    version: int | None = Field(sa_type=BigInteger)
    imported_at: int = _time()
    certificates: bytes


_TABLES = SQLModel.metadata.tables
INSTALLATION = _TABLES["installation"]
RESULT = _TABLES["result"]
FACILITY = _TABLES["facility"]
LOCAL_CODE = _TABLES["local_code"]
FEED = _TABLES["feed"]
FEED_HOUR = _TABLES["feed_hour"]
PUSH_KEY = _TABLES["push_key"]
PUSH = _TABLES["push"]
OFFICER = _TABLES["officer"]
CHAT_GUESS = _TABLES["chat_guess"]
CERTIFICATE = _TABLES["certificate"]
OWED_CERTIFICATE = _TABLES["owed_certificate"]
DELIVERY = _TABLES["delivery"]
LINK = _TABLES["link"]
INBOX = _TABLES["inbox_item"]
CHALLENGE = _TABLES["challenge"]
PROOF = _TABLES["person_proof"]
VISIT = _TABLES["visit"]
STAFF_SESSION = _TABLES["staff_session"]
LOOKUP = _TABLES["lookup"]
AUDIT = _TABLES["audit_entry"]
CONVERSATION = _TABLES["conversation"]
RULE_SET = _TABLES["rule_set"]
REVOCATION = _TABLES["revocation"]
DOCUMENT = _TABLES["document"]
REVOCATION_BATCH = _TABLES["revocation_batch"]
FOREIGN_LIST = _TABLES["foreign_list"]
