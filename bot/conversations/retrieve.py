"""Fetching results, first half: a phone, and the code that proves it.

A number with results and one without are answered alike; the desk sees to it. A shared
contact counts only if it is the sender's own, and still needs the code.
"""

from __future__ import annotations

import asyncio
import math
from dataclasses import replace

from aiogram import F, Router
from aiogram.filters import StateFilter
from aiogram.fsm.context import FSMContext
from aiogram.types import CallbackQuery, KeyboardButton, Message, ReplyKeyboardMarkup

from bot.conversations.looking import look, redeem
from bot.conversations.opening import present
from bot.conversations.states import Fetch, Go, Kept, Link, Retrieve, Step
from bot.conversations.talk import Buttons, Talk
from bot.conversations.words import CodeTyped, NumberTyped, PhoneTyped
from core.citizens.challenge import CodeVerdict
from core.citizens.phone import mask_phone
from core.citizens.retrieval import CodeAnswer, CodeRefusal, CodeRequest

Event = Message | CallbackQuery
_OPEN_TO_PHONES = (
    None, Retrieve.awaiting_code, Retrieve.choosing_person, Link.awaiting_code,
)  # fmt: skip


def build() -> Router:
    """The router."""
    router = Router(name="retrieve")
    router.callback_query.register(fetch, Fetch.filter())
    router.callback_query.register(ask_other_phone, Go.filter(F.to == Step.OTHER_PHONE))
    router.callback_query.register(send_again, Go.filter(F.to == Step.SEND_CODE))
    router.message.register(take_contact, F.contact)
    router.message.register(take_phone, Retrieve.awaiting_phone, F.text)
    router.message.register(take_code, Retrieve.awaiting_code, CodeTyped())
    router.message.register(take_phone, StateFilter(*_OPEN_TO_PHONES), PhoneTyped())
    router.message.register(take_phone, StateFilter(None), NumberTyped())
    router.message.register(ask_for_code, Retrieve.awaiting_code)
    return router


async def fetch(
    _event: Event, callback_data: Fetch, state: FSMContext, kept: Kept, talk: Talk
) -> None:
    """Fetch the QR code or the results: at once if the phone is proven, else ask for it."""
    kept = replace(kept, wish=callback_data.wish)
    phone = kept.proven_phone(talk.room.clock())
    if not phone:
        await ask_for_phone(talk, state, kept)
        return
    seen = await asyncio.to_thread(look, talk.room, phone, kept.person)
    await present(seen, talk, state, kept)


async def ask_for_phone(talk: Talk, state: FSMContext, kept: Kept, why: str = "") -> None:
    """Ask for the phone; one that was given here before is offered again.

    Args:
        why: Key of a sentence said first.
    """
    await state.set_state(Retrieve.awaiting_phone)
    await state.set_data(kept.as_data())
    first = f"{talk.say(why)}\n\n" if why else ""
    if kept.phone:
        same = talk.say("chat.phone.same", phone=mask_phone(kept.phone))
        await talk.tell(first + same, _same_phone(talk))
    elif talk.shares_contacts:
        await talk.tell(first + talk.say("chat.phone.share"), _contact_keyboard(talk))
    else:
        await talk.tell(first + talk.say("chat.phone.type"), _way_out(talk))


async def ask_other_phone(_event: Event, state: FSMContext, kept: Kept, talk: Talk) -> None:
    """Ask for another number than the one kept."""
    other = Kept(language=kept.language, wish=kept.wish)
    await ask_for_phone(talk, state, other)


async def take_contact(message: Message, state: FSMContext, kept: Kept, talk: Talk) -> None:
    """Send a code to the shared number, if it is the sender's own."""
    contact, sender = message.contact, message.from_user
    if contact is None or sender is None or contact.user_id != sender.id:
        await talk.tell(talk.say("chat.phone.not_yours"), _way_out(talk))
        return
    number = contact.phone_number
    typed = number if number.startswith(("+", "0")) else f"+{number}"  # some apps drop the plus
    await _send_code(typed, state, kept, talk)


async def take_phone(message: Message, state: FSMContext, kept: Kept, talk: Talk) -> None:
    """Send a code to the typed number."""
    await _send_code(message.text or "", state, kept, talk)


