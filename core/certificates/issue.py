"""Issue a certificate: facts in, signed COSE out, and its text for the QR code.

The structures around the payload have fixed bytes, so they are joined, not encoded anew.
Source: hcert-spec 1.3.0, RFC 9052 section 4.2 (COSE_Sign1), RFC 8392 (CWT).
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final

import cbor2

from core.certificates import base45
from core.certificates.payload import COUNTRY, SARS_COV_2, TestFacts, test_certificate
from core.certificates.signing import Signer, SigningUnavailable
from core.quick import quick_init
from core.results.catalogue import Confidentiality, TestKind
from core.results.reported import ReportStatus
from core.results.result import Outcome, Result

LIFETIME: Final = timedelta(days=180)
PREFIX: Final = "HC1:"

_ISSUER, _EXPIRES, _ISSUED, _HEALTH = 1, 4, 6, -260
_SIGN1_OF_FOUR = b"\xd2\x84"  # tag 18, array of 4
_SIGNATURE1 = b"\x84\x6aSignature1"  # array of 4, text of 10
_NO_UNPROTECTED, _NO_EXTERNAL_DATA = b"\xa0", b"\x40"
_SIGNATURE_HEAD = b"\x58\x40"  # byte string of 64


@quick_init
@dataclass(frozen=True, slots=True)
class IssuedCertificate:
    """A certificate and what is stored beside it.

    Args:
        cose: The signed message; ``as_text`` writes it for a QR code.
        kid: Of the signer.
        signature: 64 bytes; revocation lists hash its first half.
    """

    uvci: str
    cose: bytes
    kid: bytes
    issued_at: datetime
    expires_at: datetime
    signature: bytes


def eligible(result: Result) -> bool:
    """Whether ``result`` may have a certificate.

    Only a final SARS-CoV-2 PCR or antigen test of class A, negative or positive. A pool's
    negative is everybody's negative; its positive proves nothing about one person.
    """
    test = result.test
    return (
        test.kind in (TestKind.PCR, TestKind.ANTIGEN)
        and test.target == SARS_COV_2
        and test.confidentiality is Confidentiality.A
        and result.status in (ReportStatus.FINAL, ReportStatus.CORRECTED)
        and result.outcome in (Outcome.NEGATIVE, Outcome.POSITIVE)
        and not result.needs_new_sample
    )


def facts_of(result: Result, *, centre: str, issuer: str) -> TestFacts:
    """What the certificate of ``result`` says.

    Args:
        centre: The facility's short name.
        issuer: The authority's name.

    Raises:
        ValueError: the result is not eligible.
    """
    if not eligible(result):
        message = "this result may not have a certificate"
        raise ValueError(message)
    person = result.person
    return TestFacts(
        family=person.family,
        given=person.given,
        birth_date=person.birth_date,
        test_kind=result.test.kind,
        target=result.test.target,
        positive=result.outcome is Outcome.POSITIVE,
        collected_at=result.collected_at,
        centre=centre,
        issuer=issuer,
        device=result.device,
    )


def issue(
    facts: TestFacts,
    signer: Signer,
    *,
    uvci: str,
    issued_at: datetime,
    lifetime: timedelta = LIFETIME,
) -> IssuedCertificate:
    """Sign a certificate of ``facts``.

    Args:
        uvci: A fresh identifier.
        issued_at: Aware time; whole seconds are kept.

    Raises:
        SigningUnavailable: ``issued_at`` is outside the signer's validity.
    """
    (certificate,) = issue_all([(facts, uvci)], signer, issued_at=issued_at, lifetime=lifetime)
    return certificate


def issue_all(
    several: Iterable[tuple[TestFacts, str]],
    signer: Signer,
    *,
    issued_at: datetime,
    lifetime: timedelta = LIFETIME,
) -> list[IssuedCertificate]:
    """Sign certificates in one loop, in which the curve's tables stay in the processor's cache.

    Args:
        several: Facts, each with a fresh identifier.
        issued_at: Aware time; whole seconds are kept.

    Raises:
        SigningUnavailable: ``issued_at`` is outside the signer's validity.
    """
    second = int(issued_at.timestamp())
    issued_at = datetime.fromtimestamp(second, UTC)
    expires_at = issued_at + lifetime
    _require_in_force(signer, issued_at)
    protected, times = _protected(signer.kid), (second, int(expires_at.timestamp()))
    prepared = [(uvci, _payload(facts, uvci, *times)) for facts, uvci in several]
    signed = _SIGNATURE1 + protected + _NO_EXTERNAL_DATA
    signatures = [signer.sign(signed + payload) for _, payload in prepared]
    before = _SIGN1_OF_FOUR + protected + _NO_UNPROTECTED
    return [
        IssuedCertificate(
            uvci,
            before + payload + _SIGNATURE_HEAD + signature,
            signer.kid,
            issued_at,
            expires_at,
            signature,
        )
        for (uvci, payload), signature in zip(prepared, signatures, strict=True)
    ]


def as_text(cose: bytes) -> str:
    """The text of a QR code: ``HC1:`` and the compressed message in base45."""
    return PREFIX + base45.encode(zlib.compress(cose, 9))


def _payload(facts: TestFacts, uvci: str, issued: int, expires: int) -> bytes:
    """The claims as a byte string. Times are seconds since 1970."""
    health = {1: test_certificate(facts, uvci)}
    claims = {_ISSUER: COUNTRY, _EXPIRES: expires, _ISSUED: issued, _HEALTH: health}
    return _bytes_head(cbor2.dumps(claims))


def _require_in_force(signer: Signer, moment: datetime) -> None:
    if moment < signer.not_before:
        raise SigningUnavailable("dsc_not_yet_valid", signer.kid.hex())
    if moment > signer.not_after:
        raise SigningUnavailable("dsc_expired", signer.kid.hex())


@lru_cache(maxsize=16)
def _protected(kid: bytes) -> bytes:
    """Protected header as a byte string: algorithm ES256 (−7) and the kid."""
    return _bytes_head(cbor2.dumps({1: -7, 4: kid}))


def _bytes_head(content: bytes) -> bytes:
    """``content`` as a CBOR byte string. Source: RFC 8949 section 3.1."""
    length = len(content)
    if length < 24:  # noqa: PLR2004  (the length fits the first byte)
        return bytes((0x40 | length,)) + content
    if length < 1 << 8:
        return bytes((0x58, length)) + content
    return b"\x59" + length.to_bytes(2, "big") + content
