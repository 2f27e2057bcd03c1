"""The chat's room: what conversations need of the world, and the dispatcher that holds them.

Routers are made anew for each dispatcher; their order is the order in which they are asked.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from aiogram import Dispatcher

from bot.conversations import (
    fallback,
    groups,
    labels,
    officer,
    opening,
    retrieve,
    start,
    trouble,
    verify,
)
from bot.conversations.memory import KeptStorage, OneAtATime
from bot.conversations.talk import TalkMiddleware
from core.certificates.checkpoint import Checkpoint
from core.citizens.retrieval import RetrievalDesk
from core.feeds.linking import Linking
from core.messages.language import Catalogues
from core.ports import Clock, ConversationMemory
from core.results.facility import Facility

_CONVERSATIONS = (groups, labels, start, officer, verify, retrieve, opening, fallback)


@dataclass(frozen=True, slots=True)
class ChatRoom:
    """What conversations need.

    Args:
        facility: Finds a facility by its code.
        zone: In which times are shown, with its name.
        web_url: Where the pages are, for what a chat may not show.
        poke: Wakes whoever sends messages; called after a code was asked for.
    """

    desk: RetrievalDesk
    checkpoint: Checkpoint
    linking: Linking
    facility: Callable[[str], Facility | None]
    catalogues: Catalogues
    zone: ZoneInfo
    clock: Clock
    web_url: str
    poke: Callable[[], None]


def build_dispatcher(room: ChatRoom, memory: ConversationMemory) -> Dispatcher:
    """Build the conversations over ``memory``.

    A channel passes its name along with each update, as ``channel``.
    """
    storage = KeptStorage(memory, room.clock)
    dispatcher = Dispatcher(storage=storage, events_isolation=OneAtATime(storage), room=room)
    dispatcher.message.middleware(TalkMiddleware())
    dispatcher.callback_query.middleware(TalkMiddleware())
    dispatcher.errors.register(trouble.apologise)
    for conversation in _CONVERSATIONS:
        dispatcher.include_router(conversation.build())
    return dispatcher
