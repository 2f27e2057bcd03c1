"""Our own authority: a CSCA and the document signers (DSC) that it certifies.

P-256 throughout. A DSC may be limited to test certificates by its extended key usage.
Serial numbers are random and positive; times and keys' randomness come from the caller and
the cryptographic library.
Source: hcert-spec 1.3.0 section 3.3.2 and Annex "DGC certificate governance"; RFC 5280.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from core.certificates.payload import COUNTRY
from core.certificates.signing import SoftwareSigner, kid_of

TEST_USAGE: Final = "1.3.6.1.4.1.1847.2021.1.1"
LIST_USAGE: Final = "2.25.286098190206563398434837120553512283901"
"""Signs the product's lists, and nothing else; a UUID as an OID (ITU-T X.667)."""

CSCA_LIFETIME: Final = timedelta(days=4 * 365)
DSC_LIFETIME: Final = timedelta(days=2 * 365)


@dataclass(frozen=True, slots=True)
class CertifiedKey:
    """A certificate and its private key."""

    certificate: x509.Certificate
    private_key: ec.EllipticCurvePrivateKey

    @property
    def der(self) -> bytes:
        """The certificate as DER."""
        return self.certificate.public_bytes(Encoding.DER)

    @property
    def kid(self) -> bytes:
        """First 8 bytes of SHA-256 of the DER."""
        return kid_of(self.der)

    def signer(self) -> SoftwareSigner:
        """A signer with this key. Raises: SigningUnavailable, not for a pair made here."""
        return SoftwareSigner(self.private_key, self.certificate)


def create_csca(
    organisation: str,
    *,
    not_before: datetime,
    lifetime: timedelta = CSCA_LIFETIME,
    demo: bool = False,
) -> CertifiedKey:
    """Create a self-signed country signing authority.

    Args:
        organisation: Name of the authority, up to 64 characters.
        not_before: Aware time.
        demo: Write DEMO into its name, for all to see.

    Raises:
        ValueError: the name is too long for a certificate.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name(organisation, "CSCA", demo=demo)
    builder = _builder(name, name, key.public_key(), not_before, lifetime)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    builder = builder.add_extension(_usage(signs_certificates=True), critical=True)
    builder = _with_identifiers(builder, key.public_key(), key)
    return CertifiedKey(builder.sign(key, SHA256()), key)


def create_dsc(
    csca: CertifiedKey,
    organisation: str,
    *,
    not_before: datetime,
    lifetime: timedelta = DSC_LIFETIME,
    demo: bool = False,
    usages: tuple[str, ...] = (TEST_USAGE,),
) -> CertifiedKey:
    """Create a document signer certified by ``csca``.

    Args:
        not_before: Aware time.
        usages: OIDs of the extended key usage; none allows every kind of certificate.

    Raises:
        ValueError: the name is too long for a certificate.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    signed = certify(
        csca,
        key.public_key(),
        organisation=organisation,
        role="DSC",
        not_before=not_before,
        lifetime=lifetime,
        demo=demo,
        usages=usages,
    )
    return CertifiedKey(signed, key)


def create_list_signer(
    csca: CertifiedKey,
    organisation: str,
    *,
    not_before: datetime,
    lifetime: timedelta = DSC_LIFETIME,
    demo: bool = False,
) -> CertifiedKey:
    """Create a signer of lists certified by ``csca``; it may sign no health certificates.

    Raises:
        ValueError: the name is too long for a certificate.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    signed = certify(
        csca,
        key.public_key(),
        organisation=organisation,
        role="LIST",
        not_before=not_before,
        lifetime=lifetime,
        demo=demo,
        usages=(LIST_USAGE,),
    )
    return CertifiedKey(signed, key)


def certify(
    csca: CertifiedKey,
    key: ec.EllipticCurvePublicKey,
    *,
    organisation: str,
    role: str,
    not_before: datetime,
    lifetime: timedelta,
    demo: bool,
    usages: tuple[str, ...],
) -> x509.Certificate:
    """Certify a signer's key, wherever its private half lies.

    Args:
        role: Word in its common name: ``DSC`` or ``LIST``.
        not_before: Aware time.
        usages: OIDs of the extended key usage; none allows every kind of certificate.

    Raises:
        ValueError: the name is too long for a certificate.
    """
    subject = _name(organisation, role, demo=demo)
    builder = _builder(subject, csca.certificate.subject, key, not_before, lifetime).add_extension(
        _usage(signs_certificates=False), critical=True
    )
    if usages:
        extended = x509.ExtendedKeyUsage([x509.ObjectIdentifier(usage) for usage in usages])
        builder = builder.add_extension(extended, critical=False)
    return _with_identifiers(builder, key, csca.private_key).sign(csca.private_key, SHA256())


def _name(organisation: str, role: str, *, demo: bool) -> x509.Name:
    mark = "DEMO " if demo else ""
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, COUNTRY),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, f"{mark}{organisation}"),
            x509.NameAttribute(NameOID.COMMON_NAME, f"{mark}{role} {COUNTRY}"),
        ]
    )


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePublicKey,
    not_before: datetime,
    lifetime: timedelta,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(not_before)
        .not_valid_after(not_before + lifetime)
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _with_identifiers(
    builder: x509.CertificateBuilder,
    subject: ec.EllipticCurvePublicKey,
    issuer: ec.EllipticCurvePrivateKey,
) -> x509.CertificateBuilder:
    own = x509.SubjectKeyIdentifier.from_public_key(subject)
    above = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.public_key())
    return builder.add_extension(own, critical=False).add_extension(above, critical=False)
