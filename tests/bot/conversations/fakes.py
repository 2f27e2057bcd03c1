"""Our ports in memory, and a clock that tests move."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from core.citizens.proof import Proof
from core.ports import (
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
