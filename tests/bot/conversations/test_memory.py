from __future__ import annotations

import asyncio
from datetime import datetime

import pytest
from aiogram.fsm.storage.base import StorageKey

from bot.conversations.memory import KeptStorage, OneAtATime, memory_key
from bot.conversations.states import Kept, Retrieve, Wish
from tests.bot.conversations.fakes import Clock, MemoryConversations

HERE = StorageKey(bot_id=1, chat_id=7, user_id=7)
THERE = StorageKey(bot_id=2, chat_id=7, user_id=7)


def test_state_and_data_do_not_overwrite_each_other() -> None:
    memory = MemoryConversations()
    storage = KeptStorage(memory, Clock())

    async def talk() -> None:
        await storage.set_data(HERE, {"phone": "+84900001001"})
        await storage.set_state(HERE, Retrieve.awaiting_code)
        assert await storage.get_data(HERE) == {"phone": "+84900001001"}
        await storage.set_data(HERE, {"name": "Đỗ"})
        assert await storage.get_state(HERE) == "Retrieve:awaiting_code"
        assert await storage.get_state(THERE) is None

    asyncio.run(talk())
    assert memory.rows == {"1:7:7": ("Retrieve:awaiting_code", '{"name":"Đỗ"}'.encode())}


def test_an_empty_conversation_is_forgotten() -> None:
    memory = MemoryConversations()
    storage = KeptStorage(memory, Clock())

    async def talk() -> None:
        await storage.set_state(HERE, Retrieve.awaiting_code)
        await storage.set_state(HERE, None)

    asyncio.run(talk())
    assert not memory.rows


def test_the_same_person_has_one_conversation_per_bot() -> None:
    assert memory_key(HERE) != memory_key(THERE)


def test_one_chat_waits_its_turn_while_another_does_not() -> None:
    order: list[str] = []

    async def visit(isolation: OneAtATime, key: StorageKey, name: str, goes: asyncio.Event) -> None:
        async with isolation.lock(key):
            order.append(f"{name} in")
            await goes.wait()
            order.append(f"{name} out")

    async def run() -> int:
        storage = KeptStorage(MemoryConversations(), Clock())
        isolation, goes, at_once = OneAtATime(storage), asyncio.Event(), asyncio.Event()
        at_once.set()
        first = asyncio.create_task(visit(isolation, HERE, "first", goes))
        await asyncio.sleep(0)
        second = asyncio.create_task(visit(isolation, HERE, "second", at_once))
        await asyncio.create_task(visit(isolation, THERE, "other", at_once))
        goes.set()
        await asyncio.gather(first, second)
        return len(isolation._locks)

    left = asyncio.run(run())
    assert order == ["first in", "other in", "other out", "first out", "second in", "second out"]
    assert left == 0


def test_data_of_another_version_is_read_as_far_as_it_is_known() -> None:
    assert Kept.of({"phone": "+84900001001", "mood": "good", "wish": "results"}) == Kept(
        phone="+84900001001", wish=Wish.RESULTS
    )


class CountingMemory(MemoryConversations):
    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []

    def load(self, key: str) -> tuple[str | None, bytes] | None:
        self.asked.append("load")
        return super().load(key)

    def keep(self, key: str, state: str | None, data: bytes, now: datetime) -> None:
        self.asked.append("keep")
        super().keep(key, state, data, now)


def test_one_message_loads_once_and_keeps_once_and_only_what_changed() -> None:
    memory = CountingMemory()
    storage = KeptStorage(memory, Clock())

    async def message(phone: str) -> None:
        async with OneAtATime(storage).lock(HERE):
            assert await storage.get_state(HERE) in (None, "Retrieve:awaiting_code")
            await storage.set_data(HERE, {"phone": phone})
            await storage.set_state(HERE, Retrieve.awaiting_code)

    asyncio.run(message("+84900001001"))
    assert memory.asked == ["load", "keep"]
    asyncio.run(message("+84900001001"))
    assert memory.asked == ["load", "keep", "load"]


def test_what_a_handler_learnt_before_it_broke_is_kept() -> None:
    memory = MemoryConversations()
    storage = KeptStorage(memory, Clock())

    async def message() -> None:
        async with OneAtATime(storage).lock(HERE):
            await storage.set_state(HERE, Retrieve.awaiting_code)
            raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        asyncio.run(message())
    assert memory.rows["1:7:7"][0] == "Retrieve:awaiting_code"
