"""The demo's gateway: the message arrives on the simulated phone at once."""

from __future__ import annotations

from collections.abc import Callable

from core.ports import SmsGateway


class SimulatedGateway(SmsGateway):
    """Hands every message to ``record`` and never fails."""

    def __init__(self, record: Callable[..., None]) -> None:
        """Call ``record(to=…, channel="sms", text=…)`` for each message."""
        self._record = record

    def send(self, to: str, text: str, *, reference: str) -> str:
        """Deliver; the reference is its own."""
        self._record(to=to, channel="sms", text=text)
        return f"sim-{reference}"
