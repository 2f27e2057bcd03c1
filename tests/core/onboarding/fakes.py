"""The ports of onboarding in memory."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from core.feeds.feed import Feed, FeedState
from core.feeds.ports import Feeds, Pushes
from core.feeds.push import PushKey
from core.messages.delivery import DeliveryDraft
from core.ports import Audit, AuditEntry, Facilities, Origin
from core.results.facility import Facility
from core.results.inbox import Inbox, IntakeCount, KeptItem, Lineage, QuarantinedItem
from core.results.local_codes import Code, CodeKind, LocalCodes
from core.results.result import Outcome
from core.results.versions import Change

NOW = datetime(2026, 1, 2, 8, tzinfo=UTC)


class MemoryAudit(Audit):
    def __init__(self) -> None:
        self.entries: list[AuditEntry] = []

    def record(self, entry: AuditEntry) -> None:
        self.entries.append(entry)

    def recent(self, limit: int) -> list[AuditEntry]:
        return self.entries[::-1][:limit]

    def said(self) -> list[tuple[str, str, str]]:
        return [(entry.actor, entry.action, entry.subject) for entry in self.entries]


class MemoryFacilities(Facilities):
    def __init__(self) -> None:
        self.rows: dict[str, Facility] = {}
        self.mapped: dict[tuple[str, CodeKind, Code], str] = {}

    def add(self, facility: Facility) -> None:
        self.rows[facility.code] = facility

    def get(self, code: str) -> Facility | None:
        return self.rows.get(code)

    def all(self) -> list[Facility]:
        return [self.rows[code] for code in sorted(self.rows)]

    def codes(self, code: str) -> LocalCodes:
        own = [(kind, c, meaning) for (f, kind, c), meaning in self.mapped.items() if f == code]
        return LocalCodes(
            {c: meaning for kind, c, meaning in own if kind is CodeKind.TEST},
            {c: Outcome(meaning) for kind, c, meaning in own if kind is CodeKind.VALUE},
        )

    def map_code(self, facility: str, kind: CodeKind, code: Code, meaning: str | None) -> None:
        self.mapped.pop((facility, kind, code), None)
        if meaning is not None:
            self.mapped[facility, kind, code] = meaning


class MemoryFeeds(Feeds):
    def __init__(self) -> None:
        self.rows: dict[tuple[str, str], tuple[Feed, FeedState]] = {}
        self.watched: dict[str, datetime] = {}

    def add(self, feed: Feed, now: datetime) -> None:
        _, state = self.rows.get((feed.facility, feed.name), (feed, FeedState(now, now)))
        self.rows[feed.facility, feed.name] = (feed, state)

    def remove(self, facility: str, name: str) -> bool:
        return self.rows.pop((facility, name), None) is not None

    def get(self, facility: str, name: str) -> tuple[Feed, FeedState] | None:
        return self.rows.get((facility, name))

    def all(self) -> list[tuple[Feed, FeedState]]:
        return [self.rows[key] for key in sorted(self.rows)]

    def watch_from(self, facility: str, now: datetime) -> None:
        self.watched[facility] = now

    def claim_due(
        self, claim: str, limit: int, now: datetime, lease: timedelta
    ) -> list[tuple[Feed, FeedState]]:
        raise NotImplementedError

    def renew(self, feeds: Iterable[Feed], claim: str, now: datetime, lease: timedelta) -> None:
        raise NotImplementedError

    def progress(self, feed: Feed, claim: str, watermark: str) -> bool:
        raise NotImplementedError

    def release(self, feed: Feed, claim: str, state: FeedState) -> None:
        raise NotImplementedError

    def alerted(
        self,
        feed: Feed,
        alert: str,
        at: datetime,
        was: str,
        letters: Iterable[DeliveryDraft] = (),
    ) -> bool:
        raise NotImplementedError


class MemoryPushes(Pushes):
    def __init__(self) -> None:
        self.rows: list[PushKey] = []

    def add_key(self, key: PushKey, others_until: datetime) -> None:
        self.rows = [
            replace(each, expires_at=min(each.expires_at or others_until, others_until))
            for each in self.rows
        ]
        self.rows.insert(0, key)

    def key(self, key_hash: bytes, now: datetime) -> PushKey | None:
        raise NotImplementedError

    def keys(self, facility: str) -> list[PushKey]:
        return [each for each in self.rows if each.facility == facility]

    def revoke_key(self, facility: str, hint: str, now: datetime) -> int:
        ended = [each for each in self.rows if (each.facility, each.hint) == (facility, hint)]
        self.rows = [replace(e, expires_at=now) if e in ended else e for e in self.rows]
        return len(ended)

    def answer(self, facility: str, idempotency_key: str) -> tuple[bytes, bytes] | None:
        raise NotImplementedError

    def remember(
        self, facility: str, idempotency_key: str, body_index: bytes, answer: bytes, now: datetime
    ) -> None:
        raise NotImplementedError


class MemoryInbox(Inbox):
    """Says what a test prepared: a tally, and pilot items that are taken in once."""

    def __init__(self) -> None:
        self.tallied: dict[tuple[Change, str], int] = {}
        self.pilots = 0

    def tally(self, facility: str) -> dict[tuple[Change, str], int]:
        return dict(self.tallied)

    def kept(
        self,
        facility: str,
        *,
        pilots: bool = False,
        reason: str = "",
        ids: Sequence[str] = (),
        limit: int = 500,
    ) -> list[KeptItem]:
        found = min(self.pilots, limit) if pilots else 0
        self.pilots -= found
        return [KeptItem(str(n), Origin("x"), 0, None, b"x") for n in range(found)]

    def reasons(self, facilities: frozenset[str] | None) -> dict[tuple[str, str], int]:
        raise NotImplementedError

    def lineage(self, item_id: str) -> Lineage | None:
        raise NotImplementedError

    def counts(self, since: datetime) -> list[IntakeCount]:
        raise NotImplementedError

    def quarantined(self, facilities: frozenset[str] | None, limit: int) -> list[QuarantinedItem]:
        raise NotImplementedError

    def raw(self, item_id: str) -> bytes | None:
        raise NotImplementedError
