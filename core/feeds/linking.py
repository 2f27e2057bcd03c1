"""Linking a chat to an officer of a facility, so that its alerts come there too.

An administrator asks for a code and hands it over; whoever shows it in a private chat links
that chat. Rules: a code has 40 random bits and a check character, is kept only as a keyed
hash, works once, ends after ``LINK_LIFETIME`` or when the next one is made. A slip of the
finger costs nothing; a chat may try five codes an hour, and only the chat that guesses waits.
An officer has one chat, the last one linked; a chat may belong to several officers.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from hashlib import sha256

from core.citizens.codes import chat_code, in_threes, read_chat_code
from core.feeds.officer import Officer
from core.feeds.ports import ChatGuesses, Officers
from core.ports import Audit, AuditEntry, Clock, Randomness

TRIES = 5
TRIES_WITHIN = timedelta(hours=1)


class LinkRefusal(StrEnum):
    """Why a code links nothing."""

    UNREADABLE = "unreadable"
    WRONG = "wrong"
    TOO_MANY = "too_many"


@dataclass(frozen=True, slots=True)
class Linking:
    """The use case behind the command, the console and the chat.

    Args:
        key: At least 32 bytes; keeps the hashes of codes from being tried out elsewhere.
    """

    officers: Officers
    guesses: ChatGuesses
    audit: Audit
    clock: Clock
    random: Randomness
    key: bytes = field(repr=False)

    def offer(self, officer_id: str) -> str | None:
        """A code to hand over to the officer, which ends an earlier one; None: no such officer.

        Who asked for it is the caller's to record.
        """
        code = chat_code(self.random(5))
        known = self.officers.offer_link(officer_id, self._hash(code), self.clock())
        return in_threes(code) if known else None

    def redeem(self, typed: str, channel: str, chat: str) -> Officer | LinkRefusal:
        """Link a chat by a typed code.

        Args:
            channel: ``telegram``, ``zalo``.
            chat: Id of a private chat there.

        Returns:
            Whose alerts come there now, or why not.
        """
        code, now = read_chat_code(typed), self.clock()
        if code is None:
            return LinkRefusal.UNREADABLE
        since = now - TRIES_WITHIN
        if not self.guesses.spend(channel, chat, since=since, most=TRIES, now=now):
            return LinkRefusal.TOO_MANY
        officer = self.officers.link(self._hash(code), channel, chat, now)
        if officer is None:
            return LinkRefusal.WRONG
        self.guesses.forgive(channel, chat)
        self._record("officer_linked", officer, channel)
        return officer

    def unlink(self, channel: str, chat: str) -> list[Officer]:
        """Send no more letters to a chat, because somebody there said so; whose they were."""
        return self._part("officer_unlinked", channel, chat)

    def chat_closed(self, channel: str, chat: str) -> None:
        """Send no more letters to a chat that takes none; SMS go on."""
        self._part("officer_chat_closed", channel, chat)

    def _part(self, action: str, channel: str, chat: str) -> list[Officer]:
        parted = self.officers.unlink(channel, chat)
        for officer in parted:
            self._record(action, officer, channel)
        return parted

    def _record(self, action: str, officer: Officer, channel: str) -> None:
        self.audit.record(AuditEntry(self.clock(), channel, action, officer.id, officer.facility))

    def _hash(self, code: str) -> bytes:
        return hmac.digest(self.key, code.encode(), sha256)
