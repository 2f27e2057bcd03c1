"""What nobody else understood: say so kindly, and show the menu."""

from __future__ import annotations

from aiogram import F, Router
from aiogram.types import CallbackQuery, Message

from bot.conversations.start import menu
from bot.conversations.talk import Talk

_SAID = {
    "text", "sticker", "voice", "audio", "video", "video_note", "animation", "location", "venue",
    "contact", "poll", "dice",
}  # fmt: skip


def build() -> Router:
    """The router; it must be asked last."""
    router = Router(name="fallback")
    router.message.register(say_what_is_possible, F.content_type.in_(_SAID))
    router.callback_query.register(say_that_button_is_old)
    return router


async def say_what_is_possible(_message: Message, talk: Talk) -> None:
    """We read numbers, codes and pictures of QR codes."""
    await talk.tell(talk.say("chat.not_understood"), menu(talk))


async def say_that_button_is_old(_press: CallbackQuery, talk: Talk) -> None:
    """A button of a former version, or one that was made up."""
    await talk.tell(talk.say("chat.old_button"), menu(talk))
