"""Signed documents and their batches, byte for byte as they are served."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Engine, Row, delete, insert, select
from sqlalchemy.exc import IntegrityError

from core.certificates.documents import DocumentType
from core.certificates.publishing import Published
from core.certificates.revocations import Batch
from storage.engine import insert_into, is_unique_violation, writing
from storage.moments import to_micros, to_moment
from storage.rows import DOCUMENT, REVOCATION_BATCH

_KEPT_VERSIONS: Final = 5
_UNLISTED_FOR: Final = timedelta(days=7)  # a copy of an older document still leads here


class DocumentStore:
    """Implements ``core.certificates.publishing.Publications``."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def latest(self, kind: DocumentType) -> Published | None:
        """The newest version; None before the first."""
        newest = select(DOCUMENT).where(DOCUMENT.c.kind == kind).order_by(DOCUMENT.c.version.desc())
        with self._engine.connect() as connection:
            row = connection.execute(newest.limit(1)).first()
        return _published(row) if row else None

    def publish(
        self, document: Published, *, after: int, batches: Iterable[Batch], now: datetime
    ) -> bool:
        """Store a version with its batches, unless somebody stored another one after ``after``."""
        try:
            with writing(self._engine) as connection:
                connection.execute(insert(DOCUMENT).values(_row(document, after)))
                self._store_batches(connection, batches, to_micros(now))
                _forget(connection, document.kind, to_micros(now - _UNLISTED_FOR))
        except IntegrityError as error:
            if is_unique_violation(error):
                return False
            raise
        return True

    def batch(self, batch_id: str) -> bytes | None:
        """The hashes of a batch."""
        found = select(REVOCATION_BATCH.c.hashes).where(REVOCATION_BATCH.c.id == batch_id)
        with self._engine.connect() as connection:
            hashes: bytes | None = connection.execute(found).scalar()
        return hashes

    def _store_batches(self, connection: Connection, batches: Iterable[Batch], now: int) -> None:
        rows = [{"id": b.id, "hashes": b.entries, "listed_at": now} for b in batches]
        if rows:
            fresh = insert_into(self._engine, REVOCATION_BATCH)
            listed = fresh.on_conflict_do_update(
                index_elements=["id"], set_={"listed_at": fresh.excluded.listed_at}
            )
            connection.execute(listed, rows)


def _forget(connection: Connection, kind: DocumentType, before: int) -> None:
    """Drop old versions, and batches that no document has announced for long."""
    mine = select(DOCUMENT.c.version).where(DOCUMENT.c.kind == kind)
    old = mine.order_by(DOCUMENT.c.version.desc()).offset(_KEPT_VERSIONS).limit(1)
    version = connection.execute(old).scalar()
    if version is not None:
        outdated = (DOCUMENT.c.kind == kind) & (DOCUMENT.c.version <= version)
        connection.execute(delete(DOCUMENT).where(outdated))
    if kind is DocumentType.REVOCATIONS:
        unlisted = REVOCATION_BATCH.c.listed_at < before
        connection.execute(delete(REVOCATION_BATCH).where(unlisted))


def _row(document: Published, after: int) -> dict[str, object]:
    return {
        "kind": document.kind.value,
        "version": document.version,
        "follows": after,
        "issued_at": to_micros(document.issued_at),
        "expires_at": to_micros(document.expires_at),
        "state": document.state,
        "text": document.text,
    }


def _published(row: Row[Any]) -> Published:
    return Published(
        kind=DocumentType(row.kind),
        version=row.version,
        issued_at=to_moment(row.issued_at),
        expires_at=to_moment(row.expires_at),
        state=row.state,
        text=row.text,
    )
