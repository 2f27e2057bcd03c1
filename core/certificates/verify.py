"""Verify a certificate: the checks in their one order, and the verdict of the first to fail.

Decode → issuer → signature → claims → key usage → time → revocation → rule. Time is taken once
by the caller and serves every check. Text from strangers ends in a verdict, never an exception.
A certificate holds through the very second of its expiry: RFC 8392 would end it there, but the
published test vectors of the EU scheme, which other verifiers follow, still accept it.
Source: hcert-spec 1.3.0 section 4.4; RFC 8392 section 3.1.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from core.certificates.claims import Claims, read_claims
from core.certificates.compact import read_compact
from core.certificates.decode import Malformed, Step, Unverified, decode
from core.certificates.revocations import Marks, marks_of
from core.certificates.trust import ES256, PS256, TrustedCertificate, TrustStore
from core.certificates.verdict import RuleOutcome, Standing, Verdict, VerdictWord

__all__ = ["RuleOutcome", "Standing", "Verdict", "VerdictWord", "verify", "verify_image"]

StandingOf = Callable[[str], Standing]
Listed = Callable[[Marks], bool]
Rule = Callable[[Claims, datetime], RuleOutcome]

_WITHDRAWN = {
    Standing.REVOKED: VerdictWord.REVOKED,
    Standing.CORRECTED: VerdictWord.CORRECTED,
}


@dataclass(frozen=True, slots=True)
class _Verified:
    """Contents that a trusted key signed, and the certificates of that key."""

    contents: Unverified
    signers: tuple[TrustedCertificate, ...]


def verify(
    text: str,
    trust: TrustStore,
    *,
    at: datetime,
    standing: StandingOf | None = None,
    listed: Listed | None = None,
    rule: Rule | None = None,
) -> Verdict:
    """Judge the text of a QR code.

    Args:
        at: Aware time for which every check is made.
        standing: Looks a UVCI up among revocations and corrections; None asks nobody.
        listed: Looks signer and hashes up among revocations; None asks nobody.
        rule: A place's rule; None judges the document alone.
    """
    contents = decode(text)
    if isinstance(contents, Malformed):
        return _malformed(contents)
    verified = _authenticated(contents, trust)
    if isinstance(verified, Verdict):
        return verified
    claims = read_compact(contents) if contents.compact else read_claims(contents)
    if isinstance(claims, Malformed):
        return replace(_malformed(claims), kid=contents.kid.hex())
    signed = Verdict(VerdictWord.VALID, kid=contents.kid.hex(), expires_at=claims.expires_at)
    return (
        _misused(signed, claims, verified.signers)
        or _untimely(signed, claims, at)
        or _withdrawn(signed, claims, standing)
        or _listed(signed, contents, claims, listed)
        or _ruled(signed, claims, at, rule)
    )


def verify_image(
    data: bytes,
    trust: TrustStore,
    *,
    at: datetime,
    standing: StandingOf | None = None,
    listed: Listed | None = None,
    rule: Rule | None = None,
) -> Verdict:
    """Judge a picture of a QR code.

    Args:
        data: A PNG, JPEG, WebP or GIF file; anything else is ``malformed`` at ``image``.
        at: See ``verify``, as for the other arguments.
    """
    from core.certificates.scan import read_code  # noqa: PLC0415  (text needs no imaging)

    found = read_code(data)
    if isinstance(found, Malformed):
        return _malformed(found)
    return verify(found, trust, at=at, standing=standing, listed=listed, rule=rule)


def _malformed(malformed: Malformed) -> Verdict:
    return Verdict(VerdictWord.MALFORMED, malformed.reason, step=Step(malformed.step))


def _authenticated(contents: Unverified, trust: TrustStore) -> _Verified | Verdict:
    """Find who signed; try every certificate of the kid, because kids may collide."""
    kid = contents.kid.hex()
    known = trust.find(contents.kid)
    if not known:
        return Verdict(VerdictWord.UNKNOWN_ISSUER, "unknown_kid", kid=kid)
    in_force = [each for each in known if each.in_force(contents.issued_second)]
    if not in_force:
        return Verdict(VerdictWord.UNKNOWN_ISSUER, "dsc_not_in_force", kid=kid)
    signers = _signers(contents, in_force)
    if not signers:
        return Verdict(VerdictWord.BAD_SIGNATURE, _signature_reason(contents), kid=kid)
    return _Verified(contents, signers)


def _signers(
    contents: Unverified, candidates: Sequence[TrustedCertificate]
) -> tuple[TrustedCertificate, ...]:
    data = contents.to_be_verified
    return tuple(
        each
        for each in candidates
        if each.fits(contents.algorithm) and each.verifies(contents.signature, data)
    )


def _signature_reason(contents: Unverified) -> str:
    known = contents.algorithm in (ES256, PS256)
    return "signature_mismatch" if known else "unsupported_algorithm"


def _misused(
    signed: Verdict, claims: Claims, signers: Sequence[TrustedCertificate]
) -> Verdict | None:
    if any(signer.allows(claims.kinds) for signer in signers):
        return None
    return replace(
        signed, verdict=VerdictWord.WRONG_KEY_USAGE, reason=f"not_for_{claims.kind.value}"
    )


def _untimely(signed: Verdict, claims: Claims, at: datetime) -> Verdict | None:
    """Without claims: it may be revoked too, and lists forget what has expired."""
    if at < claims.issued_at:
        word, reason = VerdictWord.NOT_YET_VALID, "issued_later"
    elif at > claims.expires_at:
        word, reason = VerdictWord.EXPIRED, "expiry_passed"
    else:
        return None
    return replace(signed, verdict=word, reason=reason)


def _withdrawn(signed: Verdict, claims: Claims, standing: StandingOf | None) -> Verdict | None:
    """A certificate with several entries falls with any of them."""
    for uvci in claims.uvcis if standing else ():
        word = _WITHDRAWN.get(standing(uvci)) if standing else None
        if word:
            return replace(signed, verdict=word, reason=f"{word.value}_by_issuer")
    return None


def _listed(
    signed: Verdict, contents: Unverified, claims: Claims, listed: Listed | None
) -> Verdict | None:
    """By signer and hashes; lists don't say whether it was corrected."""
    if listed is None or not listed(marks_of(contents, claims.uvcis)):
        return None
    return replace(signed, verdict=VerdictWord.REVOKED, reason="revoked_by_issuer")


def _ruled(signed: Verdict, claims: Claims, at: datetime, rule: Rule | None) -> Verdict:
    outcome = rule(claims, at) if rule else RuleOutcome(passed=True)
    return Verdict(
        VerdictWord.VALID if outcome.passed else VerdictWord.RULE_NOT_MET,
        "" if outcome.passed else outcome.reason,
        claims=claims,
        kid=signed.kid,
        expires_at=signed.expires_at,
        rule_valid_until=outcome.valid_until,
    )
