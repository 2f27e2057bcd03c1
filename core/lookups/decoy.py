"""A certificate about nobody, checked where a real one is missing.

Signed by a key that only its own trust store knows, so that it costs what a real one costs
and could never pass for one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from core.certificates.authority import create_csca, create_dsc
from core.certificates.issue import issue
from core.certificates.payload import SARS_COV_2, TestFacts
from core.certificates.trust import TrustedCertificate, TrustStore
from core.certificates.uvci import RANDOM_BYTES, new_uvci
from core.results.catalogue import TestKind

_NOBODY: Final = "Nobody"
_LIFETIME: Final = timedelta(days=365 * 50)  # a process never lives as long


@dataclass(frozen=True, slots=True)
class Decoy:
    """The certificate, and who trusts it."""

    cose: bytes
    trust: TrustStore


def make_decoy(now: datetime) -> Decoy:
    """Make one; takes about a millisecond, so once a process."""
    dsc = create_dsc(create_csca(_NOBODY, not_before=now), _NOBODY, not_before=now)
    facts = TestFacts(
        family="Nguyễn Thị Thanh",
        given="Nobody At All",
        birth_date="1900-01-01",
        test_kind=TestKind.PCR,
        target=SARS_COV_2,
        positive=False,
        collected_at=now,
        centre="Nowhere in particular",
        issuer=_NOBODY,
        device="",
    )
    uvci = new_uvci(bytes(RANDOM_BYTES))
    signed = issue(facts, dsc.signer(), uvci=uvci, issued_at=now, lifetime=_LIFETIME)
    return Decoy(signed.cose, TrustStore([TrustedCertificate.from_der(dsc.der)]))
