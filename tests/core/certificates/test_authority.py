"""The authority's certificates, read by a library that did not make their fields."""

from __future__ import annotations

import hashlib
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID, ObjectIdentifier

from core.certificates.authority import TEST_USAGE, CertifiedKey, create_csca, create_dsc
from core.certificates.signing import SigningUnavailable, SoftwareSigner
from tests.core.certificates.conftest import NOON


def test_the_csca_certifies_the_dsc(csca: CertifiedKey, dsc: CertifiedKey) -> None:
    dsc.certificate.verify_directly_issued_by(csca.certificate)
    csca.certificate.verify_directly_issued_by(csca.certificate)


def test_only_the_csca_may_certify(csca: CertifiedKey, dsc: CertifiedKey) -> None:
    constraints = csca.certificate.extensions.get_extension_for_class(x509.BasicConstraints)
    assert (constraints.value.ca, constraints.value.path_length) == (True, 0)
    usage = dsc.certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    assert (usage.digital_signature, usage.key_cert_sign) == (True, False)


def test_a_dsc_is_for_tests_only_and_names_its_authority(
    csca: CertifiedKey, dsc: CertifiedKey
) -> None:
    extensions = dsc.certificate.extensions
    extended = extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(extended) == [ObjectIdentifier(TEST_USAGE)]
    above = extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value
    own = csca.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    assert above.key_identifier == own.key_identifier
    country = dsc.certificate.issuer.get_attributes_for_oid(NameOID.COUNTRY_NAME)
    assert country[0].value == "VN"


def test_a_dsc_can_be_made_without_limits(csca: CertifiedKey) -> None:
    dsc = create_dsc(csca, "Mẫu", not_before=NOON, usages=())
    with pytest.raises(x509.ExtensionNotFound):
        dsc.certificate.extensions.get_extension_for_oid(x509.ExtendedKeyUsage.oid)


def test_demo_stands_in_every_name_of_a_demo() -> None:
    csca = create_csca("Mẫu", not_before=NOON, demo=True)
    dsc = create_dsc(csca, "Mẫu", not_before=NOON, demo=True)
    for name in (csca.certificate.subject, dsc.certificate.subject, dsc.certificate.issuer):
        for oid in (NameOID.ORGANIZATION_NAME, NameOID.COMMON_NAME):
            assert str(name.get_attributes_for_oid(oid)[0].value).startswith("DEMO ")


def test_the_kid_is_the_start_of_the_hash_of_the_certificate(dsc: CertifiedKey) -> None:
    assert dsc.kid == hashlib.sha256(dsc.der).digest()[:8]
    assert dsc.signer().kid == dsc.kid


def test_validity_is_what_was_asked_for(csca: CertifiedKey) -> None:
    dsc = create_dsc(csca, "Mẫu", not_before=NOON, lifetime=timedelta(days=7))
    assert dsc.signer().not_before == NOON
    assert dsc.signer().not_after == NOON + timedelta(days=7)


def test_a_key_does_not_sign_under_somebody_elses_certificate(
    csca: CertifiedKey, dsc: CertifiedKey
) -> None:
    with pytest.raises(SigningUnavailable) as refused:
        SoftwareSigner(csca.private_key, dsc.certificate)
    assert refused.value.code == "key_mismatch"
