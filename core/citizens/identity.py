"""Identity QR codes: the chip card's and the national personal code, as their fields.

They save typing and mistyping where staff enter a person or look one up. Nobody signs them,
so they prove nothing: neither who holds the card nor any result.

Chip card (CCCD): ``number|old number|name|ddMMyyyy|Nam/Nữ|address|ddMMyyyy of issue``; the
old number may be empty or, like the day of issue, absent. National personal code 1.1:
``SoGiayTo|HoTen|yyyy-MM-dd|LoaiDinhDanh|QID|EXT``, where ``<`` separates the parts of EXT. Of
a card's number only its 12 digits are checked.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from core.results.reported import DocumentType
from core.results.result import Document

LONGEST: Final = 1024
"""Characters; a chip card has about 150."""
_LONGEST_FIELD: Final = 200
_CARD_FIELDS: Final = (6, 7)
_NATIONAL_FIELDS: Final = 6

_CARD_NUMBER = re.compile(r"\d{12}", re.ASCII)
_OLD_NUMBER = re.compile(r"(?:\d{9}|\d{12})?", re.ASCII)
_OTHER_NUMBER = re.compile(r"[A-Z0-9]{6,20}", re.ASCII)
_OLD_DIGITS: Final = 9
_SEXES = {"nam": "male", "nữ": "female"}


@dataclass(frozen=True, slots=True)
class Identity:
    """What an identity QR says.

    Args:
        number: Digits of the card, or of another document upper case.
        birth_date: ``YYYY-MM-DD``.
        old_number: Of the card before, or empty.
        sex: ``male``, ``female`` or empty.
        issued_on: ``YYYY-MM-DD`` or empty.
        kind: LoaiDinhDanh of a national code, as written there.
        extension: The parts of a national code's EXT.
    """

    number: str
    name: str
    birth_date: str
    old_number: str = ""
    sex: str = ""
    address: str = ""
    issued_on: str = ""
    kind: str = ""
    qid: str = ""
    extension: tuple[str, ...] = ()

    @property
    def documents(self) -> tuple[Document, ...]:
        """The documents that it names, the valid one first."""
        old = (Document(_type_of(self.old_number), self.old_number),) if self.old_number else ()
        return (Document(_type_of(self.number), self.number), *old)


def read_identity(text: str) -> Identity | None:
    """Read the text of an identity QR; None for any other text."""
    text = text.strip()
    if len(text) > LONGEST or not text.isprintable():
        return None
    fields = [field.strip() for field in unicodedata.normalize("NFC", text).split("|")]
    if any(len(field) > _LONGEST_FIELD for field in fields):
        return None
    return _national(fields) or _chip_card(fields)


def read_card_number(typed: str) -> str | None:
    """The 12 digits of a card as typed, with or without blanks; None if they aren't 12."""
    digits = re.sub(r"[ .\-]", "", typed)
    return digits if _CARD_NUMBER.fullmatch(digits) else None


def _chip_card(fields: list[str]) -> Identity | None:
    if len(fields) not in _CARD_FIELDS or not _CARD_NUMBER.fullmatch(fields[0]):
        return None
    number, *rest = fields
    old = rest.pop(0) if _OLD_NUMBER.fullmatch(rest[0]) else ""
    name, born, sex, address, *issued = [*rest, ""][:5]
    birth_date, issued_on = _day(born, "%d%m%Y"), _day(issued[0], "%d%m%Y")
    if not (name and birth_date) or (issued[0] and not issued_on):
        return None
    sex = _SEXES.get(sex.lower(), "")
    return Identity(number, name, birth_date, old, sex, address, issued_on)


def _national(fields: list[str]) -> Identity | None:
    if len(fields) != _NATIONAL_FIELDS or not _OTHER_NUMBER.fullmatch(fields[0].upper()):
        return None
    number, name, born, kind, qid, extension = fields
    birth_date = _day(born, "%Y-%m-%d")
    if not (name and birth_date):
        return None
    parts = tuple(extension.split("<")) if extension else ()
    return Identity(number.upper(), name, birth_date, kind=kind, qid=qid, extension=parts)


def _day(text: str, form: str) -> str:
    """An ISO date, or nothing unless ``text`` is a day written just like that."""
    try:
        day = datetime.strptime(text, form).date()  # noqa: DTZ007  (a day has no zone)
    except ValueError:
        return ""
    return day.isoformat() if day.strftime(form) == text else ""


def _type_of(number: str) -> DocumentType:
    if _CARD_NUMBER.fullmatch(number):
        return DocumentType.NATIONAL_ID
    old = number.isdecimal() and len(number) == _OLD_DIGITS
    return DocumentType.CITIZEN_ID if old else DocumentType.PASSPORT
