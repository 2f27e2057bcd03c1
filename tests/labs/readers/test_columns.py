"""Headings: which column holds what, and which of two that might."""

from __future__ import annotations

import csv

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labs.readers import columns
from labs.readers.columns import fact_of, missing_from, places_of, repeated_in
from tests.labs.readers.where import LABS, REPOSITORY


@pytest.mark.parametrize(
    ("heading", "fact"),
    [
        ("MÃ PHIẾU", "accession"),
        ("ma_phieu", "accession"),
        ("Kit/Thiết bị", "device"),
        ("Đơn vị đo", "unit"),
        ("Thời gian\nlấy mẫu", "collected_at"),
        ("Đồng ý nhận tin?", "consent"),
        ("Specimen_collection_date_time", "collected_at"),
        ("Ghi chú", ""),
        ("", ""),
        ("x" * 100_000, ""),
    ],
)
def test_a_heading_means_a_fact_or_nothing(heading: str, fact: str) -> None:
    assert fact_of(heading) == fact


def test_no_heading_means_two_facts() -> None:
    words = [word for words in columns._HEADINGS.values() for word in words.split("|")]
    assert len(words) == len(set(words))
    assert all(fact_of(word) for word in words)


def test_of_two_columns_the_better_name_counts_wherever_it_stands() -> None:
    assert places_of(["Barcode", "Mã phiếu"])["accession"] == 1
    assert places_of(["Mã phiếu", "Barcode"])["accession"] == 0
    assert places_of(["Năm sinh", "Ngày sinh"])["birth_date"] == 1


def test_only_a_fact_that_stands_twice_is_repeated() -> None:
    assert repeated_in(["Kết quả", "ket_qua"]) == "ket_qua"
    assert not repeated_in(["Ghi chú", "Ghi chú", "", "", "Kết quả", "Kết quả xét nghiệm"])


def test_what_is_missing_is_named_by_its_plain_word() -> None:
    assert missing_from(places_of(["Họ tên", "Kết quả"])) == ["accession", "test_code"]
    assert missing_from(places_of(["SID", "Tên", "Tên xét nghiệm", "Kết quả"])) == []


def test_the_template_uses_only_headings_that_are_read() -> None:
    with (REPOSITORY / "docs/template.csv").open(encoding="utf-8-sig", newline="") as file:
        headings = next(csv.reader(file))
    assert all(fact_of(heading) for heading in headings)
    assert missing_from(places_of(headings)) == []


@pytest.mark.usefixtures("vectors")
def test_the_template_of_62_columns_is_understood() -> None:
    with (LABS / "csv/sr-valid.csv").open(encoding="utf-8", newline="") as file:
        headings = next(csv.reader(file))
    places = places_of(headings)
    assert {fact: headings[place] for fact, place in places.items()} == {
        "family": "patient_last_name",
        "given": "patient_first_name",
        "middle": "patient_middle_name",
        "phone": "patient_phone_number",
        "birth_date": "patient_dob",
        "sex": "patient_gender",
        "accession": "accession_number",
        "device": "equipment_model_name",
        "test_code": "test_performed_code",
        "value": "test_result",
        "collected_at": "specimen_collection_date",
        "reported_at": "test_result_date",
        "status": "test_result_status",
    }


@given(st.lists(st.text(max_size=20), max_size=20))
def test_no_headings_raise(headings: list[str]) -> None:
    assert set(places_of(headings).values()) <= set(range(len(headings)))
    repeated_in(headings)
