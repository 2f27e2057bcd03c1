"""Change the keys of the house: begin, rotate, retire, and trust those of others.

Each change is made alone: a second operator waits, then sees what the first has done. Nothing
is ever removed or overwritten. What is refused carries a code.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Protocol

from core.certificates.authority import (
    DSC_LIFETIME,
    LIST_USAGE,
    TEST_USAGE,
    CertifiedKey,
    certify,
    create_csca,
)
from core.certificates.der import open_certificate
from core.certificates.keys import KeptKey, KeyFolder, KeyStore, Role, of_role, signing_key
from core.certificates.trust import TrustedCertificate, pem_blocks
from core.errors import NotFound, SetupRefused
from core.ports import Clock

_COUNTRY = re.compile(r"[A-Z]{2}")
SIGNERS = (Role.DSC, Role.LIST)
_USAGES = {Role.DSC: (TEST_USAGE,), Role.LIST: (LIST_USAGE,)}


@dataclass(frozen=True, slots=True)
class Adopted:
    """Another's signer that was imported.

    Args:
        known: It was here already.
        expired: Its time is over: it vouches only for certificates issued before.
    """

    kid: bytes
    issuer: str
    known: bool
    expired: bool


class CscaKeeper(Protocol):
    """Keeps the authority's own key, unless it is somewhere safer."""

    def keep_csca(self, made: CertifiedKey) -> None:
        """Keep a new one. Raises: SetupRefused."""

    def csca(self) -> CertifiedKey:
        """Open it. Raises: SetupRefused."""


