"""Signing keys in files: encrypted PKCS#8, readable by their owner only.

The folder holds ``csca.key`` and ``csca.crt``, and ``dsc-<kid>.key`` and ``.crt`` for every
document signer, old ones included: their certificates verify until they have run out. The
CSCA's key is needed only to certify a new signer and may be kept elsewhere.
Source: RFC 5958 (PKCS#8), RFC 8018 (PBES2 with PBKDF2).
"""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from core.certificates.signing import Signer, SoftwareSigner, kid_of
from core.errors import SetupRefused

CSCA: Final = "csca"
_PRIVATE: Final = 0o600
_PUBLIC: Final = 0o644


class FileKeyStore:
    """Keys and certificates in one folder.

    Args:
        passphrase: Encrypts every key of the folder. PKCS#8 stretches it only a little, so
            it must be long and random, not a word that somebody remembers.
    """

    def __init__(self, folder: Path, passphrase: bytes) -> None:
        """Remember where; nothing is read yet, and certificates need no passphrase."""
        self._folder = folder
        self._passphrase = passphrase

    def save(
        self, name: str, private_key: EllipticCurvePrivateKey, certificate: x509.Certificate
    ) -> None:
        """Write both files; the key first, so that a certificate always has its key.

        Args:
            name: ``csca``, or what ``dsc_name`` says.

        Raises:
            SetupRefused: ``no_passphrase``, or ``key_exists``: a key is never overwritten.
        """
        if not self._passphrase:
            raise SetupRefused("no_passphrase")
        if (self._folder / f"{name}.key").exists():
            raise SetupRefused("key_exists", name)
        encryption = BestAvailableEncryption(self._passphrase)
        key = private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption)
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _write(self._folder / f"{name}.key", key, _PRIVATE)
        _write(self._folder / f"{name}.crt", certificate.public_bytes(Encoding.PEM), _PUBLIC)

    def load(self, name: str) -> tuple[EllipticCurvePrivateKey, x509.Certificate]:
        """A key with its certificate.

        Raises:
            SetupRefused: ``no_signing_key``, ``no_passphrase``, ``wrong_passphrase`` or
                ``key_file_unreadable``.
        """
        return self._key(name), self._certificate(name)

    def signers(self) -> list[bytes]:
        """DER of every document signer, old and new: those whose certificates we verify."""
        return [_der(self._certificate(name)) for name in self._names()]

    def certificates(self) -> list[bytes]:
        """DER of every certificate of the folder: the signers, then the CSCA."""
        return [*self.signers(), *self.anchors()]

    def anchors(self) -> list[bytes]:
        """DER of the CSCA, under which published lists are read; nothing where it is absent."""
        has_csca = (self._folder / f"{CSCA}.crt").exists()
        return [_der(self._certificate(CSCA))] if has_csca else []

    def current_signer(self, now: datetime) -> Signer:
        """The newest document signer that is valid now.

        Raises:
            SetupRefused: ``no_signing_key``, ``signing_key_expired`` (none is valid now),
                or what ``load`` raises.
        """
        candidates = [(self._certificate(name), name) for name in self._names()]
        if not candidates:
            raise SetupRefused("no_signing_key", str(self._folder))
        valid = [
            (certificate.not_valid_before_utc, name)
            for certificate, name in candidates
            if certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc
        ]
        if not valid:
            raise SetupRefused("signing_key_expired", str(self._folder))
        return SoftwareSigner(*self.load(max(valid)[1]))

    def _names(self) -> list[str]:
        return sorted(path.stem for path in self._folder.glob("dsc-*.crt"))

    def _certificate(self, name: str) -> x509.Certificate:
        path = self._folder / f"{name}.crt"
        try:
            return x509.load_pem_x509_certificate(path.read_bytes())
        except FileNotFoundError:
            raise SetupRefused("no_signing_key", str(path)) from None
        except (OSError, ValueError):
            raise SetupRefused("key_file_unreadable", str(path)) from None

    def _key(self, name: str) -> EllipticCurvePrivateKey:
        path = self._folder / f"{name}.key"
        if not self._passphrase:
            raise SetupRefused("no_passphrase")
        try:
            pem = path.read_bytes()
        except FileNotFoundError:
            raise SetupRefused("no_signing_key", str(path)) from None
        except OSError:
            raise SetupRefused("key_file_unreadable", str(path)) from None
        return _opened(pem, self._passphrase, path)


def dsc_name(certificate: x509.Certificate) -> str:
    """The name under which a document signer is kept: ``dsc-`` and its kid."""
    return f"dsc-{kid_of(_der(certificate)).hex()}"


def _der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.DER)


def _opened(pem: bytes, passphrase: bytes, path: Path) -> EllipticCurvePrivateKey:
    if b"ENCRYPTED PRIVATE KEY" not in pem:  # also refuses a key that lies there in plain
        raise SetupRefused("key_file_unreadable", str(path))
    try:
        key = load_pem_private_key(pem, passphrase)
    except ValueError:
        raise SetupRefused("wrong_passphrase", str(path)) from None
    if not isinstance(key, EllipticCurvePrivateKey):
        raise SetupRefused("key_file_unreadable", str(path))
    return key


def _write(path: Path, data: bytes, mode: int) -> None:
    """Write beside, flush, rename: whoever looks sees the old file or the whole new one."""
    draft = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "wb") as file:
        os.fchmod(descriptor, mode)
        file.write(data)
        file.flush()
        os.fsync(descriptor)
    draft.replace(path)
