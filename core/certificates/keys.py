"""Keys of the house: which there are, which one signs now, and where they lie.

A key's certificate says from when to when it may sign; a mark beside it says that it was
retired. Of several that may sign the newest does, so a new one is published first and takes
over at its own time. A retired key signs nothing and still verifies.
Source: ICAO Doc 9303 part 12, section 4 (document signers overlap their successors).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from core.certificates.signing import Signer, kid_of

Certify = Callable[[ec.EllipticCurvePublicKey], x509.Certificate]


class Role(StrEnum):
    """What a key signs: certificates of signers, of people, or published lists."""

    CSCA = "csca"
    DSC = "dsc"
    LIST = "list"


class State(StrEnum):
    """Whether a key signs."""

    CURRENT = "current"
    COMING = "coming"
    RETIRED = "retired"


@dataclass(frozen=True, slots=True)
class KeptKey:
    """A key by its certificate.

    Args:
        retired_at: When somebody retired it; None unless that was done.
        store: Name of the store that holds the private key; empty where none does.
    """

    role: Role
    certificate: x509.Certificate
    retired_at: datetime | None = None
    store: str = ""

    @property
    def der(self) -> bytes:
        """The certificate as DER."""
        return self.certificate.public_bytes(Encoding.DER)

    @property
    def kid(self) -> bytes:
        """First 8 bytes of SHA-256 of the DER."""
        return kid_of(self.der)

    @property
    def issuer(self) -> str:
        """Organisation that certified it, else its common name."""
        names = self.certificate.issuer
        for kind in (NameOID.ORGANIZATION_NAME, NameOID.COMMON_NAME):
            for found in names.get_attributes_for_oid(kind):
                return str(found.value)
        return ""

    @property
    def signs_from(self) -> datetime:
        """Aware UTC."""
        return self.certificate.not_valid_before_utc

    @property
    def signs_until(self) -> datetime:
        """Aware UTC: the end of its certificate, or when it was retired."""
        end = self.certificate.not_valid_after_utc
        return end if self.retired_at is None else min(end, self.retired_at)

    def may_sign(self, now: datetime) -> bool:
        """Whether it could sign at ``now``; a retired one can't at any time."""
        return self.retired_at is None and self.signs_from <= now <= self.signs_until


def of_role(keys: Iterable[KeptKey], role: Role) -> list[KeptKey]:
    """Those of one role, oldest first; of equal age by kid, so that all processes agree."""
    found = [key for key in keys if key.role is role]
    return sorted(found, key=lambda key: (key.signs_from, key.kid))


def signing_key(keys: Iterable[KeptKey], role: Role, now: datetime) -> KeptKey | None:
    """The one that signs now: the newest that may."""
    able = [key for key in of_role(keys, role) if key.may_sign(now)]
    return able[-1] if able else None


def state_of(key: KeptKey, keys: Iterable[KeptKey], now: datetime) -> State:
    """Whether ``key`` signs now, will, or has done so."""
    current = signing_key(keys, key.role, now)
    if current is not None and current.kid == key.kid:
        return State.CURRENT
    is_coming = key.retired_at is None and key.signs_from > now
    return State.COMING if is_coming else State.RETIRED


class KeyStore(Protocol):
    """Where private keys lie: files, or a token that never gives them away."""

    @property
    def name(self) -> str:
        """``file`` or ``pkcs11``."""

    def create(self, role: Role, certify: Certify) -> KeptKey:
        """Make a key, have its public half certified, and keep both.

        Raises:
            SetupRefused: it can't be kept.
            SigningUnavailable: the token is away.
        """

    def holds(self, role: Role, certificate: x509.Certificate) -> bool:
        """Whether the key of ``certificate`` is one of this store's; asks no token."""

    def signer(self, role: Role, certificate: x509.Certificate) -> Signer:
        """A signer with the key of ``certificate``.

        Raises:
            SetupRefused: the key can't be opened.
            SigningUnavailable: the token is away.
        """


class KeyFolder(Protocol):
    """Certificates of our keys and of others', and what was done with them."""

    def kept(self) -> list[KeptKey]:
        """Every key of ours whose certificate can be read, retired ones too."""

    def damaged(self, role: Role | None = None) -> list[str]:
        """Files of certificates that can't be read: of one role, or of all."""

    def retire(self, key: KeptKey, now: datetime) -> None:
        """Mark ``key``: nothing is signed with it from now on."""

    def trust(self, der: bytes, country: str) -> bool:
        """Keep the certificate of another's signer; False if it is here already."""

    def trusted(self) -> list[bytes]:
        """DER of others' signers."""

    def alone(self) -> AbstractContextManager[None]:
        """Keep other operators, in other processes, from changing keys meanwhile."""
