"""Short codes and link tokens."""

from hypothesis import given
from hypothesis import strategies as st

from core.citizens.codes import TOKEN_LENGTH, link_token, read_short_code, short_code, token_hash

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


@given(st.binary(min_size=5, max_size=5))
def test_a_code_reads_back_however_it_is_typed(random: bytes) -> None:
    code = short_code(random)
    assert len(code) == 8
    assert read_short_code(code) == code
    assert read_short_code(f" {code[:4].lower()}-{code[4:]} ") == code


@given(st.binary(min_size=5, max_size=5), st.integers(0, 7), st.sampled_from(ALPHABET))
def test_one_wrong_character_is_noticed(random: bytes, place: int, other: str) -> None:
    code = short_code(random)
    typed = code[:place] + other + code[place + 1 :]
    assert read_short_code(typed) == (code if typed == code else None)


def test_letters_that_look_like_digits_are_repaired() -> None:
    code = next(c for n in range(1000) if "0" in (c := short_code(n.to_bytes(5))))
    assert read_short_code(code.replace("0", "O")) == code


@given(st.text(max_size=12))
def test_any_text_is_read_without_an_error(typed: str) -> None:
    assert read_short_code(typed) is None or len(read_short_code(typed) or "") == 8


@given(st.binary(min_size=16, max_size=16))
def test_a_token_is_safe_in_a_url_and_in_gsm7(random: bytes) -> None:
    token = link_token(random)
    assert len(token) == TOKEN_LENGTH
    assert all(c.isascii() and (c.isalnum() or c in "-_") for c in token)
    assert token_hash(token) != token_hash(token[::-1] + "x")
