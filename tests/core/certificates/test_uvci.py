"""UVCIs: their form, their check character, and that they can't be guessed."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.certificates.uvci import RANDOM_BYTES, check_character, check_ok, new_uvci

# Identifiers published with test certificates of other countries (see the eu-dcc vectors).
PUBLISHED = [
    "URN:UVCI:01:FR:476R6WUM8B9U#0",
    "URN:UVCI:01:FR:Y4996KBJ4Q3Q#:",
    "URN:UVCI:01:FR:6P7F35VYGB99#D",
    "URN:UVCI:01:AT:10807843F94AEE0EE5093FBC254BD813#B",
]
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/:"


@pytest.mark.parametrize("uvci", PUBLISHED)
def test_the_check_characters_of_other_issuers_are_ours_too(uvci: str) -> None:
    assert check_ok(uvci)


@given(st.binary(min_size=RANDOM_BYTES, max_size=32))
def test_a_new_identifier_is_well_formed_and_checks(random_bytes: bytes) -> None:
    uvci = new_uvci(random_bytes)
    assert re.fullmatch(r"URN:UVCI:01:VN:[A-Z2-7]{16,}#[A-Z0-9/:]", uvci)
    assert check_ok(uvci)


@given(st.binary(min_size=10, max_size=10), st.binary(min_size=10, max_size=10))
def test_different_random_bytes_never_share_an_identifier(one: bytes, other: bytes) -> None:
    assert (new_uvci(one) == new_uvci(other)) == (one == other)


@given(st.binary(min_size=10, max_size=10), st.integers(15, 30), st.sampled_from("ABC789/:"))
def test_a_mistyped_character_is_noticed(random_bytes: bytes, place: int, typed: str) -> None:
    uvci = new_uvci(random_bytes)
    mistyped = uvci[:place] + typed + uvci[place + 1 :]
    assert check_ok(mistyped) == (mistyped == uvci)


@given(st.text(ALPHABET, max_size=80))
def test_the_check_character_is_that_of_the_textbook(body: str) -> None:
    """Luhn mod N, character by character; ours adds up whole columns through tables."""
    total, factor, size = 0, 2, len(ALPHABET)
    for character in reversed(body):
        product = factor * ALPHABET.index(character)
        total += product // size + product % size
        factor = 3 - factor
    assert check_character(body) == ALPHABET[-total % size]


@pytest.mark.parametrize("body", ["a", "URN:UVCI:01:VN:Đ", "A B", "#"])
def test_a_foreign_character_has_no_check_character(body: str) -> None:
    with pytest.raises(KeyError):
        check_character(body)


def test_fewer_than_eighty_random_bits_are_refused() -> None:
    with pytest.raises(ValueError, match="random"):
        new_uvci(bytes(RANDOM_BYTES - 1))


@pytest.mark.parametrize("uvci", ["", "#", "#A", "URN:UVCI:01:VN:ABC", "urn:uvci#A", "Đ#A", "A#"])
def test_what_is_no_identifier_does_not_check(uvci: str) -> None:
    assert not check_ok(uvci)
