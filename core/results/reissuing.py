"""Certificates for results that were released while nothing could sign.

They were stored, announced and shown without one; now each gets the one it is owed. Nobody is
told again: whoever opens the result sees its code. Batches are bounded, and a round ends when
the key fails again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from core.certificates.certifying import Certifying, Owed
from core.ports import CertificateRow, Clock, OwedCertificates, OwedItem

BATCH: Final = 200


@dataclass(frozen=True, slots=True)
class Reissuing:
    """Settles what is owed."""

    owed: OwedCertificates
    certify: Certifying
    clock: Clock

    def round(self, most: int) -> int:
        """Certify up to ``most`` results; says how many got a certificate."""
        made, looked, after = 0, 0, ""
        while looked < most and (batch := self.owed.next(min(BATCH, most - looked), after)):
            looked, after = looked + len(batch), batch[-1].result_id
            settled, failed = self._signed(batch)
            made += self.owed.settle(settled)
            if failed:
                break
        return made

    def _signed(self, batch: list[OwedItem]) -> tuple[dict[str, CertificateRow | None], bool]:
        """What could be signed, and whether the key failed on the way."""
        settled: dict[str, CertificateRow | None] = {}
        for item in batch:
            certificate = self.certify(item.result, item.facility, self.clock())
            if isinstance(certificate, Owed):
                return settled, True
            settled[item.result_id] = certificate
        return settled, False
