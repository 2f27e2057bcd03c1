"""Talking: one chat's language, channel and way back, given to every handler as ``talk``.

A message is sent as plain text, so that no name can bring formatting with it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from aiogram import BaseMiddleware, Bot
from aiogram.exceptions import TelegramAPIError
from aiogram.filters.callback_data import CallbackData
from aiogram.fsm.context import FSMContext
from aiogram.types import (
    BufferedInputFile,
    CallbackQuery,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    Message,
    ReplyKeyboardMarkup,
    TelegramObject,
)

from bot.conversations.states import Go, Kept, Step

if TYPE_CHECKING:
    from bot.conversations.room import ChatRoom

TELEGRAM: Final = "telegram"
Buttons = Sequence[Sequence[InlineKeyboardButton]]


@dataclass(frozen=True, slots=True)
class Talk:
    """One chat.

    Args:
        channel: ``telegram`` or ``zalo``: what a challenge notes, and what the channel can do.
    """

    room: ChatRoom
    bot: Bot
    chat_id: int
    language: str
    channel: str

    @property
    def shares_contacts(self) -> bool:
        """Whether a phone can be shared with a button."""
        return self.channel == TELEGRAM

    def say(self, key: str, **data: object) -> str:
        """The text ``key`` in the chat's language."""
        return self.room.catalogues.say(self.language, key, **data)

    def say_n(self, key: str, n: int, **data: object) -> str:
        """The text ``key`` in its form for ``n``."""
        return self.room.catalogues.say_n(self.language, key, n, **data)

    def button(self, key: str, leads: CallbackData | Step) -> InlineKeyboardButton:
        """A button with the label ``key``."""
        return labelled(self.say(key), Go(to=leads) if isinstance(leads, Step) else leads)

    async def tell(self, text: str, buttons: Buttons | ReplyKeyboardMarkup = ()) -> None:
        """Send a text, with rows of buttons below."""
        await self.bot.send_message(self.chat_id, text, reply_markup=_markup(buttons))

    async def show(self, png: bytes, caption: str, buttons: Buttons = ()) -> None:
        """Send a picture."""
        photo = BufferedInputFile(png, filename="qr.png")
        await self.bot.send_photo(
            self.chat_id, photo, caption=caption, reply_markup=_markup(buttons)
        )

    async def erase(self, message: Message) -> None:
        """Delete what a person typed to prove themselves, where the channel can."""
        if self.channel == TELEGRAM:
            with suppress(TelegramAPIError):  # too old, or deleted by hand: nothing is lost
                await message.delete()


def labelled(label: str, leads: CallbackData) -> InlineKeyboardButton:
    """A button with a ready label (a masked name, a test and its time)."""
    return InlineKeyboardButton(text=label, callback_data=leads.pack())


def _markup(
    buttons: Buttons | ReplyKeyboardMarkup,
) -> InlineKeyboardMarkup | ReplyKeyboardMarkup | None:
    if isinstance(buttons, ReplyKeyboardMarkup):
        return buttons
    rows = [list(row) for row in buttons if row]
    return InlineKeyboardMarkup(inline_keyboard=rows) if rows else None


class TalkMiddleware(BaseMiddleware):
    """Gives handlers ``talk`` and ``kept``; takes the clock off a pressed button."""

    async def __call__(
        self,
        handler: Callable[[TelegramObject, dict[str, Any]], Awaitable[Any]],
        event: TelegramObject,
        data: dict[str, Any],
    ) -> Any:  # noqa: ANN401  (aiogram's own signature)
        """Hand on to ``handler``."""
        state: FSMContext = data["state"]
        kept = data["kept"] = Kept.of(await state.get_data())
        data["talk"] = talk_of(data, kept.language)
        try:
            return await handler(event, data)
        finally:
            if isinstance(event, CallbackQuery):
                with suppress(TelegramAPIError):  # too old to be answered: nobody waits for it
                    await event.answer()


def talk_of(data: dict[str, Any], language: str = "") -> Talk:
    """The chat that an update came from.

    Args:
        data: aiogram's data of the update.
        language: Chosen by the person; else the app's, else English for who reads neither.
    """
    room: ChatRoom = data["room"]
    person, chat = data.get("event_from_user"), data.get("event_chat")
    spoken = person.language_code if person else None
    return Talk(
        room,
        data["bot"],
        chat.id if chat else person.id if person else 0,
        room.catalogues.choose(language, spoken, "en" if spoken else None),
        data.get("channel", TELEGRAM),
    )
