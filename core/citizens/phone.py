"""Phone numbers: as typed → E.164, and which of them can get an SMS.

A plain Viet Nam mobile number takes a short path; everything else is asked of
``phonenumbers``, which is also the oracle of the short path in its test.
Source: ITU-T E.164; numbering plan metadata of libphonenumber.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from core.quick import quick_init

if TYPE_CHECKING:
    from phonenumbers import PhoneNumber

_SEPARATORS = str.maketrans("", "", " .-()\u00a0\u202f")
# The library reads three letters as keys of a telephone: a typed code must not be a number.
_LETTERS_AS_DIGITS = re.compile(r"\d.*[A-Za-z].*[A-Za-z].*[A-Za-z]")
_VIETNAM_MOBILE = re.compile(
    r"(?:\+84|0084|84|0)"
    r"((?:3\d|5[1689]|7[06-9]|8[1-8]|9[0-8])\d{7}|(?:52[238]|559|89[6-9]|99[013-9])\d{6})"
)

_LONGEST = 30  # twice the digits of the longest E.164 number


class PhoneKind(StrEnum):
    """What a typed number turned out to be."""

    MOBILE = "mobile"
    LANDLINE = "landline"
    UNREADABLE = "unreadable"


@quick_init
@dataclass(frozen=True, slots=True)
class Phone:
    """A typed number, read.

    Args:
        e164: ``+84901234567``; empty when unreadable.
        country: ISO 3166 alpha-2 of the number; empty when unreadable.
    """

    kind: PhoneKind
    e164: str = ""
    country: str = ""


def read_phone(typed: str, *, region: str = "VN") -> Phone:
    """Read a number as people type it: ``09…``, ``84…``, ``+84…``, ``0084…``, dots and spaces.

    Args:
        region: Country assumed for numbers without a country code.
    """
    bare = typed.translate(_SEPARATORS)
    if _LETTERS_AS_DIGITS.search(bare):
        return Phone(PhoneKind.UNREADABLE)
    match = _VIETNAM_MOBILE.fullmatch(bare) if region == "VN" else None
    if match and bare.isascii():
        return Phone(PhoneKind.MOBILE, f"+84{match[1]}", "VN")
    return _ask_library(bare, region)


def _ask_library(bare: str, region: str) -> Phone:
    import phonenumbers  # noqa: PLC0415  (costs 60 ms; most numbers never need it)

    if len(bare) > _LONGEST:
        return Phone(PhoneKind.UNREADABLE)
    for text in (_international(bare, region), bare):
        try:
            number = phonenumbers.parse(text, region)
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_valid_number(number):
            return _classify(number)
    return Phone(PhoneKind.UNREADABLE)


def _international(bare: str, region: str) -> str:
    if bare.startswith("00"):
        return f"+{bare[2:]}"
    return f"+{bare}" if region == "VN" and bare.startswith("84") else bare


def _classify(number: PhoneNumber) -> Phone:
    import phonenumbers  # noqa: PLC0415

    mobile = phonenumbers.number_type(number) in (
        phonenumbers.PhoneNumberType.MOBILE,
        phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE,  # North America can't tell
    )
    return Phone(
        PhoneKind.MOBILE if mobile else PhoneKind.LANDLINE,
        phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164),
        phonenumbers.region_code_for_number(number) or "",
    )


def mask_phone(e164: str) -> str:
    """``+84901234567`` → ``+84 ••• ••• 567``: enough to recognise one's own number."""
    return f"{e164[:3]} ••• ••• {e164[-3:]}"
