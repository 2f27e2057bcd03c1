"""Signed documents: every way to pass off a list that is not the authority's, or not its last."""

from __future__ import annotations

import hmac
import json
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import jwt
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from core.certificates.anchor import Anchor
from core.certificates.authority import (
    CertifiedKey,
    create_csca,
    create_dsc,
    create_list_signer,
)
from core.certificates.documents import Document, DocumentType, Refusal, read, type_of, write
from tests.core.certificates.conftest import NOON

KIND = DocumentType.TRUST_LIST
SECOND = int(NOON.timestamp())
PAYLOAD = {"version": 7, "iat": SECOND, "exp": SECOND + 3600, "iss": "Sở Y tế", "certificates": []}
Read = Callable[..., Document | Refusal]


@pytest.fixture(scope="module")
def lists(csca: CertifiedKey) -> CertifiedKey:
    return create_list_signer(csca, "Cơ quan Mẫu", not_before=NOON - timedelta(days=1))


@pytest.fixture(scope="module")
def anchor(csca: CertifiedKey) -> Anchor:
    return Anchor.read(csca.der)


@pytest.fixture(scope="module")
def token(lists: CertifiedKey) -> str:
    return signed(lists)


def signed(
    key: CertifiedKey,
    payload: object = None,
    *,
    shown: CertifiedKey | None = None,
    **header: object,
) -> str:
    """Sign with the library, so that the writer of ours is not its own judge."""
    shown_der = (shown or key).certificate.public_bytes(Encoding.DER)
    head = {"typ": KIND.value, "x5c": [b64encode(shown_der).decode()]} | header
    body = json.dumps(PAYLOAD if payload is None else payload).encode()
    return jwt.PyJWS().encode(body, key.private_key, algorithm="ES256", headers=head)


def answer(token: str, anchor: Anchor, **more: object) -> Document | Refusal:
    options: dict[str, object] = {"kind": KIND, "at": NOON, "seen": 0} | more
    return read(token.encode(), options.pop("kind"), anchor, **options)  # type: ignore[arg-type]


def test_a_document_that_we_write_is_read_by_us_and_by_the_library(
    lists: CertifiedKey, anchor: Anchor
) -> None:
    ours = write(KIND, PAYLOAD, lists.signer(), lists.der)
    found = answer(ours, anchor)
    assert isinstance(found, Document)
    assert (found.version, found.issuer, found.issued_at) == (7, "Sở Y tế", NOON)
    key = lists.certificate.public_key()
    opened = jwt.PyJWS().decode_complete(ours, key, algorithms=["ES256"])  # type: ignore[arg-type]
    assert json.loads(opened["payload"]) == PAYLOAD
    assert set(opened["header"]) == {"alg", "typ", "x5c"}
    assert type_of(ours.encode()) is KIND


def test_the_list_signer_itself_may_be_the_anchor(token: str, lists: CertifiedKey) -> None:
    assert isinstance(answer(token, Anchor.read(lists.der)), Document)


def test_a_stranger_who_signs_a_list_is_unknown(anchor: Anchor) -> None:
    foreign = create_csca("Kẻ lạ", not_before=NOON - timedelta(days=1))
    theirs = create_list_signer(foreign, "Kẻ lạ", not_before=NOON - timedelta(days=1))
    assert answer(signed(theirs), anchor) is Refusal.UNKNOWN_SIGNER


def test_a_stranger_who_takes_our_names_is_unknown(anchor: Anchor) -> None:
    namesake = create_csca("Cơ quan Mẫu", not_before=NOON - timedelta(days=30))
    theirs = create_list_signer(namesake, "Cơ quan Mẫu", not_before=NOON - timedelta(days=1))
    assert answer(signed(theirs), anchor) is Refusal.UNKNOWN_SIGNER


def test_a_stranger_who_shows_our_certificate_can_not_sign_for_it(
    lists: CertifiedKey, anchor: Anchor
) -> None:
    theirs = create_csca("Kẻ lạ", not_before=NOON)
    assert answer(signed(theirs, shown=lists), anchor) is Refusal.BAD_SIGNATURE


def test_a_document_signer_may_not_sign_lists(dsc: CertifiedKey, anchor: Anchor) -> None:
    assert answer(signed(dsc), anchor) is Refusal.WRONG_KEY_USAGE


