"""Our own Vietnamese files, through the reader and the judge: what a citizen would get."""

from __future__ import annotations

import unicodedata
from datetime import UTC, datetime

import pytest

from core.results.catalogue import Catalogue
from core.results.judge import Judged, judge
from core.results.reported import ReadItem, ReportedResult
from tests.labs.readers.where import REPOSITORY, VN, items, results, told

NOW = datetime(2021, 7, 16, tzinfo=UTC)
CATALOGUE = Catalogue.parse((REPOSITORY / "core/results/catalogue.toml").read_text("utf-8"))
# File: test, outcome, name, phone.
RESULTS = {
    "pcr-negative-nfc.hl7": "SARSCOV2-PCR negative Nguyễn Văn Ân +84900001234",
    "pcr-negative-nfd.hl7": "SARSCOV2-PCR negative Đặng Thị Mỹ Phượng +84900001235",
    "antigen-negative-local-words.hl7": "SARSCOV2-AG negative Trần Thị Bích Ngọc +84900001236",
    "antigen-positive-two-phones.hl7": "SARSCOV2-AG positive Lê Bảo Lộc +84900001237",
    "landline-only.hl7": "SARSCOV2-PCR negative Võ Thị Hạnh ",
    "windows-1258.hl7": "SARSCOV2-PCR negative Phạm Quốc Dũng +84900001234",
    "windows-1258-declared-utf8.hl7": "SARSCOV2-PCR negative Phạm Quốc Dũng +84900001234",
    "indeterminate.hl7": "SARSCOV2-PCR indeterminate Dương Ngọc Uyên +84900001234",
    "invalid.hl7": "SARSCOV2-PCR invalid Dương Thị Yến +84900001234",
    "hiv.hl7": "HIV negative Hồ Đức Tuấn +84900001234",
    "tb-without-consent.hl7": "TB-GENEXPERT positive Huỳnh Thùy Thảo +84900001234",
    "tb-with-consent.hl7": "TB-GENEXPERT negative Huỳnh Mỹ Diễm +84900001234",
    "dengue-positive.hl7": "DENGUE-NS1 positive Nguyễn Thị Như Ý +84900001234",
    "blood-group.hl7": "BLOOD-GROUP reported Trần Bảo Ân +84900001234",
    "panel.hl7": "GENERAL-PANEL reported Lê Thị Mỹ Hạnh +84900001234",
    "passport.hl7": "SARSCOV2-PCR negative MUSTERFRAU ERIKA +84900001239",
    "line-break-in-field.hl7": "SARSCOV2-PCR negative Nguyễn Văn Ân +84900001234",
    "pcr-negative.json": "SARSCOV2-PCR negative Nguyễn Thị Ánh +84900001240",
    "pcr-negative-nfd.json": "SARSCOV2-PCR negative Đặng Hữu Trường +84900001241",
    "antigen-urn-uuid.json": "SARSCOV2-AG negative Lê Văn Ân +84900001240",
    "contained.json": "SARSCOV2-PCR negative Bùi Quốc Bảo +84900001240",
    "tb-with-consent.json": "TB-GENEXPERT negative Ngô Đức Nghĩa +84900001240",
    "hiv.json": "HIV negative Nguyễn Thị Ánh +84900001240",
    "panel.json": "GENERAL-PANEL reported Nguyễn Thị Ánh +84900001240",
    "observation-without-report.json": "SARSCOV2-PCR negative Phạm Mỹ Duyên +84900001240",
    "loose-resources.ndjson": "SARSCOV2-PCR negative Huỳnh Ngọc Hạnh +84900001240",
}
TOLD = {
    "admission.hl7": ["ignored ADT^A01"],
    "bad-collection-time.hl7": ["unreadable_date OBR-7"],
    "correction-1-first.hl7": ["final PCR-0007"],
    "correction-2-corrected.hl7": ["corrected PCR-0007"],
    "half-written.hl7": ["final PCR-0021", "truncated_message OBX"],
    "half-written.json": ["unreadable_json line 1"],
    "one-broken-line.ndjson": ["final FP-0020", "unreadable_json line 2", "final FP-0022"],
    "two-patients.json": ["contradicting_patients subject"],
    "withdrawn-wrong-person.hl7": ["withdrawn PCR-0008"],
    "withdrawn.json": ["withdrawn FP-0009"],
    "no-patient.hl7": ["final PCR-0020"],
    "no-patient.json": ["final FP-0012"],
    "unknown-test.hl7": ["final XX-0019"],
    "pooled-positive.hl7": ["final PCR-0009"],
    "pooled-positive-by-name.hl7": ["final PCR-0010"],
    "pooled-positive.json": ["final FP-0005"],
}


