"""Letters into chats: deliveries handed to a channel's bot from the thread that sends.

The bot lives in the event loop of its conversations. A chat that takes no more letters (the
bot was blocked, the account is gone) is refused for good and told to ``closed``; what is
wrong with our bot, the service or the line between is tried again.
Source: Telegram Bot API, "Making requests" (error_code, retry_after); aiogram 3, exceptions.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Final

from aiogram import Bot
from aiogram.exceptions import (
    AiogramError,
    ClientDecodeError,
    TelegramBadRequest,
    TelegramConflictError,
    TelegramForbiddenError,
    TelegramNetworkError,
    TelegramNotFound,
    TelegramRetryAfter,
    TelegramServerError,
    TelegramUnauthorizedError,
)

from core.errors import GatewayRefused, GatewayRetry
from core.ports import Gateway

CHAT_CLOSED: Final = "chat_closed"
_REQUEST_SECONDS = 8
_GIVE_UP_SECONDS = 10.0  # five of them end within a delivery's lease
_NOT_THERE = ("chat not found", "peer_id_invalid")
_LATER: tuple[tuple[type[AiogramError], str], ...] = (
    (TelegramNetworkError, "gateway_unreachable"),
    (TelegramServerError, "gateway_busy"),
    (TelegramUnauthorizedError, "not_authenticated"),
    (TelegramNotFound, "not_authenticated"),  # how a wrong token is answered, too
    (TelegramConflictError, "not_authenticated"),
    (ClientDecodeError, "unexpected_answer"),
)


class ChatGateway(Gateway):
    """Sends as one channel's bot.

    Args:
        loop: The running loop to which ``bot`` belongs.
        closed: Told the id of a chat that takes no more letters.
    """

    def __init__(
        self, bot: Bot, loop: asyncio.AbstractEventLoop, closed: Callable[[str], object]
    ) -> None:
        self._bot = bot
        self._loop = loop
        self._closed = closed

    def send(self, to: str, text: str, *, reference: str) -> str:  # noqa: ARG002
        """Hand over one letter; a chat does not de-duplicate, so ``reference`` stays here.

        Must not be called in the loop itself.

        Args:
            to: Id of a chat.

        Returns:
            The id of the message.

        Raises:
            GatewayRetry: not taken now.
            GatewayRefused: never will be.
        """
        try:
            return self._hand_over(to, text)
        except AiogramError as error:
            refusal = _translated(error)
        except TimeoutError:
            refusal = GatewayRetry("gateway_unreachable", "timeout")
        if refusal.code == CHAT_CLOSED:
            self._closed(to)
        raise refusal  # without its cause, whose text repeats the chat

    def _hand_over(self, to: str, text: str) -> str:
        sending = self._bot.send_message(int(to), text, request_timeout=_REQUEST_SECONDS)
        handed = asyncio.run_coroutine_threadsafe(sending, self._loop)
        try:
            return str(handed.result(_GIVE_UP_SECONDS).message_id)
        except TimeoutError:
            handed.cancel()
            raise


def _translated(error: AiogramError) -> GatewayRefused | GatewayRetry:
    """Our error for theirs."""
    detail = type(error).__name__
    if isinstance(error, TelegramRetryAfter):
        return GatewayRetry("rate_limited", detail, wait=timedelta(seconds=error.retry_after))
    if isinstance(error, TelegramForbiddenError) or _is_not_there(error):
        return GatewayRefused(CHAT_CLOSED, detail)
    for kind, code in _LATER:
        if isinstance(error, kind):
            return GatewayRetry(code, detail)
    return GatewayRefused("gateway_refused", detail)


def _is_not_there(error: AiogramError) -> bool:
    said = error.message.lower() if isinstance(error, TelegramBadRequest) else ""
    return any(words in said for words in _NOT_THERE)
