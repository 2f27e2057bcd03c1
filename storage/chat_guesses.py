"""Codes that chats have tried: counted per chat, so that nobody locks another one out.

A chat is known by its blind index. Whether it may try again is decided under a lock of that
chat, so that parallel tries can't share the last one.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, Engine, delete, func, insert, select

from storage.encryption import Keyring
from storage.engine import writing
from storage.moments import to_micros
from storage.rows import CHAT_GUESS


class ChatGuessStore:
    """Implements ``core.feeds.ports.ChatGuesses``."""

    def __init__(self, engine: Engine, keyring: Keyring) -> None:
        self._engine = engine
        self._keyring = keyring

    def spend(self, channel: str, chat: str, *, since: datetime, most: int, now: datetime) -> bool:
        """Note a try, unless the chat has had ``most`` since then; whether it was noted."""
        index = self._keyring.chat(channel, chat)
        lately = select(func.count()).where(
            CHAT_GUESS.c.chat_index == index, CHAT_GUESS.c.at > to_micros(since)
        )
        with writing(self._engine) as connection:
            _lock_chat(connection, index)
            if connection.execute(lately).scalar_one() >= most:
                return False
            connection.execute(insert(CHAT_GUESS).values(chat_index=index, at=to_micros(now)))
        return True

    def forgive(self, channel: str, chat: str) -> None:
        """Forget the chat's tries: it has shown a right code."""
        index = self._keyring.chat(channel, chat)
        with writing(self._engine) as connection:
            connection.execute(delete(CHAT_GUESS).where(CHAT_GUESS.c.chat_index == index))

    def forget(self, before: datetime) -> int:
        """Remove tries that no longer count; how many there were."""
        with writing(self._engine) as connection:
            old = delete(CHAT_GUESS).where(CHAT_GUESS.c.at <= to_micros(before))
            return connection.execute(old).rowcount


def _lock_chat(connection: Connection, index: bytes) -> None:
    """Let others of this chat wait until the transaction ends; SQLite's lock is whole."""
    if connection.dialect.name == "postgresql":
        key = int.from_bytes(index[:8], "big", signed=True)
        connection.execute(select(func.pg_advisory_xact_lock(key)))
