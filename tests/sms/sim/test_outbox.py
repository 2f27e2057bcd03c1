"""The demo's list of messages."""

from __future__ import annotations

from threading import Thread

from sms.sim.outbox import Outbox
from tests.sms.fakes import Watch


def test_messages_are_listed_oldest_first_with_a_time() -> None:
    outbox = Outbox(Watch())
    outbox.record("+84900000123", "sms", "một")
    outbox.record("binh", "zalo", "hai", photo="/sim/photo/x")
    assert outbox.listing() == [
        {"to": "+84900000123", "channel": "sms", "text": "một", "at": "2026-07-12T05:00:00Z"},
        {
            "to": "binh", "channel": "zalo", "text": "hai", "photo": "/sim/photo/x",
            "at": "2026-07-12T05:00:00Z",
        },
    ]  # fmt: skip


def test_the_oldest_fall_out_when_it_is_full() -> None:
    outbox = Outbox(Watch(), limit=2)
    for number in range(5):
        outbox.record("a", "sms", str(number))
    assert [message["text"] for message in outbox.listing()] == ["3", "4"]


def test_many_writers_lose_nothing() -> None:
    outbox = Outbox(Watch())

    def write() -> None:
        for _ in range(200):
            outbox.record("a", "sms", "x")

    writers = [Thread(target=write) for _ in range(8)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert len(outbox.listing()) == 1600


def test_what_is_listed_cannot_change_what_is_kept() -> None:
    outbox = Outbox(Watch())
    outbox.record("a", "sms", "x")
    outbox.listing()[0]["text"] = "y"
    assert outbox.listing()[0]["text"] == "x"
