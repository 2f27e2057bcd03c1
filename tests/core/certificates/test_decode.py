"""Decoding: legal deviations are read, anything else ends at a named step."""

from __future__ import annotations

import tracemalloc
import zlib

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.certificates import base45, cbor
from core.certificates.decode import Malformed, Step, Unverified, decode
from core.certificates.issue import IssuedCertificate, as_text
from tests.core.certificates.conftest import NOON, Forge, contents


def wrapped(message: object) -> str:
    return as_text(cbor2.dumps(message))


def step_of(text: str) -> tuple[Step, str]:
    found = decode(text)
    assert isinstance(found, Malformed), found
    return found.step, found.reason


def test_our_own_certificate_is_read(text: str, issued: IssuedCertificate) -> None:
    found = decode(text)
    assert isinstance(found, Unverified)
    assert (found.kid, found.algorithm, found.signature) == (issued.kid, -7, issued.signature)
    assert found.issued_second == NOON.timestamp()


@pytest.mark.parametrize("tags", [(), (18,), (18, 61), (18, 61, 55799)])
def test_a_message_may_be_tagged_once_twice_or_not_at_all(
    forge: Forge, tags: tuple[int, ...]
) -> None:
    assert isinstance(decode(forge(contents(), tags=tags)), Unverified)


def test_another_kind_of_message_is_not_a_signed_one(forge: Forge) -> None:
    assert step_of(forge(contents(), tags=(98,))) == (Step.COSE, "not_a_signed_message")


def test_the_protected_kid_wins(forge: Forge) -> None:
    both = decode(forge(contents(), protected={1: -7, 4: b"right"}, unprotected={4: b"wrong"}))
    other = decode(forge(contents(), protected={}, unprotected={1: -7, 4: b"right"}))
    assert isinstance(both, Unverified)
    assert isinstance(other, Unverified)
    assert both.kid == other.kid == b"right"
    assert other.algorithm == -7


def test_a_protected_kid_that_is_no_kid_is_not_replaced(forge: Forge) -> None:
    found = decode(forge(contents(), protected={1: -7, 4: 7}, unprotected={4: b"right"}))
    assert isinstance(found, Unverified)
    assert found.kid == b""


@pytest.mark.parametrize("wrapping", ["{}\n", "\r\n\t {}\r\n", "{}"])
def test_line_breaks_of_a_pasted_text_are_ignored(text: str, wrapping: str) -> None:
    folded = "\r\n".join(text[start : start + 60] for start in range(0, len(text), 60))
    assert decode(wrapping.format(folded)) == decode(text)


@pytest.mark.parametrize(
    ("text", "step", "reason"),
    [
        ("", Step.PREFIX, "not_a_certificate"),
        ("hc1:6BF", Step.PREFIX, "not_a_certificate"),
        ("HC2:6BF", Step.PREFIX, "not_a_certificate"),
        ("HC1", Step.PREFIX, "not_a_certificate"),
        ("HC1:" + "0" * 9000, Step.PREFIX, "too_long"),
        ("HC1:abc", Step.BASE45, "unreadable"),
        ("HC1:A", Step.BASE45, "unreadable"),
        ("HC1:", Step.ZLIB, "truncated"),
        ("HC1:" + base45.encode(b"not zlib"), Step.ZLIB, "unreadable"),
        ("HC1:" + base45.encode(zlib.compress(b"x" * 99)[:-1]), Step.ZLIB, "truncated"),
        (as_text(b""), Step.COSE, "unreadable"),
        (wrapped(7), Step.COSE, "not_a_signed_message"),
        (wrapped([b"", {}, b""]), Step.COSE, "not_a_signed_message"),
        (wrapped([b"", {}, b"", b"", b""]), Step.COSE, "not_a_signed_message"),
        (wrapped([b"", {}, None, b""]), Step.COSE, "not_a_signed_message"),
        (wrapped(["", {}, b"", b""]), Step.COSE, "not_a_signed_message"),
        (wrapped([b"\x07", {}, b"", b""]), Step.COSE, "not_a_signed_message"),
        (wrapped([cbor2.dumps({2: [7]}), {}, b"", b""]), Step.COSE, "critical_header"),
        (wrapped([b"", {}, b"", b""]), Step.CBOR, "unreadable"),
        (wrapped([b"", {}, b"\x07", b""]), Step.CBOR, "not_a_map"),
        (wrapped([b"", {}, cbor2.dumps({-260: 7}), b""]), Step.CBOR, "not_a_map"),
        (wrapped([b"", {}, cbor2.dumps({-260: {1: b"x"}}), b""]), Step.CBOR, "not_a_map"),
    ],
)
def test_the_first_step_that_fails_is_named(text: str, step: Step, reason: str) -> None:
    assert step_of(text) == (step, reason)


