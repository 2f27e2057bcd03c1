"""Dates and times as laboratories write them, to aware UTC.

A time without an offset is in the facility's zone. A date without a time is its first
moment there: the earlier moment never makes a result valid for longer. A year or a month
alone is no time of collection. Nothing is guessed: what doesn't fit raises.

Source: HL7 v2.5.1 chapter 2A.21 (DTM), FHIR R4 ``dateTime``.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from labs.readers.vocabulary import is_birth_date

_HL7_LENGTHS = (8, 10, 12, 14)
_FHIR_TIME = re.compile(
    r"\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d)?)?", re.ASCII
)
_HL7_DATE = re.compile(r"(\d{4})(\d\d)?(\d\d)?(?:\d{2,6}(?:\.\d+)?)?(?:[+-]\d{4})?", re.ASCII)


@lru_cache(maxsize=4096)
def hl7_time(text: str, zone: ZoneInfo) -> datetime:
    """Read ``YYYYMMDD[HH[MM[SS[.ffff]]]][+/-ZZZZ]``; cached, a report repeats its times.

    Raises:
        ValueError: another format, no such date, or only a year or month.
    """
    moment, offset = _split_offset(text)
    moment, _, fraction = moment.partition(".")
    if len(moment) not in _HL7_LENGTHS or not (moment.isascii() and moment.isdigit()):
        raise ValueError("not an HL7 time")
    if fraction and not fraction.isdigit():
        raise ValueError("not an HL7 time")
    clock = f"T{moment[8:]}" if len(moment) > len("YYYYMMDD") else ""
    return _in_utc(datetime.fromisoformat(f"{moment[:8]}{clock}{offset}"), zone)


def _split_offset(text: str) -> tuple[str, str]:
    for sign in "+-":
        moment, found, offset = text.partition(sign)
        if found:
            return moment, sign + offset
    return text, ""


def fhir_time(text: str, zone: ZoneInfo) -> datetime:
    """Read a FHIR ``dateTime`` or ``instant`` that has at least a day.

    Raises:
        ValueError: another format, no such date, or only a year or month.
    """
    if not _FHIR_TIME.fullmatch(text):
        raise ValueError("not a FHIR time")
    return _in_utc(datetime.fromisoformat(text), zone)


def _in_utc(moment: datetime, zone: ZoneInfo) -> datetime:
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=zone)
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("out of the calendar") from error


@lru_cache(maxsize=4096)
def hl7_birth_date(text: str) -> str:
    """``YYYY[MM[DD…]]`` as ISO 8601 of the same precision; zeros stand for unknown parts.

    Raises:
        ValueError: another format, or no such date.
    """
    match = _HL7_DATE.fullmatch(text)
    if match is None:
        return iso_birth_date(text)
    year, month, day = match.groups()
    known = [year]
    for part in (month, day):
        if not part or part == "00":
            break
        known.append(part)
    return iso_birth_date("-".join(known))


def iso_birth_date(text: str) -> str:
    """``text`` if it is a whole or partial ISO 8601 date that exists.

    Raises:
        ValueError: it isn't.
    """
    if not is_birth_date(text):
        raise ValueError("not a birth date")
    return text
