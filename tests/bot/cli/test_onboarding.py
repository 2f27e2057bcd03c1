"""A facility comes on board: pilot, its codes, what waits is taken in again, live."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.bot.cli.test_commands import ketqua, written
from tests.journey.people import oru

PHONE = "+84909000001"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("world")


def told(world: Path, *arguments: str | Path) -> dict[str, int]:
    done = ketqua(world, *arguments, "--json")
    report = json.loads(done.stdout)
    return {word: report[word] for word in ("accepted", "quarantined", "ignored", "received")}


def test_a_pilot_is_checked_reaches_nobody_and_is_released_when_it_goes_live(world: Path) -> None:
    assert ketqua(world, "facility", "add", "BVX", "--name", "BV X", "--pilot").returncode == 0
    file = written(world, "pilot.hl7", oru("L-1", PHONE))
    tried = told(world, "ingest", "--facility", "BVX", file)
    assert tried == {"accepted": 0, "quarantined": 0, "ignored": 1, "received": 1}
    assert ketqua(world, "qr", "L-1", "--facility", "BVX").returncode == 1
    live = ketqua(world, "facility", "live", "BVX", "--release")
    assert "1" in live.stderr
    assert ketqua(world, "qr", "L-1", "--facility", "BVX", "--format", "text").returncode == 0


def test_a_mapping_lets_what_waits_be_taken_in_again(world: Path) -> None:
    ketqua(world, "facility", "add", "BVY", "--name", "BV Y")
    file = written(world, "own.hl7", oru("L-2", PHONE, test="XN-COVID^?^LIS", value="P1^?^LIS"))
    assert told(world, "ingest", "--facility", "BVY", file)["quarantined"] == 1
    assert "BVY\tunknown_test\t1" in ketqua(world, "inbox", "reasons").stdout
    ketqua(world, "facility", "map", "BVY", "XN-COVID", "SARSCOV2-PCR", "--system", "LIS")
    still = ketqua(world, "inbox", "replay", "BVY", "--reason", "unknown_test", "--json")
    assert still.returncode == 1
    assert json.loads(still.stdout)["items"][0]["errors"][0]["code"] == "unknown_value"
    ketqua(world, "facility", "map", "BVY", "P1", "positive", "--system", "LIS", "--value")
    assert told(world, "inbox", "replay", "BVY")["accepted"] == 1
    assert told(world, "inbox", "replay", "BVY")["received"] == 0
    assert "LIS|P1\tpositive" in ketqua(world, "facility", "codes", "BVY").stdout


def test_a_code_list_shows_which_codes_map(world: Path) -> None:
    ketqua(world, "facility", "add", "BVZ", "--name", "BV Z")
    ketqua(world, "facility", "map", "BVZ", "A1", "SARSCOV2-PCR")
    codes = written(world, "codes.csv", b"A1\nB2\n94558-4,LN\n")
    done = ketqua(world, "facility", "codes", "BVZ", codes)
    assert done.stdout.splitlines()[:2] == ["|A1\tSARSCOV2-PCR", "|B2\t-"]
    assert not done.stdout.splitlines()[2].endswith("-")
    assert "1" in done.stderr


@pytest.mark.parametrize(
    "wrong",
    [
        ["A1", "NO-SUCH-TEST"],
        ["A1", "maybe", "--value"],
        ["94500-6", "DENGUE-NS1", "--system", "LN"],
    ],
)
def test_a_mapping_that_means_nothing_is_refused(world: Path, wrong: list[str]) -> None:
    assert ketqua(world, "facility", "map", "BVNDGD", *wrong).returncode == 2


def test_an_item_is_traced_to_its_messages(world: Path) -> None:
    file = written(world, "bad.hl7", oru("L-3", PHONE, test="Q^?^LIS"))
    ketqua(world, "ingest", "--facility", "BVNDGD", file)
    waiting = json.loads(ketqua(world, "inbox", "list", "--facility", "BVNDGD", "--json").stdout)
    traced = json.loads(ketqua(world, "inbox", "trace", waiting[0]["id"]).stdout)
    assert (traced["change"], traced["origin"]["source"]) == ("quarantined", "bad.hl7")
    assert ketqua(world, "inbox", "trace", "BVNDGD:00").returncode == 1


def test_feeds_are_made_listed_paused_and_removed(world: Path) -> None:
    made = ketqua(
        world, "feed", "add", "bvndgd/lis", "--kind", "mllp", "--address", "LIS|BVA",
        "--peer", "10.0.0.0/8", "--expected", "60", "--hours", "7-17",
    )  # fmt: skip
    assert made.returncode == 0, made.stderr
    ketqua(world, "feed", "pause", "BVNDGD/lis")
    (entry,) = json.loads(ketqua(world, "feed", "list", "--json").stdout)
    assert (entry["feed"], entry["active"], entry["expected_minutes"]) == ("BVNDGD/lis", False, 60)
    ketqua(world, "feed", "resume", "BVNDGD/lis")
    assert json.loads(ketqua(world, "feed", "list", "--json").stdout)[0]["active"] is True
    assert ketqua(world, "feed", "remove", "BVNDGD/lis").returncode == 0
    assert ketqua(world, "feed", "remove", "BVNDGD/lis").returncode == 1


def test_what_is_expected_of_a_feed_is_changed_and_the_rest_stays(world: Path) -> None:
    ketqua(world, "feed", "add", "BVNDGD/d", "--kind", "folder", "--address", "/d",
           "--expected", "60", "--hours", "7-17")  # fmt: skip
    assert ketqua(world, "feed", "change", "BVNDGD/d", "--days", "mon-sat").returncode == 0
    (entry,) = json.loads(ketqua(world, "feed", "list", "--json").stdout)
    assert (entry["expected_minutes"], entry["hours"], entry["days"]) == (60, "7-17", "mon-sat")
    ketqua(world, "feed", "change", "BVNDGD/d", "--expected", "0", "--hours", "22-6")
    (entry,) = json.loads(ketqua(world, "feed", "list", "--json").stdout)
    assert (entry["expected_minutes"], entry["hours"], entry["days"]) == (None, "22-6", "mon-sat")
    for wrong in (["--days", "8"], ["--hours", "late"]):
        assert ketqua(world, "feed", "change", "BVNDGD/d", *wrong).returncode == 2
    assert ketqua(world, "feed", "change", "BVNDGD/none", "--days", "mon").returncode == 1
    ketqua(world, "feed", "remove", "BVNDGD/d")


@pytest.mark.parametrize(
    "wrong",
    [
        ["BVNDGD", "--kind", "push"],
        ["BVNDGD/lis", "--kind", "mllp"],
        ["BVNDGD/lis", "--kind", "mllp", "--address", "A", "--peer", "ten"],
        ["BVNDGD/lis", "--kind", "push", "--hours", "25-3"],
        ["BVNDGD/lis", "--kind", "push", "--days", "monday"],
        ["NOBODY/lis", "--kind", "push"],
    ],
)
def test_a_feed_that_cannot_be_is_refused_in_words(world: Path, wrong: list[str]) -> None:
    done = ketqua(world, "feed", "add", *wrong)
    assert done.returncode == 2
    assert done.stderr
    assert "Traceback" not in done.stderr


def test_a_push_key_is_shown_once_and_can_be_ended(world: Path) -> None:
    key = ketqua(world, "feed", "key", "BVNDGD/push").stdout.strip()
    assert key.startswith("kqp_")
    assert ketqua(world, "feed", "key", "BVNDGD/push", "--revoke", key[-4:]).returncode == 0
    assert ketqua(world, "feed", "key", "BVNDGD/push", "--revoke", "????").returncode == 1


def test_changing_a_facility_keeps_what_is_not_said(world: Path) -> None:
    ketqua(world, "facility", "add", "BVK", "--name", "K", "--pilot", "--date-order", "mdy")
    ketqua(world, "facility", "add", "BVK", "--name", "K 2")
    (kept,) = [
        entry
        for entry in json.loads(ketqua(world, "facility", "list", "--json").stdout)
        if entry["code"] == "BVK"
    ]
    assert (kept["name"], kept["stage"], kept["date_order"]) == ("K 2", "pilot", "mdy")


def test_changing_a_feed_keeps_its_secret(world: Path) -> None:
    secret = written(world, "secret", b"ward:round\n")
    address = ["--kind", "fhir", "--address", "https://lis.example"]
    ketqua(world, "feed", "add", "BVNDGD/f", *address, "--secret-file", secret)
    ketqua(world, "feed", "add", "BVNDGD/f", *address, "--interval", "5")
    from bot.app import Installation
    from bot.settings import Settings

    kept = Installation(Settings(data_dir=world).as_demo()).feeds.get("BVNDGD", "f")
    assert kept is not None
    assert kept[0].secret == "ward:round"
    ketqua(world, "feed", "remove", "BVNDGD/f")


def test_a_code_with_which_an_officer_links_a_chat_is_printed_with_what_to_do(
    world: Path,
) -> None:
    added = ketqua(world, "officer", "add", "BVNDGD", "--name", "Hoa", "--phone", "0900000101")
    done = ketqua(world, "officer", "link", added.stdout.strip())
    code = done.stdout.strip()
    assert re.fullmatch(r"[0-9A-Z]{3}(-[0-9A-Z]{3}){2}", code)
    assert f"/officer {code}" in done.stderr
    assert "30 minutes" in done.stderr
    assert ketqua(world, "officer", "link", added.stdout.strip()).stdout.strip() != code
    unknown = ketqua(world, "officer", "link", "nobody")
    assert (unknown.returncode, unknown.stdout) == (1, "")


def test_a_sample_is_shown_masked_and_kept_nowhere(world: Path) -> None:
    ketqua(world, "facility", "add", "BVS", "--name", "S", "--pilot")
    good = written(world, "sample.hl7", oru("L-9", PHONE))
    done = ketqua(world, "facility", "sample", "BVS", good, "--json")
    (item,) = json.loads(done.stdout)
    assert (done.returncode, item["status"], item["test"]) == (0, "accepted", "SARSCOV2-PCR")
    assert item["person"]["initials"] == "N. V. B."
    assert PHONE not in done.stdout
    assert "N. V. B. 1990" in ketqua(world, "facility", "sample", "BVS", good).stdout
    bad = written(world, "secret.hl7", oru("L-9", "", test="75622-1^HIV^LN", value="X^?^LIS"))
    refused = ketqua(world, "facility", "sample", "BVS", bad)
    assert refused.returncode == 1
    assert "confidential test" in refused.stdout
    assert "HIV" not in refused.stdout
    assert "BVS" not in ketqua(world, "inbox", "reasons").stdout
    assert told(world, "ingest", "--facility", "BVS", good)["ignored"] == 1


def test_a_facility_goes_back_to_a_pilot(world: Path) -> None:
    ketqua(world, "facility", "add", "BVR", "--name", "R")
    assert ketqua(world, "facility", "pilot", "BVR").returncode == 0
    file = written(world, "back.hl7", oru("L-10", PHONE))
    assert told(world, "ingest", "--facility", "BVR", file)["ignored"] == 1
