"""Certify a result: everything that is signed for it, at its release or when a key is back.

A class-A result gets its full and its compact certificate together; they share the serial.
Why nothing was signed is a value: results are stored and shown all the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from core.certificates.compact import (
    CompactCertificate,
    compact_claims_of,
    compact_facts_of,
    compact_issued,
)
from core.certificates.issue import (
    IssuedCertificate,
    claims_of,
    eligible,
    facts_of,
    issued,
    sign_all,
    validity,
)
from core.certificates.signing import Signer, SigningUnavailable
from core.certificates.uvci import RANDOM_BYTES, new_uvci
from core.ports import CertificateRow, Randomness
from core.results.facility import Facility
from core.results.result import Result


@dataclass(frozen=True, slots=True)
class Owed:
    """A result that may have a certificate got none, because nothing could sign."""


@dataclass(frozen=True, slots=True)
class Certifying:
    """Signs what belongs to a result.

    Args:
        signer: Gives the key that signs now, or None while there is none.
        issuer: Name of the issuer in certificates.
        trouble: Told when a key that was given could not sign.
    """

    signer: Callable[[], Signer | None]
    issuer: str
    random: Randomness
    trouble: Callable[[SigningUnavailable], None] = lambda _: None

    def __call__(
        self, result: Result, facility: Facility, now: datetime
    ) -> CertificateRow | Owed | None:
        """The certificate of ``result``; None where it may have none."""
        if not eligible(result):
            return None
        return self.all([result], facility, now)[0]

    def all(
        self, eligibles: Sequence[Result], facility: Facility, now: datetime
    ) -> list[CertificateRow | Owed]:
        """The certificates of results that may have one, signed in one loop."""
        signer = self.signer() if eligibles else None
        if signer is None:
            return [Owed() for _ in eligibles]
        try:
            return self._signed(eligibles, facility, signer, now)
        except SigningUnavailable as unavailable:
            self.trouble(unavailable)
            return [Owed() for _ in eligibles]

    def _signed(
        self, eligibles: Sequence[Result], facility: Facility, signer: Signer, now: datetime
    ) -> list[CertificateRow | Owed]:
        drafts = [self._draft(result, facility, now) for result in eligibles]
        signed = iter(sign_all([each for draft in drafts for each in draft.claims], signer, now))
        return [draft.row(signer.kid, signed) for draft in drafts]

    def _draft(self, result: Result, facility: Facility, now: datetime) -> _Draft:
        times = validity(int(now.timestamp()), timedelta(days=result.test.valid_days))
        uvci = new_uvci(self.random(RANDOM_BYTES))
        facts = facts_of(result, centre=facility.short_name, issuer=self.issuer)
        short = compact_facts_of(result, facility.code)
        full = claims_of(facts, uvci, times)
        if short is None:
            return _Draft(uvci, times, (full,))
        return _Draft(uvci, times, (full, compact_claims_of(short, uvci, times)))


@dataclass(frozen=True, slots=True)
class _Draft:
    """What is to be signed for one result: the full claims, then the compact ones if any."""

    uvci: str
    times: tuple[datetime, datetime]
    claims: tuple[Mapping[int, object], ...]

    def row(self, kid: bytes, signed: Iterator[tuple[bytes, bytes]]) -> CertificateRow:
        """Take as many signed messages as there were claims."""
        full = issued(self.uvci, *next(signed), kid, self.times)
        compact = [compact_issued(*next(signed)) for _ in self.claims[1:]]
        return _row(full, compact[0] if compact else None)


def _row(full: IssuedCertificate, compact: CompactCertificate | None) -> CertificateRow:
    return CertificateRow(
        full.uvci,
        full.kid,
        full.cose,
        full.signature,
        full.issued_at,
        full.expires_at,
        compact.cose if compact else None,
        compact.signature if compact else None,
    )
