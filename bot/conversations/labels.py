"""A button's label, typed: it does what the button does, in every state and either language.

Names of persons and titles of results are not here: they are only pressed.
"""

from __future__ import annotations

from aiogram import Router

from bot.conversations import opening, retrieve, start, verify
from bot.conversations.states import Fetch, Wish
from bot.conversations.words import LabelTyped, LanguageTyped

_LEADS = (
    ("menu", start.greet),
    ("cancel", start.cancel),
    ("help", start.offer_help),
    ("language", start.offer_languages),
    ("information", start.show_information),
    ("forget", start.forget),
    ("verify", verify.ask_for_certificate),
    ("verify_another", verify.ask_for_certificate),
    ("share_phone", retrieve.ask_other_phone),
    ("other_phone", retrieve.ask_other_phone),
    ("send_code", retrieve.send_again),
    ("resend", retrieve.send_again),
    ("people", opening.list_people),
)
_FETCHES = (("qr", Wish.QR), ("results", Wish.RESULTS))


def build() -> Router:
    """The router; it must be asked before every state's own, which would take the label."""
    router = Router(name="labels")
    for name, handler in _LEADS:
        router.message.register(handler, LabelTyped(name))
    for name, wish in _FETCHES:
        router.message.register(retrieve.fetch, LabelTyped(name, Fetch(wish=wish)))
    router.message.register(start.change_language, LanguageTyped())
    return router