def test_a_zlib_bomb_is_not_unpacked() -> None:
    bomb = "HC1:" + base45.encode(zlib.compress(bytes(4_000_000), 9))
    assert len(bomb) < 8192
    tracemalloc.start()
    try:
        assert step_of(bomb) == (Step.ZLIB, "expands_too_far")
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


def test_nesting_has_a_limit() -> None:
    for step, message in (
        (Step.COSE, b"\x81" * 10_000 + b"\x00"),
        (Step.COSE, b"\xd8\x3d" * 5_000 + b"\x00"),
        (Step.CBOR, cbor2.dumps([b"", {}, b"\xa1\x01" * 6_000 + b"\x00", b""])),
    ):
        assert step_of(as_text(message)) == (step, "unreadable")


@pytest.mark.parametrize(
    "payload",
    [
        b"\xa2\x01\x00\x01\x00",  # the key 1 twice
        b"\xa1\x01\x9b\x7f\xff\xff\xff\xff\xff\xff\xff",  # an array of 2⁶³ items
        b"\xa1\x01\x5b\x7f\xff\xff\xff\xff\xff\xff\xff",  # a byte string of 2⁶³ bytes
        b"\xa1\x01\x62\xc3\x28",  # text that is not UTF-8
        b"\xa1\xa0",  # a key without its value
        b"\xff",
    ],
)
def test_payloads_that_lie_about_themselves_are_refused(payload: bytes) -> None:
    assert step_of(wrapped([b"", {}, payload, b""])) == (Step.CBOR, "unreadable")


@pytest.mark.parametrize(
    "item",
    [
        "d81c81d81d00",  # 28, 29: an array that contains itself
        "c4821b7fffffffffffffff01",  # 4: a fraction with a huge exponent
        "d823642861 2b29".replace(" ", ""),  # 35: a pattern
        "d82501",  # 37: a UUID that is none
        "c0623031",  # 0: a time that is none
        "d9010080",  # 256: references to strings
    ],
)
def test_no_tag_is_interpreted(item: str) -> None:
    assert isinstance(cbor.read(bytes.fromhex(item)), cbor2.CBORTag)


@pytest.mark.parametrize(
    ("value", "second"),
    [
        (1_700_000_000, 1_700_000_000),
        (1_700_000_000.5, 1_700_000_000.5),
        (cbor2.CBORTag(1, 1_700_000_000), 1_700_000_000),
        (float("nan"), None),
        (float("inf"), None),
        (-1, None),
        (True, None),
        (2**63, None),
        (2**4000, None),
        ("2026-07-12", None),
        (None, None),
    ],
)
def test_a_time_is_usable_or_absent(forge: Forge, value: object, second: float | None) -> None:
    found = decode(forge(contents(c4=value, c6=value)))
    assert isinstance(found, Unverified)
    assert (found.issued_second, found.expires_second) == (second, second)


@given(st.text(max_size=300))
def test_any_text_is_read_or_named(text: str) -> None:
    assert isinstance(decode("HC1:" + text), Malformed)
    assert isinstance(decode(text), Malformed)


@given(st.binary(max_size=400))
def test_any_bytes_in_the_envelope_are_read_or_named(data: bytes) -> None:
    assert isinstance(decode("HC1:" + base45.encode(data)), Malformed)
    assert isinstance(decode(as_text(data)), Malformed | Unverified)
    assert isinstance(decode(wrapped([b"", {}, data, b""])), Malformed | Unverified)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
        lambda inner: st.lists(inner) | st.dictionaries(st.integers() | st.text(), inner),
        max_leaves=20,
    )
)
def test_any_cbor_is_read_as_it_was_written(value: object) -> None:
    data = cbor2.dumps(value)
    try:
        read = cbor.read(data)
    except ValueError:
        assert len(data) > cbor.MAX_BYTES or cbor2.loads(data) is not None
    else:
        assert cbor2.dumps(read) == data
