"""Acknowledgements: readable by somebody else's library, and true."""

from __future__ import annotations

from datetime import UTC, datetime

import hl7
import pytest

from core.results.intake import IntakeReport, ItemReport
from core.results.reported import Finding
from core.results.versions import Change
from labs.replies.ack import REFUSED, acknowledge, reply_to

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
HEADER = "MSH|^~\\&|LIS|BVX|KQ|SYT|20260304||ORU^R01^ORU_R01|M-1|P|2.5.1||||{}|VNM|UTF-8"
MESSAGE = f"{HEADER.format('')}\rPID|1\r".encode()
NO_NAME = Finding("no_name", "PID-5")


def explain(finding: Finding) -> tuple[str, str]:
    return f"Thiếu {finding.code}.", "Điền | và ^ rồi gửi lại."


def reply(*items: ItemReport, message: bytes = MESSAGE) -> bytes:
    return reply_to(message, IntakeReport(list(items)), explain, control_id="A1", now=NOW)


def item(change: Change, *errors: Finding, warnings: tuple[Finding, ...] = ()) -> ItemReport:
    return ItemReport("MLLP", 0, change, None, errors, warnings)


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


@pytest.mark.parametrize(
    ("wanted", "change", "code"),
    [
        ("AL", Change.ACCEPTED, b"CA"),
        ("AL", Change.QUARANTINED, b"CE"),
        ("ER", Change.ACCEPTED, None),
        ("ER", Change.QUARANTINED, b"CE"),
        ("SU", Change.ACCEPTED, b"CA"),
        ("SU", Change.QUARANTINED, None),
        ("NE", Change.QUARANTINED, None),
    ],
)
def test_enhanced_mode_answers_what_the_sender_wants(
    wanted: str, change: Change, code: bytes | None
) -> None:
    message = f"{HEADER.format('')}\r".replace("2.5.1||||", f"2.5.1|||{wanted}|").encode()
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
