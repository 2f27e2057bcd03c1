"""Certify a result: everything that is signed for it, at its release or when a key is back.

A class-A result gets its full and its compact certificate together; they share the serial.
Why nothing was signed is a value: results are stored and shown all the same.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from core.certificates.compact import CompactCertificate, compact_facts_of, issue_compact
from core.certificates.issue import IssuedCertificate, eligible, facts_of, issue
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
        signer = self.signer()
        if signer is None:
            return Owed()
        try:
            return self._signed(result, facility, signer, now)
        except SigningUnavailable as unavailable:
            self.trouble(unavailable)
            return Owed()

    def _signed(
        self, result: Result, facility: Facility, signer: Signer, now: datetime
    ) -> CertificateRow:
        lifetime = timedelta(days=result.test.valid_days)
        uvci = new_uvci(self.random(RANDOM_BYTES))
        facts = facts_of(result, centre=facility.short_name, issuer=self.issuer)
        full = issue(facts, signer, uvci=uvci, issued_at=now, lifetime=lifetime)
        short = compact_facts_of(result, facility.code)
        if short is None:
            return _row(full, None)
        compact = issue_compact(short, signer, uvci=uvci, issued_at=now, lifetime=lifetime)
        return _row(full, compact)


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
