"""The demo's gateway."""

from __future__ import annotations

from sms.gateways.log import SimulatedGateway


def test_a_simulated_message_is_recorded_as_sms() -> None:
    seen: list[dict[str, str]] = []
    gateway = SimulatedGateway(lambda **message: seen.append(message))
    assert gateway.send("+84900000123", "xin chào", reference="7") == "sim-7"
    assert seen == [{"to": "+84900000123", "channel": "sms", "text": "xin chào"}]
