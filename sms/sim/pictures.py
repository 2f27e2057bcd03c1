"""Short-lived pictures behind unguessable addresses.

A picture goes after its lifetime or its last fetch, whichever is first; a bounded number of
them is kept.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock

from core.citizens.codes import link_token
from core.ports import Clock, Randomness

LIFETIME = timedelta(minutes=5)
FETCHES = 3
LIMIT = 1_000


@dataclass(slots=True)
class _Picture:
    png: bytes
    until: datetime
    fetches: int


class PictureShelf:
    """Pictures by token, in memory."""

    def __init__(
        self,
        clock: Clock,
        random: Randomness,
        lifetime: timedelta = LIFETIME,
        fetches: int = FETCHES,
    ) -> None:
        """Keep each picture for ``lifetime`` or ``fetches`` fetches."""
        self._clock, self._random = clock, random
        self._lifetime, self._fetches = lifetime, fetches
        self._pictures: OrderedDict[str, _Picture] = OrderedDict()
        self._lock = Lock()

    def put(self, png: bytes) -> str:
        """Keep a picture; returns its token (128 random bits)."""
        token = link_token(self._random(16))
        with self._lock:
            self._drop_old()
            until = self._clock() + self._lifetime
            self._pictures[token] = _Picture(png, until, self._fetches)
        return token

    def get(self, token: str) -> bytes | None:
        """The picture, which costs one fetch; None when it is gone."""
        with self._lock:
            picture = self._pictures.get(token)
            if picture is None or self._clock() >= picture.until:
                return None
            picture.fetches -= 1
            if picture.fetches <= 0:
                del self._pictures[token]
            return picture.png

    def _drop_old(self) -> None:
        """Forget what has run out, and the oldest when there are too many."""
        now = self._clock()
        while self._pictures:
            token, oldest = next(iter(self._pictures.items()))
            if now < oldest.until and len(self._pictures) < LIMIT:
                return
            del self._pictures[token]
