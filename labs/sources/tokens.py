"""Access tokens that this process holds, each by the secret that it was granted for.

Feeds are built anew for every poll; what is kept here outlives them, so that a token's server
is asked when a token ends and not at every poll. Any thread may ask. Nothing is written down.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

_EARLY_SECONDS = 30.0  # a token that ends while a question is on its way is no good
_LONGEST_SECONDS = 24 * 3600.0


class Tokens:
    """Tokens by secret; one that was kept is given until shortly before it ends."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Begin without any.

        Args:
            clock: Seconds that never go back.
        """
        self._clock = clock
        self._lock = threading.Lock()
        self._kept: dict[str, tuple[str, float]] = {}

    def find(self, secret: str) -> str:
        """The token that is still good; empty if there is none."""
        with self._lock:
            token, good_until = self._kept.get(secret, ("", 0.0))
        return token if self._clock() < good_until else ""

    def keep(self, secret: str, token: str, seconds: float) -> None:
        """Remember ``token``, which its server calls good for so many seconds."""
        early = min(_EARLY_SECONDS, seconds / 2)
        now = self._clock()
        with self._lock:
            self._kept = {name: kept for name, kept in self._kept.items() if now < kept[1]}
            self._kept[secret] = (token, now + min(seconds, _LONGEST_SECONDS) - early)

    def drop(self, secret: str, token: str) -> None:
        """Forget ``token``, which was refused, unless another has taken its place."""
        with self._lock:
            if secret in self._kept and self._kept[secret][0] == token:
                del self._kept[secret]
