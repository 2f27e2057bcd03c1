"""Dates and times as people write them in a table, in their facility's order.

Year first is always understood. A date of numbers only is read in the facility's order and
refused where it contradicts that; a year of two digits, the name of a zone and a bare number
(a spreadsheet's own count of days) are refused. Nothing is turned around or guessed.

Source: ISO 8601; Windows' Vietnamese regional settings (``SA``, ``CH`` for a.m., p.m.).
"""

from __future__ import annotations

import re
from datetime import datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from core.results.facility import DateOrder
from labs.readers.times import fhir_time, iso_birth_date

_LONGEST = 40
_TIME = r"(\d{1,2})[:h](\d{2})(?::(\d{2})(?:\.\d+)?)?(?:\s*(AM|PM|SA|CH))?"
_DATE = re.compile(
    rf"(?:{_TIME}[\s,]+)?(\d{{1,4}})([/.-])(\d{{1,2}})\6(\d{{1,4}})(?:(?:[\s,]+|T){_TIME})?",
    re.ASCII | re.IGNORECASE,
)
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})(?:(\d{2})(\d{2})(\d{2})?([+-]\d{4})?)?", re.ASCII)
_MONTH = re.compile(r"(\d{1,2})[/.-](\d{4})", re.ASCII)
_AFTERNOON = frozenset({"pm", "ch"})
_YEAR = len("2026")


class OtherOrderError(ValueError):
    """The date exists in the other order of day and month only."""


@lru_cache(maxsize=4096)
def written_time(text: str, order: DateOrder, zone: ZoneInfo) -> datetime:
    """A date, or date and time, as aware UTC; cached, a table repeats its times.

    Raises:
        OtherOrderError: day and month stand in the other order.
        ValueError: it can't be read.
    """
    return fhir_time(_iso(text, order), zone)


@lru_cache(maxsize=4096)
def written_birth_date(text: str, order: DateOrder) -> str:
    """A whole birth date, a month with its year or a year, as ISO 8601.

    Raises:
        OtherOrderError: day and month stand in the other order.
        ValueError: it can't be read.
    """
    month = _MONTH.fullmatch(text)
    if month:
        return iso_birth_date(f"{month[2]}-{int(month[1]):02}")
    return iso_birth_date(_iso(text, order).partition("T")[0])


def _iso(text: str, order: DateOrder) -> str:
    if len(text) > _LONGEST:
        raise ValueError("longer than any date")
    compact = _COMPACT.fullmatch(text)
    if compact:
        return _of_compact(*compact.groups(default=""))
    found = _DATE.fullmatch(text)
    if found is None:
        return text.replace(" ", "T", 1)  # ISO with a blank, or nothing that can be read
    before, date, after = found.groups()[:4], found.groups()[4:8], found.groups()[8:]
    first, _, second, third = date
    clock = before if before[0] else after
    if before[0] and after[0]:
        raise ValueError("two times")
    return _ordered(first, second, third, order) + (_clock(*clock) if clock[0] else "")


def _of_compact(
    year: str, month: str, day: str, hour: str, minute: str, second: str, offset: str
) -> str:
    date = f"{year}-{month}-{day}"
    if not hour:
        return date
    zone = f"{offset[:3]}:{offset[3:]}" if offset else ""
    return f"{date}T{hour}:{minute}:{second or '00'}{zone}"


def _ordered(first: str, second: str, third: str, order: DateOrder) -> str:
    if len(first) == _YEAR:
        return f"{first}-{int(second):02}-{int(third):02}"
    if len(third) != _YEAR:
        raise ValueError("a year of two digits")
    day, month = int(first), int(second)
    if order is DateOrder.MONTH_FIRST:
        day, month = month, day
    if month > 12 >= day:  # noqa: PLR2004  (months)
        raise OtherOrderError
    return f"{third}-{month:02}-{day:02}"


def _clock(hour: str, minute: str, second: str | None, half: str | None) -> str:
    at = int(hour)
    if half is not None:
        if not 1 <= at <= 12:  # noqa: PLR2004  (a clock's face)
            raise ValueError("not an hour of half a day")
        at = at % 12 + (12 if half.lower() in _AFTERNOON else 0)
    return f"T{at:02}:{minute}:{second or '00'}"
