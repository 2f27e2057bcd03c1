"""SMS templates: fixed, GSM-7, one segment; start-up refuses one that could be longer.

The wording is registered with the operators, so it lives here and not in a catalogue.
Source: 3GPP TS 23.038 (GSM 7-bit default alphabet); product glossary, SMS templates.
"""

from __future__ import annotations

from enum import StrEnum

from core.citizens.codes import TOKEN_LENGTH
from core.errors import SetupRefused

SEGMENT = 160
_GSM7 = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_GSM7_EXTENSION = frozenset("^{}\\[~]|€\f")


class Template(StrEnum):
    """The messages that may be sent by SMS."""

    OTP = "otp"
    READY = "ready"
    CORRECTED = "corrected"
    REVOKED = "revoked"
    NEW_SAMPLE = "new_sample"
    SENSITIVE = "sensitive"
    FEED_SILENT = "feed_silent"
    FEED_LOW = "feed_low"
    FEED_RECOVERED = "feed_recovered"


_TEXTS = {
    Template.OTP: "Ma OTP: {otp}, hieu luc 5 phut. "
    "Khong dua ma nay cho bat ky ai, ke ca nhan vien y te.",
    Template.READY: "So Y te: Da co ket qua xet nghiem ma phieu {code}. "
    "Xem tai {link} (can OTP). Link het han sau {days} ngay.",
    Template.CORRECTED: "So Y te: Phieu {code} da duoc dinh chinh, "
    "phieu cu khong con gia tri. Xem ban moi: {link}",
    Template.REVOKED: "So Y te: Phieu {code} da bi thu hoi va khong con gia tri. "
    "Vui long lien he noi lay mau.",
    Template.NEW_SAMPLE: "So Y te: Mau ma phieu {code} can lay lai. "
    "Vui long quay lai noi lay mau, khong mat phi.",
    Template.SENSITIVE: "Vui long den co so y te noi ban da kham de nhan thong tin. "
    "Mang theo giay to tuy than. Ma hen: {appointment}.",
    Template.FEED_SILENT: "So Y te: {facility} chua gui ket qua qua {feed} tu {since}. "
    "Vui long kiem tra duong truyen.",
    Template.FEED_LOW: "So Y te: {facility} gui it ket qua bat thuong qua {feed} "
    "trong 24 gio. Vui long kiem tra.",
    Template.FEED_RECOVERED: "So Y te: {facility} da gui lai ket qua qua {feed}. Xin cam on.",
}


def write(template: Template, **data: str) -> str:
    """Fill in a template. Raises: KeyError when a field is missing."""
    return _TEXTS[template].format(**data)


def write_web_otp(otp: str, host: str) -> str:
    """The OTP text with the last line that lets a browser fill in the code by itself.

    Source: WICG, Origin-bound one-time codes delivered via SMS.
    """
    return f"{write(Template.OTP, otp=otp)}\n@{host} #{otp}"


def gsm7_length(text: str) -> int | None:
    """Septets that ``text`` takes, or None where it can't be sent in GSM-7."""
    if not (_GSM7 | _GSM7_EXTENSION).issuperset(text):
        return None
    return sum(2 if character in _GSM7_EXTENSION else 1 for character in text)


def check_templates(base_url: str, host: str, link_days: int) -> None:
    """Refuse an installation whose longest messages do not fit one segment.

    Raises:
        SetupRefused: names the template and its length.
    """
    longest = {
        "otp": "0" * 6,
        "code": "0" * 8,
        "appointment": "0" * 8,
        "link": f"{base_url}/k/{'0' * TOKEN_LENGTH}",
        "days": str(link_days),
        "facility": "X" * 32,
        "feed": "x" * 24,
        "since": "00:00 00/00/0000",
    }
    texts = {template: write(template, **longest) for template in Template}
    texts[Template.OTP] = write_web_otp(longest["otp"], host)
    for template, text in texts.items():
        length = gsm7_length(text)
        if length is None or length > SEGMENT:
            raise SetupRefused("template_too_long", f"{template}: {length or 'not GSM-7'}")
