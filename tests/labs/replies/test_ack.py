"""Acknowledgements: readable by somebody else's library, and true."""

from __future__ import annotations

from datetime import UTC, datetime

import hl7
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from core.results.intake import IntakeReport, ItemReport
from core.results.reported import Finding
from core.results.versions import Change
from labs.readers.hl7v2 import Delimiters, unescape
from labs.replies.ack import HELD_BACK, REFUSED, acknowledge, reply_to
from tests.services import count

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
HEADER = "MSH|^~\\&|LIS|BVX|KQ|SYT|20260304||ORU^R01^ORU_R01|M-1|P|2.5.1|||{}|{}|VNM|UTF-8"
MESSAGE = f"{HEADER.format('', '')}\rPID|1\r".encode()
NO_NAME = Finding("no_name", "PID-5")


def explain(finding: Finding) -> tuple[str, str]:
    return f"Thiếu {finding.code}.", "Điền | và ^ rồi gửi lại."


def reply(*items: ItemReport, message: bytes = MESSAGE) -> bytes:
    return reply_to(message, IntakeReport(list(items)), explain, control_id="A1", now=NOW)


def item(change: Change, *errors: Finding, warnings: tuple[Finding, ...] = ()) -> ItemReport:
    return ItemReport("MLLP", 0, change, None, errors, warnings)


def items(*changes: tuple[Change, Finding | None]) -> list[ItemReport]:
    """Items of one batch, numbered."""
    return [
        ItemReport("MLLP", index, change, None, (error,) if error else ())
        for index, (change, error) in enumerate(changes)
    ]


def read(answer: bytes) -> hl7.Message:
    return hl7.parse(answer.decode())


@pytest.mark.parametrize(
    "change",
    [Change.ACCEPTED, Change.DUPLICATE, Change.CORRECTED, Change.WITHDRAWN, Change.IGNORED],
)
def test_what_is_stored_is_accepted(change: Change) -> None:
    ack = read(reply(item(change)))
    assert [str(field) for field in ack.segment("MSA")[1:3]] == ["AA", "M-1"]


def test_the_header_answers_the_sender_in_its_version() -> None:
    header = read(reply(item(Change.ACCEPTED))).segment("MSH")
    assert [str(header[n]) for n in (3, 4, 5, 6)] == ["KQ", "SYT", "LIS", "BVX"]
    assert str(header[7]) == "20260304050607+0000"
    assert str(header[9]) == "ACK^R01^ACK"
    assert [str(header[n]) for n in (10, 11, 12)] == ["A1", "P", "2.5.1"]


def test_what_was_held_back_comes_with_its_reasons_and_places() -> None:
    ack = read(reply(item(Change.QUARANTINED, NO_NAME, Finding("unknown_test", "test", "L|X"))))
    assert str(ack.segment("MSA")[1]) == "AE"
    first, second = ack.segments("ERR")
    assert str(first[2]) == "PID^1^5"
    assert str(first[3]) == "101^^HL70357^no_name^^KETQUA"
    assert str(first[4]) == "E"
    assert ack.unescape(str(first[8])) == "Thiếu no_name. Điền | và ^ rồi gửi lại."
    assert str(second[3]).startswith("103^")


def test_warnings_do_not_turn_an_acceptance_into_an_error() -> None:
    ack = read(reply(item(Change.ACCEPTED, warnings=(Finding("no_phone", "patient.phone"),))))
    assert str(ack.segment("MSA")[1]) == "AA"
    assert str(ack.segment("ERR")[4]) == "W"


def test_the_senders_delimiters_are_used() -> None:
    message = MESSAGE.replace(b"|", b"!").replace(b"^~\\&", b"*:?%").replace(b"ORU^R01", b"ORU*R01")
    answer = reply(item(Change.QUARANTINED, NO_NAME), message=message)
    assert answer.startswith(b"MSH!*:?%!KQ!SYT!LIS!BVX!")
    assert b"MSA!AE!M-1!" in answer
    assert b"ERR!!PID*1*5!101**HL70357*no_name**KETQUA!E" in answer


def test_an_old_version_gets_its_old_error_segment() -> None:
    answer = reply(item(Change.QUARANTINED, NO_NAME), message=MESSAGE.replace(b"2.5.1", b"2.3"))
    assert b"\rERR|PID^1^5^no_name&" in answer


