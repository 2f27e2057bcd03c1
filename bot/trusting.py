"""Whom this installation trusts, and who signs its lists."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from core.certificates.trust import TrustedCertificate, TrustStore
    from core.ports import Clock

T = TypeVar("T")


class Kept(Generic[T]):
    """Something that is gathered anew after a while: a running service follows what changes."""

    def __init__(
        self,
        gather: Callable[[], T],
        clock: Clock,
        *,
        seconds: int,
        stamp: Callable[[], object] = lambda: None,
    ) -> None:
        """Remember where it comes from, for how long it is good, and what ends it before."""
        self._gather = gather
        self._clock = clock
        self._seconds = seconds
        self._stamp = stamp
        self._kept: tuple[object, T] | None = None

    def __call__(self) -> T:
        """What was gathered in this stretch of time. Raises: what gathering raises."""
        slot = int(self._clock().timestamp()) // self._seconds, self._stamp()
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
