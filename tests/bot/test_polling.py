"""Feeds are polled on their own, come back after trouble, and their silence is noticed."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from queue import Queue
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from bot.app import Installation
from bot.opening import prepare
from bot.polling import FeedPolling, freshness_round
from bot.settings import Settings
from core.feeds.feed import Feed, FeedKind, FeedState
from core.feeds.officer import Officer
from core.feeds.schedule import LEASE
from core.results.facility import Stage
from core.results.intake import IntakeReport
from core.results.local_codes import CodeKind
from sms.gateways.log import SimulatedGateway
from tests.journey.people import oru
from tests.labs.sources.fhir_peer import (
    FhirShelf,
    Json,
    at,
    bundle,
    consent,
    misbehaving,
    observation,
    patient,
    report,
    say,
)

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


class Polled(FeedPolling):
    """Remembers what it has polled; may do something after each."""

    def __init__(self, installation: Installation, at_once: int) -> None:
        super().__init__(installation, lambda: None, at_once)
        self.feeds: Queue[str] = Queue()
        self.after: Callable[[], None] = lambda: None

    def poll(self, feed: Feed, state: FeedState) -> None:
        super().poll(feed, state)
        self.after()
        self.feeds.put(feed.name)


def test_one_round_polls_each_feed_that_is_due_once_with_however_few_threads(
    installation: Installation,
) -> None:
    names = [f"f{number}" for number in range(7)]
    for name in names:
        folder_feed(installation, name=name)
    polling = Polled(installation, at_once=2)
    assert polling.round() == 2
    assert sorted(polling.feeds.get(timeout=30) for _ in names) == names
    polling.stop()
    assert polling.feeds.empty()
    assert poll_round(installation) == 0  # all are released, none is due


def test_a_claim_that_could_not_be_given_back_runs_out(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    feed = folder_feed(installation)
    polling = FeedPolling(installation, lambda: None)

    def unable(*_: object) -> None:
        raise ConnectionError

    monkeypatch.setattr(installation.feeds, "release", unable)
    polling.round()
    polling.stop()
    renewed: list[Feed] = []
    monkeypatch.setattr(installation.feeds, "renew", lambda feeds, *_: renewed.extend(feeds))
    polling._busy = {Future()}  # another poll goes on
    move_clock(installation, timedelta(minutes=1))
    polling.round()
    assert renewed == []
    move_clock(installation, LEASE)
    due = installation.feeds.claim_due("another", 9, installation.clock(), LEASE)
    assert [claimed.id for claimed, _ in due] == [feed.id]


def between_files(installation: Installation, act: Callable[[], None]) -> None:
    """Poll a feed of two files, F-11 and F-12, and ``act`` after each."""
    feed = folder_feed(installation)
    drop(feed, "1.hl7", oru("F-11", PHONE))
    drop(feed, "2.hl7", oru("F-12", PHONE))
    polling = FeedPolling(installation, act)
    polling.round()
    polling.stop()
    assert len(installation.find_results("F-11", "BVNDGD")) == 1


@pytest.mark.parametrize("end", ["paused", "moved", "removed"])
def test_a_feed_that_is_ended_while_it_is_polled_gives_no_further_file(
    installation: Installation, end: str
) -> None:
    def stop() -> None:
        feed = next(feed for feed, _ in installation.feeds.all() if feed.name == "lis")
        if end == "removed":
            installation.feeds.remove("BVNDGD", "lis")
        else:
            change = {"active": False} if end == "paused" else {"address": "/elsewhere"}
            installation.feeds.add(replace(feed, **change), installation.clock())

    between_files(installation, stop)
    assert installation.find_results("F-12", "BVNDGD") == []
    if end == "paused":
        found = installation.feeds.get("BVNDGD", "lis")
        assert found is not None
        installation.feeds.add(replace(found[0], active=True), installation.clock())
        assert poll_round(installation) == 1
        assert len(installation.find_results("F-12", "BVNDGD")) == 1


def back_to_pilot(installation: Installation) -> None:
    facility = installation.facility("BVNDGD")
    installation.facilities.add(replace(facility, stage=Stage.PILOT))


def test_a_facility_that_goes_back_to_a_pilot_while_it_is_polled_reaches_nobody_more(
    installation: Installation,
) -> None:
    between_files(installation, lambda: back_to_pilot(installation))
    assert installation.find_results("F-12", "BVNDGD") == []


def test_the_watched_folder_minds_a_pilot_between_two_files(installation: Installation) -> None:
    folder = installation.settings.watch_folder / "BVNDGD"
    folder.mkdir(parents=True, exist_ok=True)
    for number in (1, 2):
        os.utime(_dropped(folder / f"{number}.hl7", oru(f"F-2{number}", PHONE)), (1, 1))
    polling = FeedPolling(installation, lambda: back_to_pilot(installation))
    polling.look_into_watched_folder()
    polling.stop()
    assert len(installation.find_results("F-21", "BVNDGD")) == 1
    assert installation.find_results("F-22", "BVNDGD") == []


def test_a_poll_that_stalled_can_not_go_on_as_the_one_that_took_over(
    installation: Installation,
) -> None:
    feed = folder_feed(installation)
    polling = FeedPolling(installation, lambda: None)
    ((_, stalled),) = polling._claim(9)
    move_clock(installation, LEASE)
    ((_, second),) = polling._claim(9)  # the same process
    polling.poll(feed, stalled)
    assert state_of(installation, feed).claim == second.claim
    assert not installation.feeds.progress(feed, stalled.claim, "w")
    assert installation.feeds.progress(feed, second.claim, "w")
    polling.stop()


def test_nothing_begins_once_it_is_told_to_stop(installation: Installation) -> None:
    for name in ("f1", "f2"):
        folder_feed(installation, name=name)
    polling = Polled(installation, at_once=1)
    stopper = threading.Thread(target=polling.stop)

    def stop_now() -> None:
        stopper.start()
        assert polling.stopped.wait(30)

    polling.after = stop_now
    assert polling.round() == 1
    assert polling.feeds.get(timeout=30) == "f1"
    stopper.join(30)
    assert polling.feeds.empty()
    assert polling.round() == 0
    assert poll_round(installation) == 1  # the other was left to others


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


def test_a_file_whose_name_is_no_text_blocks_nothing(installation: Installation) -> None:
    feed = folder_feed(installation)
    drop(feed, os.fsdecode(b"1-k\xe9t.hl7"), oru("F-6", PHONE))
    drop(feed, "2.hl7", oru("F-7", PHONE))
    poll_round(installation)
    assert len(installation.find_results("F-6", "BVNDGD")) == 1
    assert len(installation.find_results("F-7", "BVNDGD")) == 1
    assert state_of(installation, feed).error == ""


def stumble_over(
    installation: Installation, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> list[str]:
    """Let whatever comes as ``bad.hl7`` fail with ``error``; the names that were tried."""
    receive, tried = type(installation.intake).receive, []

    def stumble(*args: Any, source: str, **more: Any) -> IntakeReport:
        tried.append(source)
        if source == "bad.hl7":
            raise error
        return receive(*args, source=source, **more)

    monkeypatch.setattr(type(installation.intake), "receive", stumble)
    return tried


def test_a_file_that_fails_stays_and_stops_no_other(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    feed = folder_feed(installation)
    bad = drop(feed, "bad.hl7", b"x")
    drop(feed, "good.hl7", oru("F-8", PHONE))
    tried = stumble_over(installation, monkeypatch, ValueError())
    poll_round(installation)
    assert tried == ["bad.hl7", "good.hl7"]
    assert len(installation.find_results("F-8", "BVNDGD")) == 1
    assert bad.exists()
    assert state_of(installation, feed).error == "feed_failed"


def test_a_database_that_is_away_ends_the_poll(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    feed = folder_feed(installation)
    drop(feed, "bad.hl7", b"x")
    drop(feed, "good.hl7", oru("F-9", PHONE))
    away = OperationalError("", None, Exception())
    tried = stumble_over(installation, monkeypatch, away)
    poll_round(installation)
    assert tried == ["bad.hl7"]


def test_a_file_in_the_place_of_a_facilitys_folder_stops_no_other_facility(
    installation: Installation,
) -> None:
    root = installation.settings.watch_folder
    root.mkdir(parents=True, exist_ok=True)
    (root / "BVLVT").write_text("not a folder")
    (root / "BVTD").mkdir()
    os.utime(_dropped(root / "BVTD" / "1.hl7", oru("F-10", PHONE)), (1, 1))
    polling = FeedPolling(installation, lambda: None)
    polling.look_into_watched_folder()
    polling.stop()
    assert len(installation.find_results("F-10", "BVTD")) == 1


def _dropped(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


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


def test_a_replay_does_not_make_a_silent_feed_look_well(installation: Installation) -> None:
    feed = folder_feed(installation, expected_every=timedelta(hours=1))
    drop(feed, "1.hl7", oru("F-6", PHONE, test="XN-1^PCR^LIS"))
    poll_round(installation)
    move_clock(installation, timedelta(minutes=61))
    facility = installation.facility("BVNDGD")
    installation.facilities.map_code(facility.code, CodeKind.TEST, ("LIS", "XN-1"), "SARSCOV2-PCR")
    again = installation.intake.replay(installation.inbox.kept(facility.code), facility)
    assert again.counts()["accepted"] == 1
    assert freshness_round(installation, lambda: None) == 1


def test_a_pilots_silence_bothers_nobody(installation: Installation) -> None:
    folder_feed(installation, expected_every=timedelta(hours=1))
    facility = installation.facility("BVNDGD")
    installation.facilities.add(replace(facility, stage=Stage.PILOT))
    move_clock(installation, timedelta(hours=9))
    assert freshness_round(installation, lambda: None) == 0


def a_person_of_a_server(number: int, code: str, *, agreed: bool) -> list[Json]:
    """A report of today with its patient, and their consent where they agreed."""
    whose = {"subject": {"reference": f"Patient/p{number}"}}
    test = {"code": {"coding": [{"system": "http://loinc.org", "code": code}]}}
    now = datetime.now(UTC)
    times = {"effectiveDateTime": at(now - timedelta(hours=2)), "issued": at(now)}
    phone = {"telecom": [{"system": "phone", "value": f"090900001{number}"}]}
    made = [
        report(f"F-{number}", now, f"o{number}", **whose, **test, **times),
        observation(f"o{number}", "Not detected", **whose, **test),
        patient(f"p{number}") | {"meta": {}, "birthDate": "1990-03-05"} | phone,
    ]
    return [*made, consent(f"c{number}", f"Patient/p{number}")] if agreed else made


def test_a_sensitive_result_of_a_fhir_server_tells_only_who_agreed(
    installation: Installation,
) -> None:
    people = [("85362-2", True), ("85362-2", False), ("94500-6", False)]  # twice TB, once PCR
    kinds = ("DiagnosticReport", "Observation", "Patient", "Consent")
    shelf = FhirShelf(kinds=kinds)
    for number, (code, agreed) in enumerate(people):
        shelf.resources += a_person_of_a_server(number, code, agreed=agreed)

    def play(handler: BaseHTTPRequestHandler) -> None:
        status, resource = shelf.answer(handler.path)
        say(json.dumps(resource).encode(), status)(handler)

    heard: dict[str, str] = {}
    with misbehaving(play) as server:
        installation.feeds.add(
            Feed("BVNDGD", "fhir", FeedKind.FHIR, server.base), installation.clock()
        )
        poll_round(installation)
    room = installation.postroom(SimulatedGateway(lambda **m: heard.update({m["to"]: m["text"]})))
    while room.send_due():
        pass
    assert heard.keys() == {"+84909000010", "+84909000012"}
    assert heard["+84909000010"].startswith("Vui long den co so y te")
    assert "lao" not in heard["+84909000010"].lower()


def test_a_token_is_kept_from_one_poll_to_the_next(installation: Installation) -> None:
    def play(handler: BaseHTTPRequestHandler) -> None:
        granted = b'{"access_token":"t","expires_in":3600}'
        say(granted if handler.path == "/fhir/token" else bundle())(handler)

    with misbehaving(play) as server:
        asked = {"token_url": f"{server.base}/token", "client_id": "i", "client_secret": "s"}
        feed = Feed("BVNDGD", "fhir", FeedKind.FHIR, server.base, secret=json.dumps(asked))
        installation.feeds.add(feed, installation.clock())
        polling = FeedPolling(installation, lambda: None)
        for _ in range(3):
            polling.poll(feed, state_of(installation, feed))
        polling.stop()
        assert len(server.bodies) == 1
