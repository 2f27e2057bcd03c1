"""A town with one citizen, and a chat to speak in."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bot.channels.simulator import ChatSimulator
from tests.bot.conversations.town import Citizen, Town


@pytest.fixture
def town() -> Town:
    return Town()


@pytest.fixture
def chat(town: Town) -> Iterator[ChatSimulator]:
    with town.chatting() as simulator:
        yield simulator


@pytest.fixture
def minh(chat: ChatSimulator) -> Citizen:
    return Citizen(chat)
