"""Published documents and revocations in memory."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from core.certificates.documents import DocumentType
from core.certificates.publishing import Publications, Published
from core.certificates.revocations import Batch, Entry, Marks, uvci_hash
from core.certificates.revoking import Act, Revocation, Revocations, Target
from core.messages.delivery import DeliveryDraft


class MemoryPublications(Publications):
    def __init__(self) -> None:
        self.kept: dict[DocumentType, Published] = {}
        self.batches: list[Batch] = []

    def latest(self, kind: DocumentType) -> Published | None:
        return self.kept.get(kind)

    def publish(
        self, document: Published, *, after: int, batches: Iterable[Batch], now: datetime
    ) -> bool:
        latest = self.kept.get(document.kind)
        if (latest.version if latest else 0) != after:
            return False
        self.kept[document.kind] = document
        self.batches += batches
        return True

    def batch(self, batch_id: str) -> bytes | None:
        return next((each.entries for each in self.batches if each.id == batch_id), None)


class MemoryRevocations(Revocations):
    def __init__(self) -> None:
        self.marks: dict[bytes, Revocation] = {}
        self.messages: list[DeliveryDraft] = []
        self.owing: set[str] = set()

    def _add(self, mark: bytes, act: Act, target: Target, named: str) -> bool:
        fresh = mark not in self.marks
        self.marks.setdefault(mark, Revocation(act, target, named))
        return fresh

    def revoke_certificate(
        self, uvci: str, result_id: str, act: Act, message: DeliveryDraft | None
    ) -> bool:
        fresh = self._add(uvci_hash(uvci), act, Target.CERTIFICATE, uvci)
        if fresh and message is not None:
            self.messages.append(message)
        return fresh

    def owed(self, result_ids: Iterable[str]) -> frozenset[str]:
        return frozenset(self.owing).intersection(result_ids)

    def revoke_owed(self, result_id: str, act: Act, message: DeliveryDraft | None) -> bool:
        if result_id not in self.owing:
            return False
        self.owing.discard(result_id)
        if message is not None:
            self.messages.append(message)
        return self._add(result_id.encode(), act, Target.CERTIFICATE, result_id)

    def revoke_kid(self, kid: bytes, act: Act) -> bool:
        return self._add(kid, act, Target.KID, kid.hex())

    def revoke_hashes(self, entries: Iterable[Entry], act: Act) -> int:
        return sum(self._add(each.hash, act, Target.HASH, each.hash.hex()) for each in entries)

    def is_listed(self, marks: Marks) -> bool:
        return any(mark in self.marks for mark in (marks.kid, *marks.hashes))

    def recent(self, limit: int) -> list[Revocation]:
        return list(self.marks.values())[::-1][:limit]
