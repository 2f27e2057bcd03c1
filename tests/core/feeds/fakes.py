"""Officers and the tries of chats in memory."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from core.feeds.officer import LINK_LIFETIME, Officer
from core.feeds.ports import ChatGuesses, Officers


class MemoryOfficers(Officers):
    """Officers, and the codes that are open."""

    def __init__(self, *officers: Officer) -> None:
        self.rows = {officer.id: officer for officer in officers}
        self.offers: dict[str, tuple[bytes, datetime]] = {}

    def add(self, officer: Officer) -> None:
        self.rows[officer.id] = officer

    def remove(self, officer_id: str) -> bool:
        return self.rows.pop(officer_id, None) is not None

    def of(self, facility: str) -> list[Officer]:
        return [each for each in self.rows.values() if each.facility == facility]

    def offer_link(self, officer_id: str, code_hash: bytes, now: datetime) -> bool:
        if officer_id not in self.rows:
            return False
        self.offers[officer_id] = code_hash, now + LINK_LIFETIME
        return True

    def link(self, code_hash: bytes, channel: str, chat: str, now: datetime) -> Officer | None:
        for officer_id, (offered, until) in self.offers.items():
            if offered == code_hash and now < until:
                del self.offers[officer_id]
                linked = replace(self.rows[officer_id], channel=channel, chat=chat)
                self.rows[officer_id] = linked
                return linked
        return None

    def unlink(self, channel: str, chat: str) -> list[Officer]:
        parted = [
            each for each in self.rows.values() if (each.channel, each.chat) == (channel, chat)
        ]
        self.rows |= {each.id: replace(each, channel="", chat="") for each in parted}
        return parted


class MemoryChatGuesses(ChatGuesses):
    """When each chat tried."""

    def __init__(self) -> None:
        self.tries: dict[tuple[str, str], list[datetime]] = {}

    def spend(self, channel: str, chat: str, *, since: datetime, most: int, now: datetime) -> bool:
        tries = self.tries.setdefault((channel, chat), [])
        if sum(at > since for at in tries) >= most:
            return False
        tries.append(now)
        return True

    def forgive(self, channel: str, chat: str) -> None:
        self.tries.pop((channel, chat), None)
