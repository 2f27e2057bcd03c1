"""Verifying: the order of checks, and who learns what from a verdict."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import cbor2
import pytest

from core.certificates.authority import CertifiedKey, create_dsc
from core.certificates.claims import Claims, Kind
from core.certificates.issue import as_text, issue
from core.certificates.signing import SoftwareSigner
from core.certificates.trust import TrustedCertificate, TrustStore
from core.certificates.verdict import RuleOutcome, Standing, Verdict, VerdictWord
from core.certificates.verify import verify
from core.policy.rules import default_rule
from tests.core.certificates.conftest import FACTS, NOON, UVCI, Forge, contents

HOUR = timedelta(hours=1)


def refuse(_claims: Claims, _at: datetime) -> RuleOutcome:
    return RuleOutcome(passed=False, reason="too_old", valid_until=NOON)


def standing(word: Standing) -> Callable[[str], Standing]:
    return lambda uvci: word if uvci == UVCI else Standing.GOOD


def test_a_certificate_of_ours_is_valid_and_says_whose_it_is(text: str, trust: TrustStore) -> None:
    verdict = verify(text, trust, at=NOON)
    assert verdict.verdict is VerdictWord.VALID
    assert verdict.to_json() == {
        "verdict": "valid",
        "reason": "",
        "claims": {
            "family_name": "Nguyễn",
            "given_name": "Thị Mỹ Duyên",
            "family_name_std": "NGUYEN",
            "given_name_std": "THI<MY<DUYEN",
            "birth_date": "1987-04-30",
            "kind": "test",
            "target": "840539006",
            "test_type": "pcr",
            "outcome": "negative",
            "collected_at": "2026-07-12T07:00:00Z",
            "centre": "BV Nhân dân Gia Định",
            "country": "VN",
            "issuer": "Sở Y tế TP. Hồ Chí Minh",
            "uvci": UVCI,
            "issued_at": "2026-07-12T12:00:00Z",
            "expires_at": "2027-01-08T12:00:00Z",
        },
        "kid": next(iter(trust)).kid.hex(),
        "expires_at": "2027-01-08T12:00:00Z",
    }


def test_a_stranger_is_unknown(text: str) -> None:
    verdict = verify(text, TrustStore(()), at=NOON)
    assert (verdict.verdict, verdict.reason) == (VerdictWord.UNKNOWN_ISSUER, "unknown_kid")
    assert verdict.claims is None
    assert verdict.expires_at is None


def test_a_certificate_without_a_kid_is_from_a_stranger(forge: Forge, trust: TrustStore) -> None:
    text = forge(contents(), protected={1: -7})
    assert verify(text, trust, at=NOON).verdict is VerdictWord.UNKNOWN_ISSUER


def test_a_signer_out_of_force_is_unknown_unless_its_certificate_was_given(
    csca: CertifiedKey,
) -> None:
    dsc = create_dsc(csca, "Mẫu", not_before=NOON - HOUR, lifetime=HOUR * 2)
    text = as_text(issue(FACTS, dsc.signer(), uvci=UVCI, issued_at=NOON).cose)
    late = create_dsc(csca, "Mẫu", not_before=NOON + HOUR)
    pretended = replace(TrustedCertificate.from_der(late.der), kid=dsc.kid)
    verdict = verify(text, TrustStore([pretended]), at=NOON)
    assert (verdict.verdict, verdict.reason) == (VerdictWord.UNKNOWN_ISSUER, "dsc_not_in_force")
    given = replace(TrustedCertificate.from_der(dsc.der, given=True), not_after=NOON - HOUR)
    assert verify(text, TrustStore([given]), at=NOON).is_valid


def test_every_certificate_of_a_kid_is_tried(
    text: str, csca: CertifiedKey, trusted: TrustedCertificate
) -> None:
    namesake = replace(TrustedCertificate.from_der(csca.der), kid=trusted.kid)
    assert verify(text, TrustStore([namesake, trusted]), at=NOON).is_valid
    verdict = verify(text, TrustStore([namesake]), at=NOON)
    assert (verdict.verdict, verdict.reason) == (VerdictWord.BAD_SIGNATURE, "signature_mismatch")


@pytest.mark.parametrize("algorithm", [None, 0, -8, -35, -36, -37, 5, "ES256"])
def test_an_algorithm_that_is_not_the_keys_is_refused(
    forge: Forge, trust: TrustStore, signer: SoftwareSigner, algorithm: object
) -> None:
    headers = {4: signer.kid} if algorithm is None else {1: algorithm, 4: signer.kid}
    verdict = verify(forge(contents(), protected=headers), trust, at=NOON)
    assert verdict.verdict is VerdictWord.BAD_SIGNATURE
    assert verdict.claims is None


def test_an_unprotected_algorithm_does_not_overrule_a_protected_one(
    forge: Forge, trust: TrustStore, signer: SoftwareSigner
) -> None:
    headers = {1: -8, 4: signer.kid}
    text = forge(contents(), protected=headers, unprotected={1: -7})
    assert verify(text, trust, at=NOON).verdict is VerdictWord.BAD_SIGNATURE


@pytest.mark.parametrize(
    ("contents_", "reason"),
    [
        (contents(c4=float("nan")), "unusable_time"),
        (contents(c6=None), "unusable_time"),
        (contents(c6=2**4000), "unusable_time"),
        (contents(health={}), "no_name"),
        (contents(health={"nam": {"fn": "  "}, "t": [{}]}), "no_name"),
        (contents(health={"nam": {"fn": "A"}}), "no_entry"),
        (contents(health={"nam": {"fn": "A"}, "t": []}), "no_entry"),
        (contents(health={"nam": {"fn": "A"}, "t": [7]}), "no_entry"),
        (contents(health={"nam": {"fn": "A"}, "t": {"0": {}}}), "no_entry"),
        ({1: "VN", 4: 2**32, 6: 1}, "no_name"),
    ],
)
def test_unusable_claims_are_malformed_after_the_signature(
    forge: Forge, trusted: TrustedCertificate, contents_: object, reason: str
) -> None:
    trust = TrustStore([replace(trusted, given=True)])
    verdict = verify(forge(contents_), trust, at=NOON)
    assert (verdict.verdict, verdict.step, verdict.reason) == ("malformed", "claims", reason)


def test_what_a_schema_dislikes_is_read(forge: Forge, trust: TrustStore) -> None:
    entry = {"tt": 7, "tr": "NEGATIVO", "sc": "yesterday", "ci": None, "is": "A" * 500}
    health = {"nam": {"gn": "Ánh", "fn": 7}, "dob": "1963-00-00T00:00", "t": (entry,), "x": 1}
    verdict = verify(forge(contents(health=health)), trust, at=NOON)
    assert verdict.is_valid
    assert verdict.claims is not None
    claims = verdict.claims.to_json()
    assert (claims["birth_date"], claims["outcome"]) == ("1963", "unknown")
    assert (claims["test_type"], len(claims["issuer"])) == ("other", 200)
    assert not {"collected_at", "uvci", "family_name"} & claims.keys()


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("1963", "1963"),
        ("1963-04", "1963-04"),
        ("1963-04-00", "1963-04"),
        ("1978-01-26T00:00:00", "1978-01-26"),
        ("", ""),
        ("26/01/1978", ""),
        (None, ""),
        (cbor2.CBORTag(0, "1978-01-26"), "1978-01-26"),
    ],
)
def test_a_date_of_birth_may_be_partial(
    forge: Forge, trust: TrustStore, written: object, read: str
) -> None:
    health = {"nam": {"fn": "A"}, "dob": written, "t": [{"ci": UVCI}]}
    verdict = verify(forge(contents(health=health)), trust, at=NOON)
    assert verdict.claims is not None
    assert verdict.claims.birth_date == read


def test_of_several_tests_the_latest_is_shown_and_any_revocation_counts(
    forge: Forge, trust: TrustStore
) -> None:
    entries = [{"sc": "2026-07-11T07:00:00Z", "ci": "newer"}, {"sc": "2026-07-10", "ci": UVCI}]
    text = forge(contents(health={"nam": {"fn": "A"}, "t": entries}))
    verdict = verify(text, trust, at=NOON)
    assert verdict.claims is not None
    assert verdict.claims.uvci == "newer"
    revoked = verify(text, trust, at=NOON, standing=standing(Standing.REVOKED))
    assert revoked.verdict is VerdictWord.REVOKED


@pytest.mark.parametrize("kind", [Kind.VACCINATION, Kind.RECOVERY])
def test_a_key_for_tests_does_not_vouch_for_anything_else(
    forge: Forge, trust: TrustStore, trusted: TrustedCertificate, kind: Kind
) -> None:
    key = {Kind.VACCINATION: "v", Kind.RECOVERY: "r"}[kind]
    for keys in ((key,), (key, "t")):
        entries: dict[str, object] = {each: [{}] for each in keys}
        text = forge(contents(health={"nam": {"fn": "A"}} | entries))
        verdict = verify(text, trust, at=NOON)
        assert verdict.verdict is VerdictWord.WRONG_KEY_USAGE
        assert verdict.claims is None
        freed = TrustStore([replace(trusted, kinds=frozenset())])
        assert verify(text, freed, at=NOON).is_valid


@pytest.mark.parametrize(
    ("at", "word"),
    [
        (NOON - timedelta(seconds=1), VerdictWord.NOT_YET_VALID),
        (NOON, VerdictWord.VALID),
        (NOON + timedelta(days=180), VerdictWord.VALID),
        (NOON + timedelta(days=180, seconds=1), VerdictWord.EXPIRED),
    ],
)
def test_it_holds_from_issue_through_expiry(
    text: str, trust: TrustStore, at: datetime, word: VerdictWord
) -> None:
    verdict = verify(text, trust, at=at)
    assert verdict.verdict is word
    assert (verdict.claims is not None) == (word is VerdictWord.VALID)


@pytest.mark.parametrize("word", [Standing.REVOKED, Standing.CORRECTED])
@pytest.mark.parametrize("away", [timedelta(days=-1), timedelta(days=181)])
def test_a_withdrawn_certificate_says_nothing_of_the_person_out_of_its_time_either(
    text: str, trust: TrustStore, word: Standing, away: timedelta
) -> None:
    verdict = verify(text, trust, at=NOON + away, standing=standing(word))
    assert verdict.verdict in (VerdictWord.NOT_YET_VALID, VerdictWord.EXPIRED)
    assert "Duyên" not in json.dumps(verdict.to_json(), ensure_ascii=False)


@pytest.mark.parametrize("word", [Standing.REVOKED, Standing.CORRECTED])
def test_a_withdrawn_certificate_says_nothing_of_the_person(
    text: str, trust: TrustStore, word: Standing
) -> None:
    verdict = verify(text, trust, at=NOON, standing=standing(word), rule=default_rule)
    assert verdict.verdict.value == word.value
    assert verdict.claims is None
    assert "Duyên" not in json.dumps(verdict.to_json(), ensure_ascii=False)


def test_a_rule_is_the_last_word(text: str, trust: TrustStore) -> None:
    verdict = verify(text, trust, at=NOON, rule=refuse)
    assert (verdict.verdict, verdict.reason) == (VerdictWord.RULE_NOT_MET, "too_old")
    assert verdict.claims is not None
    assert verdict.rule_valid_until == NOON


def test_a_positive_is_valid_as_a_document_and_never_meets_the_rule(
    positive_text: str, trust: TrustStore
) -> None:
    assert verify(positive_text, trust, at=NOON).is_valid
    verdict = verify(positive_text, trust, at=NOON, rule=default_rule)
    assert (verdict.verdict, verdict.reason) == (VerdictWord.RULE_NOT_MET, "positive")
    assert verdict.rule_valid_until is None


def test_checks_come_in_their_order(
    text: str, trust: TrustStore, trusted: TrustedCertificate
) -> None:
    """Everything is wrong; each repair uncovers the next check."""
    revoked, good = standing(Standing.REVOKED), standing(Standing.GOOD)
    other = replace(trusted, kinds=frozenset({Kind.RECOVERY}))
    late = NOON + timedelta(days=200)
    seen = [
        verify("x" + text, TrustStore(()), at=late, standing=revoked, rule=refuse),
        verify(text, TrustStore(()), at=late, standing=revoked, rule=refuse),
        verify(text, TrustStore([other]), at=late, standing=revoked, rule=refuse),
        verify(text, trust, at=late, standing=revoked, rule=refuse),
        verify(text, trust, at=NOON, standing=revoked, rule=refuse),
        verify(text, trust, at=NOON, standing=good, rule=refuse),
        verify(text, trust, at=NOON, standing=good, rule=default_rule),
    ]
    assert [verdict.verdict.value for verdict in seen] == [
        "malformed",
        "unknown_issuer",
        "wrong_key_usage",
        "expired",
        "revoked",
        "rule_not_met",
        "valid",
    ]


def test_a_signature_with_the_other_s_is_the_same_certificate(
    text: str, trust: TrustStore, signer: SoftwareSigner
) -> None:
    """(r, n−s) verifies too: revocation by signature must look at the first half only."""
    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    certificate = issue(FACTS, signer, uvci=UVCI, issued_at=NOON)
    s = order - int.from_bytes(certificate.signature[32:], "big")
    cose = certificate.cose[:-32] + s.to_bytes(32, "big")
    verdict: Verdict = verify(as_text(cose), trust, at=NOON)
    assert verdict == verify(text, trust, at=NOON)