def test_an_old_version_gets_one_error_segment_in_which_places_repeat() -> None:
    found = (NO_NAME, Finding("damaged_segment", "OBX"), Finding("unknown_test", "test"))
    for version in (b"2.3", b"2.3.1", b"2.4^VNM"):
        message = MESSAGE.replace(b"2.5.1", version)
        ack = read(reply(item(Change.QUARANTINED, *found), message=message))
        (error,) = ack.segments("ERR")
        places = [[str(part) for part in place][:3] for place in error[1]]
        assert places == [["PID", "1", "5"], ["OBX", "1", ""], ["", "", ""]]
        codes = [str(place[3]).partition("&")[0] for place in error[1]]
        assert codes == ["no_name", "damaged_segment", "unknown_test"]
        assert str(ack.segment("MSA")[3]).startswith("Thiếu no_name")


@pytest.mark.parametrize(
    ("accept", "application", "change", "code"),
    [
        ("", "", Change.ACCEPTED, b"AA"),
        ("AL", "", Change.ACCEPTED, b"CA"),
        ("AL", "", Change.QUARANTINED, b"CE"),
        ("AL", "AL", Change.ACCEPTED, b"CA"),
        ("ER", "", Change.ACCEPTED, None),
        ("ER", "NE", Change.QUARANTINED, b"CE"),
        ("ER", "AL", Change.ACCEPTED, b"AA"),
        ("SU", "", Change.ACCEPTED, b"CA"),
        ("SU", "NE", Change.QUARANTINED, None),
        ("NE", "", Change.QUARANTINED, None),
        ("NE", "NE", Change.QUARANTINED, None),
        ("NE", "AL", Change.QUARANTINED, b"AE"),
        ("", "AL", Change.ACCEPTED, b"AA"),
        ("", "ER", Change.ACCEPTED, None),
        ("", "NE", Change.ACCEPTED, None),
        ("XX", "", Change.ACCEPTED, b"CA"),
    ],
)
def test_enhanced_mode_answers_what_the_sender_wants(
    accept: str, application: str, change: Change, code: bytes | None
) -> None:
    message = f"{HEADER.format(accept, application)}\r".encode()
    errors = (NO_NAME,) if change is Change.QUARANTINED else ()
    answer = reply(item(change, *errors), message=message)
    assert (b"MSA|" + code + b"|M-1" in answer) if code else answer == b""


@pytest.mark.parametrize("message", [b"", b"hello", b"MSH", b"\xff\xfe\x00", b"MSH|^~\\&"])
def test_what_has_no_header_gets_a_plain_refusal(message: bytes) -> None:
    answer = acknowledge(
        message, REFUSED, [("E", Finding("unknown_sender", "MSH-4"))], explain,
        control_id="A1", now=NOW,
    )  # fmt: skip
    assert str(read(answer).segment("MSA")[1]) == "AR"


def test_a_batch_is_answered_by_its_first_messages_number() -> None:
    batch = b"FHS|^~\\&|LIS\rBHS|^~\\&|LIS\r" + MESSAGE + MESSAGE.replace(b"M-1", b"M-2")
    assert b"MSA|AA|M-1" in reply(item(Change.ACCEPTED), item(Change.ACCEPTED), message=batch)


def test_a_batch_with_a_number_is_answered_by_it() -> None:
    for header in ("FHS|^~\\&|LIS|||||||F-1|F-7\rBHS|^~\\&|LIS", "FHS|^~\\&\rBHS|^~\\&"):
        batch = f"{header}|||||||B|B-9\r".encode() + MESSAGE
        expected = b"B-9" if header.endswith("LIS") else b""
        assert b"MSA|AA|" + expected in reply(item(Change.ACCEPTED), message=batch)
    file = b"FHS|^~\\&|LIS||||||||F-7\rBHS|^~\\&|LIS\r" + MESSAGE
    assert b"MSA|AA|F-7\r" in reply(item(Change.ACCEPTED), message=file)


def test_what_was_held_back_of_a_batch_is_told_by_its_number_and_once() -> None:
    unknown = Finding("unknown_test", "OBR-4", "L|X")
    batch = items(
        (Change.ACCEPTED, None),
        (Change.QUARANTINED, NO_NAME),
        (Change.QUARANTINED, unknown),
        (Change.QUARANTINED, NO_NAME),
    )
    ack = read(reply(*batch))
    assert str(ack.segment("MSA")[1]) == "AE"
    first, second = ack.segments("ERR")
    assert str(first[7]) == "#2 #4"
    assert ack.unescape(str(second[7])) == "L|X #3"


