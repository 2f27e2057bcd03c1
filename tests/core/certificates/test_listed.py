"""Checks that ask lists: by signer, by each of three hashes, and the trick with the signature."""

from __future__ import annotations

from datetime import timedelta

import cbor2
import pytest

from core.certificates.authority import CertifiedKey, create_list_signer
from core.certificates.issue import IssuedCertificate, as_text, issue
from core.certificates.revocations import Marks, country_uvci_hash, signature_hash, uvci_hash
from core.certificates.trust import TrustedCertificate, TrustStore
from core.certificates.verdict import Standing, VerdictWord
from core.certificates.verify import verify
from tests.core.certificates.conftest import FACTS, NOON, UVCI
from tests.core.certificates.test_revocations import ORDER


class Asked:
    """A list of some marks, which remembers what it was asked."""

    def __init__(self, *marks: bytes) -> None:
        self.marks = set(marks)
        self.asked: list[Marks] = []

    def __call__(self, marks: Marks) -> bool:
        self.asked.append(marks)
        return bool(self.marks & {marks.kid, *marks.hashes})


def word(text: str, trust: TrustStore, listed: Asked) -> VerdictWord:
    return verify(text, trust, at=NOON, listed=listed).verdict


def test_a_certificate_is_looked_up_by_its_signer_and_three_hashes(
    text: str, trust: TrustStore, issued: IssuedCertificate
) -> None:
    listed = Asked()
    assert word(text, trust, listed) is VerdictWord.VALID
    (marks,) = listed.asked
    assert marks.kid == issued.kid
    assert marks.hashes == {
        uvci_hash(UVCI), country_uvci_hash("VN", UVCI), signature_hash(issued.signature),
    }  # fmt: skip


@pytest.mark.parametrize(
    "mark", [uvci_hash(UVCI), country_uvci_hash("VN", UVCI), "signature", "kid"]
)
def test_any_of_them_revokes_and_shows_nobody(
    text: str, trust: TrustStore, issued: IssuedCertificate, mark: bytes | str
) -> None:
    known = {"signature": signature_hash(issued.signature), "kid": issued.kid}
    listed = Asked(mark if isinstance(mark, bytes) else known[mark])
    verdict = verify(text, trust, at=NOON, listed=listed)
    assert (verdict.verdict, verdict.reason) == (VerdictWord.REVOKED, "revoked_by_issuer")
    assert verdict.claims is None


def test_the_other_signature_of_a_revoked_certificate_is_genuine_and_revoked(
    trust: TrustStore, issued: IssuedCertificate
) -> None:
    protected, unprotected, payload, signature = cbor2.loads(issued.cose).value
    flipped = signature[:32] + (ORDER - int.from_bytes(signature[32:])).to_bytes(32)
    message = cbor2.CBORTag(18, [protected, unprotected, payload, flipped])
    text = as_text(cbor2.dumps(message))
    assert word(text, trust, Asked()) is VerdictWord.VALID
    assert word(text, trust, Asked(signature_hash(issued.signature))) is VerdictWord.REVOKED


def test_a_correction_is_told_before_a_list_is_asked(text: str, trust: TrustStore) -> None:
    listed = Asked(uvci_hash(UVCI))
    found = verify(text, trust, at=NOON, standing=lambda _: Standing.CORRECTED, listed=listed)
    assert (found.verdict, listed.asked) == (VerdictWord.CORRECTED, [])


def test_a_list_is_not_asked_about_what_nobody_signed(text: str) -> None:
    listed = Asked()
    assert word(text, TrustStore([]), listed) is VerdictWord.UNKNOWN_ISSUER
    assert listed.asked == []


@pytest.mark.parametrize("given", [True, False])
def test_a_signer_of_lists_may_not_sign_certificates(csca: CertifiedKey, given: bool) -> None:
    lists = create_list_signer(csca, "Cơ quan Mẫu", not_before=NOON - timedelta(days=1))
    forged = issue(FACTS, lists.signer(), uvci=UVCI, issued_at=NOON)
    trust = TrustStore([TrustedCertificate.from_der(lists.der, given=given)])
    assert word(as_text(forged.cose), trust, Asked()) is VerdictWord.WRONG_KEY_USAGE
