"""The audit log of onboarding: who changed what, without a person in it."""

from __future__ import annotations

from dataclasses import dataclass

from core.ports import Audit, AuditEntry, Clock


@dataclass(frozen=True, slots=True)
class Journal:
    """Writes down each change."""

    audit: Audit
    clock: Clock

    def note(self, by: str, action: str, subject: str, detail: str = "") -> None:
        """Record that ``by`` (a login, or ``cli``) did ``action``."""
        self.audit.record(AuditEntry(self.clock(), by, action, subject, detail))