def judged(name: str) -> Judged:
    (reported,) = results(VN / name)
    verdict = judge(reported, CATALOGUE, now=NOW)
    assert isinstance(verdict, Judged), verdict
    return verdict


@pytest.mark.parametrize("name", RESULTS)
def test_each_good_file_gives_its_person_their_result(name: str) -> None:
    result = judged(name).result
    person = result.person
    said = f"{result.test.key} {result.outcome} {person.full_name} {person.phone}"
    assert unicodedata.normalize("NFC", said) == RESULTS[name]


@pytest.mark.parametrize("name", TOLD)
def test_each_other_file_is_told_what_it_is(name: str) -> None:
    assert [told(item) for item in items(VN / name)] == TOLD[name]


def test_no_vietnamese_file_is_left_out_of_these_tests() -> None:
    there = {path.name for path in VN.iterdir()} - {"README.md"}
    assert there == RESULTS.keys() | TOLD.keys()


@pytest.mark.parametrize(
    "name", ["pooled-positive.hl7", "pooled-positive-by-name.hl7", "pooled-positive.json"]
)
def test_a_pooled_positive_asks_for_a_new_sample(name: str) -> None:
    result = judged(name).result
    assert result.pooled
    assert result.needs_new_sample


def test_consent_is_read_where_it_was_given_and_nowhere_else() -> None:
    assert judged("tb-with-consent.hl7").result.consent_to_contact
    assert judged("tb-with-consent.json").result.consent_to_contact
    assert not judged("tb-without-consent.hl7").result.consent_to_contact


def test_numbers_of_a_panel_are_shown_as_they_were_sent() -> None:
    assert [value.value for value in judged("panel.hl7").result.values] == ["7.20", "98.00", "255"]
    haemoglobin = judged("panel.json").result.values[0]
    assert (haemoglobin.value, haemoglobin.reference_range) == ("138", "120 - 160")


@pytest.mark.parametrize(
    ("name", "born"),
    [("dengue-positive.hl7", "2015"), ("blood-group.hl7", "1990-03"), ("panel.hl7", "1985-02-13")],
)
def test_a_birth_date_keeps_the_precision_that_was_recorded(name: str, born: str) -> None:
    assert judged(name).result.person.birth_date == born


def test_a_wrongly_declared_character_set_is_read_and_mentioned() -> None:
    codes = [warning.code for warning in judged("windows-1258-declared-utf8.hl7").warnings]
    assert codes == ["charset_guessed"]
    assert not judged("windows-1258.hl7").warnings


def test_the_bytes_kept_for_one_report_of_many_are_enough_to_read_it_again() -> None:
    for item in items(VN / "one-broken-line.ndjson"):
        again = [told(other) for other in items_of(item.raw)]
        assert again[0].split()[:2] == told(item).replace("line 2", "line 1").split()[:2]


def items_of(raw: bytes) -> list[ReadItem]:
    from labs.readers.detect import read
    from tests.labs.readers.where import ZONE

    return list(read(raw, zone=ZONE))


def test_a_file_without_people_or_test_is_refused_by_the_judge_not_lost() -> None:
    for name, code in (("no-patient.hl7", "no_patient"), ("unknown-test.hl7", "unknown_test")):
        (reported,) = results(VN / name)
        assert isinstance(reported, ReportedResult)
        refused = judge(reported, CATALOGUE, now=NOW)
        assert [error.code for error in getattr(refused, "errors", ())] == [code]
