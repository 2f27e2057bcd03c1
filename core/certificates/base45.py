"""Base45: bytes as the 45 characters that a QR code packs tightest.

Two bytes become three characters, a last single byte two. Every 16-bit word has its three
characters ready in a table, because a batch encodes hundreds of thousands of them.
Source: RFC 9285.
"""

from __future__ import annotations

import struct
from functools import cache

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"

_INVALID = 255
_VALUES = bytes(
    ALPHABET.index(chr(code)) if chr(code) in ALPHABET else _INVALID for code in range(256)
)
_WORDS = 1 << 16


def encode(data: bytes) -> str:
    """Write ``data`` in base45."""
    even = len(data) & ~1
    words = struct.unpack(f">{even >> 1}H", data[:even])
    text = "".join(map(_words().__getitem__, words))
    return text + _words()[data[-1]][:2] if len(data) & 1 else text


def decode(text: str) -> bytes:
    """Read base45.

    Raises:
        ValueError: a foreign character, an impossible length, or a group beyond its bytes.
    """
    values = text.encode("ascii", "replace").translate(_VALUES)
    if _INVALID in values:
        message = "a character outside the alphabet"
        raise ValueError(message)
    tail = len(values) % 3
    return _decode_words(values[: len(values) - tail]) + _decode_tail(
        values[-tail:] if tail else b""
    )


@cache
def _words() -> list[str]:
    """Characters of every 16-bit word, least significant digit first."""
    triples = [low + middle + high for high in ALPHABET for middle in ALPHABET for low in ALPHABET]
    return triples[:_WORDS]


def _decode_words(values: bytes) -> bytes:
    words = [
        low + 45 * middle + 2025 * high
        for low, middle, high in zip(values[::3], values[1::3], values[2::3], strict=True)
    ]
    try:
        return struct.pack(f">{len(words)}H", *words)
    except struct.error as error:
        message = "a group of three characters beyond two bytes"
        raise ValueError(message) from error


def _decode_tail(values: bytes) -> bytes:
    if not values:
        return b""
    if len(values) == 1:
        message = "a single character at the end"
        raise ValueError(message)
    byte = values[0] + 45 * values[1]
    if byte > 0xFF:  # noqa: PLR2004  (a byte)
        message = "a last group beyond one byte"
        raise ValueError(message)
    return bytes((byte,))
