"""Identity QR codes: both kinds are read whole, and no text from a stranger is an exception."""

from __future__ import annotations

import unicodedata
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.citizens.identity import LONGEST, Identity, read_card_number, read_identity
from core.results.reported import DocumentType
from core.results.result import Document

CARD = "079090001234|271234567|Nguyễn Văn Bình|05031990|Nam|1 Đường Số 2, Quận 3|01022021"
NATIONAL = "079090001234|Nguyễn Văn Bình|1990-03-05|1|QID-7|a<b<<c"

words = st.text(st.sampled_from("aăâbcdđeêghiklmnoôơpqrstuưvxyỹạếộ ABCĐƯ"), min_size=1, max_size=40)
names = words.map(str.strip).filter(bool).map(lambda text: unicodedata.normalize("NFC", text))
digits = st.text("0123456789", min_size=12, max_size=12)
days = st.dates(date(1900, 1, 1), date(2100, 1, 1))


def test_a_chip_card_is_read_whole() -> None:
    assert read_identity(CARD) == Identity(
        number="079090001234",
        name="Nguyễn Văn Bình",
        birth_date="1990-03-05",
        old_number="271234567",
        sex="male",
        address="1 Đường Số 2, Quận 3",
        issued_on="2021-02-01",
    )


@pytest.mark.parametrize(
    ("text", "old", "issued"),
    [
        ("079090001234||Lê An|05031990|Nữ|Huế|01022021", "", "2021-02-01"),
        ("079090001234|Lê An|05031990|Nữ|Huế|01022021", "", "2021-02-01"),
        ("079090001234|271234567|Lê An|05031990|Nữ|Huế", "271234567", ""),
        ("079090001234||Lê An|05031990|Nữ|Huế|", "", ""),
    ],
)
def test_the_old_number_and_the_day_of_issue_may_be_missing(
    text: str, old: str, issued: str
) -> None:
    found = read_identity(text)
    assert found
    assert (found.old_number, found.issued_on) == (old, issued)
    assert (found.name, found.birth_date, found.sex) == ("Lê An", "1990-03-05", "female")


def test_a_national_code_is_read_with_the_parts_of_its_extension() -> None:
    assert read_identity(NATIONAL) == Identity(
        number="079090001234",
        name="Nguyễn Văn Bình",
        birth_date="1990-03-05",
        kind="1",
        qid="QID-7",
        extension=("a", "b", "", "c"),
    )


def test_a_card_names_its_old_number_too() -> None:
    found = read_identity(CARD)
    assert found
    assert found.documents == (
        Document(DocumentType.NATIONAL_ID, "079090001234"),
        Document(DocumentType.CITIZEN_ID, "271234567"),
    )


def test_a_national_code_of_a_passport_names_a_passport() -> None:
    found = read_identity("c1234567|Anna Lee|1980-01-02|2||")
    assert found
    assert found.documents == (Document(DocumentType.PASSPORT, "C1234567"),)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "HC1:6BF+70790T9WJWG.FKY*4GO0",
        "|||||",
        "07909000123|271234567|Lê An|05031990|Nữ|Huế|01022021",  # 11 digits
        "079090001234|271234567|Lê An|31021990|Nữ|Huế|01022021",  # no such day
        "079090001234|271234567|Lê An|5031990|Nữ|Huế|01022021",
        "079090001234|271234567||05031990|Nữ|Huế|01022021",  # no name
        "079090001234|271234567|Lê An|05031990|Nữ|Huế|yesterday",
        "٠٧٩٠٩٠٠٠١٢٣٤|271234567|Lê An|05031990|Nữ|Huế|01022021",
        "079090001234|Lê An|05-03-1990|1|Q|",
        CARD + "|" * 9,
        CARD.replace("Bình", "B\x00nh"),
        CARD.replace("Bình", "B" * 300),
        CARD + " " * 5 + "x" * LONGEST,
    ],
)
def test_what_is_no_identity_is_none(text: str) -> None:
    assert read_identity(text) is None


def test_decomposed_letters_are_composed() -> None:
    found = read_identity(unicodedata.normalize("NFD", CARD))
    assert found == read_identity(CARD)


@given(digits, names, days, st.sampled_from(["Nam", "Nữ"]), names, days)
def test_every_chip_card_reads_back(
    number: str, name: str, born: date, sex: str, address: str, issued: date
) -> None:
    text = f"{number}||{name}|{born:%d%m%Y}|{sex}|{address}|{issued:%d%m%Y}"
    found = read_identity(text)
    assert found
    assert (found.number, found.name, found.address) == (number, name, address)
    assert (found.birth_date, found.issued_on) == (born.isoformat(), issued.isoformat())


@given(digits, names, days, st.lists(st.text("abc123", max_size=5), min_size=2, max_size=5))
def test_every_national_code_reads_back(
    number: str, name: str, born: date, parts: list[str]
) -> None:
    found = read_identity(f"{number}|{name}|{born}|1|Q|{'<'.join(parts)}")
    assert found
    assert (found.number, found.name, found.birth_date) == (number, name, born.isoformat())
    assert found.extension == tuple(parts)


@given(st.text() | st.lists(st.text(), min_size=6, max_size=7).map("|".join))
def test_no_text_is_an_exception(text: str) -> None:
    assert read_identity(text) is None or isinstance(read_identity(text), Identity)


def test_a_typed_number_may_have_blanks_and_must_have_12_digits() -> None:
    assert read_card_number("079 090 001 234") == "079090001234"
    assert read_card_number("079090001") is None
    assert read_card_number("07909000123A") is None
