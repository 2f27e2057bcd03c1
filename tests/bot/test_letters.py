"""An officer hears of a silent feed in a chat and by SMS: once each, also after a kill."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from bot.app import Installation
from bot.channels.telegram import run_telegram
from bot.conversations.room import build_dispatcher
from bot.polling import freshness_round
from bot.service import Service
from bot.simulation import DemoChat
from core.feeds.feed import Feed
from core.messages.delivery import LEASE
from sms.gateways.log import SimulatedGateway
from sms.sim.outbox import Outbox
from sms.sim.pictures import PictureShelf
from tests.bot.channels.bot_api import TOKEN, BotApi, serving
from tests.bot.test_polling import (
    OFFICER,
    PHONE,
    drop,
    folder_feed,
    installation,
    move_clock,
    poll_round,
)
from tests.journey.demo import until
from tests.journey.people import oru

__all__ = ["installation"]
CHANNELS = ("telegram", "zalo")
SILENT, WELL = "BVNDGD chưa gửi kết quả qua lis", "BVNDGD đã gửi lại kết quả qua lis"
STUCK = """
import sys
from datetime import timedelta
from pathlib import Path
from bot.app import Installation
from bot.stores import utc_now
from bot.settings import Settings
from core.ports import Gateway
class Stuck(Gateway):
    def send(self, to, text, *, reference):
        print("claimed", flush=True)
        sys.stdin.read()
made = Installation(Settings(data_dir=Path(sys.argv[1])).as_demo())
made.clock = lambda: utc_now() + timedelta(seconds=float(sys.argv[3]))
made.postroom(Stuck(), sys.argv[2]).send_due()
"""


class Demo:
    """The demo's chats and phones over an installation, without its pages."""

    def __init__(self, here: Installation) -> None:
        self.here = here
        self.service = Service(here)
        self.outbox = Outbox(here.clock)
        self.chat = DemoChat(self.service, self.outbox, PictureShelf(here.clock, here.random))

    def start(self) -> None:
        self.service.start_sending(SimulatedGateway(self.outbox.record))
        self.service.on_stop(self.chat.start())

    def stop(self) -> None:
        self.service._parts.close()

    def say(self, user: str, channel: str, text: str) -> str:
        replies = self.chat.exchange({"user": user, "channel": channel, "text": text})
        return "\n".join(str(reply["text"]) for reply in replies)

    def link(self, user: str, channel: str) -> None:
        code = self.here.linking.offer(OFFICER.id)
        assert "Đã liên kết" in self.say(user, channel, f"/officer {code}")

    def letters(self, words: str = "") -> list[tuple[str, str]]:
        """Channel and receiver of each alert, SMS without accents included."""
        found = [m for m in self.outbox.listing() if "qua lis" in m["text"] and words in m["text"]]
        return sorted((message["channel"], message["to"]) for message in found)


@pytest.fixture
def demo(installation: Installation) -> Iterator[Demo]:
    made = Demo(installation)
    made.start()
    yield made
    made.stop()


def feed_with_one_item(here: Installation) -> Feed:
    feed = folder_feed(here, expected_every=timedelta(hours=1))
    drop(feed, "1.hl7", oru("L-1", PHONE))
    poll_round(here)
    return feed


def fall_silent(here: Installation) -> None:
    move_clock(here, timedelta(minutes=61))
    assert freshness_round(here, lambda: None) == 1  # as another process does: nobody is poked


@pytest.mark.parametrize("channel", CHANNELS)
def test_silence_and_recovery_reach_the_chat_and_the_phone_once_each(
    demo: Demo, channel: str
) -> None:
    feed = feed_with_one_item(demo.here)
    demo.link("hoa", channel)
    both = sorted([(channel, "hoa"), ("sms", OFFICER.phone)])
    fall_silent(demo.here)
    until(lambda: len(demo.letters()) == 2)
    assert demo.letters() == both
    assert demo.letters(SILENT) == [(channel, "hoa")]
    assert freshness_round(demo.here, demo.service.poke) == 0
    move_clock(demo.here, timedelta(minutes=5))
    drop(feed, "2.hl7", oru("L-2", PHONE))
    poll_round(demo.here)
    assert freshness_round(demo.here, demo.service.poke) == 1
    until(lambda: len(demo.letters()) == 4)
    assert demo.letters() == sorted(both * 2)
    assert demo.letters(WELL) == [(channel, "hoa")]


