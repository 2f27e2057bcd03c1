"""Revoking: a certificate, a signer, or hashes that another issuer sent us.

Every act has an author and a reason; both are kept and audited, and never published. Whoever
was told of a result is told at once, and once, that it is void. The reason is read by staff
and auditors: it must name nobody.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final, Protocol

from core.certificates.revocations import Entry, Marks
from core.citizens import codes
from core.messages.delivery import DeliveryDraft
from core.messages.findings import printable
from core.messages.release import Announcement, choose_template, draft
from core.ports import Audit, AuditEntry, Clock, Randomness, ShelfItem
from core.results.versions import Change

LONGEST_REASON: Final = 200  # characters


class Target(StrEnum):
    """What a revocation names."""

    CERTIFICATE = "certificate"
    KID = "kid"
    HASH = "hash"


@dataclass(frozen=True, slots=True)
class Act:
    """Who revoked, when and why."""

    at: datetime
    actor: str
    reason: str


@dataclass(frozen=True, slots=True)
class Revocation:
    """One revocation as staff see it.

    Args:
        named: UVCI, kid or hash (the last two hexadecimal); the result's id where its
            certificate was still owed.
        result_id: Of a certificate of ours, else empty.
        facility: Code, likewise.
    """

    act: Act
    target: Target
    named: str
    result_id: str = ""
    facility: str = ""


@dataclass(frozen=True, slots=True)
class Standings:
    """What the published list is made from.

    Args:
        revoked: Every hash that is listed.
        live: The hashes of every certificate of ours that counts, to go through once.
    """

    kids: tuple[bytes, ...]
    revoked: tuple[Entry, ...]
    live: Iterator[bytes]


class Revocations(Protocol):
    """What was revoked."""

    def revoke_certificate(
        self, uvci: str, result_id: str, act: Act, message: DeliveryDraft | None
    ) -> bool:
        """Mark a certificate of ours, and store the message if its holder knew of the result.

        Returns:
            False where it counted no more already; nothing is stored then.
        """

    def owed(self, result_ids: Iterable[str]) -> frozenset[str]:
        """Those current results whose certificate is still to be made."""

    def revoke_owed(self, result_id: str, act: Act, message: DeliveryDraft | None) -> bool:
        """Let a result never get the certificate that it is owed, and tell as above.

        One that was made meanwhile is revoked.

        Returns:
            False where none is owed and none counts; nothing is stored then.
        """

    def revoke_kid(self, kid: bytes, act: Act) -> bool:
        """Revoke a signer with all that it signed; False where it is already."""

    def revoke_hashes(self, entries: Iterable[Entry], act: Act) -> int:
        """Revoke hashes; says how many were new."""

    def is_listed(self, marks: Marks) -> bool:
        """Whether a certificate is revoked by its signer or by any of its hashes."""

    def recent(self, limit: int) -> list[Revocation]:
        """Newest first."""


class Outcome(StrEnum):
    """What came of revoking one result."""

    REVOKED = "revoked"
    ALREADY = "already"
    NO_CERTIFICATE = "no_certificate"


@dataclass(frozen=True, slots=True)
class RevocationDesk:
    """Revokes, tells and audits."""

    revocations: Revocations
    audit: Audit
    clock: Clock
    random: Randomness

    def revocable(self, items: Iterable[ShelfItem]) -> list[ShelfItem]:
        """Those with a certificate, or with one still to be made."""
        found = list(items)
        owed = self.revocations.owed(item.result_id for item in found if item.uvci is None)
        return [item for item in found if item.uvci or item.result_id in owed]

    def revoke(self, item: ShelfItem, *, actor: str, reason: str) -> Outcome:
        """Revoke the certificate of a result, or the one that it is owed."""
        act = self._act(actor, reason)
        message = self._farewell(item)
        if item.uvci is None:
            missing = Outcome.NO_CERTIFICATE
            done = self.revocations.revoke_owed(item.result_id, act, message)
        else:
            missing = Outcome.ALREADY
            done = self.revocations.revoke_certificate(item.uvci, item.result_id, act, message)
        if not done:
            return missing
        self._note("certificate_revoked", item.result_id, act)
        return Outcome.REVOKED

    def revoke_kid(self, kid: bytes, *, actor: str, reason: str) -> bool:
        """Revoke a signer as a whole; False where it is already."""
        act = self._act(actor, reason)
        done = self.revocations.revoke_kid(kid, act)
        if done:
            self._note("signer_revoked", kid.hex(), act)
        return done

    def revoke_hashes(self, entries: Iterable[Entry], *, actor: str, reason: str) -> int:
        """Revoke hashes, of others or of ours; says how many were new."""
        act = self._act(actor, reason)
        added = self.revocations.revoke_hashes(entries, act)
        if added:
            self._note("hashes_revoked", str(added), act)
        return added

    def _act(self, actor: str, reason: str) -> Act:
        return Act(self.clock(), actor, printable(reason.strip())[:LONGEST_REASON])

    def _note(self, action: str, subject: str, act: Act) -> None:
        self.audit.record(AuditEntry(act.at, act.actor, action, subject, act.reason))

    def _farewell(self, item: ShelfItem) -> DeliveryDraft | None:
        """The message to whoever was told of this result; the store knows whether anybody was."""
        template = choose_template(item.result, Change.WITHDRAWN, announced=True)
        if template is None:
            return None
        appointment = codes.short_code(self.random(5))
        void = Announcement(item.short_code, link="", days=0, appointment=appointment)
        message = draft(item.result_id, item.version, item.result, template, void)
        return message and replace(message, dedupe_key=f"{message.dedupe_key}:revoked")
