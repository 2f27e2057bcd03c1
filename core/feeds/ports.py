"""What feeds need of the world: their rows, their officers, their keys.

As in ``core.ports``: each method is one transaction, all times are aware UTC.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Protocol

from core.feeds.feed import Feed, FeedState
from core.feeds.officer import Officer
from core.feeds.push import PushKey
from core.messages.delivery import DeliveryDraft


class Feeds(Protocol):
    """The ways in which facilities send."""

    def add(self, feed: Feed, now: datetime) -> None:
        """Store a new feed, due at once, or change the one with this name."""

    def remove(self, facility: str, name: str) -> bool:
        """Forget a feed (never what came through it); whether there was one."""

    def get(self, facility: str, name: str) -> tuple[Feed, FeedState] | None:
        """The feed with this name, and how it is doing."""

    def all(self) -> list[tuple[Feed, FeedState]]:
        """Every feed, by facility and name."""

    def claim_due(
        self, claim: str, limit: int, now: datetime, lease: timedelta
    ) -> list[tuple[Feed, FeedState]]:
        """Take up to ``limit`` feeds that are to be polled; no two callers get the same.

        Args:
            claim: A new name each time: by an old one a poll that was overtaken would pass
                for the one that overtook it.
        """

    def renew(self, feeds: Iterable[Feed], claim: str, now: datetime, lease: timedelta) -> None:
        """Hold on to those of these feeds that are held by this claim still."""

    def progress(self, feed: Feed, claim: str, watermark: str) -> bool:
        """A piece is stored: the next poll goes on from here; False if the claim is lost."""

    def release(self, feed: Feed, claim: str, state: FeedState) -> None:
        """The poll is over; ``state`` says how it went, unless the claim is lost."""

    def watch_from(self, facility: str, now: datetime) -> None:
        """Expect something of a facility's feeds from now on: it has gone live."""

    def alerted(
        self,
        feed: Feed,
        alert: str,
        at: datetime,
        was: str,
        letters: Iterable[DeliveryDraft] = (),
    ) -> bool:
        """Store the letters and what they say; False if another process was first."""


class Officers(Protocol):
    """Responsible officers of facilities."""

    def add(self, officer: Officer) -> None:
        """Store a new officer, or change the one with this id."""

    def remove(self, officer_id: str) -> bool:
        """Forget an officer; whether there was one."""

    def of(self, facility: str) -> list[Officer]:
        """The officers of a facility, by id."""

    def offer_link(self, officer_id: str, code_hash: bytes, now: datetime) -> bool:
        """Let whoever shows the code link a chat to this officer; whether there is one."""

    def link(self, code_hash: bytes, channel: str, chat: str, now: datetime) -> Officer | None:
        """Link a chat by the code, which is used up; the officer, or None."""

    def unlink(self, channel: str, chat: str) -> list[Officer]:
        """Part a chat from everybody whom it was linked to; who that was, by id."""


class ChatGuesses(Protocol):
    """Codes that a chat has tried lately."""

    def spend(self, channel: str, chat: str, *, since: datetime, most: int, now: datetime) -> bool:
        """Note a try, unless the chat has had ``most`` since then; whether it was noted."""

    def forgive(self, channel: str, chat: str) -> None:
        """Forget the chat's tries: it has shown a right code."""


class Pushes(Protocol):
    """Push keys, and the answers that repeated pushes get again."""

    def add_key(self, key: PushKey, others_until: datetime) -> None:
        """Store a new key; the feed's earlier ones end at ``others_until`` at the latest."""

    def key(self, key_hash: bytes, now: datetime) -> PushKey | None:
        """The key with this hash that still counts."""

    def keys(self, facility: str) -> list[PushKey]:
        """Every key of a facility, newest first."""

    def revoke_key(self, facility: str, hint: str, now: datetime) -> int:
        """End the facility's keys with this hint at once; how many there were."""

    def answer(self, facility: str, idempotency_key: str) -> tuple[bytes, bytes] | None:
        """The index of what was sent under this key, and what was answered."""

    def remember(
        self, facility: str, idempotency_key: str, body_index: bytes, answer: bytes, now: datetime
    ) -> None:
        """Keep an answer; the first one stays."""


class FeedHours(Protocol):
    """How many new items came through each feed, hour by hour."""

    def since(self, since: datetime) -> dict[tuple[str, str], list[tuple[datetime, int]]]:
        """Hours with new items by ``(facility, feed)``, oldest first."""

    def latest(self) -> dict[tuple[str, str], datetime]:
        """When the last new item came, by ``(facility, feed)``."""