async def send_again(_event: Event, state: FSMContext, kept: Kept, talk: Talk) -> None:
    """Send a new code to the number given before."""
    if not kept.phone:
        await ask_for_phone(talk, state, kept)
        return
    await _send_code(kept.phone, state, kept, talk)


async def _send_code(typed: str, state: FSMContext, kept: Kept, talk: Talk) -> None:
    request = await asyncio.to_thread(talk.room.desk.request_code, typed, talk.channel)
    if request.refusal is not None:
        await _refuse(request, state, kept, talk)
        return
    talk.room.poke()
    asked = replace(
        kept, phone=request.phone, challenge=request.challenge_id, verified_at="", person=""
    )
    await state.set_state(Retrieve.awaiting_code)
    await state.set_data(asked.as_data())
    await talk.tell(talk.say("chat.code.sent", phone=mask_phone(request.phone)), _resend(talk))


async def _refuse(request: CodeRequest, state: FSMContext, kept: Kept, talk: Talk) -> None:
    """Say why no code went out, and how to go on."""
    if request.refusal is CodeRefusal.WAIT:
        await _ask_to_wait(request, state, kept, talk)
        return
    if await state.get_state() is None:
        await state.set_state(Retrieve.awaiting_phone)
    await talk.tell(talk.say(f"chat.code_refusal.{request.refusal}"), _way_out(talk))


async def _ask_to_wait(request: CodeRequest, state: FSMContext, kept: Kept, talk: Talk) -> None:
    """A code is on its way; if it was asked for here, it can be answered here."""
    asked_here = bool(kept.challenge) and kept.phone == request.phone
    await state.set_state(Retrieve.awaiting_code if asked_here else Retrieve.awaiting_phone)
    if not asked_here:
        waiting = replace(kept, phone=request.phone, verified_at="", challenge="", person="")
        await state.set_data(waiting.as_data())
    seconds = math.ceil(request.wait.total_seconds())
    await talk.tell(talk.say_n("chat.code_refusal.wait", seconds), _resend(talk))


async def take_code(message: Message, code: str, state: FSMContext, kept: Kept, talk: Talk) -> None:
    """Redeem the typed code: the results, or the reason it was refused."""
    answer, seen = await asyncio.to_thread(redeem, talk.room, kept.challenge, code)
    await talk.erase(message)
    if seen is None:
        await _refuse_code(answer, talk)
        return
    now = talk.room.clock().isoformat()
    proven = replace(kept, phone=answer.phone, verified_at=now, challenge="")
    await present(seen, talk, state, proven)


async def _refuse_code(answer: CodeAnswer, talk: Talk) -> None:
    if answer.verdict is CodeVerdict.WRONG and answer.attempts_left:
        text = talk.say_n("chat.code_verdict.wrong", answer.attempts_left)
    else:
        last = answer.verdict is CodeVerdict.WRONG
        text = talk.say(f"chat.code_verdict.{CodeVerdict.LOCKED if last else answer.verdict}")
    await talk.tell(text, _resend(talk))


async def ask_for_code(_message: Message, talk: Talk) -> None:
    """Say what a code looks like."""
    await talk.tell(talk.say("chat.code.six_digits"), _resend(talk))


def _contact_keyboard(talk: Talk) -> ReplyKeyboardMarkup:
    share = KeyboardButton(text=talk.say("chat.button.share_phone"), request_contact=True)
    leave = KeyboardButton(text=talk.say("chat.button.cancel"))
    return ReplyKeyboardMarkup(
        keyboard=[[share], [leave]], resize_keyboard=True, one_time_keyboard=True
    )


def _same_phone(talk: Talk) -> Buttons:
    return [[talk.button("chat.button.send_code", Step.SEND_CODE)], *_resend(talk)[1:]]


def _resend(talk: Talk) -> Buttons:
    return [
        [talk.button("chat.button.resend", Step.SEND_CODE)],
        [talk.button("chat.button.other_phone", Step.OTHER_PHONE)],
        [talk.button("chat.button.cancel", Step.CANCEL)],
    ]


def _way_out(talk: Talk) -> Buttons:
    return [
        [talk.button("chat.button.help", Step.HELP), talk.button("chat.button.cancel", Step.CANCEL)]
    ]
