"""Signing keys in a token (HSM or smart card) that is reached through PKCS#11.

Keys are made in the token and never leave it; their certificates lie in the key folder, and a
key is found by its public point. The library is used by one thread at a time: python-pkcs11
opens it without locks of its own. A session belongs to one process, so a forked child opens its
own. When a call fails everything is opened anew once; while the token stays away nobody waits
for it more often than every few seconds. A wrong PIN is never tried twice: tokens lock
themselves after a few.
Source: OASIS PKCS #11 v2.40, sections 2.3.6 (CKM_ECDSA) and 5.4 (initialisation and fork).
"""

from __future__ import annotations

import hashlib
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeVar

import pkcs11
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_public_key,
)
from pkcs11 import Attribute, KeyType, Mechanism, ObjectClass, Session
from pkcs11.exceptions import NoSuchKey
from pkcs11.util.ec import encode_ec_public_key, encode_named_curve_parameters

from core.certificates.keys import Certify, KeptKey, Role
from core.certificates.signing import SigningUnavailable, kid_of
from storage.keystore import PUBLIC, key_name, write_whole

T = TypeVar("T")
_PAUSE: Final = 5.0  # seconds between two tries while the token is away
_ID_BYTES: Final = 16
_OCTETS_OF_65: Final = b"\x04\x41"  # DER: an octet string of an uncompressed point of P-256
_WRONG_PIN: Final = frozenset(
    {"PinIncorrect", "PinInvalid", "PinLenRange", "PinLocked", "PinExpired"}
)
_CODES: Final = dict.fromkeys(_WRONG_PIN, "hsm_wrong_pin") | {
    "NoSuchToken": "hsm_token_missing",
    "TokenNotPresent": "hsm_token_missing",
    "NoSuchKey": "hsm_key_missing",
}


class TokenKeyStore:
    """Keys of one token; implements ``core.certificates.keys.KeyStore``.

    Args:
        folder: Where certificates lie.
        module: Path of the token's PKCS#11 library.
        token: Label of the token.
        elapsed: Seconds that have passed, from any beginning.
    """

    name: Final = "pkcs11"

    def __init__(
        self,
        folder: Path,
        module: str,
        token: str,
        pin: str,
        elapsed: Callable[[], float] = time.monotonic,
    ) -> None:
        """Remember where; the library is loaded when it is first needed."""
        self._folder, self._module, self._token, self._pin = folder, module, token, pin
        self._elapsed = elapsed
        self._trouble: SigningUnavailable | None = None
        self._tried_at = 0.0
        self._begin_anew()
        os.register_at_fork(after_in_child=self._begin_anew)

    def _begin_anew(self) -> None:
        """No session yet; a child must not use its parent's, nor wait for its locks."""
        self._lock = threading.Lock()
        self._session: Session | None = None
        self._keys: dict[bytes, Any] = {}

    def create(self, role: Role, certify: Certify) -> KeptKey:
        """Make a key in the token, certify it, and keep the certificate.

        Raises:
            SigningUnavailable: the token is away or refuses.
        """
        public = self._safely(lambda: _generate(self._opened(), role))
        certificate = certify(public)
        pem = certificate.public_bytes(Encoding.PEM)
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_whole(self._folder / f"{key_name(role, certificate)}.crt", pem, PUBLIC)
        return KeptKey(role, certificate, store=self.name)

    def holds(self, role: Role, certificate: x509.Certificate) -> bool:
        """Whether its key is no file: then it is looked for in the token when it signs."""
        path = self._folder / f"{key_name(role, certificate)}.key"
        return role is not Role.CSCA and not path.exists()

    def signer(self, role: Role, certificate: x509.Certificate) -> TokenSigner:  # noqa: ARG002
        """A signer with the key of ``certificate``; the token is asked when it signs."""
        return TokenSigner(self, certificate)

    def sign(self, point: bytes, digest: bytes) -> bytes:
        """Raw ECDSA over a SHA-256 digest, with the key of this public point.

        Args:
            point: Uncompressed, as X9.62 writes it.

        Returns:
            64 bytes, r then s.

        Raises:
            SigningUnavailable: the token is away or refuses.
        """
        return self._safely(lambda: bytes(self._key(point).sign(digest, mechanism=Mechanism.ECDSA)))

    def _safely(self, work: Callable[[], T]) -> T:
        """Do ``work`` alone; once more with a new session, because the old one may be stale."""
        with self._lock:
            self._refuse_while_away()
            was_open = self._session is not None
            try:
                try:
                    return work()
                except RuntimeError:  # the base of everything that the library raises
                    self._drop()
                    if not was_open:
                        raise
                    return work()
            except (RuntimeError, OSError) as error:
                self._drop()
                self._tried_at, self._trouble = self._elapsed(), self._named(error)
                raise self._trouble from error

    def _refuse_while_away(self) -> None:
        if self._trouble is None:
            return
        locked_out = self._trouble.code == "hsm_wrong_pin"
        if locked_out or self._elapsed() < self._tried_at + _PAUSE:
            raise SigningUnavailable(self._trouble.code, self._trouble.detail)
        self._trouble = None

    def _named(self, error: Exception) -> SigningUnavailable:
        """The library's error as ours; its words may hold a path, never the PIN."""
        kind = type(error).__name__
        if not Path(self._module).is_file():
            return SigningUnavailable("hsm_module_missing", self._module)
        return SigningUnavailable(_CODES.get(kind, "hsm_unavailable"), f"{self._token}: {kind}")

    def _drop(self) -> None:
        self._session = None
        self._keys.clear()

    def _opened(self) -> Session:
        """The session of this process; opening it forgets every one that was before."""
        if self._session is None:
            library = pkcs11.lib(self._module)
            library.reinitialize()
            token = library.get_token(token_label=self._token)
            self._session = token.open(rw=True, user_pin=self._pin)
        return self._session

    def _key(self, point: bytes) -> Any:  # noqa: ANN401  (a key that signs; the library's types don't say so)
        if point not in self._keys:
            self._keys[point] = _find(self._opened(), point)
        return self._keys[point]


