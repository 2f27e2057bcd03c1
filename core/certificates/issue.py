"""Issue a certificate: facts in, signed COSE out, and its text for the QR code.

The structures around the payload have fixed bytes, so they are joined, not encoded anew.
Source: hcert-spec 1.3.0, RFC 9052 section 4.2 (COSE_Sign1), RFC 8392 (CWT).
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final

import cbor2

from core.certificates import base45
from core.certificates.payload import COUNTRY, SARS_COV_2, TestFacts, test_certificate
from core.certificates.private import CLAIM, OtherTestFacts, outcome_text, private_claim
from core.certificates.signing import Signer, SigningUnavailable
from core.quick import quick_init
from core.results.catalogue import Confidentiality, TestDefinition, TestKind
from core.results.reported import ReportStatus
from core.results.result import Outcome, Result

LIFETIME: Final = timedelta(days=180)
PREFIX: Final = "HC1:"

_ISSUER, _EXPIRES, _ISSUED, _HEALTH = 1, 4, 6, -260
_DCC = 1
_TAG, _FOUR = b"\xd2", b"\x84"  # tag 18 (COSE_Sign1), array of 4
_SIGNATURE1 = b"\x84\x6aSignature1"  # array of 4, text of 10
_NO_UNPROTECTED, _NO_EXTERNAL_DATA = b"\xa0", b"\x40"
_ZLIB_STORED = b"\x78\x01\x01"  # deflate, window of 32 KiB; last block, stored
_HARDLY_SHRINKS: Final = 448  # bytes
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

    Only a final test of class A or B that says something: negative, positive, or the values of
    a panel or typing. A pool's negative is everybody's negative; its positive proves nothing
    about one person.
    """
    return (
        result.test.confidentiality in (Confidentiality.A, Confidentiality.B)
        and result.status in (ReportStatus.FINAL, ReportStatus.CORRECTED)
        and _says_something(result)
        and not result.needs_new_sample
    )


def _says_something(result: Result) -> bool:
    if result.outcome is Outcome.REPORTED:
        return result.test.kind in (TestKind.PANEL, TestKind.TYPING) and bool(result.values)
    return result.outcome in (Outcome.NEGATIVE, Outcome.POSITIVE)


def has_dcc_entry(test: TestDefinition) -> bool:
    """Whether the EU DCC has an entry for ``test``."""
    return test.kind in (TestKind.PCR, TestKind.ANTIGEN) and test.target == SARS_COV_2


def facts_of(result: Result, *, centre: str, issuer: str) -> TestFacts | OtherTestFacts:
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
    if not has_dcc_entry(result.test):
        return _other_facts(result, centre, issuer)
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


def _other_facts(result: Result, centre: str, issuer: str) -> OtherTestFacts:
    person, test = result.person, result.test
    return OtherTestFacts(
        family=person.family,
        given=person.given,
        birth_date=person.birth_date,
        test=test.key,
        test_name=test.name("vi"),
        outcome=outcome_text(result),
        target=test.target,
        collected_at=result.collected_at,
        centre=centre,
        issuer=issuer,
    )


def issue(
    facts: TestFacts | OtherTestFacts,
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
    times = validity(int(issued_at.timestamp()), lifetime)
    ((message, signature),) = sign_all([claims_of(facts, uvci, times)], signer, times[0])
    return issued(uvci, message, signature, signer.kid, times)


def claims_of(
    facts: TestFacts | OtherTestFacts, uvci: str, times: tuple[datetime, datetime]
) -> Mapping[int, object]:
    """The claims of a certificate.

    Args:
        times: From and to, as ``validity`` says.
    """
    return {
        _ISSUER: COUNTRY,
        _EXPIRES: int(times[1].timestamp()),
        _ISSUED: int(times[0].timestamp()),
        _HEALTH: _health(facts, uvci),
    }


def issued(
    uvci: str, message: bytes, signature: bytes, kid: bytes, times: tuple[datetime, datetime]
) -> IssuedCertificate:
    """The certificate of a message that ``sign_all`` has signed."""
    return IssuedCertificate(uvci, _TAG + message, kid, *times, signature)


def sign_all(
    several: Sequence[Mapping[int, object]], signer: Signer, issued_at: datetime
) -> list[tuple[bytes, bytes]]:
    """Sign CWTs: the COSE_Sign1 message of each without a tag, and its signature.

    One loop does nothing but sign: the curve's tables stay in the processor's cache.

    Raises:
        SigningUnavailable: ``issued_at`` is outside the signer's validity, or the key away.
    """
    _require_in_force(signer, issued_at)
    protected = _protected(signer.kid)
    payloads = [_bytes_head(cbor2.dumps(claims)) for claims in several]
    covered = _SIGNATURE1 + protected + _NO_EXTERNAL_DATA
    signatures = [signer.sign(covered + payload) for payload in payloads]
    before = _FOUR + protected + _NO_UNPROTECTED
    return [
        (before + payload + _SIGNATURE_HEAD + signature, signature)
        for payload, signature in zip(payloads, signatures, strict=True)
    ]


def _health(facts: TestFacts | OtherTestFacts, uvci: str) -> dict[int, object]:
    if isinstance(facts, TestFacts):
        return {_DCC: test_certificate(facts, uvci)}
    return {CLAIM: private_claim(facts, uvci)}


def as_text(cose: bytes) -> str:
    """The text of a QR code: ``HC1:`` and the compressed message in base45.

    Names, random bits and a signature hardly shrink: a short message gains one byte of 370 for
    20 µs, so it goes as a stored block, which every zlib reads.
    """
    packed = _stored(cose) if len(cose) <= _HARDLY_SHRINKS else zlib.compress(cose, 9)
    return PREFIX + base45.encode(packed)


def _stored(data: bytes) -> bytes:
    """``data`` as a zlib stream of one stored block. Source: RFC 1950, RFC 1951 section 3.2.4."""
    length = len(data)
    lengths = length.to_bytes(2, "little") + (length ^ 0xFFFF).to_bytes(2, "little")
    return _ZLIB_STORED + lengths + data + zlib.adler32(data).to_bytes(4, "big")


@lru_cache(maxsize=16)
def validity(second: int, lifetime: timedelta) -> tuple[datetime, datetime]:
    """From and to, in UTC; a batch issues thousands in the same second."""
    issued_at = datetime.fromtimestamp(second, UTC)
    return issued_at, issued_at + lifetime


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
