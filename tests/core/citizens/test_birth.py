"""Dates of birth as typed, and what proves a person."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.citizens.birth import ProofKind, proof_kind, proves, read_birth_date
from core.results.reported import DocumentType
from core.results.result import Document

CCCD = (Document(DocumentType.NATIONAL_ID, "079090001234"),)


@pytest.mark.parametrize(
    "typed",
    ["5/3/1990", "05/03/1990", "05-03-1990", "05.03.1990", "05031990", "1990-03-05", " 5 3 1990 "],
)
def test_typed_dates_are_day_first(typed: str) -> None:
    assert read_birth_date(typed) == "1990-03-05"


@pytest.mark.parametrize(
    "typed", ["", "31/02/1990", "1990", "5/3/90", "5/13/1990", "abc", "00/00/0000"]
)
def test_what_is_no_date_is_none(typed: str) -> None:
    assert read_birth_date(typed) is None


@given(st.text(max_size=30))
def test_any_text_is_read_without_an_error(typed: str) -> None:
    read_birth_date(typed)
    assert proves(typed, "1950", CCCD) in (True, False, None)


def test_what_is_asked_depends_on_what_was_recorded() -> None:
    assert proof_kind("1990-03-05", ()) is ProofKind.BIRTH_DATE
    assert proof_kind("1990", CCCD) is ProofKind.YEAR_AND_DOCUMENT
    assert proof_kind("1990", ()) is ProofKind.STAFF
    assert proof_kind("", CCCD) is ProofKind.STAFF


def test_a_birth_date_proves_only_itself() -> None:
    assert proves("5/3/1990", "1990-03-05", ()) is True
    assert proves("3/5/1990", "1990-03-05", ()) is False
    assert proves("hello", "1990-03-05", ()) is None


def test_a_year_needs_the_end_of_the_document_too() -> None:
    assert proves("1950 1234", "1950", CCCD) is True
    assert proves("1950-1234", "1950", CCCD) is True
    assert proves("1950 1235", "1950", CCCD) is False
    assert proves("1951 1234", "1950", CCCD) is False
    assert proves("1950", "1950", CCCD) is None


def test_full_width_digits_are_no_error() -> None:
    assert read_birth_date("\uff15/3/1990") in ("1990-03-05", None)
    assert proves("\uff11\uff19\uff15\uff10 1234", "1950", CCCD) is None


def test_without_anything_recorded_nothing_proves() -> None:
    assert proves("1/1/2000", "", ()) is None
