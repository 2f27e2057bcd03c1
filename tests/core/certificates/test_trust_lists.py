"""Trust lists of ours and of others, and what a liar does with them."""

from __future__ import annotations

import json
from base64 import b64encode
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from core.certificates.anchor import Anchor
from core.certificates.authority import CertifiedKey, create_csca, create_dsc, create_list_signer
from core.certificates.documents import DocumentType, Refusal, write
from core.certificates.signing import kid_of
from core.certificates.trust_lists import ForeignList, members, read_list
from tests.core.certificates.conftest import NOON


@pytest.fixture(scope="module")
def foreign() -> CertifiedKey:
    return create_csca("Anderes Land", not_before=NOON - timedelta(days=30))


@pytest.fixture(scope="module")
def theirs(foreign: CertifiedKey) -> CertifiedKey:
    return create_dsc(foreign, "Anderes Land", not_before=NOON - timedelta(days=20))


@pytest.fixture(scope="module")
def publisher() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def key_of(publisher: ec.EllipticCurvePrivateKey) -> Anchor:
    public = publisher.public_key()
    return Anchor.read(public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))


def entry(key: CertifiedKey, **changes: object) -> dict[str, object]:
    return {
        "certificateType": "DSC", "country": "XX", "kid": b64encode(key.kid).decode(),
        "rawData": b64encode(key.der).decode(), "signature": "", "thumbprint": "",
        "timestamp": "2021-06-04T12:00:00Z",
    } | changes  # fmt: skip


def lines(publisher: ec.EllipticCurvePrivateKey, *entries: dict[str, object], raw: bool) -> bytes:
    text = json.dumps({"certificates": list(entries)}).encode()
    signature = publisher.sign(text, ec.ECDSA(SHA256()))
    if raw:
        r, s = decode_dss_signature(signature)
        signature = r.to_bytes(32) + s.to_bytes(32)
    return b64encode(signature) + b"\n" + text


def test_our_list_names_ours_as_own_and_others_not(
    dsc: CertifiedKey, theirs: CertifiedKey, csca: CertifiedKey
) -> None:
    published = members([dsc.der], [theirs.der, dsc.der])
    certificates: Any = published["certificates"]
    ours, other = certificates
    assert (ours["own"], "own" in other) == (True, False)
    assert ours["kid"] == b64encode(kid_of(dsc.der)).decode()
    assert other["der"] == b64encode(theirs.der).decode()
    signer = create_list_signer(csca, "Cơ quan Mẫu", not_before=NOON - timedelta(days=1))
    second = int(NOON.timestamp())
    head = {"version": 5, "iat": second, "exp": second + 60, "iss": "x"}
    text = write(DocumentType.TRUST_LIST, {**head, **published}, signer.signer(), signer.der)
    anchor = Anchor.read(csca.der)
    found = read_list(text.encode(), anchor, at=NOON)
    assert found == ForeignList(5, (dsc.der, theirs.der))
    assert read_list(text.encode(), anchor, at=NOON, seen=6) is Refusal.VERSION_ROLLBACK


@pytest.mark.parametrize("raw", [True, False])
def test_a_signed_line_vouches_for_the_whole_list(
    publisher: ec.EllipticCurvePrivateKey, theirs: CertifiedKey, raw: bool
) -> None:
    data = lines(publisher, entry(theirs), raw=raw)
    assert read_list(data, key_of(publisher), at=NOON) == ForeignList(None, (theirs.der,))


def test_a_list_that_was_changed_after_its_line_was_signed_is_refused(
    publisher: ec.EllipticCurvePrivateKey, theirs: CertifiedKey, dsc: CertifiedKey
) -> None:
    line = lines(publisher, entry(theirs), raw=True).partition(b"\n")[0]
    swapped = json.dumps({"certificates": [entry(dsc)]}).encode()
    answer = read_list(line + b"\n" + swapped, key_of(publisher), at=NOON)
    assert answer is Refusal.BAD_SIGNATURE


def test_a_list_signed_by_somebody_else_is_refused(
    publisher: ec.EllipticCurvePrivateKey, theirs: CertifiedKey, foreign: CertifiedKey
) -> None:
    data = lines(publisher, entry(theirs), raw=True)
    assert read_list(data, Anchor.read(foreign.der), at=NOON) is Refusal.BAD_SIGNATURE


def test_a_line_that_was_taken_away_does_not_open_the_list(
    publisher: ec.EllipticCurvePrivateKey, theirs: CertifiedKey
) -> None:
    bare = lines(publisher, entry(theirs), raw=True).partition(b"\n")[2]
    assert read_list(bare, key_of(publisher), at=NOON) is Refusal.UNKNOWN_SIGNER


@pytest.mark.parametrize("wrapped", [True, False])
def test_without_a_signature_only_what_the_anchor_certified_counts(
    foreign: CertifiedKey, theirs: CertifiedKey, dsc: CertifiedKey, wrapped: bool
) -> None:
    entries = [entry(theirs), entry(dsc), entry(theirs, rawData="?")]
    data = json.dumps({"certificates": entries} if wrapped else entries).encode()
    found = read_list(data, Anchor.read(foreign.der), at=NOON)
    assert found == ForeignList(None, (theirs.der,), left_out=2)


def test_authorities_and_upload_keys_of_a_list_sign_no_certificates(
    publisher: ec.EllipticCurvePrivateKey, foreign: CertifiedKey, theirs: CertifiedKey
) -> None:
    entries = (entry(foreign, certificateType="CSCA"), entry(theirs))
    data = lines(publisher, *entries, raw=True)
    assert read_list(data, key_of(publisher), at=NOON) == ForeignList(None, (theirs.der,))


@pytest.mark.parametrize("data", [b"", b"{}", b"[", b"[" * 100_000, b"\n", b"x\n{}", b'{"a":1}'])
def test_what_is_no_list_is_refused(publisher: ec.EllipticCurvePrivateKey, data: bytes) -> None:
    assert isinstance(read_list(data, key_of(publisher), at=NOON), Refusal)


@given(st.binary(max_size=300))
def test_whatever_comes_ends_in_a_refusal(noise: bytes) -> None:
    assert isinstance(read_list(noise, ANCHOR, at=NOON), Refusal)


@given(
    st.recursive(
        st.none() | st.booleans() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["certificates", "rawData", "certificateType"]), inner
            )
        ),
    )
)
def test_whatever_json_comes_ends_in_a_refusal(document: object) -> None:
    assert isinstance(read_list(json.dumps(document).encode(), ANCHOR, at=NOON), Refusal)


ANCHOR = Anchor.read(create_csca("X", not_before=NOON).der)
