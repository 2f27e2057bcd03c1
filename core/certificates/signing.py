"""Who signs: a key, its certificate's kid and the time in which it may sign.

A ``Signer`` may be a file's key or one that never leaves an HSM; this room sees only
``sign``. Source: RFC 9053 section 2.1 (ES256, fixed-length r and s).
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Final, Protocol

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from core.errors import KetquaError

KID_LENGTH: Final = 8
_ES256 = ec.ECDSA(Prehashed(SHA256()))  # hashlib's hash: the library would ask what kind it is


class SigningUnavailable(KetquaError):
    """Nothing can be signed now.

    ``dsc_not_yet_valid``, ``dsc_expired``, ``key_mismatch``; of a token: ``hsm_unavailable``,
    ``hsm_module_missing``, ``hsm_token_missing``, ``hsm_key_missing``, ``hsm_wrong_pin``.
    """


class Signer(Protocol):
    """A document signer, wherever its key lies."""

    @property
    def kid(self) -> bytes:
        """First 8 bytes of SHA-256 of its certificate's DER."""

    @property
    def not_before(self) -> datetime:
        """Aware UTC; it signs nothing earlier."""

    @property
    def not_after(self) -> datetime:
        """Aware UTC; it signs nothing later."""

    def sign(self, data: bytes) -> bytes:
        """ES256 over ``data``: 64 bytes, r then s. Raises: SigningUnavailable, the key is away."""


def kid_of(der: bytes) -> bytes:
    """The key identifier of a certificate given as DER."""
    return hashlib.sha256(der).digest()[:KID_LENGTH]


class SoftwareSigner:
    """A signer whose P-256 key is in this process."""

    __slots__ = ("_key", "kid", "not_after", "not_before")

    def __init__(
        self, private_key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate
    ) -> None:
        """Pair a key with its certificate.

        Raises:
            SigningUnavailable: ``key_mismatch``, they do not belong together or aren't P-256.
        """
        if certificate.public_key() != private_key.public_key() or private_key.key_size != 256:  # noqa: PLR2004
            raise SigningUnavailable("key_mismatch")
        self._key = private_key
        self.kid = kid_of(certificate.public_bytes(Encoding.DER))
        self.not_before = certificate.not_valid_before_utc
        self.not_after = certificate.not_valid_after_utc

    def sign(self, data: bytes) -> bytes:
        """ES256 over ``data``: 64 bytes, r then s."""
        r, s = decode_dss_signature(self._key.sign(hashlib.sha256(data).digest(), _ES256))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")
