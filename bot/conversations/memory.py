"""aiogram's FSM storage over the port ``ConversationMemory``.

The port is synchronous and keeps state and data together. A message loads both once, in a
thread, and keeps both once, if it changed them, also when its handler broke: a code that was
redeemed stays redeemed. ``OneAtATime`` opens the record and lets nobody else in meanwhile.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter, defaultdict
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from aiogram.fsm.state import State
from aiogram.fsm.storage.base import (
    DEFAULT_DESTINY,
    BaseEventIsolation,
    BaseStorage,
    StateType,
    StorageKey,
)

from core.ports import Clock, ConversationMemory


@dataclass(slots=True)
class Record:
    """State and data of one conversation."""

    state: str | None = None
    data: dict[str, Any] = field(default_factory=dict)


class KeptStorage(BaseStorage):
    """States and data of conversations, kept by the installation."""

    def __init__(self, memory: ConversationMemory, clock: Clock) -> None:
        """Keep conversations in ``memory``."""
        self._memory = memory
        self._clock = clock
        self._open: dict[StorageKey, Record] = {}

    @asynccontextmanager
    async def opened(self, key: StorageKey) -> AsyncGenerator[Record, None]:
        """The record of ``key``: loaded when it is opened first, kept when it is left last."""
        if key in self._open:
            yield self._open[key]
            return
        before = await asyncio.to_thread(self._load, memory_key(key))
        record = self._open[key] = replace(before)
        try:
            yield record
        finally:
            del self._open[key]
            if record != before:
                await asyncio.to_thread(self._keep, memory_key(key), record)

    async def set_state(self, key: StorageKey, state: StateType = None) -> None:
        """Replace the state."""
        async with self.opened(key) as record:
            record.state = state.state if isinstance(state, State) else state

    async def get_state(self, key: StorageKey) -> str | None:
        """The state, or None."""
        async with self.opened(key) as record:
            return record.state

    async def set_data(self, key: StorageKey, data: Mapping[str, Any]) -> None:
        """Replace the data."""
        async with self.opened(key) as record:
            record.data = dict(data)

    async def get_data(self, key: StorageKey) -> dict[str, Any]:
        """The data; empty if there is none."""
        async with self.opened(key) as record:
            return dict(record.data)

    async def close(self) -> None:
        """Nothing is held open here."""

    def _load(self, key: str) -> Record:
        kept = self._memory.load(key)
        return Record(kept[0], json.loads(kept[1] or b"{}")) if kept else Record()

    def _keep(self, key: str, record: Record) -> None:
        if record.state is None and not record.data:
            self._memory.forget(key)
        else:
            text = json.dumps(record.data, separators=(",", ":"), ensure_ascii=False)
            self._memory.keep(key, record.state, text.encode(), self._clock())


def memory_key(key: StorageKey) -> str:
    """Name of a conversation in the memory: bot, chat and person."""
    place = f"{key.bot_id}:{key.chat_id}:{key.user_id}"
    return place if key.destiny == DEFAULT_DESTINY else f"{place}:{key.destiny}"


class OneAtATime(BaseEventIsolation):
    """Messages of one chat are handled one after another, in the order of their arrival.

    aiogram's own in-memory isolation never lets go of a lock; here the last user does.
    """

    def __init__(self, storage: KeptStorage) -> None:
        """Open conversations of ``storage``, one message at a time."""
        self._storage = storage
        self._locks: defaultdict[StorageKey, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._waiting: Counter[StorageKey] = Counter()

    @asynccontextmanager
    async def lock(self, key: StorageKey) -> AsyncGenerator[None, None]:
        """Wait for one's turn, and have the conversation open during it."""
        self._waiting[key] += 1
        try:
            async with self._locks[key], self._storage.opened(key):
                yield
        finally:
            self._waiting[key] -= 1
            if not self._waiting[key]:
                del self._waiting[key], self._locks[key]

    async def close(self) -> None:
        """Nothing is held open here."""
