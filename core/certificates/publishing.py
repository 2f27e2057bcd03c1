"""Publishing: when a document is made anew, and that each version is made once.

A document is due when what it says has changed, when another key signs lists, when a third of
its life is over, so that a reader who fetches late still has two thirds, or when it was issued
by a clock that ran ahead. A version is at
least the second of its issue: a database put back from a backup goes on above what readers
have seen. Who comes second with a version gives way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from json import dumps
from typing import Protocol

from core.certificates.documents import LEEWAY, DocumentType, write
from core.certificates.revocations import Batch
from core.certificates.signing import Signer
from core.ports import Clock


@dataclass(frozen=True, slots=True)
class ListSigner:
    """Who signs lists: the key, and its certificate as DER."""

    signer: Signer
    certificate: bytes


@dataclass(frozen=True, slots=True)
class Published:
    """One version of a document, as it is served.

    Args:
        state: What it was made from, in a word that changes with it.
        text: The compact JWS.
    """

    kind: DocumentType
    version: int
    issued_at: datetime
    expires_at: datetime
    state: str
    text: str

    @property
    def etag(self) -> str:
        """A strong validator, without quotation marks."""
        return sha256(self.text.encode()).hexdigest()[:32]


class Publications(Protocol):
    """Documents and batches that are served."""

    def latest(self, kind: DocumentType) -> Published | None:
        """The newest version; None before the first."""

    def publish(
        self, document: Published, *, after: int, batches: Iterable[Batch], now: datetime
    ) -> bool:
        """Store a version with its batches, unless somebody stored another one after ``after``.

        Args:
            after: The version that the caller has seen; 0 for none.
        """

    def batch(self, batch_id: str) -> bytes | None:
        """The hashes of a batch."""


@dataclass(frozen=True, slots=True)
class Content:
    """What a document adds to its head, and the batches that it announces."""

    members: Mapping[str, object]
    batches: tuple[Batch, ...] = ()


@dataclass(frozen=True, slots=True)
class Source:
    """Where a document's content comes from.

    Args:
        state: A word that changes with the content; asked often, so it must be cheap.
        content: Gathers it.
        life: From issue to expiry.
    """

    state: Callable[[], str]
    content: Callable[[], Content]
    life: timedelta


@dataclass(frozen=True, slots=True)
class Publishing:
    """Keeps every document fresh.

    Args:
        signer: Gives who signs lists now, or None while nobody can.
        issuer: Name of the authority.
    """

    publications: Publications
    sources: Mapping[DocumentType, Source]
    signer: Callable[[], ListSigner | None]
    issuer: str
    clock: Clock

    def round(self) -> list[DocumentType]:
        """Publish what is due; says what was published by this call."""
        signer = self.signer()
        if signer is None:
            return []
        return [kind for kind in self.sources if self._refresh(kind, signer)]

    def _refresh(self, kind: DocumentType, signer: ListSigner) -> bool:
        source, now = self.sources[kind], self.clock()
        latest = self.publications.latest(kind)
        # Asked before the content is gathered: what changes meanwhile is published next time.
        state = f"{signer.signer.kid.hex()}:{source.state()}"
        if latest and latest.state == state and _is_fresh(latest, source.life, now):
            return False
        content = source.content()
        after = latest.version if latest else 0
        version = max(after + 1, int(now.timestamp()))
        document = self._signed(kind, version, now, source.life, content, signer, state)
        return self.publications.publish(document, after=after, batches=content.batches, now=now)

    def _signed(
        self,
        kind: DocumentType,
        version: int,
        now: datetime,
        life: timedelta,
        content: Content,
        signer: ListSigner,
        state: str,
    ) -> Published:
        issued, expires = int(now.timestamp()), int((now + life).timestamp())
        head = {"version": version, "iat": issued, "exp": expires, "iss": self.issuer}
        payload = {**head, **content.members}
        text = write(kind, payload, signer.signer, signer.certificate)
        return Published(kind, version, now, now + life, state, text)


def _is_fresh(latest: Published, life: timedelta, now: datetime) -> bool:
    """Whether ``latest`` still serves; one from the future doesn't: readers refuse it."""
    return latest.issued_at - LEEWAY <= now < latest.issued_at + life / 3


def state_of(members: Mapping[str, object]) -> str:
    """A word for small content: its hash."""
    return sha256(dumps(members, sort_keys=True).encode()).hexdigest()[:32]


def fixed(gather: Callable[[], Mapping[str, object]], life: timedelta) -> Source:
    """A source whose content is small enough to be gathered whenever it is asked about."""
    return Source(lambda: state_of(gather()), lambda: Content(gather()), life)
