"""What an officer asks: a short code or an identity card, and the year of birth on the card.

Two things are needed, so that neither a code found on the street nor a number known from a
form opens anything. What can't be read at all is told at once: that depends on what was
typed, never on what is stored.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from core.citizens.codes import read_short_code
from core.citizens.identity import read_card_number, read_identity
from core.results.reported import DocumentType
from core.results.result import Document

_YEAR = re.compile(r"(?:19|20)\d\d", re.ASCII)


class Unreadable(StrEnum):
    """Why nothing is asked."""

    CODE = "code_unreadable"
    YEAR = "year_unreadable"


@dataclass(frozen=True, slots=True)
class Question:
    """What is looked for.

    Args:
        short_code: Normalised; empty where a card was given.
        documents: Of the card, its old number too where its QR names one.
        birth_year: Four digits.
    """

    short_code: str
    documents: tuple[Document, ...]
    birth_year: str


def read_question(typed: str, year: str) -> Question | Unreadable:
    """Read what was typed or scanned.

    Args:
        typed: A short code, the 12 digits of a card, or the text of an identity QR.
        year: As typed; may be empty with an identity QR, which has the date of birth.
    """
    identity = read_identity(typed)
    year = year.strip() or (identity.birth_date[:4] if identity else "")
    documents = identity.documents if identity else _card(typed)
    code = "" if documents else read_short_code(typed)
    if code is None:
        return Unreadable.CODE
    return Question(code, documents, year) if _YEAR.fullmatch(year) else Unreadable.YEAR


def _card(typed: str) -> tuple[Document, ...]:
    number = read_card_number(typed)
    return (Document(DocumentType.NATIONAL_ID, number),) if number else ()
