"""A pinned anchor: the one certificate or key from which trust in lists begins.

For lists of ours it is the CSCA, or the list signer itself; for lists of others the key that
signs them, or the CSCA that certified their document signers. It comes by a way that its user
trusts, never with the list.
Source: RFC 5280 sections 4.2.1.3, 4.2.1.9 and 4.2.1.12.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_public_key,
)

_UNUSABLE = (ValueError, UnsupportedAlgorithm, InvalidSignature, TypeError)


@dataclass(frozen=True, slots=True)
class Anchor:
    """What a reader pins.

    Args:
        certificate: None where only a public key was given.
        fingerprint: Hexadecimal SHA-256 of the certificate, or of the key.
    """

    key: PublicKeyTypes
    certificate: x509.Certificate | None
    fingerprint: str

    @classmethod
    def read(cls, data: bytes) -> Anchor:
        """Read a certificate (PEM or DER) or a public key (PEM).

        Raises:
            ValueError: it is neither.
        """
        try:
            return _key_alone(data) if b"-----BEGIN PUBLIC KEY" in data else _certified(data)
        except UnsupportedAlgorithm as error:
            message = "unsupported key"
            raise ValueError(message) from error

    def certified(self, certificate: x509.Certificate) -> bool:
        """Whether this anchor is a certificate authority that signed ``certificate``."""
        if self.certificate is None or not _is_authority(self.certificate):
            return False
        try:
            certificate.verify_directly_issued_by(self.certificate)
        except _UNUSABLE:
            return False
        return True

    def is_same(self, certificate: x509.Certificate) -> bool:
        """Whether ``certificate`` is the pinned one."""
        return certificate == self.certificate


def open_strictly(der: bytes) -> x509.Certificate | None:
    """A certificate with its extensions, or None where any of it can't be read."""
    try:
        certificate = x509.load_der_x509_certificate(der)
        _ = certificate.extensions, certificate.public_key()
    except (*_UNUSABLE, x509.DuplicateExtension):
        return None
    return certificate


def in_force(certificate: x509.Certificate, moment: datetime) -> bool:
    """Whether ``certificate`` was valid at an aware time."""
    return certificate.not_valid_before_utc <= moment <= certificate.not_valid_after_utc


def usages(certificate: x509.Certificate) -> frozenset[str]:
    """OIDs of its extended key usage; empty when there is none."""
    try:
        extension = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    except x509.ExtensionNotFound:
        return frozenset()
    return frozenset(oid.dotted_string for oid in extension.value)


def may_sign_data(certificate: x509.Certificate) -> bool:
    """Whether its key usage has digitalSignature and its key is P-256."""
    try:
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return False
    key = certificate.public_key()
    is_p256 = isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1)
    return usage.digital_signature and is_p256


def _certified(data: bytes) -> Anchor:
    is_pem = b"-----BEGIN" in data
    certificate = (
        x509.load_pem_x509_certificate(data) if is_pem else x509.load_der_x509_certificate(data)
    )
    der = certificate.public_bytes(Encoding.DER)
    if open_strictly(der) is None:
        message = "a certificate that can't be an anchor"
        raise ValueError(message)
    return Anchor(certificate.public_key(), certificate, hashlib.sha256(der).hexdigest())


def _key_alone(data: bytes) -> Anchor:
    key = load_pem_public_key(data)
    der = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return Anchor(key, None, hashlib.sha256(der).hexdigest())


def _is_authority(certificate: x509.Certificate) -> bool:
    extensions = certificate.extensions
    try:
        constraints = extensions.get_extension_for_class(x509.BasicConstraints).value
        usage = extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return False
    return constraints.ca and usage.key_cert_sign
