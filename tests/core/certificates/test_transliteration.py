"""Names for a machine-readable zone: all of Vietnamese, and what foreigners bring."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.certificates.transliteration import MAX_LENGTH, transliterate

VIETNAMESE = {
    "A": "aàáảãạăằắẳẵặâầấẩẫậ",
    "D": "dđ",
    "E": "eèéẻẽẹêềếểễệ",
    "I": "iìíỉĩị",
    "O": "oòóỏõọôồốổỗộơờớởỡợ",
    "U": "uùúủũụưừứửữự",
    "Y": "yỳýỷỹỵ",
}


@pytest.mark.parametrize("form", ["NFC", "NFD"])
@pytest.mark.parametrize(("plain", "letters"), VIETNAMESE.items())
def test_every_vietnamese_letter_loses_its_marks(plain: str, letters: str, form: str) -> None:
    for letter in letters:
        for written in (letter, letter.upper()):
            assert transliterate(unicodedata.normalize(form, written)) == plain  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("Nguyễn", "NGUYEN"),
        ("Thị Mỹ Duyên", "THI<MY<DUYEN"),
        ("Đặng  Đức", "DANG<DUC"),
        ("Gößinger", "GOESSINGER"),
        ("Müller-Lüdenscheidt", "MUELLER<LUEDENSCHEIDT"),
        ("d'Červenková Panklová", "DCERVENKOVA<PANKLOVA"),
        ("O’Brien", "OBRIEN"),
        ("Ångström Æsir Łukasz", "AANGSTROEM<AESIR<LUKASZ"),
        ("J. R.", "J<R"),
        ("ﬁ", "FI"),
        (" - ", ""),
        ("", ""),
        ("王", ""),
    ],
)
def test_names_are_written_as_passports_write_them(name: str, written: str) -> None:
    assert transliterate(name) == written


@given(st.text(max_size=200))
def test_any_name_fits_the_zone(name: str) -> None:
    written = transliterate(name)
    assert len(written) <= MAX_LENGTH
    assert re.fullmatch(r"([A-Z]+(<[A-Z]+)*)?", written)


def test_a_long_name_is_cut_without_a_filler_at_its_end() -> None:
    assert transliterate("A" * 79 + " B") == "A" * 79


@given(st.text(max_size=20), st.text(max_size=20))
def test_each_word_of_a_name_is_written_for_itself(one: str, other: str) -> None:
    words = [written for word in (one, other) if (written := transliterate(word))]
    assert transliterate(f"{one} {other}") == "<".join(words)[:MAX_LENGTH].rstrip("<")
