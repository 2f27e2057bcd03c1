"""What is kept of a message with several reports: for each a message that reads as it did."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.results.reported import Finding, ReportedResult, Unreadable
from labs.readers.detect import read
from labs.readers.hl7v2_pieces import MOST_TIMES
from tests.labs.readers.test_hl7v2 import MSH, OBR, OBX, PID, message
from tests.labs.readers.where import ZONE

TRAN = PID.replace("Nguyễn^Ân", "Trần^Lộc")
SECOND, THIRD = OBR.replace("A1", "A2"), OBR.replace("A1", "A3")
ORC = "ORC|RE||F9"
CONSENT = "CON|1|||||||||||A"
POOL = "SPM|1|||||||||||L"
DAMAGED = PID.replace("PID|", "PlD|")
LINES = st.lists(
    st.sampled_from(
        [PID, TRAN, OBR, SECOND, THIRD, OBX, ORC, CONSENT, POOL, "NTE|1||lời", "PV1|1|O", "lạc"]
    ),
    max_size=14,
)


def test_a_report_keeps_its_person_and_its_own_lines_only() -> None:
    data = message(MSH, PID, "PV1|1", OBR, OBX, "NTE|1||a", TRAN, ORC, SECOND, OBX, CONSENT)
    first, second = read(data, zone=ZONE)
    assert first.raw == message(MSH, PID, "PV1|1", OBR, OBX, "NTE|1||a")
    assert second.raw == message(MSH, TRAN, ORC, SECOND, OBX, CONSENT)


def test_a_message_of_one_report_is_kept_as_it_came() -> None:
    data = b"\x0b" + message(MSH, PID, OBR, OBX, "NTE|1||a", end="\r\n") + b"\x1c\r"
    (item,) = read(data, zone=ZONE)
    assert item.raw == data.removeprefix(b"\x0b")


def test_many_reports_of_a_message_are_kept_in_about_the_room_of_the_message() -> None:
    data = message(MSH, PID, *[OBR.replace("A1", f"A{n}") for n in range(2000)])
    items = list(read(data, zone=ZONE))
    assert len(items) == 2000
    assert sum(len(item.raw) for item in items) < 4 * len(data)


@pytest.mark.parametrize("large", [PID + "x" * 20_000, "PlD|" + "x" * 20_000])
def test_a_message_whose_reports_share_too_much_is_one_item(large: str) -> None:
    data = message(MSH, PID, large, *[f"OBR|{n}" for n in range(2000)])
    (item,) = read(data, zone=ZONE)
    assert item.content == Unreadable((Finding("too_large", "MSH", f"2000 OBR, {len(data)}"),))
    assert len(item.raw) * MOST_TIMES < 2000 * len(large)


@given(LINES, st.sampled_from(["\r", "\n", "\r\n"]))
def test_each_piece_reads_as_its_report_did_in_the_whole(lines: list[str], end: str) -> None:
    for item in read(message(MSH, *lines, end=end), zone=ZONE):
        (again,) = read(item.raw, zone=ZONE)
        assert again.raw == item.raw
        if isinstance(item.content, ReportedResult):
            assert isinstance(again.content, ReportedResult)
            assert set(again.content.findings) <= set(item.content.findings)
        assert _told(again.content) == _told(item.content)


@given(LINES, st.integers(0, 14), st.sampled_from([DAMAGED, "OBRX|1", "x|" * 60, "\u00a0\rPlD|1"]))
def test_no_piece_of_a_damaged_message_reads_better_than_the_message(
    lines: list[str], place: int, damage: str
) -> None:
    damaged = [*lines[:place], damage, *lines[place:]]
    for item in read(message(MSH, *damaged), zone=ZONE):
        if isinstance(item.content, Unreadable):
            again = next(read(item.raw, zone=ZONE))
            assert _told(again.content) == _told(item.content)


def test_what_is_cut_off_stays_cut_off() -> None:
    whole = message(MSH, PID, OBR, OBX, SECOND, OBX)
    for end in range(len(message(MSH, PID, OBR, OBX)), len(whole)):
        for item in read(whole[:end], zone=ZONE):
            (again,) = read(item.raw, zone=ZONE)
            assert _told(again.content) == _told(item.content)


def test_a_message_in_another_character_set_is_cut_at_the_same_places() -> None:
    data = message(MSH, PID, OBR, OBX, TRAN, SECOND, OBX).decode()
    items = list(read(data.encode("cp1258", "replace"), zone=ZONE))
    for item in items:
        (again,) = read(item.raw, zone=ZONE)
        assert _told(again.content) == _told(item.content)


def _told(content: object) -> object:
    """What was read, but for warnings of the message and the numbers of its lines."""
    if isinstance(content, ReportedResult):
        return [getattr(content, name) for name in content.__slots__ if name != "findings"]
    if isinstance(content, Unreadable):
        return [finding.code for finding in content.findings]
    return content
