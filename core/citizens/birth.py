"""Dates of birth: as typed by people, and what a recorded one can prove.

Recorded dates are ISO 8601 and may be partial. Typed dates are day first, as in Viet Nam.
"""

from __future__ import annotations

import re
from datetime import date
from enum import StrEnum
from hmac import compare_digest

from core.results.result import Document

_DAY_FIRST = re.compile(r"(\d{1,2})[/\-. ](\d{1,2})[/\-. ](\d{4})|(\d{2})(\d{2})(\d{4})")
_ISO = re.compile(r"(\d{4})-(\d{2})-(\d{2})", re.ASCII)
_YEAR_AND_DOCUMENT = re.compile(r"(\d{4})\W+(\w{4})", re.ASCII)


class ProofKind(StrEnum):
    """What a person is asked for beside the OTP."""

    BIRTH_DATE = "birth_date"
    YEAR_AND_DOCUMENT = "year_and_document"
    STAFF = "staff"


def read_birth_date(typed: str) -> str | None:
    """``5/3/1990``, ``05031990``, ``1990-03-05`` → ``1990-03-05``; None if it is no date."""
    text = typed.strip()
    if match := _ISO.fullmatch(text):
        year, month, day = match.groups()
    elif match := _DAY_FIRST.fullmatch(text):
        day, month, year = (group for group in match.groups() if group is not None)
    else:
        return None
    try:
        return date(int(year), int(month), int(day)).isoformat()
    except ValueError:
        return None


def proof_kind(birth_date: str, documents: tuple[Document, ...]) -> ProofKind:
    """Which proof a person can be asked for, given what was recorded of them."""
    if len(birth_date) == len("YYYY-MM-DD"):
        return ProofKind.BIRTH_DATE
    if birth_date and documents:
        return ProofKind.YEAR_AND_DOCUMENT
    return ProofKind.STAFF


def proves(typed: str, birth_date: str, documents: tuple[Document, ...]) -> bool | None:
    """Does ``typed`` prove to be the person?

    Returns:
        True or False; None when ``typed`` can't be read at all (which costs no try).
    """
    kind = proof_kind(birth_date, documents)
    if kind is ProofKind.BIRTH_DATE:
        given = read_birth_date(typed)
        return None if given is None else compare_digest(given, birth_date)
    match = _YEAR_AND_DOCUMENT.fullmatch(typed.strip())
    if kind is ProofKind.STAFF or match is None:
        return None
    year, tail = match.groups()
    right_tail = any(document.number[-4:].upper() == tail.upper() for document in documents)
    return compare_digest(year, birth_date[:4]) and right_tail
