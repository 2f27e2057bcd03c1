"""Names for a machine-readable zone: all of Vietnamese, and what foreigners bring."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.certificates.transliteration import MAX_LENGTH, transliterate, written_names

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
        ("Ɖặng Ðức", "DANG<DUC"),
        ("Щукин Юрий", "SHCHUKIN<IURII"),
        ("Ольга", "OLGA"),
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
    assert transliterate(f"{one} {other}") == "<".join(words)


@given(st.lists(st.text("abđơưệÀÝ", min_size=1, max_size=30), min_size=1, max_size=12))
def test_a_long_name_of_real_words_loses_whole_words_only(words: list[str]) -> None:
    whole = [transliterate(word) for word in words]
    kept = transliterate(" ".join(words)).split("<")
    assert kept == whole[: len(kept)]
    assert len(kept) == len(whole) or len("<".join(whole[: len(kept) + 1])) > MAX_LENGTH


def test_a_word_that_fills_the_zone_alone_is_cut_in_itself() -> None:
    assert transliterate("Bo " + "A" * 200) == "BO<" + "A" * 77
    assert transliterate("A" * 200) == "A" * MAX_LENGTH


@given(st.text(max_size=60))
def test_composed_and_decomposed_letters_are_written_alike(name: str) -> None:
    composed, decomposed = (unicodedata.normalize(form, name) for form in ("NFC", "NFD"))
    assert transliterate(composed) == transliterate(decomposed)


@pytest.mark.parametrize(
    ("family", "given_name", "written"),
    [
        ("Nguyễn", "Thị Ánh", ("NGUYEN", "THI<ANH")),
        ("", "Sukarno", ("SUKARNO", "")),
        ("Sukarno", "", ("SUKARNO", "")),
        ("王", "Wei", ("WEI", "")),
        ("王", "伟", ("", "")),
    ],
)
def test_a_single_name_is_the_primary_one(
    family: str, given_name: str, written: tuple[str, str]
) -> None:
    assert written_names(family, given_name) == written
