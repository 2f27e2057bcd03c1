"""An officer of a facility links this chat: its feeds' alerts come here besides the SMS.

``/officer CODE`` links, ``/officer`` asks for the code, ``/officer off`` parts; the words
``chat.word.officer`` do the same where there are no commands. Private chats only: groups are
answered before.
"""

from __future__ import annotations

import asyncio

from aiogram import F, Router
from aiogram.dispatcher.event.bases import SkipHandler
from aiogram.filters import Command, CommandObject
from aiogram.fsm.context import FSMContext
from aiogram.types import Message

from bot.conversations.states import Link, Step
from bot.conversations.talk import Buttons, Talk
from bot.conversations.words import WordThen, is_word, looks_like_a_number
from core.citizens.codes import read_chat_code
from core.citizens.phone import PhoneKind, read_phone
from core.feeds.linking import LinkRefusal
from core.feeds.officer import LINK_LIFETIME, Officer


def build() -> Router:
    """The router."""
    router = Router(name="officer")
    router.message.register(hear_command, Command("officer"))
    router.message.register(hear, WordThen("officer"))
    router.message.register(take_code, Link.awaiting_code, F.text)
    return router


async def hear_command(
    _message: Message, command: CommandObject, state: FSMContext, talk: Talk
) -> None:
    """What stands behind the command, if anything does."""
    await hear(_message, command.args or "", state, talk)


async def hear(_message: Message, rest: str, state: FSMContext, talk: Talk) -> None:
    """Ask for the code, try the one that is there, or part."""
    if not rest:
        await state.set_state(Link.awaiting_code)
        minutes = LINK_LIFETIME.seconds // 60
        await talk.tell(talk.say("chat.officer.ask", minutes=minutes), _way_out(talk))
    elif is_word(talk.room.catalogues, "officer_off", rest):
        await part(state, talk)
    else:
        await link(rest, state, talk)


async def take_code(message: Message, state: FSMContext, talk: Talk) -> None:
    """Try what was typed; a phone number is for those who fetch results."""
    typed = message.text or ""
    if _is_phone(typed) and read_chat_code(typed) is None:
        raise SkipHandler
    await link(typed, state, talk)


async def link(code: str, state: FSMContext, talk: Talk) -> None:
    """Link this chat, and say whose alerts come here now; or why not."""
    linking, chat = talk.room.linking, str(talk.chat_id)
    outcome = await asyncio.to_thread(linking.redeem, code, talk.channel, chat)
    if isinstance(outcome, LinkRefusal):
        again = outcome is not LinkRefusal.TOO_MANY
        await state.set_state(Link.awaiting_code if again else None)
        await talk.tell(talk.say(f"chat.officer_refusal.{outcome}"), _way_out(talk))
        return
    await state.set_state(None)
    (name,) = await asyncio.to_thread(_facilities, talk, [outcome])
    await talk.tell(talk.say("chat.officer.linked", facility=name), _way_out(talk))


async def part(state: FSMContext, talk: Talk) -> None:
    """Have no more alerts sent here."""
    await state.set_state(None)
    parted = await asyncio.to_thread(talk.room.linking.unlink, talk.channel, str(talk.chat_id))
    if not parted:
        await talk.tell(talk.say("chat.officer.not_linked"), _way_out(talk))
        return
    names = await asyncio.to_thread(_facilities, talk, parted)
    await talk.tell(talk.say("chat.officer.unlinked", facilities=", ".join(names)), _way_out(talk))


def _is_phone(typed: str) -> bool:
    """A mobile number; letters, as codes have them, don't stand for its digits."""
    return looks_like_a_number(typed) and read_phone(typed).kind is PhoneKind.MOBILE


def _facilities(talk: Talk, officers: list[Officer]) -> list[str]:
    """Names of the officers' facilities, each once."""
    codes = sorted({officer.facility for officer in officers})
    found = [talk.room.facility(code) for code in codes]
    return [each.name if each else code for each, code in zip(found, codes, strict=True)]


def _way_out(talk: Talk) -> Buttons:
    return [[talk.button("chat.button.menu", Step.MENU)]]
