"""Trusted certificates: read even where they break rules, found by kid, limited by usage."""

from __future__ import annotations

import json
from base64 import b64decode, encodebytes
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

from core.certificates.authority import CertifiedKey, create_dsc
from core.certificates.claims import Kind
from core.certificates.trust import ES256, PS256, TrustedCertificate, TrustStore
from tests.core.certificates.conftest import NOON

OLD_ROOT = "1.3.6.1.4.1.0.1847.2021.1."
CLIENT_AUTHENTICATION = "1.3.6.1.5.5.7.3.2"


def der_of(vectors: Path, name: str) -> bytes:
    vector = json.loads((vectors / "eu-dcc" / f"{name}.json").read_text("utf-8"))
    return b64decode(vector["TESTCTX"]["CERTIFICATE"])


def test_what_is_read_is_what_a_full_parser_reads(dsc: CertifiedKey) -> None:
    trusted = TrustedCertificate.from_der(dsc.der)
    certificate = dsc.certificate
    assert trusted.key == certificate.public_key()
    assert trusted.not_before == certificate.not_valid_before_utc
    assert trusted.not_after == certificate.not_valid_after_utc
    assert (trusted.country, trusted.issuer) == ("VN", "Cơ quan Mẫu")
    assert (trusted.kid, trusted.kinds) == (dsc.kid, frozenset({Kind.TEST}))


def test_every_published_certificate_is_read_as_a_full_parser_reads_it(vectors: Path) -> None:
    for path in sorted((vectors / "eu-dcc").glob("*.json")):
        der = der_of(vectors, path.stem)
        trusted = TrustedCertificate.from_der(der)
        certificate = x509.load_der_x509_certificate(der)
        assert trusted.key == certificate.public_key()
        assert trusted.not_after == certificate.not_valid_after_utc


def test_an_empty_key_usage_allows_all_and_upsets_nobody(vectors: Path) -> None:
    der = der_of(vectors, "common__2DCode__raw__CO15")
    with pytest.raises(ValueError, match="asn1"):
        _ = x509.load_der_x509_certificate(der).extensions
    assert TrustedCertificate.from_der(der).allows(Kind)


@pytest.mark.parametrize(
    ("usages", "allowed"),
    [
        ((), set(Kind)),
        ((CLIENT_AUTHENTICATION,), set(Kind)),
        ((OLD_ROOT + "2",), {Kind.VACCINATION}),
        ((OLD_ROOT + "1", OLD_ROOT + "3"), {Kind.TEST, Kind.RECOVERY}),
        ((CLIENT_AUTHENTICATION, OLD_ROOT + "1"), {Kind.TEST}),
    ],
)
def test_usages_limit_only_where_they_name_a_kind(
    csca: CertifiedKey, usages: tuple[str, ...], allowed: set[Kind]
) -> None:
    dsc = create_dsc(csca, "Mẫu", not_before=NOON, usages=usages)
    trusted = TrustedCertificate.from_der(dsc.der)
    assert {kind for kind in Kind if trusted.allows([kind])} == allowed


def test_a_pem_file_may_hold_several(csca: CertifiedKey, dsc: CertifiedKey) -> None:
    pem = b"".join(key.certificate.public_bytes(Encoding.PEM) for key in (csca, dsc))
    assert [each.kid for each in TrustedCertificate.read(b"# two\n" + pem)] == [csca.kid, dsc.kid]


def test_all_certificates_of_a_kid_are_found(trusted: TrustedCertificate) -> None:
    twin = TrustedCertificate(
        key=rsa.generate_private_key(65537, 2048).public_key(),
        kid=trusted.kid,
        kinds=frozenset(),
        not_before=NOON,
        not_after=NOON,
        country="XX",
        issuer="",
    )
    store = TrustStore([twin, trusted])
    assert store.find(trusted.kid) == (twin, trusted)
    assert store.find(b"unknown!") == ()
    assert len(store) == len(list(store)) == 2
    assert twin.fits(PS256)
    assert not twin.fits(ES256)


def test_the_time_of_issue_must_lie_in_the_life_of_the_signer(dsc: CertifiedKey) -> None:
    trusted = TrustedCertificate.from_der(dsc.der)
    start, end = trusted.not_before.timestamp(), trusted.not_after.timestamp()
    assert [trusted.in_force(at) for at in (start - 1, start, end, end + 1)] == [
        False,
        True,
        True,
        False,
    ]
    assert TrustedCertificate.from_der(dsc.der, given=True).in_force(end + 1)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x30",
        b"\x30\x03\x02\x01\x01",
        b"no certificate",
        b"-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----",
        b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----",
        b"-----BEGIN CERTIFICATE-----\nA\n-----END CERTIFICATE-----",
        b"-----BEGIN PRIVATE KEY-----\n",
    ],
)
def test_what_is_no_certificate_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"certificate|cut off|sequence|PEM|broken"):
        TrustedCertificate.read(data)


@given(data=st.data())
def test_a_damaged_certificate_is_read_or_refused(dsc: CertifiedKey, data: st.DataObject) -> None:
    der = bytearray(dsc.der)
    for place in data.draw(st.lists(st.integers(0, len(der) - 1), min_size=1, max_size=4)):
        der[place] ^= data.draw(st.integers(1, 255))
    cut = bytes(der[: data.draw(st.integers(0, len(der)))])
    for damaged in (bytes(der), cut, b"-----BEGIN CERTIFICATE-----" + encodebytes(cut)):
        try:
            TrustedCertificate.read(damaged)
        except ValueError:
            continue


def test_a_certificate_for_a_week_ends_after_a_week(csca: CertifiedKey) -> None:
    dsc = create_dsc(csca, "Mẫu", not_before=NOON, lifetime=timedelta(days=7))
    assert TrustedCertificate.from_der(dsc.der).not_after == NOON + timedelta(days=7)
