"""A session that shows instead of sending: what the bot would send becomes ``Shown``.

It answers aiogram's methods as Telegram would, as far as conversations use them; a method it
doesn't know is refused as a bad request. Source: Telegram Bot API 9, "Available methods".
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from itertools import count
from typing import Any, cast

from aiogram import Bot
from aiogram.client.session.base import BaseSession
from aiogram.client.telegram import PRODUCTION
from aiogram.exceptions import TelegramBadRequest, TelegramNetworkError
from aiogram.methods import (
    AnswerCallbackQuery,
    DeleteMessage,
    EditMessageCaption,
    EditMessageReplyMarkup,
    EditMessageText,
    GetFile,
    GetMe,
    SendChatAction,
    SendMessage,
    SendPhoto,
    TelegramMethod,
)
from aiogram.types import (
    File,
    InlineKeyboardMarkup,
    InputFile,
    Message,
    ReplyKeyboardMarkup,
    User,
)

from core.ports import Clock


@dataclass(frozen=True, slots=True)
class Button:
    """A button on the screen.

    Args:
        data: What pressing sends; None where pressing types the label.
        shares_contact: Pressing shares the phone's own number.
    """

    label: str
    data: str | None = None
    shares_contact: bool = False


@dataclass(frozen=True, slots=True)
class Shown:
    """One message on a person's screen.

    Args:
        photo: The picture's bytes, or None.
    """

    text: str
    buttons: tuple[Button, ...] = ()
    photo: bytes | None = None


class NoSuchChat(Exception):
    """Nobody has this chat."""


class ScreenSession(BaseSession):
    """Hands every message for a chat to ``show``."""

    def __init__(self, name: str, show: Callable[[int, Shown], None], clock: Clock) -> None:
        """Show with ``show(chat_id, shown)``, which may raise NoSuchChat.

        Args:
            name: The bot's own name.
        """
        super().__init__(api=PRODUCTION)  # builds no address that is ever asked
        self._name = name
        self._show = show
        self._clock = clock
        self._message_ids = count(1)
        self._files: dict[str, bytes] = {}

    def offer_file(self, file_id: str, content: bytes) -> None:
        """Have a file that somebody sent, to be loaded once."""
        self._files[file_id] = content

    async def close(self) -> None:
        """Nothing is held open here."""

    async def make_request(
        self,
        bot: Bot,
        method: TelegramMethod[Any],
        timeout: int | None = None,  # noqa: ARG002, ASYNC109  (aiogram's own signature)
    ) -> Any:  # noqa: ANN401
        """Show the message, or answer as the server would."""
        if isinstance(method, SendMessage | EditMessageText | EditMessageCaption | SendPhoto):
            return await self._send(bot, method)
        if isinstance(method, AnswerCallbackQuery):
            return self._alert(method)
        if isinstance(method, GetMe):
            return User(id=bot.id, is_bot=True, first_name=self._name, username=self._name)
        if isinstance(method, GetFile):
            return File(file_id=method.file_id, file_unique_id="-", file_path=method.file_id)
        if isinstance(method, DeleteMessage | SendChatAction | EditMessageReplyMarkup):
            return True
        raise TelegramBadRequest(method, "method not known here")

    async def stream_content(
        self,
        url: str,
        *_how: object,
        **_how_else: object,
    ) -> AsyncGenerator[bytes, None]:
        """Load a file that was offered."""
        content = self._files.pop(url.rsplit("/", 1)[-1], None)
        if content is None:
            raise TelegramNetworkError(GetFile(file_id=""), "no such file")
        yield content

    async def _send(
        self, bot: Bot, method: SendMessage | EditMessageText | EditMessageCaption | SendPhoto
    ) -> Message:
        text = _words(method)
        photo = await _content(bot, method.photo) if isinstance(method, SendPhoto) else None
        chat_id = int(method.chat_id or 0)
        try:
            self._show(chat_id, Shown(text, _buttons(method.reply_markup), photo))
        except NoSuchChat:
            missing: TelegramMethod[Any] = method
            raise TelegramBadRequest(missing, "Bad Request: chat not found") from None
        sent = {
            "message_id": next(self._message_ids),
            "date": int(self._clock().timestamp()),
            "chat": {"id": chat_id, "type": "private"},
            "text": text,
        }
        return Message.model_validate(sent, context={"bot": bot})

    def _alert(self, method: AnswerCallbackQuery) -> bool:
        chat_id, _, _ = method.callback_query_id.partition(":")
        if method.text:
            self._show(int(chat_id), Shown(method.text))
        return True


def _words(method: SendMessage | EditMessageText | EditMessageCaption | SendPhoto) -> str:
    if isinstance(method, SendMessage | EditMessageText):
        return method.text or ""
    return method.caption or ""


async def _content(bot: Bot, photo: InputFile | str) -> bytes:
    if not isinstance(photo, InputFile):
        return b""
    return b"".join([chunk async for chunk in photo.read(bot)])


def _buttons(markup: object) -> tuple[Button, ...]:
    if isinstance(markup, InlineKeyboardMarkup):
        return tuple(
            Button(each.text, each.callback_data) for row in markup.inline_keyboard for each in row
        )
    if isinstance(markup, ReplyKeyboardMarkup):
        return tuple(
            Button(each.text, None, bool(each.request_contact))
            for row in cast("list[list[Any]]", markup.keyboard)
            for each in row
        )
    return ()
