"""Tickets: the signed hidden field that carries a visit from page to page.

A ticket names its visit and step, lives ten minutes and is used once. The signature keeps
strangers out, the visit's row keeps a ticket from being used twice.
Source: itsdangerous (HMAC-SHA256 over the text and its time of signing).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from enum import StrEnum
from hashlib import sha256

from itsdangerous import BadSignature, SignatureExpired, TimestampSigner

from core.citizens.visit import LIFETIME, Visit
from core.ports import Clock, Visits


class TicketRefusal(StrEnum):
    """Why a ticket opens nothing."""

    FORGED = "forged"
    USED = "used"


class _Signer(TimestampSigner):
    """Signs with our clock instead of the machine's."""

    def __init__(self, secret: bytes, clock: Clock) -> None:
        super().__init__(secret, salt=b"ticket", digest_method=sha256)
        self._clock = clock

    def get_timestamp(self) -> int:
        return int(self._clock().timestamp())

    def timestamp_to_datetime(self, ts: int) -> datetime:
        return datetime.fromtimestamp(ts, UTC)


class TicketOffice:
    """Writes and takes tickets."""

    def __init__(self, visits: Visits, secret: bytes, clock: Clock) -> None:
        """Sign with ``secret`` (at least 32 bytes)."""
        self._visits, self._clock = visits, clock
        self._signer = _Signer(secret, clock)

    def write(self, visit: Visit) -> str:
        """The ticket for the visit's next step."""
        return self._signer.sign(f"{visit.id}.{visit.step}").decode()

    def take(self, ticket: str) -> Visit | TicketRefusal:
        """Use a ticket up: its visit, ready for the next step."""
        return self._visit(ticket, self._visits.advance)

    def look(self, ticket: str) -> Visit | TicketRefusal:
        """The visit of a ticket that stays good, for a file of what its page shows already.

        The page stays where it is while the file is saved, and must be able to go on.
        """
        return self._visit(ticket, self._visits.look)

    def _visit(
        self, ticket: str, find: Callable[[str, int, datetime], Visit | None]
    ) -> Visit | TicketRefusal:
        try:
            text = self._signer.unsign(ticket, max_age=int(LIFETIME.total_seconds())).decode()
        except SignatureExpired:
            return TicketRefusal.USED
        except (BadSignature, UnicodeError):
            return TicketRefusal.FORGED
        visit_id, _, step = text.rpartition(".")
        return find(visit_id, int(step), self._clock()) or TicketRefusal.USED
