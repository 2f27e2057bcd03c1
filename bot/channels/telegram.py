"""Telegram by long polling.

A lost network is waited for (aiogram tries again, ever more slowly). What no waiting heals
ends with a code: a wrong token, a second process on the same token, a webhook that is set.
Source: Telegram Bot API, getUpdates; aiogram 3, "Long-polling" and "Session middlewares".
"""

from __future__ import annotations

import asyncio
import logging
import threading
from typing import Any, Final

from aiogram import Bot, Dispatcher
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.session.middlewares.base import BaseRequestMiddleware, NextRequestMiddlewareType
from aiogram.client.telegram import PRODUCTION, TelegramAPIServer
from aiogram.exceptions import (
    TelegramConflictError,
    TelegramNetworkError,
    TelegramNotFound,
    TelegramServerError,
    TelegramUnauthorizedError,
)
from aiogram.methods import GetUpdates, Response, TelegramMethod
from aiogram.utils.backoff import Backoff, BackoffConfig
from aiogram.utils.token import TokenValidationError

from core.errors import SetupRefused

REQUEST_SECONDS: Final = 20.0
POLL_SECONDS: Final = 25
_SLOWING = BackoffConfig(min_delay=1.0, max_delay=30.0, factor=1.5, jitter=0.1)
_AT_ONCE = 64  # updates handled at the same time
_LOOK_SECONDS = 0.1  # between two looks at the stop event
_LAST_WORDS_SECONDS = 10.0
_log = logging.getLogger(__name__)


def run_telegram(
    token: str,
    dispatcher: Dispatcher,
    stop_event: threading.Event,
    *,
    server: TelegramAPIServer = PRODUCTION,
) -> None:
    """Chat on Telegram until ``stop_event`` is set.

    Args:
        token: The bot's secret.
        server: Another Bot API server than Telegram's own.

    Raises:
        SetupRefused: ``telegram_token_wrong``, ``telegram_second_process`` or
            ``telegram_webhook_set``.
    """
    asyncio.run(_run(token, dispatcher, stop_event, server))


async def _run(
    token: str, dispatcher: Dispatcher, stop_event: threading.Event, server: TelegramAPIServer
) -> None:
    session = AiohttpSession(api=server, timeout=REQUEST_SECONDS)
    try:
        bot = Bot(token, session=session)
    except TokenValidationError:
        raise SetupRefused("telegram_token_wrong") from None
    try:
        if await _greeted(bot, stop_event):
            await _poll(bot, dispatcher, stop_event)
    finally:
        await session.close()


async def _greeted(bot: Bot, stop_event: threading.Event) -> bool:
    """Wait until Telegram has said who we are; False when stopped before."""
    backoff = Backoff(_SLOWING)
    while not stop_event.is_set():
        try:
            await bot.me()
            return True
        except (TelegramUnauthorizedError, TelegramNotFound):
            raise SetupRefused("telegram_token_wrong") from None
        except (TelegramNetworkError, TelegramServerError) as trouble:
            _log.warning("Telegram can't be reached: %s", type(trouble).__name__)
            await _sleep(next(backoff), stop_event)
    return False


async def _poll(bot: Bot, dispatcher: Dispatcher, stop_event: threading.Event) -> None:
    fatal = _Fatal()
    bot.session.middleware(fatal)
    polling = asyncio.create_task(
        dispatcher.start_polling(
            bot,
            polling_timeout=POLL_SECONDS,
            backoff_config=_SLOWING,
            handle_signals=False,
            close_bot_session=False,
            tasks_concurrency_limit=_AT_ONCE,
            channel="telegram",
        )
    )
    await asyncio.sleep(_LOOK_SECONDS)  # polling can't be stopped before it has begun
    while not (polling.done() or stop_event.is_set() or fatal.code):  # noqa: ASYNC110  (a thread's)
        await asyncio.sleep(_LOOK_SECONDS)
    if not polling.done():
        await dispatcher.stop_polling()
    await polling
    await _finish_answers()
    if fatal.code:
        raise SetupRefused(fatal.code)


class _Fatal(BaseRequestMiddleware):
    """Notices what polling would try again for ever, in vain."""

    def __init__(self) -> None:
        self.code = ""

    async def __call__(
        self,
        make_request: NextRequestMiddlewareType[Any],
        bot: Bot,
        method: TelegramMethod[Any],
    ) -> Response[Any]:
        try:
            return await make_request(bot, method)
        except (TelegramUnauthorizedError, TelegramNotFound):
            if isinstance(method, GetUpdates):  # elsewhere a 404 may be about a message
                self.code = "telegram_token_wrong"
            raise
        except TelegramConflictError as conflict:
            webhook = "webhook" in conflict.message.lower()
            self.code = "telegram_webhook_set" if webhook else "telegram_second_process"
            raise


async def _finish_answers() -> None:
    """Updates already taken are answered: Telegram won't deliver them again."""
    others = asyncio.all_tasks() - {asyncio.current_task()}
    if others:
        await asyncio.wait(others, timeout=_LAST_WORDS_SECONDS)


async def _sleep(seconds: float, stop_event: threading.Event) -> None:
    looks = round(seconds / _LOOK_SECONDS)
    for _ in range(looks):
        if stop_event.is_set():
            return
        await asyncio.sleep(_LOOK_SECONDS)
