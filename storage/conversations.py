"""What chats remember between two messages: found by a blind index, sealed."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import msgspec
from sqlalchemy import Engine, delete, select

from storage.encryption import Keyring
from storage.engine import insert_into, writing
from storage.moments import to_micros
from storage.rows import CONVERSATION

PURPOSE: Final = "conversation.sealed"
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(tuple[str | None, bytes]).decode


class ConversationStore:
    """Implements ``core.ports.ConversationMemory``."""

    def __init__(self, engine: Engine, keyring: Keyring) -> None:
        self._engine = engine
        self._keyring = keyring

    def load(self, key: str) -> tuple[str | None, bytes] | None:
        """State and data of a conversation; None if there is none."""
        index = self._keyring.conversation(key)
        found = select(CONVERSATION.c.sealed).where(CONVERSATION.c.key_index == index)
        with self._engine.connect() as connection:
            sealed = connection.execute(found).scalar()
        return None if sealed is None else _decode(self._open(sealed, index))

    def keep(self, key: str, state: str | None, data: bytes, now: datetime) -> None:
        """Replace both."""
        index = self._keyring.conversation(key)
        sealed = self._keyring.seal(_encode((state, data)), PURPOSE, index.hex())
        content = {"kept_at": to_micros(now), "sealed": sealed}
        row = insert_into(self._engine, CONVERSATION).values(key_index=index, **content)
        upsert = row.on_conflict_do_update(index_elements=["key_index"], set_=content)
        with writing(self._engine) as connection:
            connection.execute(upsert)

    def forget(self, key: str) -> None:
        """Remove them."""
        index = self._keyring.conversation(key)
        with writing(self._engine) as connection:
            connection.execute(delete(CONVERSATION).where(CONVERSATION.c.key_index == index))

    def _open(self, sealed: bytes, index: bytes) -> bytes:
        return self._keyring.open(sealed, PURPOSE, index.hex())
