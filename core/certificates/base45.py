"""Base45: bytes as the 45 characters that a QR code packs tightest.

Two bytes become three characters, a last single byte two. All groups are computed at once: each
stands in a lane of one large integer, so that a multiplication of it multiplies every group.
Source: RFC 9285.
"""

from __future__ import annotations

from functools import lru_cache

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"

_INVALID = 255
_VALUES = bytes(
    ALPHABET.index(chr(code)) if chr(code) in ALPHABET else _INVALID for code in range(256)
)
_CHARACTERS = ALPHABET.encode("ascii").ljust(256, b"?")
_LANE = 5  # bytes of a lane when writing: none of the products below leaves 40 bits
_LANE_READ = 3  # when reading: the largest group is 91,124
# n // 2025 for every n below 65536, and n // 45 for every n below 2025, by one multiplication and
# one shift; tests try every n.
_BY_2025, _SHIFT_2025 = 66281, 27
_BY_45, _SHIFT_45 = 1457, 16


def encode(data: bytes) -> str:
    """Write ``data`` in base45."""
    even = len(data) & ~1
    written = _encode_words(data[:even]) if even else bytearray()
    if len(data) & 1:
        high, low = divmod(data[-1], 45)
        written += bytes((_CHARACTERS[low], _CHARACTERS[high]))
    return written.decode("ascii")


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


def _encode_words(data: bytes) -> bytearray:
    amount = len(data) // 2
    lanes = bytearray(amount * _LANE)
    lanes[0::_LANE], lanes[1::_LANE] = data[1::2], data[0::2]
    number = int.from_bytes(lanes, "little")
    high = (number * _BY_2025) >> _SHIFT_2025 & _mask(amount, 0x3F)
    rest = number - high * 2025
    middle = (rest * _BY_45) >> _SHIFT_45 & _mask(amount, 0x3F)
    written = bytearray(amount * 3)
    for place, digits in enumerate((rest - middle * 45, middle, high)):
        written[place::3] = digits.to_bytes(amount * _LANE, "little")[::_LANE]
    return written.translate(_CHARACTERS)


def _decode_words(values: bytes) -> bytes:
    amount = len(values) // 3
    low, middle, high = _lanes(values[0::3]), _lanes(values[1::3]), _lanes(values[2::3])
    number = low + 45 * (middle + 45 * high)
    lanes = number.to_bytes(amount * _LANE_READ, "little")
    if any(lanes[2::_LANE_READ]):
        message = "a group of three characters beyond two bytes"
        raise ValueError(message)
    data = bytearray(amount * 2)
    data[0::2], data[1::2] = lanes[1::_LANE_READ], lanes[0::_LANE_READ]
    return bytes(data)


def _lanes(values: bytes) -> int:
    """A number with each of ``values`` in a lane of its own, the first one lowest."""
    lanes = bytearray(len(values) * _LANE_READ)
    lanes[::_LANE_READ] = values
    return int.from_bytes(lanes, "little")


@lru_cache(maxsize=1024)
def _mask(amount: int, lowest: int) -> int:
    """``lowest`` in every lane: what is left of a neighbour's fraction goes away."""
    return int.from_bytes(lowest.to_bytes(_LANE, "little") * amount, "little")


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
