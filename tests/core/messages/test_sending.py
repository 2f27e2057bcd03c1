"""The postroom: what the gateway says decides what becomes of a delivery."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from core.errors import GatewayRefused, GatewayRetry
from core.messages.delivery import LEASE, MAX_TRIES, ClaimedDelivery, back_off
from core.messages.sending import Postroom
from core.messages.templates import Template
from core.ports import Deliveries, SmsGateway

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


@dataclass
class OneDelivery(Deliveries):
    """Holds one claimed delivery and writes down what is said of it."""

    tries: int = 1
    said: list[tuple[object, ...]] = field(default_factory=list)

    def claim(self, limit: int, now: datetime) -> list[ClaimedDelivery]:
        return [ClaimedDelivery("d1", "+84900000001", "text", Template.READY, self.tries)]

    def sent(self, delivery_id: str, gateway_reference: str, now: datetime) -> None:
        self.said.append(("sent", delivery_id, gateway_reference))

    def retry(self, delivery_id: str, code: str, at: datetime) -> None:
        self.said.append(("retry", code, at - NOON))

    def failed(self, delivery_id: str, code: str, now: datetime) -> None:
        self.said.append(("failed", code))


@dataclass
class Gateway(SmsGateway):
    """Answers as a test wants."""

    trouble: Exception | None = None

    def send(self, to: str, text: str, *, reference: str) -> str:
        if self.trouble:
            raise self.trouble
        return f"sm-{reference}"


def said(trouble: Exception | None = None, tries: int = 1) -> list[tuple[object, ...]]:
    deliveries = OneDelivery(tries)
    Postroom(deliveries, Gateway(trouble), lambda: NOON).send_due()
    return deliveries.said


def test_what_the_gateway_took_is_sent_with_its_reference() -> None:
    assert said() == [("sent", "d1", "sm-d1")]


def test_what_the_gateway_refused_is_never_tried_again() -> None:
    assert said(GatewayRefused("number_invalid")) == [("failed", "number_invalid")]


def test_what_the_gateway_could_not_take_waits_longer_each_time() -> None:
    assert said(GatewayRetry("busy"), 1) == [("retry", "busy", timedelta(seconds=2))]
    assert said(GatewayRetry("busy"), 3) == [("retry", "busy", timedelta(seconds=8))]


def test_a_gateway_that_names_a_wait_is_left_alone_for_as_long() -> None:
    busy = GatewayRetry("busy", wait=timedelta(seconds=47))
    assert said(busy, 1) == [("retry", "busy", timedelta(seconds=47))]
    assert said(busy, 6 - 1) == [("retry", "busy", timedelta(seconds=47))]
    assert said(GatewayRetry("busy", wait=timedelta(seconds=1)), 3)[0][2] == back_off(3)


def test_a_surprise_costs_only_its_own_delivery() -> None:
    assert said(ValueError("+84900000001"), 1) == [
        ("retry", "unforeseen_ValueError", timedelta(seconds=2))
    ]


def test_the_last_try_is_the_last() -> None:
    assert said(GatewayRetry("busy"), MAX_TRIES) == [("failed", "busy")]


@pytest.mark.parametrize("tries", range(1, 20))
def test_the_wait_never_exceeds_five_minutes(tries: int) -> None:
    assert timedelta(seconds=2) <= back_off(tries) <= timedelta(minutes=5)


def test_a_batch_ends_within_its_lease_even_when_every_hand_over_times_out() -> None:
    asked: list[int] = []

    class Counting(OneDelivery):
        def claim(self, limit: int, now: datetime) -> list[ClaimedDelivery]:
            asked.append(limit)
            return []

    Postroom(Counting(), Gateway(), lambda: NOON).send_due()
    gateway_timeout = timedelta(seconds=10)
    assert asked[0] * gateway_timeout < LEASE
