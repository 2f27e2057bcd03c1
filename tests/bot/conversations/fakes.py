"""Our ports in memory, and a clock that tests move."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from core.citizens.challenge import Challenge
from core.citizens.proof import Proof
from core.messages.delivery import DeliveryDraft
from core.ports import (
    Challenges,
    ConversationMemory,
    LinkTarget,
    PersonRow,
    ResultShelf,
    ShelfItem,
)
from core.results.result import Person

T = TypeVar("T")
NOON = datetime(2026, 7, 12, 5, 0, tzinfo=UTC)  # noon in Viet Nam


class Clock:
    """A clock that tests move."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now

    def pass_by(self, **time: float) -> None:
        self.now += timedelta(**time)


class MemoryShelf(ResultShelf):
    """Results of a few people."""

    def __init__(self) -> None:
        self.items: dict[str, list[ShelfItem]] = {}
        self.proofs: dict[tuple[str, str], Proof] = {}
        self.lock = threading.Lock()

    def _of(self, phone: str) -> dict[str, list[ShelfItem]]:
        grouped: dict[str, list[ShelfItem]] = {}
        for item in self.items.get(phone, []):
            grouped.setdefault(person_key(item.result.person), []).append(item)
        return grouped

    def people(self, phone: str) -> list[PersonRow]:
        return [
            PersonRow(
                key,
                items[0].result.person.full_name,
                items[0].result.person.birth_date,
                items[0].result.person.documents,
                frozenset(item.result.test.confidentiality.value for item in items),
                self.proofs.get((phone, key), Proof()).opened_at is not None,
            )
            for key, items in self._of(phone).items()
        ]

    def of_person(self, phone: str, person_key: str) -> list[ShelfItem]:
        return self._of(phone).get(person_key, [])

    def link(self, token: str, now: datetime) -> LinkTarget | None:
        return None

    def update_proof(
        self, phone: str, person_key: str, change: Callable[[Proof], tuple[Proof, T]]
    ) -> T:
        with self.lock:
            after, told = change(self.proofs.get((phone, person_key), Proof()))
            self.proofs[phone, person_key] = after
            return told


class MemoryChallenges(Challenges):
    """Codes and the messages that would carry them."""

    def __init__(self, shelf: MemoryShelf) -> None:
        self.shelf = shelf
        self.rows: dict[str, Challenge] = {}
        self.messages: list[DeliveryDraft] = []
        self.lock = threading.Lock()

    def latest(self, phone: str, channel: str) -> datetime | None:
        mine = [r for r in self.rows.values() if (r.phone, r.channel) == (phone, channel)]
        return max((row.created_at for row in mine), default=None)

    def known(self, phone: str) -> bool:
        return phone in self.shelf.items

    def add(
        self,
        challenge: Challenge,
        message: DeliveryDraft,
        *,
        not_before: datetime,
        since: datetime,
        most: int,
    ) -> bool:
        with self.lock:
            mine = (challenge.phone, challenge.channel)
            made = [c.created_at for c in self.rows.values() if (c.phone, c.channel) == mine]
            if any(at > not_before for at in made) or sum(at >= since for at in made) >= most:
                return False
            self.rows[challenge.id] = challenge
            self.messages.append(message)
            return True

    def update(
        self, challenge_id: str, change: Callable[[Challenge], tuple[Challenge, T]]
    ) -> T | None:
        with self.lock:
            if challenge_id not in self.rows:
                return None
            self.rows[challenge_id], told = change(self.rows[challenge_id])
            return told


class MemoryConversations(ConversationMemory):
    """What chats remember."""

    def __init__(self) -> None:
        self.rows: dict[str, tuple[str | None, bytes]] = {}

    def load(self, key: str) -> tuple[str | None, bytes] | None:
        return self.rows.get(key)

    def keep(self, key: str, state: str | None, data: bytes, now: datetime) -> None:
        assert now.tzinfo is not None
        self.rows[key] = state, data

    def forget(self, key: str) -> None:
        self.rows.pop(key, None)


def person_key(person: Person) -> str:
    """Like a blind index: 32 hexadecimal characters."""
    return f"{person.full_name}{person.birth_date}".encode().hex().rjust(32, "0")[-32:]