class TokenSigner:
    """A signer whose key stays in its token."""

    __slots__ = ("_point", "_store", "kid", "not_after", "not_before")

    def __init__(self, store: TokenKeyStore, certificate: x509.Certificate) -> None:
        """Pair a certificate with the token. Raises: SigningUnavailable, ``key_mismatch``."""
        key = certificate.public_key()
        if not isinstance(key, EllipticCurvePublicKey) or key.key_size != 256:  # noqa: PLR2004
            raise SigningUnavailable("key_mismatch")
        self._store = store
        self._point = key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        self.kid = kid_of(certificate.public_bytes(Encoding.DER))
        self.not_before = certificate.not_valid_before_utc
        self.not_after = certificate.not_valid_after_utc

    def sign(self, data: bytes) -> bytes:
        """ES256 over ``data``: 64 bytes, r then s. Raises: SigningUnavailable."""
        return self._store.sign(self._point, hashlib.sha256(data).digest())


def _generate(session: Session, role: Role) -> EllipticCurvePublicKey:
    """Make a P-256 key that can't leave the token, and give its public half."""
    curve = {Attribute.EC_PARAMS: encode_named_curve_parameters("secp256r1")}
    parameters = session.create_domain_parameters(KeyType.EC, curve, local=True)
    public, _ = parameters.generate_keypair(
        store=True,
        id=os.urandom(_ID_BYTES),
        label=f"ketqua-{role}",
        private_template={Attribute.SENSITIVE: True, Attribute.EXTRACTABLE: False},
    )
    made = load_der_public_key(encode_ec_public_key(public))
    assert isinstance(made, EllipticCurvePublicKey)  # noqa: S101  (asked for above)
    return made


def _find(session: Session, point: bytes) -> Any:  # noqa: ANN401  (a key that signs; the library's types don't say so)
    """The private key with the id of the public one that has this point."""
    wanted = {
        Attribute.CLASS: ObjectClass.PUBLIC_KEY,
        Attribute.EC_POINT: _OCTETS_OF_65 + point,
    }
    for public in list(session.get_objects(wanted)):
        return session.get_key(object_class=ObjectClass.PRIVATE_KEY, id=public[Attribute.ID])
    raise NoSuchKey
