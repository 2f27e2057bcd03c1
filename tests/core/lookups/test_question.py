"""What an officer types or scans, read into a question."""

from __future__ import annotations

import pytest

from core.citizens.codes import short_code
from core.lookups.question import Question, Unreadable, read_question
from core.results.reported import DocumentType
from core.results.result import Document

CODE = short_code(b"abcde")
CCCD = Document(DocumentType.NATIONAL_ID, "079090001234")
QR = "079090001234||Lê An|05031990|Nữ|Huế|01022021"


def test_a_short_code_is_read_with_blanks_and_small_letters() -> None:
    typed = f" {CODE[:4]}-{CODE[4:].lower()} "
    assert read_question(typed, " 1990 ") == Question(CODE, (), "1990")


def test_a_card_number_and_its_qr_ask_for_the_same() -> None:
    assert read_question("079 090 001 234", "1990") == Question("", (CCCD,), "1990")
    assert read_question(QR, "1990") == Question("", (CCCD,), "1990")


def test_the_year_of_an_identity_qr_is_taken_where_none_was_typed() -> None:
    assert read_question(QR, "") == Question("", (CCCD,), "1990")
    assert read_question(QR, "1991") == Question("", (CCCD,), "1991")


@pytest.mark.parametrize("typed", ["", "0", CODE[:-1] + ("0" if CODE[-1] != "0" else "1"), "ĐĐĐ"])
def test_what_is_neither_is_told_at_once(typed: str) -> None:
    assert read_question(typed, "1990") is Unreadable.CODE


@pytest.mark.parametrize("year", ["", "90", "1890", "199O", "١٩٩٠", "05/03/1990"])
def test_a_year_has_four_digits(year: str) -> None:
    assert read_question(CODE, year) is Unreadable.YEAR