def test_a_long_account_is_cut_short() -> None:
    many = items(*[(Change.QUARANTINED, Finding("unknown_test", f"OBX-{n}")) for n in range(99)])
    assert len(list(read(reply(*many)).segments("ERR"))) == 50
    same = items(*[(Change.QUARANTINED, NO_NAME)] * 99)
    (error,) = read(reply(*same)).segments("ERR")
    assert str(error[7]).startswith("#1 #2 ")
    assert str(error[7]).endswith("#20 …")


def test_nothing_found_in_a_message_is_not_an_acceptance() -> None:
    assert b"MSA|AR|M-1" in reply()


@pytest.mark.parametrize("declared", [b"", b"ASCII", b"8859/1", b"ASCII~UNICODE UTF-8"])
def test_who_does_not_say_that_it_reads_utf8_gets_no_accents(declared: bytes) -> None:
    answer = reply(item(Change.QUARANTINED, NO_NAME), message=MESSAGE.replace(b"UTF-8", declared))
    assert answer.isascii()
    assert b"Thieu no_name. Dien" in answer
    header = answer.partition(b"\r")[0].split(b"|")
    assert (header + [b""] * 9)[17] == declared.partition(b"~")[0]


@pytest.mark.parametrize("declared", [b"UTF-8", b"UNICODE UTF-8", b"unicode utf-8~ASCII"])
def test_who_reads_utf8_gets_accents_and_is_told_so(declared: bytes) -> None:
    answer = reply(item(Change.QUARANTINED, NO_NAME), message=MESSAGE.replace(b"UTF-8", declared))
    assert "Thiếu no_name. Điền".encode() in answer
    assert str(read(answer).segment("MSH")[18]) == "UNICODE UTF-8"


@pytest.mark.parametrize("charset", ["cp1258", "latin-1", "utf-8"])
@pytest.mark.parametrize("declared", [b"", b"WINDOWS-1258", b"UTF-8"])
def test_the_senders_words_go_back_byte_for_byte(charset: str, declared: bytes) -> None:
    control_id = "Mã-é-1\\T\\x".replace("ã", "â").encode(charset)
    message = MESSAGE.replace(b"M-1", control_id).replace(b"UTF-8", declared)
    assert b"MSA|AE|" + control_id + b"|" in reply(
        item(Change.QUARANTINED, NO_NAME), message=message
    )


def test_framing_characters_of_the_sender_cannot_end_our_answer() -> None:
    message = MESSAGE.replace(b"LIS", b"L\x1cI\x0bS")
    for before in (b"", b"junk\x0b"):
        answer = reply(item(Change.ACCEPTED), message=before + message)
        assert b"|KQ|SYT|" not in answer  # the header ends at the first of them
        assert not set(answer) & {0x0B, 0x1C}


def test_the_answer_names_no_one() -> None:
    message = MESSAGE.replace(b"PID|1\r", b"PID|1||X1||NGUYEN^AN\r")
    assert b"NGUYEN" not in reply(item(Change.QUARANTINED, NO_NAME), message=message)


NOISE = st.sampled_from(
    [
        b"MSH",
        b"|",
        b"^~\\&",
        b"BHS",
        b"FHS",
        b"\r",
        b"\n",
        b"\x0b",
        b"\x1c",
        b"\0",
        b"2.3",
        b"UTF-8",
    ]
)


@settings(max_examples=count(150, 20_000))
@given(st.lists(NOISE | st.binary(max_size=6), max_size=60).map(b"".join))
@example(b"MSH\xff^~\\&\xff")
@example(b"MSH|\xe1\xbb|x")
def test_any_bytes_get_an_answer_that_is_one_message(noise: bytes) -> None:
    found = [("E", NO_NAME), ("W", Finding("x", "PID-99999", "a\rMSH|b\x1c"))]
    answer = acknowledge(noise, HELD_BACK, found, explain, control_id="A1", now=NOW)
    if answer:
        assert answer.startswith(b"MSH")
        assert answer.endswith(b"\r")
        starts = [line[:3] for line in answer.split(b"\r")[:-1]]
        assert starts[:2] == [b"MSH", b"MSA"]
        assert set(starts[2:]) == {b"ERR"}
        assert not set(answer) & {0x0B, 0x1C, 0x0A}


@given(st.text(max_size=60))
def test_whatever_is_said_can_be_read_back(text: str) -> None:
    answer = acknowledge(
        MESSAGE, HELD_BACK, [("E", NO_NAME)], lambda _: (text, ""), control_id="A1", now=NOW
    )
    said = answer.decode().split("\r")[1].split("|")[3:]
    assert unescape("".join(said), Delimiters()) == " ".join(text.split())[:80]
