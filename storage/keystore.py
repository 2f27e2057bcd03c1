"""Signing keys in files: encrypted PKCS#8, readable by their owner only.

The folder holds ``csca.key`` and ``csca.crt``, and ``dsc-<kid>.key`` and ``.crt`` for every
document signer, old ones included: their certificates verify until they have run out;
``list-<kid>`` are signers of lists. The CSCA's key is needed only to certify a new signer and
may be kept elsewhere. What else lies in the folder: ``storage.keyfolder``.
Source: RFC 5958 (PKCS#8), RFC 8018 (PBES2 with PBKDF2).
"""

from __future__ import annotations

import os
from itertools import count
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from core.certificates.authority import CertifiedKey
from core.certificates.keys import Certify, KeptKey, Role
from core.certificates.signing import Signer, SoftwareSigner, kid_of
from core.errors import SetupRefused

CSCA: Final = "csca"
_PRIVATE: Final = 0o600
PUBLIC: Final = 0o644


class FileKeyStore:
    """Keys and certificates in one folder; implements ``core.certificates.keys.KeyStore``.

    Args:
        passphrase: Encrypts every key of the folder. PKCS#8 stretches it only a little, so
            it must be long and random, not a word that somebody remembers.
    """

    name: Final = "file"

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
            SetupRefused: ``no_passphrase``, or ``key_exists``: neither is ever overwritten.
        """
        if not self._passphrase:
            raise SetupRefused("no_passphrase")
        if any((self._folder / f"{name}.{end}").exists() for end in ("key", "crt")):
            raise SetupRefused("key_exists", name)
        encryption = BestAvailableEncryption(self._passphrase)
        key = private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption)
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_whole(self._folder / f"{name}.key", key, _PRIVATE)
        write_whole(self._folder / f"{name}.crt", certificate.public_bytes(Encoding.PEM), PUBLIC)

    def load(self, name: str) -> tuple[EllipticCurvePrivateKey, x509.Certificate]:
        """A key with its certificate.

        Raises:
            SetupRefused: ``no_signing_key``, ``no_passphrase``, ``wrong_passphrase`` or
                ``key_file_unreadable``.
        """
        return self._key(self._folder / f"{name}.key"), self._certificate(name)

    def signers(self) -> list[bytes]:
        """DER of every document signer, old and new: those whose certificates we verify.

        A damaged file is left out (``FolderOfKeys.damaged`` names it): the others verify.
        """
        found = (readable(self._folder / f"{name}.crt") for name in self._names())
        return [_der(certificate) for certificate in found if certificate]

    def certificates(self) -> list[bytes]:
        """DER of every certificate of the folder: the signers, then the CSCA."""
        return [*self.signers(), *self.anchors()]

    def anchors(self) -> list[bytes]:
        """DER of the CSCA, under which published lists are read; nothing where it is absent.

        A damaged one counts as absent.
        """
        certificate = readable(self._folder / f"{CSCA}.crt")
        return [_der(certificate)] if certificate else []

    def csca_certificate(self) -> bytes:
        """DER of the CSCA's certificate, which others pin. Raises: SetupRefused, see ``load``."""
        return _der(self._certificate(CSCA))

    def create(self, role: Role, certify: Certify) -> KeptKey:
        """Make a key, certify it, and keep both. Raises: SetupRefused, see ``save``."""
        key = generate_private_key(SECP256R1())
        certificate = certify(key.public_key())
        self.save(key_name(role, certificate), key, certificate)
        return KeptKey(role, certificate, store=self.name)

    def holds(self, role: Role, certificate: x509.Certificate) -> bool:
        """Whether there is a key file for ``certificate``."""
        return (self._folder / f"{key_name(role, certificate)}.key").exists()

    def signer(self, role: Role, certificate: x509.Certificate) -> Signer:
        """A signer with the key of ``certificate``. Raises: SetupRefused, see ``load``."""
        return SoftwareSigner(*self.load(key_name(role, certificate)))

    def keep_csca(self, made: CertifiedKey) -> None:
        """Keep a new CSCA. Raises: SetupRefused, see ``save``.

        A key whose certificate was never written has signed nothing: it is put aside.
        """
        self._put_aside(self._folder / f"{CSCA}.key")
        self.save(CSCA, made.private_key, made.certificate)

    def csca(self, key_file: Path | None = None, passphrase: bytes = b"") -> CertifiedKey:
        """Open the CSCA.

        Args:
            key_file: Where its key was moved to; None is the folder.
            passphrase: Of that file, where it isn't the folder's.

        Raises:
            SetupRefused: ``csca_key_elsewhere``, or what ``load`` raises.
        """
        path = key_file or self._folder / f"{CSCA}.key"
        if key_file is None and not path.exists():
            raise SetupRefused("csca_key_elsewhere", str(path))
        return CertifiedKey(self._certificate(CSCA), self._key(path, passphrase))

    def _put_aside(self, key: Path) -> None:
        """Rename a key that a killed beginning has left behind; nothing is ever removed."""
        if self._passphrase and key.exists() and not key.with_suffix(".crt").exists():
            free = (key.with_suffix(f".key.orphan-{number}") for number in count(1))
            key.rename(next(path for path in free if not path.exists()))

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

    def _key(self, path: Path, passphrase: bytes = b"") -> EllipticCurvePrivateKey:
        passphrase = passphrase or self._passphrase
        if not passphrase:
            raise SetupRefused("no_passphrase")
        try:
            pem = path.read_bytes()
        except FileNotFoundError:
            raise SetupRefused("no_signing_key", str(path)) from None
        except OSError:
            raise SetupRefused("key_file_unreadable", str(path)) from None
        return _opened(pem, passphrase, path)


def readable(path: Path) -> x509.Certificate | None:
    """The certificate of a file; None where the file is damaged or absent."""
    try:
        return x509.load_pem_x509_certificate(path.read_bytes())
    except (OSError, ValueError):
        return None


def dsc_name(certificate: x509.Certificate) -> str:
    """The name under which a document signer is kept: ``dsc-`` and its kid."""
    return key_name(Role.DSC, certificate)


def key_name(role: Role, certificate: x509.Certificate) -> str:
    """The name under which a key is kept: its role and its kid; there is one CSCA."""
    return CSCA if role is Role.CSCA else f"{role}-{kid_of(_der(certificate)).hex()}"


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


def write_whole(path: Path, data: bytes, mode: int) -> None:
    """Write beside, flush, rename: whoever looks sees the old file or the whole new one.

    The folder is flushed too: after a power cut, what was written first is there first.
    """
    draft = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "wb") as file:
        os.fchmod(descriptor, mode)
        file.write(data)
        file.flush()
        os.fsync(descriptor)
    draft.replace(path)
    _flush(path.parent)


def _flush(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
