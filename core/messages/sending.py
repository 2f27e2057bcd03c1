"""Send what is due: claim rows, hand each to the gateway, write down what happened."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from core.errors import GatewayRefused, GatewayRetry
from core.messages.delivery import MAX_TRIES, ClaimedDelivery, back_off
from core.ports import Clock, Deliveries, Gateway

_AT_ONCE = 5  # a batch must end within the lease even when every hand-over times out (10 s)


@dataclass(frozen=True, slots=True)
class Postroom:
    """The one place from which messages leave."""

    deliveries: Deliveries
    gateway: Gateway
    clock: Clock

    def send_due(self, limit: int = _AT_ONCE) -> int:
        """Send up to ``limit`` due messages; returns how many were claimed."""
        claimed = self.deliveries.claim(limit, self.clock())
        for delivery in claimed:
            self._send(delivery)
        return len(claimed)

    def _send(self, delivery: ClaimedDelivery) -> None:
        try:
            reference = self.gateway.send(delivery.to, delivery.text, reference=delivery.id)
        except GatewayRefused as refusal:
            self.deliveries.failed(delivery.id, refusal.code, self.clock())
        except GatewayRetry as trouble:
            self._later(delivery, trouble.code, self.clock(), trouble.wait)
        except Exception as surprise:  # noqa: BLE001  (one delivery must not stop the others)
            self._later(delivery, f"unforeseen_{type(surprise).__name__}", self.clock())
        else:
            self.deliveries.sent(delivery.id, reference, self.clock())

    def _later(
        self, delivery: ClaimedDelivery, code: str, now: datetime, wait: timedelta | None = None
    ) -> None:
        if delivery.tries >= MAX_TRIES:
            self.deliveries.failed(delivery.id, code, now)
        else:
            pause = max(back_off(delivery.tries), wait or timedelta())
            self.deliveries.retry(delivery.id, code, now + pause)
