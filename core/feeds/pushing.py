"""A facility pushes results: who it is, what it sent, and the same answer to the same push.

A push is answered only after its items are stored. Sent again with the same idempotency key
it gets the first answer; sent again without one its items are duplicates, which is harmless.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from hmac import compare_digest

import msgspec

from core.feeds.ports import Feeds, Pushes
from core.feeds.push import PushKey, key_hash
from core.ports import Clock, Facilities, Indexer
from core.results.facility import Facility
from core.results.intake import Intake, IntakeReport

_decode = msgspec.json.Decoder(IntakeReport).decode


@dataclass(frozen=True, slots=True)
class Reused:
    """The idempotency key was used for something else before."""


@dataclass(frozen=True, slots=True)
class Pushing:
    """Takes pushes.

    Args:
        stored: Called after something was stored, so that messages leave at once.
    """

    pushes: Pushes
    feeds: Feeds
    facilities: Facilities
    intake: Intake
    indexer: Indexer
    clock: Clock
    stored: Callable[[], None] = lambda: None

    def whose(self, bearer: str) -> tuple[Facility, PushKey] | None:
        """The facility that this key stands for, or None; a paused feed takes nothing."""
        key = self.pushes.key(key_hash(bearer), self.clock()) if bearer else None
        facility = self.facilities.get(key.facility) if key else None
        if facility is None or key is None:
            return None
        feed = self.feeds.get(key.facility, key.feed)
        return None if feed and not feed[0].active else (facility, key)

    def receive(
        self,
        data: bytes,
        facility: Facility,
        key: PushKey,
        *,
        source: str,
        format: str,  # noqa: A002  (the word of the command line)
        idempotency_key: str = "",
    ) -> IntakeReport | Reused:
        """Take in what was pushed, or find what was answered to it before."""
        body_index = self.indexer.raw(data)
        if idempotency_key:
            before = self.pushes.answer(facility.code, idempotency_key)
            if before is not None:
                same = compare_digest(before[0], body_index)
                return _decode(before[1]) if same else Reused()
        report = self.intake.receive(data, facility, source=source, feed=key.feed, format=format)
        self.stored()
        if idempotency_key:
            answer = msgspec.json.encode(report)
            self.pushes.remember(facility.code, idempotency_key, body_index, answer, self.clock())
        return report
