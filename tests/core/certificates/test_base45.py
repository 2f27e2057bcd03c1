"""Base45 against the examples of RFC 9285 and a slow reader and writer of its text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.certificates import base45


def slowly(data: bytes) -> str:
    """Section 4 of the RFC, literally."""
    text = ""
    for start in range(0, len(data), 2):
        group = data[start : start + 2]
        number, digits = int.from_bytes(group, "big"), 3 if len(group) == 2 else 2
        for _ in range(digits):
            number, rest = divmod(number, 45)
            text += base45.ALPHABET[rest]
    return text


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"", ""),
        (b"AB", "BB8"),
        (b"Hello!!", "%69 VD92EX0"),
        (b"base-45", "UJCLQE7W581"),
        (b"ietf!", "QED8WEX0"),
    ],
)
def test_the_examples_of_the_rfc_hold_both_ways(data: bytes, text: str) -> None:
    assert base45.encode(data) == text
    assert base45.decode(text) == data


@given(st.binary(max_size=700))
def test_any_bytes_are_written_as_the_rfc_says_and_read_back(data: bytes) -> None:
    text = base45.encode(data)
    assert text == slowly(data)
    assert base45.decode(text) == data


@pytest.mark.parametrize("text", ["A", "ABCD", ":::", "ZZ", "ab8", "BB8Đ", "BB\n", "GGX", "V5"])
def test_what_no_encoder_writes_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"character|group"):
        base45.decode(text)


def test_the_largest_groups_are_the_last_that_fit() -> None:
    assert base45.decode("FGW") == b"\xff\xff"
    assert base45.decode("U5") == b"\xff"
    with pytest.raises(ValueError, match="two bytes"):
        base45.decode("GGW")
    with pytest.raises(ValueError, match="one byte"):
        base45.decode("V5")


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused_and_what_is_read_is_written_alike(text: str) -> None:
    try:
        data = base45.decode(text)
    except ValueError:
        return
    assert base45.encode(data) == text


def test_every_word_and_every_byte_is_written_as_the_rfc_says() -> None:
    words = b"".join(word.to_bytes(2, "big") for word in range(1 << 16))
    assert base45.encode(words) == slowly(words)
    assert base45.decode(slowly(words)) == words
    for byte in range(256):
        assert base45.encode(bytes((byte,))) == slowly(bytes((byte,)))


def test_every_group_beyond_two_bytes_is_refused_wherever_it_stands() -> None:
    largest = 44 + 45 * 44 + 2025 * 44
    for number in (1 << 16, (1 << 16) + 255, largest):
        low, rest = number % 45, number // 45
        group = "".join(base45.ALPHABET[n] for n in (low, rest % 45, rest // 45))
        for before, after in (("", ""), ("BB8", ""), ("", "BB8"), ("FGW" * 9, "FGW" * 9)):
            with pytest.raises(ValueError, match="group"):
                base45.decode(before + group + after)
