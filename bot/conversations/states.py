"""Where a conversation stands and what it remembers: ids and the phone, nothing of a result.

The memory behind the port encrypts it. A proven phone counts for fifteen minutes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from aiogram.filters.callback_data import CallbackData
from aiogram.fsm.state import State, StatesGroup

PHONE_PROVEN_FOR: Final = timedelta(minutes=15)


class Retrieve(StatesGroup):
    """Fetching results."""

    awaiting_phone = State()
    awaiting_code = State()
    choosing_person = State()
    awaiting_proof = State()


class Verify(StatesGroup):
    """Checking somebody's QR code."""

    awaiting_certificate = State()


class Link(StatesGroup):
    """Linking this chat to an officer of a facility."""

    awaiting_code = State()


class Wish(StrEnum):
    """What the person came for."""

    QR = "qr"
    RESULTS = "results"


class Step(StrEnum):
    """Where a button without data of its own leads."""

    MENU = "menu"
    INFORMATION = "info"
    VERIFY = "verify"
    LANGUAGE = "language"
    HELP = "help"
    CANCEL = "cancel"
    FORGET = "forget"
    SEND_CODE = "send"
    OTHER_PHONE = "phone"
    PEOPLE = "people"


class Go(CallbackData, prefix="go"):
    """A button that leads to a step."""

    to: Step


class Fetch(CallbackData, prefix="fetch"):
    """A button that fetches what is wished for."""

    wish: Wish


class Speak(CallbackData, prefix="speak"):
    """A button that changes the language."""

    language: str


class PickPerson(CallbackData, prefix="person"):
    """A button with a person's name: the key is a keyed hash, cut to fit."""

    key: str


class PickResult(CallbackData, prefix="result"):
    """A button with a result."""

    result_id: str


@dataclass(frozen=True, slots=True)
class Kept:
    """What a conversation remembers between two messages.

    Args:
        language: Chosen by the person; empty while the app's language counts.
        phone: E.164, typed or shared; proven only as ``proven_phone`` says.
        verified_at: RFC 3339 time at which the code was right, or empty.
        challenge: Id of the OTP that was asked for here.
        person: Key of the person being looked at.
    """

    language: str = ""
    phone: str = ""
    verified_at: str = ""
    challenge: str = ""
    person: str = ""
    wish: Wish = Wish.QR

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Kept:
        """Read FSM data; what an older version left there is ignored."""
        known = {field.name for field in fields(cls)}
        kept = cls(**{key: value for key, value in data.items() if key in known})
        return replace(kept, wish=Wish(kept.wish))

    def as_data(self) -> dict[str, Any]:
        """FSM data; what is as in the beginning is left out."""
        beginning = asdict(Kept())
        return {key: value for key, value in asdict(self).items() if value != beginning[key]}

    def proven_phone(self, now: datetime) -> str:
        """The phone if its code was right less than fifteen minutes ago, else nothing."""
        if not self.verified_at:
            return ""
        age = now - datetime.fromisoformat(self.verified_at)
        return self.phone if timedelta() <= age < PHONE_PROVEN_FOR else ""

    def forgotten(self) -> Kept:
        """Only the language is left."""
        return Kept(language=self.language)
