"""Codes and tokens that people and links carry.

A short code is 7 random characters and a check character of Crockford's base 32 (35 bits:
only useful together with rate limits and an officer's sign-in). A chat code, with which a
facility's officer links a chat, has 8 and a check character (40 bits, and lives for minutes).
A link token is 128 bits.
Source: D. Crockford, Base 32 (alphabet); ISO/IEC 7064 hybrid system, with M = 32.
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from hashlib import sha256

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_VALUE = {character: value for value, character in enumerate(_ALPHABET)}
_READ_AS = str.maketrans("OIL", "011")
_LENGTH = 8
_CHAT_LENGTH = 9
TOKEN_LENGTH = 22


def short_code(random: bytes) -> str:
    """An 8-character code from at least 5 random bytes."""
    return _written(int.from_bytes(random[:5]) >> 5, _LENGTH)


def read_short_code(typed: str) -> str | None:
    """A typed code with blanks, dashes and look-alikes repaired; None if its check fails."""
    return _read(typed, _LENGTH)


def chat_code(random: bytes) -> str:
    """A 9-character code from at least 5 random bytes."""
    return _written(int.from_bytes(random[:5]), _CHAT_LENGTH)


def read_chat_code(typed: str) -> str | None:
    """A typed chat code, repaired like a short code; None if its check fails."""
    return _read(typed, _CHAT_LENGTH)


def in_threes(code: str) -> str:
    """``K7M2QX9RT`` → ``K7M-2QX-9RT``, as people read it out."""
    return "-".join(code[start : start + 3] for start in range(0, len(code), 3))


def _written(number: int, length: int) -> str:
    """``number`` in base 32 and its check character, ``length`` characters together."""
    shifts = range(5 * (length - 2), -1, -5)
    body = "".join(_ALPHABET[number >> shift & 31] for shift in shifts)
    return body + _check(body)


def _read(typed: str, length: int) -> str | None:
    text = typed.upper().replace(" ", "").replace("-", "").translate(_READ_AS)
    if len(text) != length or any(c not in _ALPHABET for c in text):
        return None
    return text if _check(text[:-1]) == text[-1] else None


def _check(body: str) -> str:
    product = 32
    for character in body:
        product = ((product + _VALUE[character]) % 32 or 32) * 2 % 33
    return _ALPHABET[(33 - product) % 32]


def link_token(random: bytes) -> str:
    """22 URL-safe characters from 16 random bytes."""
    return urlsafe_b64encode(random[:16]).rstrip(b"=").decode()


def token_hash(token: str) -> bytes:
    """What is stored of a link: its hash. 128 random bits need no key and no salt."""
    return sha256(token.encode()).digest()
