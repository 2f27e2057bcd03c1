"""Build the cascade of Bloom filters of docs/verifying.md, as plainly as it is described."""

from __future__ import annotations

import math
from base64 import urlsafe_b64encode
from hashlib import sha256

RATE = 1e-9  # of false hits a level: low, so that no test depends on chance


def places(level: int, entry: bytes, bits: int, count: int) -> list[int]:
    digest = sha256(bytes((level,)) + entry).digest()
    first = int.from_bytes(digest[:8], "big")
    step = int.from_bytes(digest[8:16], "big") | 1
    return [((first + turn * step) % 2**64) % bits for turn in range(count)]


def built(level: int, entries: list[bytes], rate: float) -> tuple[int, int, bytearray]:
    bits = max(8, math.ceil(-len(entries) * math.log(rate) / math.log(2) ** 2))
    count = max(1, round(bits / len(entries) * math.log(2)))
    data = bytearray((bits + 7) // 8)
    for entry in entries:
        for bit in places(level, entry, bits, count):
            data[bit >> 3] |= 0x80 >> (bit & 7)
    return bits, count, data


def cascade(revoked: list[bytes], live: list[bytes], rate: float = RATE) -> dict[str, object]:
    """Levels until nobody is taken for the other side."""
    levels: list[dict[str, object]] = []
    held, others = list(revoked), list(live)
    while held:
        number = len(levels) + 1
        bits, count, data = built(number, held, rate)
        text = urlsafe_b64encode(bytes(data)).rstrip(b"=").decode()
        levels.append({"bits": bits, "hashes": count, "data": text})
        hit = [
            entry
            for entry in others
            if all(data[b >> 3] & (0x80 >> (b & 7)) for b in places(number, entry, bits, count))
        ]
        held, others = hit, held
    return {"levels": levels}
