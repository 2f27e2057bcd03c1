"""The health-insurance export: joined by encounter, spoilt record by record, bounded."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from itertools import starmap

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.results.catalogue import Catalogue
from core.results.judge import Judged, Refused, judge
from core.results.reported import (
    Coding,
    DocumentType,
    Finding,
    NotAResult,
    ReportedResult,
    Unreadable,
)
from core.results.result import Outcome
from labs.readers.oru import Content
from labs.readers.xml4 import INDICES, SERVICES, read_xml4
from tests.labs.readers.where import REPOSITORY, ZONE
from tests.services import soaking

XML4 = REPOSITORY / "tests/vectors/xml4"
NOW = datetime(2021, 7, 17, tzinfo=UTC)
PERSON = "<TONG_HOP><MA_LK>E1</MA_LK><HO_TEN>Trần Văn Ân</HO_TEN>{}</TONG_HOP>"
LINE = "<CHI_TIET_CLS><MA_LK>E1</MA_LK><MA_DICH_VU>S1</MA_DICH_VU>{}</CHI_TIET_CLS>"
VALUE = "<MA_CHI_SO>I1</MA_CHI_SO><GIA_TRI>{}</GIA_TRI><NGAY_KQ>202107150900</NGAY_KQ>"


def read(document: str | bytes) -> list[tuple[Content, bytes]]:
    data = document.encode() if isinstance(document, str) else document
    return list(read_xml4(data, ZONE))


def the_result(*rows: str) -> ReportedResult:
    ((content, _),) = read(f"<D>{''.join(rows)}</D>")
    assert isinstance(content, ReportedResult), content
    return content


def findings(document: str | bytes) -> list[Finding]:
    return [_finding(content) for content, _ in read(document)]


def _finding(content: Content) -> Finding:
    if isinstance(content, ReportedResult):
        return Finding("result")
    return content.finding if isinstance(content, NotAResult) else content.findings[0]


def told(name: str) -> list[str]:
    found = (content for content, _ in read((XML4 / name).read_bytes()))
    return [
        content.accession
        if isinstance(content, ReportedResult)
        else " ".join(filter(None, (_finding(content).code, _finding(content).detail)))
        for content in found
    ]


PCR = "LK210715001/23.0001.0001"
COUNT = "LK210715002/22.0121.1369"
AGAIN = f"{COUNT}/202107160900"
FILES = {
    "two-encounters.xml": [PCR, COUNT, AGAIN],
    "4210-inline.xml": ["LK190101003/23.0002.0002"],
    "bare.xml": [PCR],
    "only-xml4.xml": ["no_patient"],
    "only-xml1.xml": ["not_a_result XML1"],
    "one-broken-record.xml": [PCR, "unreadable_xml base64", "unreadable_xml line 9", COUNT, AGAIN],
    "half-written.xml": [COUNT, AGAIN, "unreadable_xml line 25"],
    "two-people-one-encounter.xml": ["contradicting_patients"],
    "entity-bomb.xml": ["xml_forbidden DTD"],
    "external-entity.xml": ["xml_forbidden DTD"],
}


@pytest.mark.parametrize("name", FILES)
def test_each_file_is_told_what_it_holds(name: str) -> None:
    assert told(name) == FILES[name]


def test_no_file_is_left_out_of_these_tests() -> None:
    assert {path.name for path in XML4.iterdir()} - {"README.md"} == FILES.keys()


@pytest.mark.parametrize("name", FILES)
def test_what_is_kept_of_an_item_reads_again_alone_as_the_same_item(name: str) -> None:
    for content, raw in read((XML4 / name).read_bytes()):
        ((again, _),) = read(raw)
        if isinstance(content, Unreadable):
            assert _finding(again).code == _finding(content).code
        else:
            assert again == content


def test_nothing_of_other_people_or_of_diagnoses_is_kept_with_an_item() -> None:
    kept = [raw.decode() for _, raw in read((XML4 / "two-encounters.xml").read_bytes())]
    assert not any("CHAN_DOAN" in raw or "T_TONGCHI" in raw for raw in kept)
    assert "Nguyễn Văn Ân" in kept[0]
    assert "Nguyễn Văn Ân" not in kept[1] + kept[2]
    ((_, lone),) = read((XML4 / "only-xml1.xml").read_bytes())
    assert "Nguyễn Văn Ân" not in lone.decode()


def test_every_field_lands_where_it_belongs() -> None:
    content, _ = read((XML4 / "two-encounters.xml").read_bytes())[0]
    assert isinstance(content, ReportedResult)
    assert content.codes == (Coding(SERVICES, "23.0001.0001", "SARS-CoV-2 Real-time PCR"),)
    assert content.members[1].codes == (Coding(INDICES, "KQ", "SARS-CoV-2"),)
    assert content.members[1].value == "Âm tính"
    assert content.collected_at == datetime(2021, 7, 15, 1, tzinfo=UTC)
    assert content.reported_at == datetime(2021, 7, 15, 8, tzinfo=UTC)
    patient = content.patient
    assert patient is not None
    assert (patient.family, patient.birth_date, patient.sex) == (
        "Nguyễn Văn Ân",
        "1990-03-05",
        "male",
    )
    assert patient.phones == ("0900001234",)
    assert [document.type for document in patient.documents] == [
        DocumentType.NATIONAL_ID,
        DocumentType.INSURANCE,
        DocumentType.INSURANCE,
    ]
    assert content.device == ""  # MA_MAY would become the name of a test kit


def test_a_mapped_pcr_is_accepted_and_one_without_its_collection_time_is_not() -> None:
    packaged = Catalogue.parse((REPOSITORY / "core/results/catalogue.toml").read_text("utf-8"))
    catalogue = packaged.with_codes({(SERVICES, "23.0001.0001"): "SARSCOV2-PCR"})
    content, raw = read((XML4 / "bare.xml").read_bytes())[0]
    assert isinstance(content, ReportedResult)
    good = judge(content, catalogue, now=NOW)
    assert isinstance(good, Judged)
    assert good.result.outcome is Outcome.NEGATIVE
    ((untimed, _),) = read(raw.replace(b"NGAY_TH_YL", b"NGAY_YL"))
    assert isinstance(untimed, ReportedResult)
    refused = judge(untimed, catalogue, now=NOW)
    assert isinstance(refused, Refused)
    assert [error.code for error in refused.errors] == ["no_collection_time"]


@pytest.mark.parametrize(
    ("written", "born"),
    [
        ("19900305", "1990-03-05"),
        ("199003051430", "1990-03-05"),
        ("199003000000", "1990-03"),
        ("19900000", "1990"),
        ("1990", "1990"),
        ("000000000000", ""),
        ("", ""),
    ],
)
def test_zeros_of_a_birth_date_stand_for_what_nobody_knew(written: str, born: str) -> None:
    person = PERSON.format(f"<NGAY_SINH>{written}</NGAY_SINH>")
    patient = the_result(person, LINE.format(VALUE.format("1"))).patient
    assert patient is not None
    assert patient.birth_date == born


@pytest.mark.parametrize(
    ("field", "written"),
    [("NGAY_SINH", "05/03/1990"), ("NGAY_KQ", "15/07/2021"), ("NGAY_KQ", "202113150900")],
)
def test_a_time_that_cannot_be_read_stops_its_item(field: str, written: str) -> None:
    rows = PERSON.format("<NGAY_SINH>1990</NGAY_SINH>") + LINE.format(VALUE.format("1"))
    start, end = rows.index(f"<{field}>"), rows.index(f"</{field}>")
    (found,) = findings(f"<D>{rows[:start]}<{field}>{written}{rows[end:]}</D>")
    assert (found.code, found.field) == ("unreadable_date", field)
    assert not any(digit in found.detail for digit in "1234567")


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        ("099090000001", DocumentType.NATIONAL_ID),
        ("099000001", DocumentType.CITIZEN_ID),
        ("X0000001", DocumentType.PASSPORT),
        ("1234", DocumentType.NATIONAL_ID),
    ],
)
def test_a_card_is_told_by_its_digits(number: str, kind: DocumentType) -> None:
    person = PERSON.format(f"<SO_CCCD>{number}</SO_CCCD>")
    patient = the_result(person, LINE.format(VALUE.format("1"))).patient
    assert patient is not None
    assert [document.type for document in patient.documents] == [kind]


@pytest.mark.parametrize(("written", "sex"), [("1", "male"), ("2", "female"), ("3", "unknown")])
def test_a_sex_that_is_not_settled_is_unknown(written: str, sex: str) -> None:
    person = PERSON.format(f"<GIOI_TINH>{written}</GIOI_TINH>")
    patient = the_result(person, LINE.format(VALUE.format("1"))).patient
    assert patient is not None
    assert patient.sex == sex


def test_a_conclusion_is_a_line_that_can_contradict_its_value() -> None:
    result = the_result(
        PERSON.format(""),
        LINE.format(VALUE.format("Âm tính") + "<KET_LUAN>Dương tính</KET_LUAN>"),
        LINE.format("<MA_CHI_SO>I2</MA_CHI_SO><NGAY_KQ>202107150900</NGAY_KQ>"),
    )
    said = [(member.codes[0].code, member.value) for member in result.members]
    assert said == [("I1", "Âm tính"), ("I2", ""), ("I1", "Dương tính")]


def test_a_conclusion_repeated_on_every_line_is_one_line_of_all_their_codes() -> None:
    lines = [
        LINE.format(VALUE.format("34.2").replace("I1", index) + "<KET_LUAN>Âm tính</KET_LUAN>")
        for index in ("I1", "I2")
    ]
    result = the_result(PERSON.format(""), *lines)
    assert [member.value for member in result.members] == ["34.2", "34.2", "Âm tính"]
    assert [code.code for code in result.members[2].codes] == ["I1", "I2"]


def test_a_table_that_is_in_the_file_twice_says_everything_once() -> None:
    line = LINE.format(VALUE.format("1"))
    assert len(the_result(PERSON.format(""), PERSON.format(""), line, line).members) == 1


def test_the_first_of_two_times_keeps_its_number_when_the_later_one_is_added() -> None:
    early = LINE.format(VALUE.format("1"))
    late = early.replace("0715", "0716")
    alone = the_result(PERSON.format(""), early).accession
    both = [c.accession for c, _ in read(f"<D>{PERSON.format('')}{late}{early}</D>")]  # type: ignore[union-attr]
    assert (alone, both) == ("E1/S1", ["E1/S1/202107160900", "E1/S1"])


def test_one_of_two_times_of_collection_is_taken_only_by_its_result() -> None:
    service = (
        "<CHI_TIET_DVKT><MA_LK>E1</MA_LK><MA_DICH_VU>S1</MA_DICH_VU>"
        "<NGAY_TH_YL>202107{}</NGAY_TH_YL><NGAY_KQ>202107{}</NGAY_KQ></CHI_TIET_DVKT>"
    )
    person, line = PERSON.format(""), LINE.format(VALUE.format("1"))
    matched = starmap(service.format, [("150800", "150900"), ("160800", "160900")])
    assert the_result(person, *matched, line).collected_at == datetime(2021, 7, 15, 1, tzinfo=UTC)
    unmatched = starmap(service.format, [("150800", "150901"), ("160800", "160900")])
    assert the_result(person, *unmatched, line).collected_at is None


def test_a_person_of_another_record_is_nobody_here() -> None:
    line = LINE.format(VALUE.format("1"))
    document = f"<G><HOSO>{PERSON.format('')}</HOSO><HOSO>{line}</HOSO></G>"
    assert [found.code for found in findings(document)] == ["not_a_result", "no_patient"]


def test_rows_without_an_encounter_belong_to_nobody() -> None:
    rows = (PERSON.format("") + LINE.format(VALUE.format("1"))).replace("<MA_LK>E1</MA_LK>", "")
    assert [found.code for found in findings(f"<D>{rows}</D>")] == ["no_patient"]


@pytest.mark.parametrize(
    "content",
    [
        "<![CDATA[<TONG_HOP><MA_LK>E1</MA_LK><HO_TEN>A</HO_TEN></TONG_HOP>]]>",
        "&lt;TONG_HOP&gt;&lt;MA_LK&gt;E1&lt;/MA_LK&gt;&lt;/TONG_HOP&gt;",
        "\n" + base64.encodebytes(PERSON.encode() * 1).decode() + "\n",
        base64.b64encode(b"\xef\xbb\xbf" + PERSON.encode()).decode(),
        base64.b64encode(PERSON.encode("utf-16")).decode(),
    ],
)
def test_an_inner_document_may_be_text_or_base64_of_any_unicode(content: str) -> None:
    file = f"<FILEHOSO><LOAIHOSO>XML1</LOAIHOSO><NOIDUNGFILE>{content}</NOIDUNGFILE></FILEHOSO>"
    assert [found.code for found in findings(f"<HOSO>{file}{LINE}</HOSO>")] == ["result"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "windows-1258"])
def test_characters_are_read_as_they_are_declared(encoding: str) -> None:
    name = "Pha\u0323m Đư\u0301c"  # as windows-1258 can write it
    rows = PERSON.format("").replace("Trần Văn Ân", name) + LINE.format(VALUE.format("1"))
    document = f'<?xml version="1.0" encoding="{encoding}"?>\n<D>{rows}</D>'
    ((content, raw),) = read(document.encode(encoding))
    assert isinstance(content, ReportedResult)
    assert content.patient is not None
    assert content.patient.family == name
    assert read(raw)[0][0] == content


def test_a_document_recoded_by_the_reader_s_door_keeps_its_old_declaration() -> None:
    rows = PERSON.format("") + LINE.format(VALUE.format("1"))
    document = f'<?xml version="1.0" encoding="utf-16"?><D>{rows}</D>'
    assert [found.code for found in findings(document)] == ["result"]


HARMFUL = {
    "deep": ("<a>" * 10_000, Finding("xml_forbidden", "XML", "depth")),
    "entity": ('<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', Finding("xml_forbidden", "XML", "DTD")),
    "parameter": (
        '<!DOCTYPE a [<!ENTITY % b SYSTEM "http://127.0.0.1:9/">%b;]><a/>',
        Finding("xml_forbidden", "XML", "DTD"),
    ),
    "unknown entity": ("<a>\n&b;</a>", Finding("unreadable_xml", "XML", "line 2")),
    "huge attribute": (f"<a b='{'x' * 5_000_000}", Finding("unreadable_xml", "XML", "line 1")),
    "record in record": ("<HOSO><HOSO/></HOSO>", Finding("xml_forbidden", "HOSO", "HOSO")),
    "no such charset": (
        '<?xml version="1.0" encoding="no-such"?><a/>',
        Finding("unreadable_xml", "XML", "encoding"),
    ),
    "another document": ("<html/>", Finding("unrecognised_format", "XML", "xml4")),
    "nothing": ("", Finding("unreadable_xml", "XML", "line 1")),
}


@pytest.mark.parametrize("name", HARMFUL)
def test_what_no_export_has_is_one_finding(name: str) -> None:
    document, finding = HARMFUL[name]
    assert findings(document) == [finding]


@pytest.mark.parametrize(
    ("inner", "finding"),
    [
        ("<!DOCTYPE a []><a/>", Finding("xml_forbidden", "XML4", "DTD")),
        ("<a>" * 100, Finding("xml_forbidden", "XML", "depth")),
        ("<a>\n</b>", Finding("unreadable_xml", "XML4", "line 2")),
        (
            f"<CHI_TIET_CLS><GIA_TRI>{'x' * 20_000}</GIA_TRI></CHI_TIET_CLS>",
            Finding("unreadable_item", "GIA_TRI", "> 16384"),
        ),
    ],
)
def test_a_harmful_inner_document_spoils_its_own_record_only(inner: str, finding: Finding) -> None:
    coded = base64.b64encode(inner.encode()).decode()
    file = f"<FILEHOSO><LOAIHOSO>XML4</LOAIHOSO><NOIDUNGFILE>{coded}</NOIDUNGFILE></FILEHOSO>"
    bad = f"<HOSO>{PERSON.format('')}{file}</HOSO>"
    good = f"<HOSO>{PERSON.format('')}{LINE.format(VALUE.format('1'))}</HOSO>"
    document = f"<G>{good}{bad}{good}</G>"
    assert findings(document) == [Finding("result"), finding, Finding("result")]
    raw = read(document)[1][1]
    assert len(raw) < len(bad) + 20
    assert findings(raw) == [finding]


def test_tables_that_hold_no_results_are_not_opened() -> None:
    file = "<FILEHOSO><LOAIHOSO>XML2</LOAIHOSO><NOIDUNGFILE>%%%</NOIDUNGFILE></FILEHOSO>"
    line = LINE.format(VALUE.format("1"))
    document = f"<HOSO>{PERSON.format('')}{file}{line}</HOSO>"
    assert findings(document) == [Finding("result")]


WHOLE = (XML4 / "one-broken-record.xml").read_bytes()


@given(st.integers(0, len(WHOLE)), st.binary(max_size=8))
@settings(max_examples=2000 if soaking() else 60, deadline=None)
def test_no_damage_makes_the_reader_raise_or_say_nothing(at: int, put: bytes) -> None:
    for damaged in (WHOLE[:at], WHOLE[:at] + put + WHOLE[at + len(put) :]):
        assert read(damaged)


@given(st.binary(max_size=200))
@settings(max_examples=2000 if soaking() else 60, deadline=None)
def test_any_bytes_give_an_item(data: bytes) -> None:
    assert read(data)
