"""What the core needs of the world: stores, gateways, clock and randomness.

``storage`` and the edges implement these; tests subclass them in memory. Each method is
one transaction unless it says otherwise. All times are aware UTC.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeVar

from core.citizens.challenge import Challenge
from core.citizens.proof import Proof
from core.citizens.visit import Visit
from core.messages.delivery import ClaimedDelivery, DeliveryDraft
from core.policy.staff import StaffAccount
from core.quick import quick_init
from core.results.facility import Facility
from core.results.local_codes import Code, CodeKind, LocalCodes
from core.results.reported import Finding
from core.results.result import Document, Result
from core.results.versions import Change, Stored

Clock = Callable[[], datetime]
Randomness = Callable[[int], bytes]
T = TypeVar("T")


class Gateway(Protocol):
    """One way in which messages leave."""

    def send(self, to: str, text: str, *, reference: str) -> str:
        """Hand over one message.

        Args:
            to: As the delivery says: E.164 for an SMS, the id of a chat.
            reference: Our id of the delivery, for the gateway's own de-duplication.

        Returns:
            The gateway's id of the message.

        Raises:
            GatewayRetry: not taken now.
            GatewayRefused: never will be.
        """


class SmsGateway(Gateway, Protocol):
    """A gateway of SMS."""


class Deliveries(Protocol):
    """Outgoing messages."""

    def claim(self, limit: int, now: datetime) -> list[ClaimedDelivery]:
        """Take up to ``limit`` due rows, most urgent first; no two callers get the same."""

    def sent(self, delivery_id: str, gateway_reference: str, now: datetime) -> None:
        """The gateway took it."""

    def retry(self, delivery_id: str, code: str, at: datetime) -> None:
        """Not now: due again at ``at``."""

    def failed(self, delivery_id: str, code: str, now: datetime) -> None:
        """Never."""


class Challenges(Protocol):
    """One-time passwords."""

    def latest(self, phone: str, channel: str) -> datetime | None:
        """When the newest challenge of this number on this channel was made."""

    def known(self, phone: str) -> bool:
        """Whether the number was recorded with a result."""

    def add(
        self,
        challenge: Challenge,
        message: DeliveryDraft,
        *,
        not_before: datetime,
        since: datetime,
        most: int,
    ) -> bool:
        """Store both in one transaction, unless the number's limit on this channel is reached.

        Args:
            not_before: Refused if an earlier challenge is newer than this.
            since: Refused if there have been ``most`` challenges since then.
        """

    def update(
        self, challenge_id: str, change: Callable[[Challenge], tuple[Challenge, T]]
    ) -> T | None:
        """Apply ``change`` to the locked row and store what it returns; None if there is none."""


@dataclass(frozen=True, slots=True)
class PersonRow:
    """One person on a number, with what proves them.

    Args:
        key: Hex of the person's blind index.
        classes: Confidentiality classes among the current results.
    """

    key: str
    full_name: str
    birth_date: str
    documents: tuple[Document, ...]
    classes: frozenset[str]
    opened: bool


@dataclass(frozen=True, slots=True)
class ShelfItem:
    """A stored result with what belongs to it.

    Args:
        certificate: COSE bytes, or None.
        compact: COSE bytes of the compact profile, or None.
    """

    result_id: str
    short_code: str
    version: int
    result: Result
    facility_code: str
    facility_name: str
    facility_contact: str
    certificate: bytes | None
    uvci: str | None
    compact: bytes | None = None


class ResultShelf(Protocol):
    """Results as citizens look at them."""

    def people(self, phone: str) -> list[PersonRow]:
        """Persons with current, not withdrawn results on this number, by newest result."""

    def of_person(self, phone: str, person_key: str) -> list[ShelfItem]:
        """That person's current results on this number, newest collection first."""

    def link(self, token: str, now: datetime) -> LinkTarget | None:
        """Where an SMS link leads; None when it never existed."""

    def update_proof(
        self, phone: str, person_key: str, change: Callable[[Proof], tuple[Proof, T]]
    ) -> T:
        """Apply ``change`` to the locked row (a new one if none) and store what it returns."""


@dataclass(frozen=True, slots=True)
class LinkTarget:
    """What an SMS link stands for."""

    phone: str
    result_id: str
    person_key: str
    expired: bool


@quick_init
@dataclass(frozen=True, slots=True)
class CertificateRow:
    """A signed certificate to be stored with its result.

    Args:
        compact: COSE bytes of the compact profile, where the result has one.
        compact_signature: Its signature; revocation lists hash both.
    """

    uvci: str
    kid: bytes
    cose: bytes
    signature: bytes
    issued_at: datetime
    expires_at: datetime
    compact: bytes | None = None
    compact_signature: bytes | None = None


@quick_init
@dataclass(frozen=True, slots=True)
class ResultRow:
    """One new version of a result, with everything that is stored in the same transaction.

    Args:
        supersedes: ``result_id`` of the version that stops being current, or None.
        link_hash: Hash of the token in ``message``'s link, or None.
        farewell: Tells a number that the result left that the old version is void.
        owes_certificate: It may have one, and nothing could sign.
    """

    result_id: str
    version: int
    supersedes: str | None
    result: Result
    change: Change
    short_code: str
    content_mac: bytes
    person_index: bytes
    certificate: CertificateRow | None
    message: DeliveryDraft | None
    link_hash: bytes | None
    link_expires_at: datetime | None
    farewell: DeliveryDraft | None = None
    owes_certificate: bool = False


@quick_init
@dataclass(frozen=True, slots=True)
class Former:
    """The version of a result that a new one replaces."""

    result: Result
    short_code: str


