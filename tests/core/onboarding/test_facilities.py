"""Facilities are added as pilots, described, taken live and back."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.onboarding.facilities import FacilityDraft, PilotAccount
from core.onboarding.mistake import Mistakes
from core.results.facility import DateOrder, Facility, Stage
from core.results.intake import BATCH, PILOT
from core.results.versions import Change
from tests.core.onboarding.conftest import Office
from tests.core.onboarding.fakes import NOW


def codes(answer: object) -> list[tuple[str, str]]:
    assert isinstance(answer, Mistakes)
    return [(each.field, each.code) for each in answer.found]


def test_a_facility_that_is_added_is_a_pilot_with_a_short_name(office: Office) -> None:
    name = "Bệnh viện Đa khoa khu vực Thủ Đức cơ sở hai"
    made = office.facilities.add(" bvx ", FacilityDraft(name), by="van")
    assert made == Facility("BVX", name, name[:30], stage=Stage.PILOT)
    assert office.kept_facilities.get("BVX") == made
    assert office.audit.said() == [("van", "facility_added", "BVX")]


def test_a_code_that_is_taken_changes_nothing(office: Office) -> None:
    answer = office.facilities.add("bva", FacilityDraft("Another"), by="van")
    assert codes(answer) == [("code", "facility_exists")]
    assert office.kept_facilities.rows["BVA"].name == "Bệnh viện A"
    assert office.audit.entries == []


def test_what_is_not_said_stays(office: Office) -> None:
    office.kept_facilities.add(
        Facility(
            "BVA", "A", "A", contact="028", date_order=DateOrder.MONTH_FIRST, stage=Stage.PILOT
        )
    )
    saved = office.facilities.save("BVA", FacilityDraft(name="B"), by="cli")
    assert isinstance(saved, Facility)
    assert (saved.name, saved.short_name, saved.contact) == ("B", "A", "028")
    assert (saved.date_order, saved.stage) == (DateOrder.MONTH_FIRST, Stage.PILOT)


@pytest.mark.parametrize(
    ("draft", "expected"),
    [
        (FacilityDraft(name=" "), ["name"]),
        (FacilityDraft(name="x" * 201), ["name"]),
        (FacilityDraft(short_name="x" * 31), ["short_name"]),
        (FacilityDraft(zone="Asia/Saigonn"), ["zone"]),
        (FacilityDraft(zone="Asia"), ["zone"]),
        (FacilityDraft(zone="../etc"), ["zone"]),
        (FacilityDraft(date_order="ymd"), ["date_order"]),
        (FacilityDraft(name="", zone="Mars", date_order=""), ["name", "zone", "date_order"]),
    ],
)
def test_every_mistake_is_told_at_once(
    office: Office, draft: FacilityDraft, expected: list[str]
) -> None:
    answer = office.facilities.save("BVA", draft, by="van")
    assert [field for field, _ in codes(answer)] == expected
    assert office.kept_facilities.rows["BVA"].name == "Bệnh viện A"


@pytest.mark.parametrize("code", ["", "A", "BV/X", "BỆNH", "..", "X" * 33])
def test_a_code_that_could_not_name_a_folder_is_refused(office: Office, code: str) -> None:
    answer = office.facilities.add(code, FacilityDraft("X"), by="van")
    assert codes(answer) == [("code", "facility_code_unusable")]


def test_going_live_expects_something_from_then_on(office: Office) -> None:
    pilot = replace(office.kept_facilities.rows["BVA"], stage=Stage.PILOT)
    office.facilities.go_live(pilot, by="van")
    assert office.kept_facilities.rows["BVA"].stage is Stage.LIVE
    assert office.kept_feeds.watched == {"BVA": NOW}
    assert office.audit.said() == [("van", "facility_live", "BVA")]
    office.facilities.back_to_pilot(office.kept_facilities.rows["BVA"], by="van")
    assert office.kept_facilities.rows["BVA"].is_pilot


def test_a_pilots_account_tells_good_held_and_other_items_apart(office: Office) -> None:
    office.inbox.tallied = {
        (Change.IGNORED, PILOT): 7,
        (Change.IGNORED, "preliminary"): 2,
        (Change.QUARANTINED, "unknown_test"): 3,
        (Change.ACCEPTED, ""): 9,
    }
    account = office.facilities.pilot_account(office.kept_facilities.rows["BVA"])
    assert account == PilotAccount(7, {"unknown_test": 3}, 2)


def test_what_came_during_the_pilot_is_released_batch_by_batch(office: Office) -> None:
    live = office.kept_facilities.rows["BVA"]
    office.inbox.pilots = BATCH + 1
    assert len(office.facilities.release_pilot(live, by="van").items) == BATCH
    assert len(office.facilities.release_pilot(live, by="van").items) == 1
    assert office.facilities.release_pilot(live, by="van").items == []
    assert len(office.store.results) == 1  # the same report each time


def test_nothing_of_a_pilot_is_released_while_it_is_one(office: Office) -> None:
    office.inbox.pilots = 1
    pilot = replace(office.kept_facilities.rows["BVA"], stage=Stage.PILOT)
    assert office.facilities.release_pilot(pilot, by="van").items == []
    assert office.inbox.pilots == 1
