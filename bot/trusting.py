"""Whom this installation trusts, and who signs its lists."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from core.certificates.trust import TrustedCertificate, TrustStore
    from core.ports import Clock
    from storage.keystore import FileKeyStore

T = TypeVar("T")


class Kept(Generic[T]):
    """Something that is gathered anew after a while: a running service follows what changes."""

    def __init__(self, gather: Callable[[], T], clock: Clock, *, seconds: int) -> None:
        """Remember where it comes from, and for how long it is good."""
        self._gather = gather
        self._clock = clock
        self._seconds = seconds
        self._kept: tuple[int, T] | None = None

    def __call__(self) -> T:
        """What was gathered in this stretch of time. Raises: what gathering raises."""
        slot = int(self._clock().timestamp()) // self._seconds
        kept = self._kept
        if kept is None or kept[0] != slot:
            kept = self._kept = slot, self._gather()
        return kept[1]


def trust_of(ders: Iterable[bytes]) -> TrustStore:
    """Trust these certificates; one that stands there twice counts once.

    Lists of others name keys of kinds that we can't use: those are left out.
    """
    from core.certificates.trust import TrustStore

    return TrustStore(each for der in dict.fromkeys(ders) for each in _usable(der))


def _usable(der: bytes) -> tuple[TrustedCertificate, ...]:
    from core.certificates.trust import TrustedCertificate

    try:
        return (TrustedCertificate.from_der(der),)
    except ValueError:
        return ()


def make_list_signer(store: FileKeyStore, name: str, *, now: datetime, demo: bool) -> None:
    """Certify a new signer of lists with the CSCA's key.

    Raises:
        SetupRefused: the CSCA's key isn't here or doesn't open.
    """
    from core.certificates.authority import CertifiedKey, create_list_signer
    from storage.keystore import CSCA, list_name

    key, certificate = store.load(CSCA)
    csca = CertifiedKey(certificate, key)
    made = create_list_signer(csca, name, not_before=now, demo=demo)
    store.save(list_name(made.certificate), made.private_key, made.certificate)
