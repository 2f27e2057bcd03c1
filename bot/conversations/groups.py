"""In a group the bot says only one thing: message me privately."""

from __future__ import annotations

from aiogram import F, Router
from aiogram.types import CallbackQuery, Message

from bot.conversations.talk import Talk

_MANY = {"group", "supergroup", "channel"}
_SAID = {"text", "contact", "photo", "document"}


def build() -> Router:
    """The router; it must be asked before all others."""
    router = Router(name="groups")
    router.message.register(
        ask_to_write_privately, F.chat.type.in_(_MANY), F.content_type.in_(_SAID)
    )
    router.message.register(ignore, F.chat.type.in_(_MANY))
    router.callback_query.register(answer_privately, F.message.chat.type.in_(_MANY))
    return router


async def ask_to_write_privately(_message: Message, talk: Talk) -> None:
    """Say where to go on, whatever was said."""
    await talk.tell(talk.say("chat.group"))


async def answer_privately(press: CallbackQuery, talk: Talk) -> None:
    """Say the same to who pressed a button, unseen by the others."""
    await press.answer(talk.say("chat.group"), show_alert=True)


async def ignore(_message: Message) -> None:
    """Somebody joined, a title changed: not for us."""
