"""Certificates that are trusted to have signed, found by their kid.

A kid is 8 bytes of a hash: two certificates may share one, so every one is tried. An absent
or empty extended key usage, or one without any usage of health certificates, allows all.
Source: hcert-spec 1.3.0 section 3.3.2; EU DCC gateway governance (key usage).
"""

from __future__ import annotations

import binascii
import re
from base64 import b64decode
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

from core.certificates.authority import LIST_USAGE
from core.certificates.claims import Kind
from core.certificates.der import open_certificate
from core.certificates.signing import kid_of

ES256: Final = -7
PS256: Final = -37

_PEM = re.compile(rb"-----BEGIN CERTIFICATE-----(.+?)-----END CERTIFICATE-----", re.DOTALL)
_COUNTRY, _ORGANISATION, _COMMON_NAME = "2.5.4.6", "2.5.4.10", "2.5.4.3"
_ROOTS = ("1.3.6.1.4.1.1847.2021.1.", "1.3.6.1.4.1.0.1847.2021.1.")
_USAGES = {
    root + arc: kind
    for root in _ROOTS
    for arc, kind in (("1", Kind.TEST), ("2", Kind.VACCINATION), ("3", Kind.RECOVERY))
}
_ECDSA = ec.ECDSA(SHA256())
_PSS = padding.PSS(mgf=padding.MGF1(SHA256()), salt_length=padding.PSS.DIGEST_LENGTH)


@dataclass(frozen=True, slots=True)
class TrustedCertificate:
    """A document signer that we trust.

    Args:
        kinds: Certificates that it may sign; empty allows all.
        issuer: Organisation or common name of who certified it.
        given: Handed over for this one check: its own validity isn't asked for.
        signs_lists: It signs lists (its usage says so), and so no certificate.
    """

    key: ec.EllipticCurvePublicKey | rsa.RSAPublicKey
    kid: bytes
    kinds: frozenset[Kind]
    not_before: datetime
    not_after: datetime
    country: str
    issuer: str
    given: bool = False
    signs_lists: bool = False

    @classmethod
    def from_der(cls, der: bytes, *, given: bool = False) -> TrustedCertificate:
        """Read one DER certificate.

        Raises:
            ValueError: not a certificate, or a key that is neither elliptic nor RSA.
        """
        opened = open_certificate(der)
        names = dict(reversed(opened.issuer))
        usages = {_USAGES[oid] for oid in opened.extended_key_usage if oid in _USAGES}
        return cls(
            key=_public_key(opened.public_key),
            kid=kid_of(der),
            kinds=frozenset(usages),
            not_before=opened.not_before,
            not_after=opened.not_after,
            country=names.get(_COUNTRY, ""),
            issuer=names.get(_ORGANISATION) or names.get(_COMMON_NAME, ""),
            given=given,
            signs_lists=LIST_USAGE in opened.extended_key_usage,
        )

    @classmethod
    def read(cls, data: bytes, *, given: bool = False) -> tuple[TrustedCertificate, ...]:
        """Read a file: one DER certificate, or any number in PEM.

        Raises:
            ValueError: nothing in it is a certificate.
        """
        blocks = pem_blocks(data) if b"-----BEGIN" in data else [data]
        return tuple(cls.from_der(der, given=given) for der in blocks)

    def in_force(self, second: float | None) -> bool:
        """Whether it could sign at ``second`` (since 1970); an unusable time is not its fault."""
        if self.given or second is None:
            return True
        return self.not_before.timestamp() <= second <= self.not_after.timestamp()

    def allows(self, kinds: Iterable[Kind]) -> bool:
        """Whether it may sign certificates of these kinds."""
        return not self.signs_lists and (not self.kinds or self.kinds.issuperset(kinds))

    def fits(self, algorithm: int | None) -> bool:
        """Whether ``algorithm`` is the one that this key is used with."""
        return algorithm == (ES256 if isinstance(self.key, ec.EllipticCurvePublicKey) else PS256)

    def verifies(self, signature: bytes, data: bytes) -> bool:
        """Whether ``signature`` is this key's over ``data``."""
        try:
            if isinstance(self.key, ec.EllipticCurvePublicKey):
                self.key.verify(_der_signature(signature, self.key.key_size), data, _ECDSA)
            else:
                self.key.verify(signature, data, _PSS, SHA256())
        except (InvalidSignature, ValueError):
            return False
        return True


class TrustStore:
    """Every trusted certificate, by kid."""

    def __init__(self, certificates: Iterable[TrustedCertificate]) -> None:
        """Index ``certificates``."""
        self._by_kid: dict[bytes, list[TrustedCertificate]] = defaultdict(list)
        for certificate in certificates:
            self._by_kid[certificate.kid].append(certificate)

    def __iter__(self) -> Iterator[TrustedCertificate]:
        """All certificates."""
        return (each for group in self._by_kid.values() for each in group)

    def __len__(self) -> int:
        """How many there are."""
        return sum(map(len, self._by_kid.values()))

    def find(self, kid: bytes) -> tuple[TrustedCertificate, ...]:
        """All certificates with this kid."""
        return tuple(self._by_kid.get(kid, ()))


def pem_blocks(data: bytes) -> list[bytes]:
    """DER of every certificate in a PEM file. Raises: ValueError, there is none."""
    try:
        blocks = [b64decode(block) for block in _PEM.findall(data)]
    except binascii.Error as error:
        message = "broken PEM"
        raise ValueError(message) from error
    if not blocks:
        message = "no certificate in the PEM"
        raise ValueError(message)
    return blocks


def _public_key(der: bytes) -> ec.EllipticCurvePublicKey | rsa.RSAPublicKey:
    try:
        key = load_der_public_key(der)
    except UnsupportedAlgorithm as error:
        message = "unsupported key"
        raise ValueError(message) from error
    if not isinstance(key, ec.EllipticCurvePublicKey | rsa.RSAPublicKey):
        message = "unsupported key"
        raise ValueError(message)  # noqa: TRY004  (what a file holds is a value)
    return key


def _der_signature(signature: bytes, key_bits: int) -> bytes:
    """Write r and s, each as long as the curve (P-384 signs with ES256 in the wild), as DER."""
    size = (key_bits + 7) // 8
    if len(signature) != 2 * size:
        message = "wrong length"
        raise ValueError(message)
    r, s = signature[:size], signature[size:]
    return encode_dss_signature(int.from_bytes(r, "big"), int.from_bytes(s, "big"))