@quick_init
@dataclass(frozen=True, slots=True)
class InboxRow:
    """One raw item with what became of it.

    Args:
        part: Position among the items of ``raw``.
        row: As the sender's spreadsheet shows it.
        raw_index: Keyed hash of the raw bytes and the part: a facility's row for it.
        result_id: The result that it made or matched, or None.
    """

    index: int
    part: int
    row: int | None
    raw: bytes
    raw_index: bytes
    change: Change
    errors: tuple[Finding, ...]
    warnings: tuple[Finding, ...]
    result_id: str | None


@dataclass(frozen=True, slots=True)
class Origin:
    """Where raw items came from.

    Args:
        source: Name of the file or message, as the sender would know it.
        feed: Name of the feed, or ``cli``, ``folder``, ``upload``, ``manual``.
        format: As it was told to the reader.
    """

    source: str
    feed: str = "cli"
    format: str = "auto"


class Conflict(Exception):
    """Another writer stored a version of the same report first; look again and decide anew."""


class IntakeStore(Protocol):
    """What intake reads and writes."""

    def current(
        self, facility: str, reports: Sequence[tuple[str, str]]
    ) -> dict[tuple[str, str], Stored]:
        """Current versions by ``(accession, test key)``: every test of these accessions."""

    def store(
        self,
        facility: str,
        origin: Origin,
        inbox: Iterable[InboxRow],
        results: Iterable[ResultRow],
        now: datetime,
        *,
        arrived: bool = True,
    ) -> None:
        """Store all of it or nothing.

        Args:
            arrived: It came just now; what is taken in again is no sign of life of its feed.

        Raises:
            Conflict: another writer was first.
        """


@dataclass(frozen=True, slots=True)
class OwedItem:
    """A current result whose certificate could not be signed at its release."""

    result_id: str
    result: Result
    facility: Facility


class OwedCertificates(Protocol):
    """Results that wait for a certificate."""

    def count(self) -> int:
        """How many there are."""

    def next(self, limit: int, after: str = "") -> list[OwedItem]:
        """Up to ``limit`` of them by id, those after ``after``; superseded ones are forgotten."""

    def settle(self, certified: Mapping[str, CertificateRow | None]) -> int:
        """Store certificates by ``result_id`` in one transaction; None: it may have none now.

        One that another process settled, or that was superseded meanwhile, is left out.

        Returns:
            How many certificates were stored.
        """


class Indexer(Protocol):
    """Keyed hashes (blind indexes) that only this installation can compute."""

    def person(self, full_name: str, birth_date: str) -> bytes:
        """Index of a person: normalised name and date of birth."""

    def raw(self, data: bytes) -> bytes:
        """Index of raw bytes."""

    def content(self, data: bytes) -> bytes:
        """Keyed hash of a result's canonical content."""


class Visits(Protocol):
    """Visits to the web pages."""

    def add(self, visit: Visit) -> None:
        """Store a new visit."""

    def advance(self, visit_id: str, step: int, now: datetime) -> Visit | None:
        """Use up ticket ``step``: the visit with its next step, or None if it can't be used."""

    def look(self, visit_id: str, step: int, now: datetime) -> Visit | None:
        """The visit whose next ticket is ``step``, which stays unused; None if there is none."""

    def save(self, visit: Visit) -> None:
        """Store what the step learnt (everything but the step)."""


class Facilities(Protocol):
    """Connected units."""

    def add(self, facility: Facility) -> None:
        """Store a new one, or change the one with this code."""

    def get(self, code: str) -> Facility | None:
        """The facility with this code."""

    def all(self) -> list[Facility]:
        """Every facility, by code."""

    def codes(self, code: str) -> LocalCodes:
        """The laboratory's own codes."""

    def map_code(self, facility: str, kind: CodeKind, code: Code, meaning: str | None) -> None:
        """Say what a code means; None takes the meaning away."""


class StaffAccounts(Protocol):
    """Staff and their web sessions."""

    def add(self, account: StaffAccount) -> None:
        """Store a new account, or replace the one with this login."""

    def get(self, login: str) -> StaffAccount | None:
        """The account with this login."""

    def update(
        self, login: str, change: Callable[[StaffAccount], tuple[StaffAccount, T]]
    ) -> T | None:
        """Apply ``change`` to the locked row and store what it returns; None if there is none."""

    def open_session(self, token_hash: bytes, login: str, expires_at: datetime) -> None:
        """Remember a signed-in browser."""

    def session(self, token_hash: bytes, now: datetime) -> StaffAccount | None:
        """Whose browser this is; None when signed out, expired or unknown."""

    def close_session(self, token_hash: bytes) -> None:
        """Sign a browser out."""


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """Who did what to what, when.

    Args:
        subject: An id of ours (a login, a result id, a facility), never a name or number.
    """

    at: datetime
    actor: str
    action: str
    subject: str
    detail: str = ""


class Audit(Protocol):
    """The audit log: entries are added and read, never changed."""

    def record(self, entry: AuditEntry) -> None:
        """Add an entry."""

    def recent(self, limit: int) -> list[AuditEntry]:
        """Newest first."""


class ConversationMemory(Protocol):
    """What a chat remembers between two messages (encrypted at rest)."""

    def load(self, key: str) -> tuple[str | None, bytes] | None:
        """State and data of a conversation; None if there is none."""

    def keep(self, key: str, state: str | None, data: bytes, now: datetime) -> None:
        """Replace both."""

    def forget(self, key: str) -> None:
        """Remove them."""


class Standings(Protocol):
    """Certificates that this installation issued, and whether they still count."""

    def standing(self, uvci: str) -> str:
        """``good``, ``corrected`` or ``revoked``; ``good`` for those it doesn't know."""
