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

from sqlmodel import Field, SQLModel

from storage.rows.base import moment
from storage.rows.laboratories import (
    QUARANTINED,
    ChatGuessRecord,
    FacilityRecord,
    FeedHourRecord,
    FeedRecord,
    InboxRecord,
    LocalCodeRecord,
    OfficerRecord,
    PushKeyRecord,
    PushRecord,
)
from storage.rows.people import (
    AuditRecord,
    ChallengeRecord,
    ConversationRecord,
    LookupRecord,
    ProofRecord,
    StaffRecord,
    StaffSessionRecord,
    VisitRecord,
)
from storage.rows.results import (
    CURRENT,
    FIRST_AND_OPEN,
    OPEN,
    SHAREABLE,
    TOLD,
    WITHDRAWN,
    CertificateRecord,
    DeliveryRecord,
    LinkRecord,
    OwedCertificateRecord,
    ResultRecord,
)
from storage.rows.verifying import (
    DocumentRecord,
    ForeignListRecord,
    RevocationBatchRecord,
    RevocationRecord,
    RuleSetRecord,
)

__all__ = [
    "AUDIT",
    "CERTIFICATE",
    "CHALLENGE",
    "CHAT_GUESS",
    "CONVERSATION",
    "CURRENT",
    "DELIVERY",
    "DOCUMENT",
    "FACILITY",
    "FEED",
    "FEED_HOUR",
    "FIRST_AND_OPEN",
    "FOREIGN_LIST",
    "INBOX",
    "INSTALLATION",
    "LINK",
    "LOCAL_CODE",
    "LOOKUP",
    "OFFICER",
    "OPEN",
    "OWED_CERTIFICATE",
    "PROOF",
    "PUSH",
    "PUSH_KEY",
    "QUARANTINED",
    "RESULT",
    "REVOCATION",
    "REVOCATION_BATCH",
    "RULE_SET",
    "SHAREABLE",
    "STAFF_SESSION",
    "TOLD",
    "VISIT",
    "WITHDRAWN",
    "AuditRecord",
    "CertificateRecord",
    "ChallengeRecord",
    "ChatGuessRecord",
    "ConversationRecord",
    "DeliveryRecord",
    "DocumentRecord",
    "FacilityRecord",
    "FeedHourRecord",
    "FeedRecord",
    "ForeignListRecord",
    "InboxRecord",
    "InstallationRecord",
    "LinkRecord",
    "LocalCodeRecord",
    "LookupRecord",
    "OfficerRecord",
    "OwedCertificateRecord",
    "ProofRecord",
    "PushKeyRecord",
    "PushRecord",
    "ResultRecord",
    "RevocationBatchRecord",
    "RevocationRecord",
    "RuleSetRecord",
    "StaffRecord",
    "StaffSessionRecord",
    "VisitRecord",
]


class InstallationRecord(SQLModel, table=True):
    """This installation: one row, made with the database.

    Args:
        is_demo: The database belongs to the demo and must not serve real people.
        canary: A known word, sealed with the master key.
        index_canary: The blind index of a known word.
    """

    __tablename__: ClassVar[Any] = "installation"

    id: int = Field(default=1, primary_key=True)
    created_at: int = moment()
    is_demo: bool
    canary: bytes
    index_canary: bytes


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
