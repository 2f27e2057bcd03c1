"""A laboratory's world in small: an authority, a signer, one certificate, and its trust."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import cbor2
import pytest

from core.certificates.authority import CertifiedKey, create_csca, create_dsc
from core.certificates.issue import IssuedCertificate, as_text, issue
from core.certificates.payload import SARS_COV_2, TestFacts
from core.certificates.signing import SoftwareSigner
from core.certificates.trust import TrustedCertificate, TrustStore
from core.certificates.uvci import new_uvci
from core.results.catalogue import TestKind

NOON = datetime(2026, 7, 12, 12, tzinfo=UTC)
UVCI = new_uvci(bytes(range(10)))
FACTS = TestFacts(
    family="Nguyễn",
    given="Thị Mỹ Duyên",
    birth_date="1987-04-30",
    test_kind=TestKind.PCR,
    target=SARS_COV_2,
    positive=False,
    collected_at=NOON - timedelta(hours=5),
    centre="BV Nhân dân Gia Định",
    issuer="Sở Y tế TP. Hồ Chí Minh",
)

Forge = Callable[..., str]


@pytest.fixture(scope="session")
def csca() -> CertifiedKey:
    return create_csca("Cơ quan Mẫu", not_before=NOON - timedelta(days=30))


@pytest.fixture(scope="session")
def dsc(csca: CertifiedKey) -> CertifiedKey:
    return create_dsc(csca, "Cơ quan Mẫu", not_before=NOON - timedelta(days=20))


@pytest.fixture(scope="session")
def signer(dsc: CertifiedKey) -> SoftwareSigner:
    return dsc.signer()


@pytest.fixture(scope="session")
def trusted(dsc: CertifiedKey) -> TrustedCertificate:
    return TrustedCertificate.from_der(dsc.der)


@pytest.fixture(scope="session")
def trust(trusted: TrustedCertificate) -> TrustStore:
    return TrustStore([trusted])


@pytest.fixture(scope="session")
def issued(signer: SoftwareSigner) -> IssuedCertificate:
    return issue(FACTS, signer, uvci=UVCI, issued_at=NOON)


@pytest.fixture(scope="session")
def text(issued: IssuedCertificate) -> str:
    return as_text(issued.cose)


@pytest.fixture(scope="session")
def positive_text(signer: SoftwareSigner) -> str:
    facts = replace(FACTS, positive=True)
    return as_text(issue(facts, signer, uvci=UVCI, issued_at=NOON).cose)


@pytest.fixture(scope="session")
def forge(signer: SoftwareSigner) -> Forge:
    """Write any contents under a genuine signature, with chosen headers."""

    def write(
        contents: object,
        *,
        protected: dict[int, object] | None = None,
        unprotected: dict[int, object] | None = None,
        tags: tuple[int, ...] = (18,),
    ) -> str:
        headers = {1: -7, 4: signer.kid} if protected is None else protected
        head = cbor2.dumps(headers) if headers else b""
        payload = contents if isinstance(contents, bytes) else cbor2.dumps(contents)
        signature = signer.sign(cbor2.dumps(["Signature1", head, b"", payload]))
        message: object = [head, unprotected or {}, payload, signature]
        for tag in tags:
            message = cbor2.CBORTag(tag, message)
        return as_text(cbor2.dumps(message))

    return write


def contents(**changes: object) -> dict[int, object]:
    """Contents of a genuine CWT; ``changes`` replace claims ``c1``, ``c4``, ``c6``, ``health``."""
    test = {
        "tg": SARS_COV_2,
        "tt": "LP6464-4",
        "tr": "260415000",
        "sc": "2026-07-12T07:00:00Z",
        "co": "VN",
        "is": "Sở Y tế",
        "ci": UVCI,
    }
    health = {"ver": "1.3.0", "nam": {"fnt": "NGUYEN"}, "dob": "1987", "t": [test]}
    issued = int(NOON.timestamp())
    claims = {"c1": "VN", "c4": issued + 86_400, "c6": issued, "health": health} | changes
    return {1: claims["c1"], 4: claims["c4"], 6: claims["c6"], -260: {1: claims["health"]}}