def test_a_signer_for_everything_may_not_sign_lists(csca: CertifiedKey, anchor: Anchor) -> None:
    anything = create_dsc(csca, "Cơ quan Mẫu", not_before=NOON - timedelta(days=1), usages=())
    assert answer(signed(anything), anchor) is Refusal.WRONG_KEY_USAGE


def test_the_authority_itself_may_not_sign_lists(csca: CertifiedKey, anchor: Anchor) -> None:
    assert answer(signed(csca), anchor) is Refusal.WRONG_KEY_USAGE


def test_a_list_signer_certifies_nobody(csca: CertifiedKey, lists: CertifiedKey) -> None:
    below = create_list_signer(lists, "Cơ quan Mẫu", not_before=NOON - timedelta(days=1))
    assert answer(signed(below), Anchor.read(lists.der)) is Refusal.UNKNOWN_SIGNER


def test_an_older_version_is_a_rollback_and_the_same_is_not(token: str, anchor: Anchor) -> None:
    assert answer(token, anchor, seen=8) is Refusal.VERSION_ROLLBACK
    assert isinstance(answer(token, anchor, seen=7), Document)


def test_a_frozen_list_expires(token: str, anchor: Anchor) -> None:
    assert isinstance(answer(token, anchor, at=NOON + timedelta(hours=1)), Document)
    later = NOON + timedelta(hours=1, seconds=1)
    assert answer(token, anchor, at=later) is Refusal.EXPIRED


def test_a_list_from_the_future_has_five_minutes_of_leeway(token: str, anchor: Anchor) -> None:
    assert isinstance(answer(token, anchor, at=NOON - timedelta(minutes=5)), Document)
    early = NOON - timedelta(minutes=5, seconds=1)
    assert answer(token, anchor, at=early) is Refusal.ISSUED_LATER


@pytest.mark.parametrize("kind", [DocumentType.RULES, DocumentType.REVOCATIONS])
def test_a_list_does_not_pass_for_another_type(
    token: str, anchor: Anchor, kind: DocumentType
) -> None:
    assert answer(token, anchor, kind=kind) is Refusal.WRONG_TYPE


def test_a_signer_whose_time_is_over_signs_nothing(csca: CertifiedKey, anchor: Anchor) -> None:
    old = create_list_signer(
        csca, "Cơ quan Mẫu", not_before=NOON - timedelta(days=9), lifetime=timedelta(days=1)
    )
    assert answer(signed(old), anchor) is Refusal.SIGNER_NOT_IN_FORCE


def forged(header: dict[str, object], lists: CertifiedKey, signature: bytes = b"") -> str:
    x5c = [b64encode(lists.der).decode()]
    parts = (json.dumps({"typ": KIND.value, "x5c": x5c} | header), json.dumps(PAYLOAD))
    written = [urlsafe_b64encode(part.encode()).rstrip(b"=").decode() for part in parts]
    return ".".join([*written, urlsafe_b64encode(signature).rstrip(b"=").decode()])


@pytest.mark.parametrize("algorithm", ["none", "None", "HS256", "RS256", "ES384", "", None, 7])
def test_the_document_does_not_choose_its_algorithm(
    lists: CertifiedKey, anchor: Anchor, algorithm: object
) -> None:
    assert answer(forged({"alg": algorithm}, lists), anchor) is Refusal.WRONG_ALGORITHM


def test_a_mac_with_the_public_key_is_no_signature(lists: CertifiedKey, anchor: Anchor) -> None:
    public = lists.certificate.public_key().public_bytes(
        Encoding.DER, PublicFormat.SubjectPublicKeyInfo
    )
    signing_input = forged({"alg": "HS256"}, lists).rpartition(".")[0].encode()
    token = forged({"alg": "HS256"}, lists, hmac.digest(public, signing_input, "sha256"))
    assert answer(token, anchor) is Refusal.WRONG_ALGORITHM


@pytest.mark.parametrize("header", [{"crit": ["x"]}, {"b64": False}])
def test_an_extension_that_must_be_understood_is_refused(
    lists: CertifiedKey, anchor: Anchor, header: dict[str, object]
) -> None:
    assert answer(forged({"alg": "ES256"} | header, lists), anchor) is Refusal.UNREADABLE