@dataclass(frozen=True, slots=True)
class KeyDesk:
    """Where operators change keys.

    Args:
        stores: The store of new keys, by role.
        organisation: Name of the authority in certificates.
        demo: Write DEMO into names.
        overlap: How long before it signs a new signer is published, unless told otherwise.
    """

    folder: KeyFolder
    stores: Mapping[Role, KeyStore]
    organisation: str
    demo: bool
    clock: Clock
    overlap: timedelta

    def begin(self, authority: CscaKeeper) -> bool:
        """Create the CSCA and a first signer of each role where there is none.

        Returns:
            Whether anything was created.

        Raises:
            SetupRefused: a signer is missing, and the CSCA's key can't be opened;
                ``key_file_unreadable``: what seems to be missing may only be damaged.
        """
        with self.folder.alone():
            kept = self.folder.kept()
            missing = [role for role in SIGNERS if not of_role(kept, role)]
            if not missing:
                return False
            for path in self.folder.damaged():
                raise SetupRefused("key_file_unreadable", path)
            csca = authority.csca() if kept else self._new_csca(authority)
            for role in missing:
                self._create(role, csca, self.clock())
            return True

    def _new_csca(self, authority: CscaKeeper) -> CertifiedKey:
        made = create_csca(self.organisation, not_before=self.clock(), demo=self.demo)
        authority.keep_csca(made)
        return made

    def rotate(
        self, csca: CertifiedKey, *, role: Role = Role.DSC, starts: datetime | None = None
    ) -> KeptKey:
        """Publish a new signer that takes over at ``starts``.

        Args:
            starts: Aware time, not before now; None is after the overlap, or now where
                nothing signs.

        Raises:
            SetupRefused: ``rotation_pending``, one is coming already; ``rotation_overtaken``,
                another operator did it while this one waited; ``rotation_in_the_past``;
                ``csca_mismatch``; ``csca_expired``.
        """
        before = {key.kid for key in self.folder.kept()}
        with self.folder.alone():
            now, kept = self.clock(), self.folder.kept()
            starts = starts or self._next_start(kept, role, now)
            _refuse_unless_free(of_role(kept, role), before, now)
            if starts < now - timedelta(minutes=1):
                raise SetupRefused("rotation_in_the_past", starts.isoformat(timespec="minutes"))
            _refuse_another_csca(csca, kept)
            return self._create(role, csca, starts)

    def _next_start(self, kept: list[KeptKey], role: Role, now: datetime) -> datetime:
        return now if signing_key(kept, role, now) is None else now + self.overlap

    def retire(self, kid: str) -> KeptKey | None:
        """Stop signing with a key at once; returns what signs in its place, if anything.

        Args:
            kid: Hexadecimal.

        Raises:
            NotFound: ``key_unknown``, no signer of ours has this kid.
            SetupRefused: ``key_retired``, it was done before.
        """
        with self.folder.alone():
            kept = self.folder.kept()
            signers = [key for key in kept if key.role is not Role.CSCA]
            key = next((key for key in signers if key.kid.hex() == kid.strip().lower()), None)
            if key is None:
                raise NotFound("key_unknown", kid)
            if key.retired_at is not None:
                raise SetupRefused("key_retired", kid)
            self.folder.retire(key, self.clock())
            return signing_key(self.folder.kept(), key.role, self.clock())

    def stop(self, kid: str) -> KeptKey | None:
        """Retire a key that is to be revoked, unless that was done or it isn't ours.

        Args:
            kid: Hexadecimal.

        Returns:
            The key as it was before; None where it isn't ours.
        """
        ours = [key for key in self.folder.kept() if key.role is not Role.CSCA]
        key = next((key for key in ours if key.kid.hex() == kid.strip().lower()), None)
        if key is not None and key.retired_at is None:
            with suppress(SetupRefused):  # another operator was faster
                self.retire(kid)
        return key

    def adopt(self, data: bytes, country: str) -> list[Adopted]:
        """Trust the signers of another authority.

        Args:
            data: One certificate in DER, or any number in PEM.
            country: ISO 3166 code that their certificates must name, where they name one.

        Raises:
            SetupRefused: ``not_a_certificate``; ``certificate_is_a_ca``;
                ``certificate_of_another_country``; ``country_unusable``. Nothing is kept then.
        """
        if not _COUNTRY.fullmatch(country):
            raise SetupRefused("country_unusable", country)
        opened = [(der, _foreign(der, country)) for der in _blocks(data)]
        with self.folder.alone():
            return [self._adopted(der, certificate, country) for der, certificate in opened]

    def _adopted(self, der: bytes, certificate: TrustedCertificate, country: str) -> Adopted:
        fresh = self.folder.trust(der, country)
        expired = certificate.not_after < self.clock()
        return Adopted(certificate.kid, certificate.issuer, known=not fresh, expired=expired)

    def _create(self, role: Role, csca: CertifiedKey, starts: datetime) -> KeptKey:
        end = csca.certificate.not_valid_after_utc
        if starts >= end:
            raise SetupRefused("csca_expired", end.date().isoformat())
        made = partial(
            certify,
            csca,
            organisation=self.organisation,
            role=role.value.upper(),
            not_before=starts,
            lifetime=min(DSC_LIFETIME, end - starts),
            demo=self.demo,
            usages=_USAGES[role],
        )
        return self.stores[role].create(role, made)


def _refuse_unless_free(kept: list[KeptKey], before: set[bytes], now: datetime) -> None:
    fresh = [key for key in kept if key.kid not in before]
    if fresh:
        raise SetupRefused("rotation_overtaken", fresh[-1].kid.hex())
    coming = [key for key in kept if key.retired_at is None and key.signs_from > now]
    if coming:
        raise SetupRefused("rotation_pending", coming[-1].kid.hex())


def _refuse_another_csca(csca: CertifiedKey, kept: list[KeptKey]) -> None:
    """Signers hang on one CSCA: others may have pinned it."""
    known = {key.der for key in kept if key.role is Role.CSCA}
    matches = csca.certificate.public_key() == csca.private_key.public_key()
    if not matches or (known and csca.der not in known):
        raise SetupRefused("csca_mismatch")


def _blocks(data: bytes) -> list[bytes]:
    try:
        return pem_blocks(data) if b"-----BEGIN" in data else [data]
    except ValueError as error:
        raise SetupRefused("not_a_certificate") from error


def _foreign(der: bytes, country: str) -> TrustedCertificate:
    try:
        found = TrustedCertificate.from_der(der)
    except ValueError as error:
        raise SetupRefused("not_a_certificate") from error
    if open_certificate(der).certifies:
        raise SetupRefused("certificate_is_a_ca", found.kid.hex())
    if found.country and found.country.upper() != country:
        raise SetupRefused("certificate_of_another_country", found.country)
    return found
