"""Typed words that do what a button does, for channels without buttons.

They stand in the catalogues, separated by ``|``, and count in every language, with or
without accents.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from aiogram.filters import Filter
from aiogram.types import Message

from core.citizens.names import normalise
from core.citizens.phone import PhoneKind, read_phone

if TYPE_CHECKING:
    from bot.conversations.room import ChatRoom
    from core.messages.language import Catalogues

# Six digits, blanks, dots or dashes between them; never a part of a longer number.
_SIX_DIGITS = re.compile(r"(?<![0-9])(?<![0-9][ .-])[0-9](?:[ .-]?[0-9]){5}(?![ .-]?[0-9])")


class Typed(Filter):
    """Passes a message that is one of the words ``chat.word.<meaning>``."""

    def __init__(self, meaning: str) -> None:
        """Listen for the words of ``meaning``."""
        self._key = f"chat.word.{meaning}"

    async def __call__(self, message: Message, room: ChatRoom) -> bool:
        """Whether the message is such a word."""
        return normalise(message.text or "") in _words(room.catalogues, self._key)


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
