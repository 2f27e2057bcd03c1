"""The way in: greeting, menu, language, help, and cancel at any time."""

from __future__ import annotations

from dataclasses import replace

from aiogram import F, Router
from aiogram.filters import Command, CommandStart, or_f
from aiogram.fsm.context import FSMContext
from aiogram.types import CallbackQuery, Message

from bot.conversations.states import Fetch, Go, Kept, Speak, Step, Wish
from bot.conversations.talk import Buttons, Talk, labelled
from bot.conversations.words import Typed
from core.citizens.phone import mask_phone

Event = Message | CallbackQuery


def build() -> Router:
    """The router; cancel and menu are heard in every state."""
    router = Router(name="start")
    router.message.register(greet, CommandStart())
    for word, step, handler in (
        ("menu", Step.MENU, greet),
        ("cancel", Step.CANCEL, cancel),
        ("help", Step.HELP, offer_help),
        ("language", Step.LANGUAGE, offer_languages),
        ("information", Step.INFORMATION, show_information),
    ):
        router.message.register(handler, or_f(Command(word), Typed(word)))
        router.callback_query.register(handler, Go.filter(F.to == step))
    router.callback_query.register(forget, Go.filter(F.to == Step.FORGET))
    router.callback_query.register(change_language, Speak.filter())
    return router


def menu(talk: Talk) -> Buttons:
    """The main menu's buttons."""
    return [
        [talk.button("chat.button.information", Step.INFORMATION)],
        [talk.button("chat.button.verify", Step.VERIFY)],
        [
            talk.button("chat.button.language", Step.LANGUAGE),
            talk.button("chat.button.help", Step.HELP),
        ],
    ]


async def greet(_event: Event, state: FSMContext, talk: Talk) -> None:
    """Say who we are and what can be done here."""
    await state.set_state(None)
    await talk.tell(talk.say("chat.greeting"), menu(talk))


async def cancel(_event: Event, state: FSMContext, kept: Kept, talk: Talk) -> None:
    """Stop what was going on. Who begins anew may still use the code that is on its way."""
    await state.set_state(None)
    await state.set_data(replace(kept, person="").as_data())
    await talk.tell(talk.say("chat.cancelled"), menu(talk))


async def forget(_event: Event, state: FSMContext, kept: Kept, talk: Talk) -> None:
    """Start over: forget the phone and everything but the language."""
    await state.set_state(None)
    await state.set_data(kept.forgotten().as_data())
    await talk.tell(talk.say("chat.forgotten"), menu(talk))


async def show_information(_event: Event, state: FSMContext, kept: Kept, talk: Talk) -> None:
    """My information: the QR code and the results."""
    await state.set_state(None)
    buttons = [
        [talk.button("chat.button.qr", Fetch(wish=Wish.QR))],
        [talk.button("chat.button.results", Fetch(wish=Wish.RESULTS))],
        [talk.button("chat.button.menu", Step.MENU)],
    ]
    phone = kept.proven_phone(talk.room.clock())
    if not phone:
        await talk.tell(talk.say("chat.information"), buttons)
        return
    buttons.insert(2, [talk.button("chat.button.forget", Step.FORGET)])
    await talk.tell(talk.say("chat.information_of", phone=mask_phone(phone)), buttons)


async def offer_help(_event: Event, talk: Talk) -> None:
    """Say how it works and whom to ask, without leaving what is going on."""
    await talk.tell(talk.say("chat.help", url=talk.room.web_url), menu(talk))


async def offer_languages(_event: Event, talk: Talk) -> None:
    """Every language in its own name."""
    catalogues = talk.room.catalogues
    buttons = [
        [labelled(catalogues.say(each, "chat.language.name"), Speak(language=each))]
        for each in catalogues.languages
    ]
    await talk.tell(talk.say("chat.language.choose"), buttons)


async def change_language(
    _event: Event, callback_data: Speak, state: FSMContext, kept: Kept, talk: Talk
) -> None:
    """Go on in another language."""
    language = talk.room.catalogues.choose(callback_data.language)
    await state.set_data(replace(kept, language=language).as_data())
    changed = replace(talk, language=language)
    await changed.tell(changed.say("chat.language.changed"), menu(changed))
