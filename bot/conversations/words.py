"""Typed words that do what a button does, for channels without buttons.

They stand in the catalogues, separated by ``|``, and count in every language, with or
without accents.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from aiogram.filters import Filter
from aiogram.filters.callback_data import CallbackData
from aiogram.types import Message

from bot.conversations.states import Speak
from core.citizens.names import normalise
from core.citizens.phone import PhoneKind, read_phone

if TYPE_CHECKING:
    from bot.conversations.room import ChatRoom
    from core.messages.language import Catalogues

# Six digits, blanks, dots or dashes between them; never a part of a longer number.
_SIX_DIGITS = re.compile(r"(?<![0-9])(?<![0-9][ .-])[0-9](?:[ .-]?[0-9]){5}(?![ .-]?[0-9])")

# Seven digits or more: a shorter number is a code or a choice. A date is not a number.
_NUMBER = re.compile(r"[ .()-]*\+?(?:[ .()-]*[0-9]){7,}[ .()-]*")
_DATE = re.compile(r"[0-9]{1,2}[ .-][0-9]{1,2}[ .-][0-9]{4}|[0-9]{4}[ .-][0-9]{1,2}[ .-][0-9]{1,2}")
_AROUND = " .!?,:;\"'“”‘’«»"


class Typed(Filter):
    """Passes a message that is one of the words ``chat.word.<meaning>``."""

    def __init__(self, meaning: str) -> None:
        """Listen for the words of ``meaning``."""
        self._key = f"chat.word.{meaning}"

    async def __call__(self, message: Message, room: ChatRoom) -> bool:
        """Whether the message is such a word."""
        return normalise(message.text or "") in _words(room.catalogues, self._key)


class WordThen(Filter):
    """Passes a message that begins with one of the words ``chat.word.<meaning>``.

    What follows is handed on as ``rest``: nothing, one word, or something with a digit in it.
    A longer sentence is somebody's question, and not meant here.
    """

    def __init__(self, meaning: str) -> None:
        """Listen for the words of ``meaning``."""
        self._key = f"chat.word.{meaning}"

    async def __call__(self, message: Message, room: ChatRoom) -> bool | dict[str, str]:
        """What follows the word, if the message begins with one."""
        typed = normalise((message.text or "").strip(_AROUND))
        words = sorted(_words(room.catalogues, self._key), key=len, reverse=True)
        rests = [typed[len(word) :] for word in words if typed.startswith(word)]
        if not rests or rests[0][:1].isalnum():
            return False
        rest = rests[0].strip(_AROUND)
        asks = " " in rest and not any(character.isdigit() for character in rest)
        return not asks and {"rest": rest}


class LabelTyped(Filter):
    """Passes a message that is the label ``chat.button.<name>``, and hands on what it leads to."""

    def __init__(self, name: str, leads: CallbackData | None = None) -> None:
        """Listen for the label of ``name``.

        Args:
            leads: What pressing the button would send, if its handler asks for it.
        """
        self._key = f"chat.button.{name}"
        self._data = {"callback_data": leads} if leads else True

    async def __call__(self, message: Message, room: ChatRoom) -> bool | dict[str, CallbackData]:
        """Whether the message is the label."""
        typed = normalise((message.text or "").strip(_AROUND))
        return typed in _words(room.catalogues, self._key) and self._data


class LanguageTyped(Filter):
    """Passes a message that is a language's own name, and hands on what its button would."""

    async def __call__(self, message: Message, room: ChatRoom) -> bool | dict[str, CallbackData]:
        """The language, if it is one that we speak."""
        typed = normalise((message.text or "").strip(_AROUND))
        for each in room.catalogues.languages:
            if typed == normalise(room.catalogues.say(each, "chat.language.name")):
                return {"callback_data": Speak(language=each)}
        return False


class NumberTyped(Filter):
    """Passes a message that can only be meant as a phone number, be it right or wrong."""

    async def __call__(self, message: Message) -> bool:
        """Whether the message is one."""
        return looks_like_a_number(message.text or "")


class PhoneTyped(Filter):
    """Passes a message that is nothing but a mobile number."""

    async def __call__(self, message: Message) -> bool:
        """Whether the message is one."""
        return read_phone(message.text or "").kind is PhoneKind.MOBILE


class CodeTyped(Filter):
    """Passes a message with six digits in it, and hands them on as ``code``."""

    async def __call__(self, message: Message) -> bool | dict[str, str]:
        """The six digits, if there are."""
        code = six_digits(message.text or "")
        return {"code": code} if code else False


def is_word(catalogues: Catalogues, meaning: str, typed: str) -> bool:
    """Whether ``typed`` is one of the words ``chat.word.<meaning>``."""
    return normalise(typed) in _words(catalogues, f"chat.word.{meaning}")


def looks_like_a_number(text: str) -> bool:
    """Whether ``text`` is nothing but a long number, as phones are written."""
    typed = " ".join(text.split())
    return bool(_NUMBER.fullmatch(typed)) and not _DATE.fullmatch(typed)


def six_digits(text: str) -> str:
    """The first six-digit code in ``text``, without what stood between its digits."""
    found = _SIX_DIGITS.search(text)
    return re.sub(r"[ .-]", "", found[0]) if found else ""


@lru_cache(maxsize=64)
def _words(catalogues: Catalogues, key: str) -> frozenset[str]:
    return frozenset(
        normalise(word)
        for language in catalogues.languages
        for word in catalogues.say(language, key).split("|")
    )
