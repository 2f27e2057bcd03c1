"""What forgers and broken scanners send: always a verdict, never valid, never an exception."""

from __future__ import annotations

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.certificates.authority import CertifiedKey, create_csca, create_dsc
from core.certificates.issue import IssuedCertificate, as_text, issue
from core.certificates.trust import TrustStore
from core.certificates.verify import verify
from core.policy.rules import default_rule
from tests.core.certificates.conftest import FACTS, NOON, UVCI, Forge, contents
from tests.services import soaking


def test_a_text_cut_at_any_length_is_never_valid(text: str, trust: TrustStore) -> None:
    for length in range(len(text)):
        assert verify(text[:length], trust, at=NOON).verdict == "malformed", length


def test_a_flipped_bit_anywhere_is_never_valid(
    issued: IssuedCertificate, trust: TrustStore
) -> None:
    every = 1 if soaking() else 3
    for bit in range(0, 8 * len(issued.cose), every):
        damaged = bytearray(issued.cose)
        damaged[bit // 8] ^= 1 << bit % 8
        verdict = verify(as_text(bytes(damaged)), trust, at=NOON, rule=default_rule)
        assert verdict.verdict in {"malformed", "unknown_issuer", "bad_signature"}, bit
        assert verdict.claims is None


@given(data=st.data())
def test_a_mistyped_character_is_never_valid(
    text: str, trust: TrustStore, data: st.DataObject
) -> None:
    place = data.draw(st.integers(0, len(text) - 1))
    typed = data.draw(st.sampled_from("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:Đx"))
    changed = text[:place] + typed + text[place + 1 :]
    verdict = verify(changed, trust, at=NOON)
    assert verdict.is_valid == (changed == text)


def test_a_forger_with_our_kid_is_found_out(trust: TrustStore, dsc: CertifiedKey) -> None:
    forger = create_dsc(create_csca("Giả", not_before=NOON), "Giả", not_before=NOON)
    cose = bytearray(issue(FACTS, forger.signer(), uvci=UVCI, issued_at=NOON).cose)
    place = cose.index(forger.kid)
    cose[place : place + 8] = dsc.kid
    assert verify(as_text(bytes(cose)), trust, at=NOON).verdict == "bad_signature"


@pytest.mark.parametrize("signature", [b"", bytes(64), b"\xff" * 64, bytes(63), bytes(96)])
def test_an_empty_or_trivial_signature_is_bad(
    trust: TrustStore, dsc: CertifiedKey, signature: bytes
) -> None:
    head = cbor2.dumps({1: -7, 4: dsc.kid})
    message = cbor2.CBORTag(18, [head, {}, cbor2.dumps(contents()), signature])
    verdict = verify(as_text(cbor2.dumps(message)), trust, at=NOON)
    assert verdict.verdict == "bad_signature"


@given(
    st.recursive(
        st.none() | st.integers() | st.floats() | st.text(max_size=9) | st.binary(max_size=9),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["nam", "fn", "dob", "t", "sc", "ci"]), inner)
        ),
        max_leaves=12,
    ),
    st.none() | st.integers() | st.floats(),
)
def test_even_a_genuine_signature_over_nonsense_ends_in_a_verdict(
    forge: Forge, trust: TrustStore, health: object, time: object
) -> None:
    for signed in (
        contents(health=health),
        contents(c4=time, c6=time),
        {-260: health, 4: time},
        health,
    ):
        verdict = verify(forge(signed), trust, at=NOON, rule=default_rule)
        assert not verdict.is_valid
        assert verdict.to_json()["verdict"] == verdict.verdict
