"""Every message that the demo's phones and chats received, newest last."""

from __future__ import annotations

from collections import deque
from threading import Lock

from core.ports import Clock

LIMIT = 10_000


class Outbox:
    """A bounded, thread-safe list; the oldest messages fall out."""

    def __init__(self, clock: Clock, limit: int = LIMIT) -> None:
        """Keep up to ``limit`` messages."""
        self._clock = clock
        self._messages: deque[dict[str, str]] = deque(maxlen=limit)
        self._lock = Lock()

    def record(self, to: str, channel: str, text: str, photo: str | None = None) -> None:
        """Note a message.

        Args:
            to: E.164 for SMS, the user for chats.
            photo: Address of a picture on this host.
        """
        message = {"to": to, "channel": channel, "text": text}
        if photo:
            message["photo"] = photo
        with self._lock:
            message["at"] = self._clock().isoformat().replace("+00:00", "Z")
            self._messages.append(message)

    def listing(self) -> list[dict[str, str]]:
        """All messages, oldest first: ``to``, ``channel``, ``text``, ``photo``?, ``at``."""
        with self._lock:
            return [dict(message) for message in self._messages]
