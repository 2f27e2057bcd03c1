"""Fetching results, second half: the person, their date of birth once, results and QR code.

What may be shown is the desk's decision; class B is a link to the web page, without a name
of a test. Every step asks anew whether the phone is still proven.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from aiogram import F, Router
from aiogram.fsm.context import FSMContext
from aiogram.fsm.state import State
from aiogram.types import CallbackQuery, Message

from bot.conversations import views
from bot.conversations.looking import (
    Choice,
    Look,
    NothingHere,
    Opened,
    ProofNeeded,
    Shown,
    draw,
    look,
    prove,
)
from bot.conversations.states import Fetch, Go, Kept, PickPerson, PickResult, Retrieve, Step, Wish
from bot.conversations.talk import Buttons, Talk, labelled
from core.citizens.birth import ProofKind
from core.citizens.proof import ProofVerdict

_KEY_LENGTH = 16  # hexadecimal characters of a person's key that fit a button
_LISTED = 10


def build() -> Router:
    """The router."""
    router = Router(name="opening")
    router.callback_query.register(pick_person, PickPerson.filter())
    router.callback_query.register(pick_result, PickResult.filter())
    router.callback_query.register(list_people, Go.filter(F.to == Step.PEOPLE))
    router.message.register(list_people, Retrieve.choosing_person)
    router.message.register(take_proof, Retrieve.awaiting_proof, F.text)
    return router


async def present(seen: Look, talk: Talk, state: FSMContext, kept: Kept) -> None:
    """Say what a proven phone led to, and remember where that leaves us."""
    if isinstance(seen, NothingHere):
        await _stand(state, None, kept)
        await talk.tell(talk.say("chat.nothing_found"), _after_nothing(talk))
    elif isinstance(seen, Choice):
        await _stand(state, Retrieve.choosing_person, replace(kept, person=""))
        await talk.tell(talk.say("chat.person.choose"), _people(talk, seen))
    elif isinstance(seen, ProofNeeded):
        await _ask_for_proof(seen, talk, state, kept)
    else:
        await _stand(state, None, replace(kept, person=seen.person.key))
        await _show(seen, talk, kept.wish)


async def list_people(
    _event: Message | CallbackQuery, state: FSMContext, kept: Kept, talk: Talk
) -> None:
    """Offer the persons on the number (again)."""
    await _look_again(talk, state, kept, "")


async def pick_person(
    _press: CallbackQuery, callback_data: PickPerson, state: FSMContext, kept: Kept, talk: Talk
) -> None:
    """Go on with the person whose name was pressed."""
    await _look_again(talk, state, kept, callback_data.key)


async def pick_result(
    _press: CallbackQuery, callback_data: PickResult, state: FSMContext, kept: Kept, talk: Talk
) -> None:
    """Show the result that was pressed, if it is still there."""
    phone = kept.proven_phone(talk.room.clock())
    if not phone:
        await ask_again(talk, state, kept)
        return
    seen = await asyncio.to_thread(look, talk.room, phone, kept.person)
    shown = seen.find(callback_data.result_id) if isinstance(seen, Opened) else None
    if shown is None or not isinstance(seen, Opened):
        await present(seen, talk, state, kept)
        return
    await _show_one(shown, talk, _after_result(talk, seen))


async def take_proof(message: Message, state: FSMContext, kept: Kept, talk: Talk) -> None:
    """Try the typed date of birth."""
    phone = kept.proven_phone(talk.room.clock())
    await talk.erase(message)
    if not phone:
        await ask_again(talk, state, kept)
        return
    typed = message.text or ""
    verdict, seen = await asyncio.to_thread(prove, talk.room, phone, kept.person, typed)
    if seen is not None:
        await present(seen, talk, state, kept)
        return
    if verdict in (ProofVerdict.LOCKED, ProofVerdict.ASK_STAFF):
        await state.set_state(None)
    await talk.tell(talk.say(f"chat.proof_verdict.{verdict}"), _way_out(talk))


async def ask_again(talk: Talk, state: FSMContext, kept: Kept) -> None:
    """The fifteen minutes are over: the phone must be proven anew."""
    await _stand(state, Retrieve.awaiting_phone, replace(kept, verified_at="", person=""))
    buttons = [[talk.button("chat.button.send_code", Step.SEND_CODE)]] if kept.phone else []
    await talk.tell(talk.say("chat.proven_too_long_ago"), [*buttons, *_way_out(talk)])


async def _look_again(talk: Talk, state: FSMContext, kept: Kept, person: str) -> None:
    phone = kept.proven_phone(talk.room.clock())
    if not phone:
        await ask_again(talk, state, kept)
        return
    await present(await asyncio.to_thread(look, talk.room, phone, person), talk, state, kept)


async def _stand(state: FSMContext, where: State | None, kept: Kept) -> None:
    await state.set_state(where)
    await state.set_data(kept.as_data())


async def _ask_for_proof(seen: ProofNeeded, talk: Talk, state: FSMContext, kept: Kept) -> None:
    asks = seen.kind is not ProofKind.STAFF
    kept = replace(kept, person=seen.person.key)
    await _stand(state, Retrieve.awaiting_proof if asks else None, kept)
    text = talk.say(f"chat.proof.{seen.kind}", name=seen.person.masked_name)
    await talk.tell(text, _way_out(talk))


async def _show(seen: Opened, talk: Talk, wish: Wish) -> None:
    """One result at once, several as a list; what the chat may not show as a link."""
    with_qr = tuple(each for each in seen.readable if each.has_qr)
    wished = with_qr if wish is Wish.QR and with_qr else seen.readable
    after = _after_result(talk, seen)
    if len(wished) == 1:
        await _show_one(wished[0], talk, after)
    elif wished:
        await talk.tell(talk.say("chat.result.choose"), [*_titles(talk, wished), *after])
    if seen.on_the_web or not wished:
        await _point_to_web(seen, talk, after)


async def _show_one(shown: Shown, talk: Talk, after: Buttons) -> None:
    text = views.result_text(talk, shown)
    if shown.has_qr:
        await talk.show(await asyncio.to_thread(draw, shown), text, after)
    else:
        await talk.tell(text, after)


async def _point_to_web(seen: Opened, talk: Talk, after: Buttons) -> None:
    if seen.on_the_web:
        text = talk.say_n("chat.result.on_the_web", seen.on_the_web, url=talk.room.web_url)
    else:
        text = talk.say("chat.nothing_found")
    await talk.tell(text, () if seen.readable else after)


def _titles(talk: Talk, results: Sequence[Shown]) -> Buttons:
    listed = results[:_LISTED]
    titles = views.distinct([views.title(talk, each) for each in listed])
    return [
        [labelled(title, PickResult(result_id=each.view.item.result_id))]
        for title, each in zip(titles, listed, strict=True)
    ]


def _people(talk: Talk, choice: Choice) -> Buttons:
    names = views.distinct([person.masked_name for person in choice.people])
    buttons = [
        [labelled(name, PickPerson(key=person.key[:_KEY_LENGTH]))]
        for name, person in zip(names, choice.people, strict=True)
    ]
    return [*buttons, *_way_out(talk)]


def _after_result(talk: Talk, seen: Opened) -> Buttons:
    more = len(seen.readable) > 1
    return [
        [talk.button("chat.button.results", Fetch(wish=Wish.RESULTS))] if more else [],
        [talk.button("chat.button.people", Step.PEOPLE)] if seen.others else [],
        [talk.button("chat.button.menu", Step.MENU)],
    ]


def _after_nothing(talk: Talk) -> Buttons:
    return [
        [talk.button("chat.button.other_phone", Step.OTHER_PHONE)],
        [talk.button("chat.button.help", Step.HELP), talk.button("chat.button.menu", Step.MENU)],
    ]


def _way_out(talk: Talk) -> Buttons:
    return [
        [talk.button("chat.button.help", Step.HELP), talk.button("chat.button.cancel", Step.CANCEL)]
    ]
