"""Keys with which facilities push results, and how one follows another.

A key is 256 random bits, shown once and known to us by its hash. A new key leaves the old
ones valid for a while, so that the sender can change over without losing a result.
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

OVERLAP = timedelta(days=7)
REPEATABLE = timedelta(days=3)  # how long a repeated push gets its first answer
_PREFIX = "kqp_"
_HINT = 4


@dataclass(frozen=True, slots=True)
class PushKey:
    """A key as it is remembered.

    Args:
        hint: Its last characters, to tell one from another.
        expires_at: When it stops; None: not until a newer one takes its place.
    """

    key_hash: bytes
    facility: str
    feed: str
    hint: str
    created_at: datetime
    expires_at: datetime | None = None
    used_at: datetime | None = None


def new_key(
    facility: str, feed: str, *, random: Callable[[int], bytes], now: datetime
) -> tuple[str, PushKey]:
    """A new key: its text, to be shown once, and what is remembered of it."""
    text = _PREFIX + urlsafe_b64encode(random(32)).rstrip(b"=").decode()
    return text, PushKey(key_hash(text), facility, feed, text[-_HINT:], now)


def key_hash(text: str) -> bytes:
    """The hash by which a key is found: nothing about 256 random bits needs a slow one."""
    return sha256(text.strip().encode()).digest()
