"""Phone numbers: every way of typing one, and the short path against the library."""

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.citizens.phone import Phone, PhoneKind, mask_phone, read_phone

MOBILE = Phone(PhoneKind.MOBILE, "+84901234567", "VN")


@pytest.mark.parametrize(
    "typed",
    ["0901234567", "84901234567", "+84901234567", "0084901234567", "090 123 45 67", "090.123.4567",
     "090-123-4567", "\u00a00901234567 ", "٠٩٠١٢٣٤٥٦٧"],
)  # fmt: skip
def test_every_way_of_typing_a_mobile_reads_alike(typed: str) -> None:
    assert read_phone(typed) == MOBILE


@pytest.mark.parametrize("typed", ["028 3829 1234", "+842838291234", "1900 1234"])
def test_a_landline_or_service_number_is_not_mobile(typed: str) -> None:
    assert read_phone(typed).kind is not PhoneKind.MOBILE


@pytest.mark.parametrize(
    "typed", ["", "abc", "123", "0901", "768-YFN-4ZC", "09012345678", "0" * 500]
)
def test_what_is_no_number_is_unreadable(typed: str) -> None:
    assert read_phone(typed) == Phone(PhoneKind.UNREADABLE)


def test_a_foreign_mobile_keeps_its_country() -> None:
    assert read_phone("+447400123456") == Phone(PhoneKind.MOBILE, "+447400123456", "GB")


@given(st.from_regex(r"(0|84|\+84|0084)[35789][0-9]{8}", fullmatch=True))
def test_the_short_path_agrees_with_the_library(typed: str) -> None:
    short = read_phone(typed)
    number = phonenumbers.parse("+84" + typed[-9:], "VN")
    is_mobile = phonenumbers.number_type(number) == phonenumbers.PhoneNumberType.MOBILE
    assert (short.kind is PhoneKind.MOBILE) == (phonenumbers.is_valid_number(number) and is_mobile)
    if short.kind is PhoneKind.MOBILE:
        assert short.e164 == "+84" + typed[-9:]


@given(st.text(max_size=40))
def test_any_text_is_read_without_an_error(typed: str) -> None:
    assert read_phone(typed).kind in PhoneKind


def test_a_masked_number_shows_only_its_ends() -> None:
    assert mask_phone("+84901234567") == "+84 ••• ••• 567"
