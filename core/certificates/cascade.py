"""A Bloom-filter cascade: is this one among the revoked, without a list of them?

Level 1 holds the revoked, level 2 those of the live that hit level 1, level 3 the revoked that
hit level 2, and so on until a level is empty. So none of the live that it was built with hits,
and every revoked one does; anything else hits at a rate of at most ``RATE``. What was issued
after it was built counts as anything else.
Source: Larisch et al., "CRLite" (IEEE S&P 2017); Kirsch and Mitzenmacher, "Less hashing, same
performance" (double hashing).
"""

from __future__ import annotations

import binascii
import math
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Collection, Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from hashlib import sha256
from struct import Struct
from typing import Final

RATE: Final = 1 / 1000
"""How often a stranger hits: an officer then sees amber, not red."""
_ROUGHEST: Final = 1 / 2
_MAX_LEVELS: Final = 64
_MAX_HASHES: Final = 64
_MAX_BITS: Final = 8 * 64 * 1024 * 1024
_WRAP: Final = (1 << 64) - 1
_two_words = Struct(">QQ").unpack_from


@dataclass(frozen=True, slots=True)
class Level:
    """One Bloom filter.

    Args:
        bits: How many; ``data`` has them from the highest of its first byte.
        hashes: Positions of one entry.
    """

    number: int
    bits: int
    hashes: int
    data: bytes | bytearray

    def __contains__(self, entry: bytes) -> bool:
        position, step = _two_words(sha256(bytes((self.number,)) + entry).digest())
        step |= 1
        for _ in range(self.hashes):
            bit = position % self.bits
            if not self.data[bit >> 3] & 0x80 >> (bit & 7):
                return False
            position = position + step & _WRAP
        return True


@dataclass(frozen=True, slots=True)
class Cascade:
    """All levels; none at all says that nothing is revoked."""

    levels: tuple[Level, ...] = ()

    def __contains__(self, entry: bytes) -> bool:
        for level in self.levels:
            if entry not in level:
                return level.number % 2 == 0
        return len(self.levels) % 2 == 1

    def to_json(self) -> dict[str, object]:
        """As the revocations document carries it."""
        return {
            "levels": [
                {
                    "bits": level.bits,
                    "hashes": level.hashes,
                    "data": urlsafe_b64encode(level.data).rstrip(b"=").decode(),
                }
                for level in self.levels
            ]
        }

    @classmethod
    def from_json(cls, document: object) -> Cascade:
        """Read what ``to_json`` wrote.

        Raises:
            ValueError: it isn't that, or larger than any that is sensible.
        """
        levels = document.get("levels") if isinstance(document, Mapping) else None
        if not isinstance(levels, list) or len(levels) > _MAX_LEVELS:
            raise ValueError("not a filter cascade")
        return cls(tuple(_level(number, level) for number, level in enumerate(levels, 1)))


def build(revoked: AbstractSet[bytes], live: Iterable[bytes], *, rate: float = RATE) -> Cascade:
    """Build the cascade.

    Args:
        revoked: Hashes; they win where a hash is also among the live.
        live: Hashes, gone through once.
        rate: How often a stranger may hit, below 1.
    """
    if not revoked:
        return Cascade()
    levels = [_filled(1, revoked, rate)]
    inside: Collection[bytes] = revoked
    outside: Collection[bytes] = {entry for entry in hits(levels[0], live) if entry not in revoked}
    while outside:
        # Twice as many of the others as there are here may pass on to the level after next.
        wanted = min(_ROUGHEST, len(outside) / (2 * len(inside)))
        level = _filled(len(levels) + 1, outside, wanted)
        levels.append(level)
        inside, outside = outside, hits(level, inside)
        if len(levels) == _MAX_LEVELS:
            raise ValueError("hashes that can't be told apart")
    return Cascade(tuple(levels))


def hits(level: Level, entries: Iterable[bytes]) -> list[bytes]:
    """Those of ``entries`` that ``level`` holds; its loop is written out, for millions."""
    prefix, bits, data = bytes((level.number,)), level.bits, level.data
    rest = range(level.hashes - 1)
    found = []
    for entry in entries:
        position, step = _two_words(sha256(prefix + entry).digest())
        bit = position % bits
        if not data[bit >> 3] & 0x80 >> (bit & 7):
            continue
        step |= 1
        for _ in rest:
            position = position + step & _WRAP
            bit = position % bits
            if not data[bit >> 3] & 0x80 >> (bit & 7):
                break
        else:
            found.append(entry)
    return found


def _filled(number: int, entries: Collection[bytes], rate: float) -> Level:
    bits, hashes = _shape(len(entries), rate)
    data = bytearray(bits // 8)
    prefix, each = bytes((number,)), range(hashes)
    for entry in entries:
        position, step = _two_words(sha256(prefix + entry).digest())
        step |= 1
        for _ in each:
            bit = position % bits
            data[bit >> 3] |= 0x80 >> (bit & 7)
            position = position + step & _WRAP
    return Level(number, bits, hashes, bytes(data))


def _shape(count: int, rate: float) -> tuple[int, int]:
    """Bits (whole bytes) and hashes of a Bloom filter for ``count`` entries at ``rate``."""
    hashes = max(1, round(-math.log2(rate)))
    exact = -count * hashes / math.log(1 - rate ** (1 / hashes))
    return 8 * max(1, math.ceil(exact / 8)), hashes


def _level(number: int, level: object) -> Level:
    match level:
        case {"bits": int(bits), "hashes": int(hashes), "data": str(text)}:
            data = _decoded(text)
        case _:
            raise ValueError("not a filter cascade")
    if not (0 < bits <= _MAX_BITS and 0 < hashes <= _MAX_HASHES and len(data) == -(-bits // 8)):
        raise ValueError("a level of another size than it says")
    return Level(number, bits, hashes, data)


def _decoded(text: str) -> bytes:
    try:
        return urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError) as error:
        raise ValueError("not base64url") from error
