"""What comes during a pilot, and what of it reaches people once it is over."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bot.app import Installation
from bot.opening import prepare
from bot.settings import Settings
from core.results.facility import Facility, Stage
from sms.gateways.log import SimulatedGateway
from tests.journey.people import oru

PHONE = "+84909000001"


@pytest.fixture
def installation(tmp_path: Path) -> Installation:
    made = Installation(Settings(data_dir=tmp_path).as_demo())
    prepare(made)
    return made


@pytest.fixture
def pilot(installation: Installation) -> Facility:
    facility = replace(installation.facility("BVNDGD"), stage=Stage.PILOT)
    installation.facilities.add(facility)
    return facility


def receive(installation: Installation, facility: Facility, *messages: bytes) -> None:
    for message in messages:
        installation.intake.receive(message, facility, source="test")


def release(installation: Installation, facility: Facility) -> list[str]:
    desk = installation.onboarding.facilities
    live = desk.go_live(facility, by="test")
    report = desk.release_pilot(live, by="test")
    assert desk.release_pilot(live, by="test").items == []
    return [item.change for item in report.items]


def told(installation: Installation) -> int:
    """How many messages reach phones."""
    sent: list[str] = []
    room = installation.postroom(SimulatedGateway(lambda **message: sent.append(message["to"])))
    while room.send_due():
        pass
    return len(sent)


@pytest.mark.parametrize("unknown", [False, True])
def test_nobody_is_told_of_a_result_that_was_withdrawn_during_the_pilot(
    installation: Installation, pilot: Facility, *, unknown: bool
) -> None:
    test = {"test": "Q^?^LIS"} if unknown else {}  # then the withdrawal itself is held back
    withdrawal = oru("W-1", PHONE, status="X", **test)
    receive(installation, pilot, oru("W-1", PHONE), oru("W-2", PHONE), withdrawal)
    held = [] if unknown else ["withdrawn"]
    assert release(installation, pilot) == ["ignored", "accepted", *held]
    assert told(installation) == 1
    assert len(installation.find_results("W-2", "BVNDGD")) == 1


def test_a_correction_after_the_withdrawal_is_released(
    installation: Installation, pilot: Facility
) -> None:
    for status in ("F", "X", "C"):
        receive(installation, pilot, oru("W-3", PHONE, status=status))
    assert release(installation, pilot) == ["ignored", "withdrawn", "corrected"]
