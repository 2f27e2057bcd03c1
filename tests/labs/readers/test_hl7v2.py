"""The tokenizer and the ORU reader, on messages small enough to see what matters."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.results.reported import (
    DocumentType,
    Finding,
    NotAResult,
    ReportedDocument,
    ReportedResult,
    ReportStatus,
    Unreadable,
)
from labs.readers.detect import read
from labs.readers.hl7v2 import Delimiters, unescape
from tests.labs.readers.where import ZONE, the_result

MSH = "MSH|^~\\&|LIS|X|K|S|20210715093000||ORU^R01|1|P|2.5.1"
PID = "PID|1||||Nguyễn^Ân^Văn"
OBR = "OBR|1||A1|94500-6^PCR^LN|||20210715070000|||||||||||||||20210715091500|||F"
OBX = "OBX|1|CWE|94500-6^PCR^LN||260415000^No^SCT||||||F"


def message(*segments: str, end: str = "\r") -> bytes:
    return "".join(segment + end for segment in segments).encode()


def status_of(report: str, *lines: str) -> ReportStatus:
    obr = OBR[:-1] + report
    obxs = [OBX[:-1] + line for line in lines]
    return the_result(message(MSH, PID, obr, *obxs)).status


@pytest.mark.parametrize("end", ["\r", "\n", "\r\n", "\r\r\n", "\n\n"])
def test_any_line_end_ends_a_segment(end: str) -> None:
    assert the_result(message(MSH, PID, OBR, OBX, end=end)).accession == "A1"


def test_a_byte_order_mark_and_mllp_framing_are_no_part_of_a_message() -> None:
    data = message(MSH, PID, OBR, OBX)
    assert the_result(b"\xef\xbb\xbf" + data).accession == "A1"
    framed = b"\x0b" + data + b"\x1c\r"
    assert len(list(read(framed + framed, zone=ZONE))) == 2


def test_delimiters_are_those_that_the_message_declares() -> None:
    data = message(MSH, PID, OBR, OBX).decode()
    other = data.translate(str.maketrans("|^~\\&", "#!*%$"))
    assert the_result(other.encode()) == the_result(data.encode())


def test_a_fifth_encoding_character_is_no_delimiter() -> None:
    assert the_result(message(MSH.replace("^~\\&", "^~\\&#"), PID, OBR, OBX)).accession == "A1"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (r"a\F\b", "a|b"),
        (r"a\S\b", "a^b"),
        (r"a\T\b", "a&b"),
        (r"a\R\b", "a~b"),
        (r"a\E\b", "a\\b"),
        (r"a\.br\b", "a\nb"),
        (r"\X41C3A2\m", "Aâm"),
        (r"\H\bold\N\ ", "bold "),
        (r"\Q9\ stays", r"\Q9\ stays"),
        ("C:\\dir", "C:\\dir"),
    ],
)
def test_escapes_mean_what_chapter_2_says(written: str, meant: str) -> None:
    assert unescape(written, Delimiters()) == meant


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])))
def test_escaping_the_delimiters_and_reading_them_back_is_the_same_text(text: str) -> None:
    table = {"\\": r"\E\\"[:3], "|": r"\F\\"[:3], "^": r"\S\\"[:3], "&": r"\T\\"[:3]}
    written = "".join(table.get(letter, letter) for letter in text)
    assert unescape(written, Delimiters()) == text


def test_a_line_that_is_no_segment_continues_the_field_before() -> None:
    obx = "OBX|1|TX|X^X^L||first\nsecond line||||||F"
    result = the_result(message(MSH, PID, OBR, obx, end="\n"))
    assert result.members[0].value == "first\nsecond line"
    assert result.findings == (Finding("line_break_in_field", "OBX"),)


@pytest.mark.parametrize(
    ("report", "lines", "status"),
    [
        ("F", "F", ReportStatus.FINAL),
        ("", "F", ReportStatus.FINAL),
        ("F", " ", ReportStatus.FINAL),
        ("", " ", ReportStatus.PRELIMINARY),
        ("C", "F", ReportStatus.CORRECTED),
        ("F", "C", ReportStatus.CORRECTED),
        ("F", "P", ReportStatus.PRELIMINARY),
        ("P", "F", ReportStatus.PRELIMINARY),
        ("R", "F", ReportStatus.PRELIMINARY),
        ("F", "?", ReportStatus.PRELIMINARY),
        ("X", "F", ReportStatus.WITHDRAWN),
        ("C", "W", ReportStatus.WITHDRAWN),
        ("F", "X", ReportStatus.WITHDRAWN),
        ("F", "D", ReportStatus.WITHDRAWN),
        ("F", "FW", ReportStatus.WITHDRAWN),
        ("F", "FX", ReportStatus.FINAL),
        ("F", "FD", ReportStatus.CORRECTED),
        ("F", "FP", ReportStatus.PRELIMINARY),
    ],
)
def test_the_stricter_of_report_and_lines_wins(
    report: str, lines: str, status: ReportStatus
) -> None:
    assert status_of(report, *lines) is status


def test_each_obr_belongs_to_the_person_above_it() -> None:
    second = PID.replace("Nguyễn^Ân", "Trần^Lộc")
    data = message(MSH, PID, OBR, OBX, second, OBR.replace("A1", "A2"), OBX)
    people = [item.content.patient for item in read(data, zone=ZONE)]  # type: ignore[union-attr]
    assert [person.family for person in people if person] == ["Nguyễn", "Trần"]


def test_lines_after_the_specimen_describe_the_specimen() -> None:
    temperature = "OBX|2|NM|TEMP^Temperature^L||4||||||F"
    result = the_result(message(MSH, PID, OBR, OBX, "SPM|1", temperature))
    assert len(result.members) == 1
    early = the_result(message(MSH, PID, OBR, "SPM|1", OBX))
    assert len(early.members) == 1


def test_the_time_of_collection_comes_from_the_specimen_first_and_knows_its_zone() -> None:
    spm = "SPM|1" + "|" * 16 + "20210715060000+0000"
    result = the_result(message(MSH, PID, OBR, OBX, spm))
    assert result.collected_at is not None
    assert result.collected_at.isoformat() == "2021-07-15T06:00:00+00:00"
    local = the_result(message(MSH, PID, OBR, OBX))
    assert local.collected_at is not None
    assert local.collected_at.isoformat() == "2021-07-15T00:00:00+00:00"


@pytest.mark.parametrize(
    ("identifier", "document"),
    [
        ("099085001234^^^CCCD^NI", (DocumentType.NATIONAL_ID, "099085001234")),
        ("099085001234^^^^NI", (DocumentType.NATIONAL_ID, "099085001234")),
        ("020001234^^^^NI", (DocumentType.CITIZEN_ID, "020001234")),
        ("X0012345^^^^PPN", (DocumentType.PASSPORT, "X0012345")),
        ("DN479^^^BHYT^HC", (DocumentType.INSURANCE, "DN479")),
        ("10006579^^^1^MR", None),
        ("099085001234^^^BV^MR", None),
    ],
)
def test_only_identity_documents_are_documents(
    identifier: str, document: tuple[DocumentType, str] | None
) -> None:
    patient = the_result(message(MSH, f"PID|1||{identifier}||A^B", OBR, OBX)).patient
    assert patient is not None
    assert patient.documents == ((ReportedDocument(*document),) if document else ())


@pytest.mark.parametrize(
    ("pid_13", "phones"),
    [
        ("0900001234", ("0900001234",)),
        ("02838001234^PRN^PH~0900001234^PRN^CP", ("0900001234", "02838001234")),
        ("^PRN^CP^^84^900^001234", ("+84900001234",)),
        ("^PRN^CP^^^^^^^^^0900001234", ("0900001234",)),
        ("^NET^Internet^a1@example.org", ()),
        ('""', ()),
    ],
)
def test_phones_are_read_from_every_form_of_xtn(pid_13: str, phones: tuple[str, ...]) -> None:
    patient = the_result(message(MSH, f"PID|1||||A^B||||||||{pid_13}", OBR, OBX)).patient
    assert patient is not None
    assert patient.phones == phones


def test_an_impossible_birth_date_stops_the_item_without_showing_it() -> None:
    (item,) = read(message(MSH, "PID|1||||A^B||19850231", OBR, OBX), zone=ZONE)
    assert item.content == Unreadable((Finding("unreadable_date", "PID-7", "99999999"),))


def test_a_sign_of_a_pool_anywhere_makes_a_pool() -> None:
    role = the_result(message(MSH, PID, OBR, OBX, "SPM|1||||||||||L"))
    words = the_result(message(MSH, PID, OBR, OBX, "SPM|1|||MAU GOP 5"))
    swimming = the_result(message(MSH, PID, OBR, OBX, "SPM|1|||Liverpool swab"))
    assert (role.pooled, words.pooled, swimming.pooled) == (True, True, False)


def test_every_cut_of_a_message_is_an_item_and_never_half_a_result() -> None:
    whole = message(MSH, PID, OBR, OBX)
    expected = the_result(whole)
    for end in range(1, len(whole)):
        for item in read(whole[:end], zone=ZONE):
            content = item.content
            assert not isinstance(content, NotAResult) or content.finding.detail != "ORU^R01"
            if isinstance(content, ReportedResult):
                assert content == expected or not content.members, whole[:end]


def test_other_messages_are_ignored_by_name() -> None:
    (item,) = read(message(MSH.replace("ORU^R01", "ADT^A34"), PID), zone=ZONE)
    assert item.content == NotAResult(Finding("not_a_result", "MSH-9", "ADT^A34"))


def test_text_before_the_first_message_is_kept_as_unreadable() -> None:
    found = [
        item.content for item in read(b"OBX|9|lost\r" + message(MSH, PID, OBR, OBX), zone=ZONE)
    ]
    assert [type(content) for content in found] == [Unreadable, ReportedResult]


@pytest.mark.parametrize("last", ["O", "OB", "OBX", "SPM|1|||M", "SPM|1|||Mẫu gộp|||||"])
def test_a_cut_before_the_specimen_says_whether_it_is_a_pool_releases_nothing(last: str) -> None:
    whole = message(MSH, PID, OBR, OBX).decode() + last
    (item,) = read(whole.encode(), zone=ZONE)
    assert isinstance(item.content, Unreadable)
    assert item.content.findings[0].code == "truncated_message"


def test_a_line_marked_as_a_question_is_no_line_whatever_its_code() -> None:
    question = "OBX|2|ST|HOI-1^Có triệu chứng không?^LIS||Không||||||F" + "|" * 18 + "QST"
    assert len(the_result(message(MSH, PID, OBR, OBX, question)).members) == 1


TRAN = PID.replace("Nguyễn^Ân", "Trần^Lộc")
SECOND = OBR.replace("A1", "A2")
DAMAGED = Unreadable((Finding("damaged_segment", "", "5"),))


@pytest.mark.parametrize(
    "start",
    [
        *(" PID|", "\tPID|", "pid|", "PlD|", "\x1bPID|", "\u200bPID|", "\u00a0PID|", "_PID|"),
        *("P1D|", "PDI|", "PIO|", "XPID|", "ID|", "PI D|", "PID^", "PID 1|", " pid"),
    ],
)
def test_a_damaged_segment_stops_every_report_of_its_message(start: str) -> None:
    damaged = TRAN.replace("PID|", start, 1)
    data = message(MSH, PID, OBR, OBX, damaged, SECOND, OBX)
    assert [item.content for item in read(data, zone=ZONE)] == [DAMAGED, DAMAGED]


@pytest.mark.parametrize("start", [" OBR|", "obr|", "0BR|", "BR|", "OBR^"])
def test_a_damaged_order_stops_the_report_that_would_take_its_lines(start: str) -> None:
    damaged = SECOND.replace("OBR|", start, 1)
    for before in ((), (TRAN,), ("NTE|1||note",), ("SPM|1",), ("ORC|RE",)):
        data = message(MSH, PID, OBR, OBX, *before, damaged, OBX)
        (item,) = read(data, zone=ZONE)
        assert isinstance(item.content, Unreadable), before
        assert item.content.findings[0].code == "damaged_segment"


def test_a_damaged_specimen_is_not_overlooked_for_it_may_say_that_it_is_a_pool() -> None:
    for specimen in (" SPM|1|||MAU GOP", "SPN|1|||MAU GOP", "spm|1|||MAU GOP"):
        (item,) = read(message(MSH, PID, OBR, OBX, specimen), zone=ZONE)
        assert item.content == DAMAGED


@given(
    st.integers(0, 5),
    st.sampled_from(["replace", "insert", "delete"]),
    st.characters(exclude_categories=["Cs"]),
    st.sampled_from([OBX, OBX + "|||20210715", OBX + "|||", "NTE|1||note", "SPM|1|||X", "PV1|1"]),
)
def test_no_single_damaged_letter_gives_a_result_to_another_person(
    at: int, edit: str, letter: str, before: str
) -> None:
    start = "\rPID|1"
    rest = start[at + (edit != "insert") :]
    damaged = start[:at] + ("" if edit == "delete" else letter) + rest
    lines = [MSH, PID, OBR, OBX, before]
    text = "\r".join(lines) + damaged + TRAN.removeprefix("PID|1") + f"\r{SECOND}\r{OBX}\r"
    for item in read(text.encode(), zone=ZONE):
        content = item.content
        if isinstance(content, ReportedResult) and content.accession == "A2":
            assert content.patient is None or content.patient.family != "Nguyễn", damaged


def test_words_that_look_like_a_segment_inside_a_field_damage_nothing() -> None:
    obx = "OBX|1|TX|X^X^L||nghi ngờ PID|||N|||F"
    assert the_result(message(MSH, PID, OBR, obx)).members[0].value == "nghi ngờ PID"
    own = "PID|1||A1^^^BV^PID||Nguyễn^Ân"
    assert the_result(message(MSH, own, OBR, OBX, "ZPI|1|own", "PD1|1|x")).patient is not None


def test_names_and_values_have_no_characters_that_nobody_sees() -> None:
    pid = "PID|1||||Ngu\u202eyễn^Â\u200bn^V\u0085ăn"
    obx = "OBX|1|TX|X^X\u200f^L||first\u202e\\.br\\second||||||F"
    result = the_result(message(MSH, pid, OBR, obx))
    assert result.patient is not None
    assert (result.patient.family, result.patient.given) == ("Nguyễn", "V ăn Ân")
    assert result.members[0].value == "first\nsecond"
    assert result.members[0].codes[0].display == "X"