def test_a_signature_of_zeros_is_bad(lists: CertifiedKey, anchor: Anchor) -> None:
    token = forged({"alg": "ES256"}, lists, bytes(64))
    assert answer(token, anchor) is Refusal.BAD_SIGNATURE


@pytest.mark.parametrize(
    "change",
    [{"version": None}, {"version": True}, {"version": "7"}, {"version": -1}, {"iat": "now"},
     {"exp": float("nan")}, {"exp": 1e300}, {"iss": None}],
)  # fmt: skip
def test_a_signed_document_without_usable_head_is_unreadable(
    lists: CertifiedKey, anchor: Anchor, change: dict[str, object]
) -> None:
    assert answer(signed(lists, PAYLOAD | change), anchor) is Refusal.UNREADABLE


@pytest.mark.parametrize("payload", [[], "x", 7])
def test_a_signed_document_that_is_no_object_is_unreadable(
    lists: CertifiedKey, anchor: Anchor, payload: object
) -> None:
    assert answer(signed(lists, payload), anchor) is Refusal.UNREADABLE


@pytest.mark.parametrize("chain", [None, [], ["x"], [7], "MII", ["AAAA"]])
def test_a_header_without_a_certificate_is_unreadable(
    lists: CertifiedKey, anchor: Anchor, chain: object
) -> None:
    assert answer(signed(lists, x5c=chain), anchor) is Refusal.UNREADABLE


def test_a_changed_byte_anywhere_is_refused(token: str, anchor: Anchor) -> None:
    for position in range(0, len(token), 7):
        letter = "A" if token[position] != "A" else "B"
        assert isinstance(
            answer(token[:position] + letter + token[position + 1 :], anchor), Refusal
        )


@given(st.binary(max_size=400) | st.text(max_size=200).map(lambda text: text.encode()))
def test_whatever_comes_ends_in_a_refusal(noise: bytes) -> None:
    anchor = Anchor.read(ANCHOR.der)
    assert isinstance(read(noise, KIND, anchor, at=NOON), Refusal)
    assert isinstance(read(b"e30." + noise + b".AA", KIND, anchor, at=NOON), Refusal)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=8),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    )
)
def test_whatever_header_comes_ends_in_a_refusal(header: object) -> None:
    part = urlsafe_b64encode(json.dumps(header).encode()).rstrip(b"=")
    assert isinstance(read(part + b".e30.AA", KIND, Anchor.read(ANCHOR.der), at=NOON), Refusal)


def test_a_header_of_ten_thousand_brackets_is_unreadable(anchor: Anchor) -> None:
    part = urlsafe_b64encode(b"[" * 10_000).rstrip(b"=").decode()
    assert answer(f"{part}.e30.AA", anchor) is Refusal.UNREADABLE


def test_a_public_key_alone_pins_no_lists_of_ours(token: str, csca: CertifiedKey) -> None:
    pem = csca.certificate.public_key().public_bytes(
        Encoding.PEM, PublicFormat.SubjectPublicKeyInfo
    )
    assert answer(token, Anchor.read(pem)) is Refusal.UNKNOWN_SIGNER


@pytest.mark.parametrize("data", [b"", b"x", b"-----BEGIN PUBLIC KEY-----\n", b"-----BEGIN X"])
def test_what_is_no_certificate_is_no_anchor(data: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        Anchor.read(data)


def test_an_anchor_has_the_same_fingerprint_in_either_form(csca: CertifiedKey) -> None:
    pem = csca.certificate.public_bytes(Encoding.PEM)
    assert Anchor.read(pem) == Anchor.read(csca.der)
    assert isinstance(Anchor.read(pem).certificate, x509.Certificate)


def test_refusals_come_in_their_order(lists: CertifiedKey, anchor: Anchor) -> None:
    late = {"at": NOON + timedelta(days=2), "seen": 99}
    assert answer(signed(lists), anchor, **late) is Refusal.VERSION_ROLLBACK
    assert answer(signed(lists, typ="JWT"), anchor, **late) is Refusal.WRONG_TYPE
    assert replace(anchor, fingerprint="") != anchor


ANCHOR = create_csca("Cơ quan Mẫu", not_before=NOON - timedelta(days=30))
