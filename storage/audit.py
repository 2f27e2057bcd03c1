"""The audit log: entries are added and read, never changed."""

from __future__ import annotations

from sqlalchemy import Engine
from sqlmodel import Session, col, select

from core.ports import AuditEntry
from storage.engine import writer
from storage.moments import to_micros, to_moment
from storage.rows import AuditRecord


class AuditStore:
    """Implements ``core.ports.Audit``."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def record(self, entry: AuditEntry) -> None:
        """Add an entry."""
        with Session(writer(self._engine)) as session:
            session.add(
                AuditRecord(
                    at=to_micros(entry.at),
                    actor=entry.actor,
                    action=entry.action,
                    subject=entry.subject,
                    detail=entry.detail,
                )
            )
            session.commit()

    def recent(self, limit: int) -> list[AuditEntry]:
        """Newest first."""
        newest = select(AuditRecord).order_by(
            col(AuditRecord.at).desc(), col(AuditRecord.id).desc()
        )
        with Session(self._engine) as session:
            return [_entry(record) for record in session.exec(newest.limit(limit))]


def _entry(record: AuditRecord) -> AuditEntry:
    at = to_moment(record.at)
    return AuditEntry(at, record.actor, record.action, record.subject, record.detail)
