"""What laboratories should not send, through the whole of a real installation.

Each is told by its code, reaches nobody it does not belong to, and leaves the next facility's
result alone.
"""

from __future__ import annotations

import gzip
import json
import re
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.app import Installation
from bot.opening import prepare
from bot.settings import Settings
from core.results.intake import IntakeReport, ItemReport
from sms.gateways.log import SimulatedGateway
from tests.journey.people import oru
from tests.labs.readers.test_xlsx import SHEET, changed, filled, saved
from tests.labs.sources.fhir_peer import misbehaving, observation, patient, report, say

BINH, CHAU = "+84909000001", "+84909000002"
OTHERS = "BVTD"
Send = Callable[..., IntakeReport]


@pytest.fixture
def installation(tmp_path: Path) -> Installation:
    made = Installation(replace(Settings(data_dir=tmp_path).as_demo(), max_file_mib=1))
    prepare(made)
    return made


@pytest.fixture
def send(installation: Installation) -> Iterator[Send]:
    """Send as one facility; in the end another one's result still comes through."""

    def sent(data: bytes, *, format: str = "auto", facility: str = "BVNDGD") -> IntakeReport:  # noqa: A002
        return installation.intake.receive(
            data, installation.facility(facility), source="a", format=format
        )

    yield sent
    assert counts(sent(oru("LAST-1", BINH), facility=OTHERS)) == {"accepted": 1}


def counts(report: IntakeReport) -> dict[str, int]:
    told = report.counts().items()
    return {str(word): count for word, count in told if count and word != "received"}


def codes(item: ItemReport) -> set[str]:
    return {finding.code for finding in item.errors}


def refused(report: IntakeReport) -> set[str]:
    """The codes of the one item that was held back."""
    assert counts(report) == {"quarantined": 1}, report
    return codes(report.items[0])


def told(installation: Installation) -> dict[str, int]:
    """How many messages each number received."""
    heard: dict[str, int] = {}

    def record(**message: str) -> None:
        heard[message["to"]] = heard.get(message["to"], 0) + 1

    room = installation.postroom(SimulatedGateway(record))
    while room.send_due():
        pass
    return heard


def names(installation: Installation, accession: str, facility: str = "BVNDGD") -> list[str]:
    found = installation.find_results(accession, facility)
    return [item.result.person.full_name for item in found]


# ------------------------------------------------------------------ whose result it is


@pytest.mark.parametrize("status", ["F", "C"])
def test_an_accession_that_comes_again_with_another_name_takes_nobody_s_result(
    installation: Installation, send: Send, status: str
) -> None:
    send(oru("D-1", BINH))
    again = send(oru("D-1", CHAU, name="Trần^Châu^Thị", born="19851224", status=status))
    assert refused(again)
    assert names(installation, "D-1") == ["Nguyễn Văn Bình"]
    assert told(installation) == {BINH: 1}


def test_the_same_accession_of_two_facilities_is_two_results(
    installation: Installation, send: Send
) -> None:
    send(oru("D-2", BINH))
    other = oru("D-2", CHAU, name="Trần^Châu^Thị", born="19851224")
    assert counts(send(other, facility=OTHERS)) == {"accepted": 1}
    assert names(installation, "D-2") == ["Nguyễn Văn Bình"]
    assert names(installation, "D-2", OTHERS) == ["Trần Thị Châu"]


def test_two_people_in_one_message_each_get_their_own(
    installation: Installation, send: Send
) -> None:
    first = oru("T-1", BINH)
    second = oru("T-2", CHAU, name="Trần^Châu^Thị", born="19851224")
    both = first + second[second.index(b"PID|") :]
    assert counts(send(both)) == {"accepted": 2}
    assert (names(installation, "T-1"), names(installation, "T-2")) == (
        ["Nguyễn Văn Bình"],
        ["Trần Thị Châu"],
    )
    assert told(installation) == {BINH: 1, CHAU: 1}


def test_a_report_about_two_people_is_nobody_s(installation: Installation, send: Send) -> None:
    when = datetime(2026, 7, 1, tzinfo=UTC)
    mine, theirs = patient("p"), patient("q")
    line = observation("o", "Detected", subject={"reference": "Patient/q"})
    entries = [{"resource": each} for each in (report("T-3", when, "o"), mine, theirs, line)]
    whole = json.dumps({"resourceType": "Bundle", "type": "collection", "entry": entries})
    assert refused(send(whole.encode())) == {"contradicting_patients"}
    assert told(installation) == {}


# ------------------------------------------------------------------ times and letters


FUTURE = {"collected_in_future", "reported_in_future"}


@pytest.mark.parametrize(
    ("days", "code"), [(-36_500, {"collected_too_early"}), (2, FUTURE), (400, FUTURE)]
)
def test_a_time_that_cannot_be_is_held_back(
    installation: Installation, send: Send, days: int, code: set[str]
) -> None:
    meant = f"{datetime.now(UTC) + timedelta(days=days):%Y%m%d}"
    head, pid, *rest = oru("T-4", BINH).decode().split("\r")
    said = {found[:8] for found in re.findall(r"20\d{6}", "|".join(rest))}
    for day in said:
        rest = [segment.replace(day, meant) for segment in rest]
    assert refused(send("\r".join([head, pid, *rest]).encode())) == code
    assert told(installation) == {}


@pytest.mark.parametrize("charset", ["cp1258", "latin-1", "utf-16-le"])
def test_letters_in_another_charset_than_declared_never_garble_a_name(
    installation: Installation, send: Send, charset: str
) -> None:
    message = oru("T-5", BINH, name="Hoàng^Ân^Thị").decode()  # its header says UTF-8
    message = message.replace("ị", "i")  # a letter that these charsets lack
    taken = counts(send(message.encode(charset)))
    assert taken in ({"accepted": 1}, {"quarantined": 1})
    assert names(installation, "T-5") == (["Hoàng Thi Ân"] if "accepted" in taken else [])


# ------------------------------------------------------------------ files that mean us harm


LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))
BOMB = b"\x00" * 50_000_000


def test_entities_of_xml_are_neither_unfolded_nor_fetched(send: Send) -> None:
    with misbehaving(say(b"secret")) as stranger:
        for declared in (
            f'<!ENTITY l0 "ha">{LAUGHS}<!ENTITY x "&l11;">',
            f'<!ENTITY x SYSTEM "{stranger.base}">',
            '<!ENTITY x SYSTEM "file:///etc/passwd">',
        ):
            document = f"<!DOCTYPE G [{declared}]><GIAMDINHHS>&x;</GIAMDINHHS>"
            assert refused(send(document.encode(), format="xml4")) == {"xml_forbidden"}
        assert stranger.heard == []


@pytest.mark.parametrize(
    ("bomb", "code"),
    [
        (gzip.compress(BOMB), "too_large"),
        (gzip.compress(gzip.compress(BOMB)), "unsupported_format"),
        (changed(saved(filled()), {SHEET: lambda _: BOMB}), "too_large"),
    ],
    ids=["gzip", "gzip in gzip", "workbook"],
)
def test_what_unpacks_to_fifty_times_the_limit_is_not_unpacked(
    send: Send, bomb: bytes, code: str
) -> None:
    send(oru("WARM-1", BINH))  # so that what is imported once is not counted
    tracemalloc.start()
    found = refused(send(bomb))
    largest = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found == {code}
    assert largest < 15 * 1024 * 1024
