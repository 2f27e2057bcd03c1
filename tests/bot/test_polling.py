"""Feeds are polled on their own, come back after trouble, and their silence is noticed."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.app import Installation
from bot.opening import prepare
from bot.polling import FeedPolling, freshness_round
from bot.settings import Settings
from core.feeds.feed import Feed, FeedKind, FeedState
from core.feeds.officer import Officer
from core.results.facility import Stage
from sms.gateways.log import SimulatedGateway
from tests.journey.people import oru

PHONE = "+84909000001"
OFFICER = Officer("o1", "BVNDGD", "Chị Hoa", "+84900000900")


@pytest.fixture
def installation(tmp_path: Path) -> Installation:
    made = Installation(Settings(data_dir=tmp_path).as_demo())
    made.clock = Watch()
    prepare(made)
    made.officers.add(OFFICER)
    return made


class Watch:
    """The real time, moved on when told."""

    def __init__(self) -> None:
        self.ahead = timedelta(0)

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


def move_clock(installation: Installation, by: timedelta) -> None:
    assert isinstance(installation.clock, Watch)
    installation.clock.ahead += by


def folder_feed(installation: Installation, **changes: object) -> Feed:
    folder = installation.settings.data_dir / "outbox of the LIS"
    folder.mkdir(exist_ok=True)
    feed = Feed("BVNDGD", "lis", FeedKind.FOLDER, str(folder))
    feed = replace(feed, **changes)  # type: ignore[arg-type]
    installation.feeds.add(feed, installation.clock())
    return feed


def drop(feed: Feed, name: str, data: bytes) -> Path:
    path = Path(feed.address) / name
    path.write_bytes(data)
    os.utime(path, (1, 1))
    return path


def state_of(installation: Installation, feed: Feed) -> FeedState:
    found = installation.feeds.get(feed.facility, feed.name)
    assert found is not None
    return found[1]


def poll_round(installation: Installation) -> int:
    """One round to its end."""
    polling = FeedPolling(installation, lambda: None)
    begun = polling.round()
    polling.stop()
    return begun


def texts(installation: Installation) -> list[str]:
    """What the officer's phone received."""
    heard: list[str] = []

    def record(**message: str) -> None:
        if message["to"] == OFFICER.phone:
            heard.append(message["text"])

    room = installation.postroom(SimulatedGateway(record))
    while room.send_due():
        pass
    return heard


def test_what_waits_is_taken_in_and_put_aside(installation: Installation) -> None:
    feed = folder_feed(installation)
    good = drop(feed, "good.hl7", oru("F-1", PHONE))
    bad = drop(feed, "bad.hl7", oru("F-2", PHONE, test="Q^?^LIS"))
    assert poll_round(installation) == 1
    assert len(installation.find_results("F-1", "BVNDGD")) == 1
    assert (good.exists(), bad.exists()) == (False, False)
    assert (Path(feed.address) / "processed" / "good.hl7").exists()
    assert (Path(feed.address) / "quarantine" / "bad.hl7").exists()
    assert installation.feed_hours.latest().keys() == {("BVNDGD", "lis")}
    state = state_of(installation, feed)
    assert (state.failures, state.error) == (0, "")
    assert state.due_at > installation.clock() + timedelta(minutes=13)


def test_a_feed_is_not_polled_before_it_is_due_and_never_when_paused(
    installation: Installation,
) -> None:
    feed = folder_feed(installation)
    assert poll_round(installation) == 1
    assert poll_round(installation) == 0
    move_clock(installation, timedelta(minutes=17))
    installation.feeds.add(replace(feed, active=False), installation.clock())
    assert poll_round(installation) == 0
    installation.feeds.add(feed, installation.clock())
    assert poll_round(installation) == 1


def test_a_feed_in_trouble_stops_no_other_and_comes_back(installation: Installation) -> None:
    lost = folder_feed(installation, name="lost", address="/nowhere/at/all")
    feed = folder_feed(installation)
    drop(feed, "good.hl7", oru("F-3", PHONE))
    assert poll_round(installation) == 2
    assert len(installation.find_results("F-3", "BVNDGD")) == 1
    state = state_of(installation, lost)
    assert (state.failures, state.error) == (1, "feed_folder_missing")
    move_clock(installation, timedelta(minutes=1))
    assert poll_round(installation) == 1  # the lost one again; the other is not due
    assert state_of(installation, lost).failures == 2


def test_what_is_too_large_stands_in_the_inbox_and_is_put_aside(
    installation: Installation,
) -> None:
    installation.settings = replace(installation.settings, max_file_mib=1)
    feed = folder_feed(installation)
    drop(feed, "huge.hl7", b"x" * (1024 * 1024 + 1))
    poll_round(installation)
    (item,) = installation.inbox.quarantined(None, 9)
    assert (item.feed, item.errors[0].code) == ("lis", "too_large")
    assert (Path(feed.address) / "quarantine" / "huge.hl7").exists()


def test_a_feed_that_stops_is_told_of_once_and_so_is_its_recovery(
    installation: Installation,
) -> None:
    feed = folder_feed(installation, expected_every=timedelta(hours=1))
    drop(feed, "1.hl7", oru("F-4", PHONE))
    poll_round(installation)
    assert freshness_round(installation, lambda: None) == 0
    move_clock(installation, timedelta(minutes=61))
    assert freshness_round(installation, lambda: None) == 1
    assert freshness_round(installation, lambda: None) == 0
    (silent,) = texts(installation)
    assert silent.startswith("So Y te: BVNDGD chua gui ket qua qua lis tu ")
    assert state_of(installation, feed).alert == "silent"
    move_clock(installation, timedelta(minutes=5))
    drop(feed, "2.hl7", oru("F-5", PHONE))
    poll_round(installation)
    assert freshness_round(installation, lambda: None) == 1
    assert freshness_round(installation, lambda: None) == 0
    assert texts(installation) == ["So Y te: BVNDGD da gui lai ket qua qua lis. Xin cam on."]


def test_a_pilots_silence_bothers_nobody(installation: Installation) -> None:
    folder_feed(installation, expected_every=timedelta(hours=1))
    facility = installation.facility("BVNDGD")
    installation.facilities.add(replace(facility, stage=Stage.PILOT))
    move_clock(installation, timedelta(hours=9))
    assert freshness_round(installation, lambda: None) == 0
