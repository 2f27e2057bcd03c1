"""Names: comparing, splitting, masking."""

import unicodedata

import pytest

from core.citizens.names import mask, normalise, split_whole


@pytest.mark.parametrize("name", ["Nguyễn Văn Đức", "NGUYEN  VAN DUC", "nguyễn văn đức"])
def test_spellings_of_one_name_compare_equal(name: str) -> None:
    assert normalise(name) == "NGUYEN VAN DUC"
    assert normalise(unicodedata.normalize("NFD", name)) == "NGUYEN VAN DUC"


def test_a_whole_name_is_split_at_its_first_word() -> None:
    assert split_whole("Trần Thị Bích Ngọc", "") == ("Trần", "Thị Bích Ngọc")
    assert split_whole("Trần", "Ngọc") == ("Trần", "Ngọc")
    assert split_whole("Madonna", "") == ("Madonna", "")


def test_a_decomposed_name_is_composed() -> None:
    assert split_whole(unicodedata.normalize("NFD", "Bảo Lộc"), "") == ("Bảo", "Lộc")


@pytest.mark.parametrize(
    ("name", "masked"),
    [("Nguyễn Văn Bình", "N. V. B••h"), ("Lê An", "L. A•"), ("Ý", "Ý•"), ("", "•")],
)
def test_a_masked_name_tells_family_and_not_strangers(name: str, masked: str) -> None:
    assert mask(name) == masked