def test_who_parts_gets_the_sms_alone(demo: Demo) -> None:
    feed_with_one_item(demo.here)
    demo.link("hoa", "telegram")
    assert "không còn" in demo.say("hoa", "telegram", "/officer off")
    fall_silent(demo.here)
    until(demo.letters)
    assert demo.letters() == [("sms", OFFICER.phone)]
    (officer,) = demo.here.officers.of("BVNDGD")
    assert officer == OFFICER
    assert [entry.action for entry in demo.here.audit.recent(2)] == [
        "officer_unlinked", "officer_linked",
    ]  # fmt: skip


def test_a_service_that_starts_later_sends_what_waited(
    installation: Installation,
) -> None:
    before = Demo(installation)
    before.start()
    feed_with_one_item(installation)
    before.link("hoa", "zalo")
    before.stop()
    fall_silent(installation)
    after = Demo(installation)
    after.start()
    until(lambda: after.letters(SILENT))
    assert after.letters(SILENT) == [("zalo", "hoa")]
    after.stop()


def test_a_process_killed_between_claim_and_sending_costs_a_lease_and_no_letter(
    installation: Installation,
) -> None:
    before = Demo(installation)
    before.start()
    feed_with_one_item(installation)
    before.link("hoa", "telegram")
    before.stop()
    fall_silent(installation)
    ahead = timedelta(minutes=61).total_seconds()
    kill_with_a_claim(installation.settings.data_dir.parent, "telegram", ahead)
    after = Demo(installation)
    after.start()
    until(lambda: ("sms", OFFICER.phone) in after.letters())
    assert after.letters(SILENT) == []  # the dead one's claim still holds
    move_clock(installation, LEASE)
    until(lambda: after.letters(SILENT))
    assert after.letters(SILENT) == [("telegram", "hoa")]
    after.stop()


def kill_with_a_claim(data_dir: Path, channel: str, ahead: float) -> None:
    command = [sys.executable, "-c", STUCK, str(data_dir), channel, str(ahead)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as sender:
        assert sender.stdout is not None
        assert sender.stdout.readline() == "claimed\n"
        sender.kill()


@pytest.fixture
def telegram(installation: Installation) -> Iterator[BotApi]:
    """A chat process on Telegram, whose officer has linked chat 7."""
    service, stop = Service(installation), threading.Event()
    dispatcher = build_dispatcher(service.chat_room(), installation.conversations)
    service.send_letters(dispatcher, "telegram")
    code = installation.linking.offer(OFFICER.id)
    assert code is not None
    linked = installation.linking.redeem(code, "telegram", "7")
    assert linked in installation.officers.of("BVNDGD")
    with serving() as (api, server):
        chatting = threading.Thread(
            target=run_telegram, args=(TOKEN, dispatcher, stop), kwargs={"server": server}
        )
        chatting.start()
        yield api
        stop.set()
        chatting.join(timeout=30)
        assert not chatting.is_alive()
        assert not service._sending["telegram"]._thread.is_alive()


def test_the_process_on_telegram_sends_what_another_one_stored(
    telegram: BotApi,
    installation: Installation,
) -> None:
    feed_with_one_item(installation)
    fall_silent(installation)
    (sent,) = telegram.wait_for("sendMessage")
    assert sent["chat_id"] == "7"
    assert SILENT in sent["text"]


def test_an_officer_who_blocked_the_bot_is_parted_and_still_gets_sms(
    telegram: BotApi,
    installation: Installation,
) -> None:
    telegram.breaks("sendMessage", 403, "Forbidden: bot was blocked by the user")
    feed = feed_with_one_item(installation)
    fall_silent(installation)
    until(lambda: installation.officers.of("BVNDGD") == [OFFICER])
    assert installation.audit.recent(1)[0].action == "officer_chat_closed"
    move_clock(installation, timedelta(minutes=5))
    drop(feed, "2.hl7", oru("L-2", PHONE))
    poll_round(installation)
    freshness_round(installation, lambda: None)
    heard: list[str] = []
    room = installation.postroom(SimulatedGateway(lambda **sms: heard.append(sms["to"])))
    while room.send_due():
        pass
    assert heard.count(OFFICER.phone) == 2
    assert len(telegram.of("sendMessage")) == 1
