"""The inbox as staff look at it: every raw item, why it waits, and what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from core.ports import Origin
from core.results.reported import Finding
from core.results.versions import Change


@dataclass(frozen=True, slots=True)
class IntakeCount:
    """How many items of a facility had one outcome since a time."""

    facility: str
    change: Change
    count: int
    latest: datetime


@dataclass(frozen=True, slots=True)
class QuarantinedItem:
    """A kept item that could not be used."""

    id: str
    facility: str
    source: str
    index: int
    errors: tuple[Finding, ...]
    received_at: datetime
    feed: str = ""
    row: int | None = None


@dataclass(frozen=True, slots=True)
class KeptItem:
    """A raw item that is to be read again."""

    id: str
    origin: Origin
    part: int
    row: int | None
    raw: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Lineage:
    """What came of a raw item, as far as it is here.

    Args:
        standing: ``good``, ``corrected`` or ``revoked``; empty without a certificate.
        deliveries: Template, state, code and time of each message about it, oldest first.
    """

    id: str
    facility: str
    origin: Origin
    change: Change
    errors: tuple[Finding, ...]
    warnings: tuple[Finding, ...]
    received_at: datetime
    last_seen_at: datetime
    seen: int
    row: int | None
    result_id: str | None
    version: int | None
    stored_at: datetime | None
    uvci: str | None
    standing: str
    deliveries: tuple[tuple[str, str, str, datetime], ...]


class Inbox(Protocol):
    """Raw items as staff look at them."""

    def reasons(self, facilities: frozenset[str] | None) -> dict[tuple[str, str], int]:
        """How many quarantined items wait, by facility and first reason."""

    def tally(self, facility: str) -> dict[tuple[Change, str], int]:
        """How many items of a facility are kept, by outcome and first reason."""

    def kept(
        self,
        facility: str,
        *,
        pilots: bool = False,
        reason: str = "",
        ids: Sequence[str] = (),
        limit: int = 500,
    ) -> list[KeptItem]:
        """Items that may be taken in again: quarantined ones, or a pilot's.

        A pilot's come in the order in which they arrived; of the others first what was seen
        longest ago, so that replays with a limit reach all of them in the end.

        Args:
            pilots: What came during the pilot, and nothing else: to release it is a right of
                its own, so no reason or id leads there.
            reason: Only those whose first reason this is.
            ids: Only these.
            limit: At most this many.
        """

    def lineage(self, item_id: str) -> Lineage | None:
        """From a raw item to its result, certificate and messages."""

    def counts(self, since: datetime) -> list[IntakeCount]:
        """Outcomes per facility of what came since then."""

    def quarantined(self, facilities: frozenset[str] | None, limit: int) -> list[QuarantinedItem]:
        """Newest first; of these facilities only, or of all when None."""

    def raw(self, item_id: str) -> bytes | None:
        """The bytes as received."""
