"""The compact profile: short, silent about who exactly, and as hard to forge as the full one."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.certificates.claims import TestOutcome, TestType
from core.certificates.compact import (
    LONGEST,
    CompactFacts,
    as_compact_text,
    compact_facts_of,
    initials,
    issue_compact,
)
from core.certificates.picture import screen_png
from core.certificates.scan import read_code
from core.certificates.signing import SoftwareSigner
from core.certificates.trust import TrustStore
from core.certificates.uvci import new_uvci, serial_of
from core.certificates.verify import Standing, VerdictWord, verify, verify_image
from core.policy.rules import default_rule
from core.results.catalogue import Confidentiality, TestDefinition, TestKind
from core.results.reported import DocumentType, ReportStatus
from core.results.result import Document, Outcome, Person, Result, Value
from tests.core.certificates.conftest import NOON, UVCI, Forge

CCCD = Document(DocumentType.NATIONAL_ID, "079087001234")
PCR = TestDefinition(
    "SARSCOV2-PCR", {"vi": "PCR"}, TestKind.PCR, Confidentiality.A, "840539006", frozenset()
)
RESULT = Result(
    accession="2607120001",
    test=PCR,
    status=ReportStatus.FINAL,
    outcome=Outcome.NEGATIVE,
    person=Person("Nguyễn", "Thị Mỹ Duyên", "1987-04-30", "female", "+84900000001", (CCCD,)),
    collected_at=NOON - timedelta(hours=5),
    reported_at=NOON,
)
LONGEST_REAL = Person(
    "Công Tằng Tôn Nữ", "Hoàng Phương Thảo Nguyên Ngọc Bảo Châu Anh Thư", "1987-04-30",
    "female", "", (CCCD,),
)  # fmt: skip


def facts_of(result: Result = RESULT, facility: str = "BVNDGD") -> CompactFacts:
    facts = compact_facts_of(result, facility)
    assert facts is not None
    return facts


def text_of(facts: CompactFacts, signer: SoftwareSigner) -> str:
    made = issue_compact(facts, signer, uvci=UVCI, issued_at=NOON)
    assert made is not None
    return as_compact_text(made.cose)


@pytest.fixture
def compact(signer: SoftwareSigner) -> str:
    return text_of(facts_of(), signer)


def test_it_verifies_by_the_same_checks_and_rule(compact: str, trust: TrustStore) -> None:
    verdict = verify(compact, trust, at=NOON, rule=default_rule)
    assert verdict.is_valid
    assert verdict.rule_valid_until == RESULT.collected_at + timedelta(hours=72)
    assert verdict.to_json()["claims"] == {
        "birth_date": "1987",
        "initials": "NTMD",
        "document_end": "234",
        "kind": "test",
        "target": "840539006",
        "test_type": "pcr",
        "outcome": "negative",
        "collected_at": "2026-07-12T07:00:00Z",
        "centre": "BVNDGD",
        "country": "VN",
        "uvci": UVCI,
        "issued_at": "2026-07-12T12:00:00Z",
        "expires_at": "2027-01-08T12:00:00Z",
    }


def test_a_positive_is_never_green(signer: SoftwareSigner, trust: TrustStore) -> None:
    text = text_of(facts_of(replace(RESULT, outcome=Outcome.POSITIVE)), signer)
    assert verify(text, trust, at=NOON, rule=default_rule).reason == "positive"


def test_it_falls_with_its_full_certificate(compact: str, trust: TrustStore) -> None:
    revoked = {UVCI: Standing.CORRECTED}
    verdict = verify(
        compact, trust, at=NOON, standing=lambda uvci: revoked.get(uvci, Standing.GOOD)
    )
    assert (verdict.verdict, verdict.claims) == (VerdictWord.CORRECTED, None)


@pytest.mark.parametrize("facility", ["BVNDGD", "TTYT-QUAN-12-HCM"])
@pytest.mark.parametrize("kind", [TestKind.PCR, TestKind.ANTIGEN])
def test_the_longest_real_names_fit_and_read_from_the_smallest_screen(
    signer: SoftwareSigner, trust: TrustStore, facility: str, kind: TestKind
) -> None:
    result = replace(RESULT, person=LONGEST_REAL, test=replace(PCR, kind=kind))
    text = text_of(facts_of(result, facility), signer)
    assert len(text) <= LONGEST
    picture = screen_png(text, max_px=240)
    assert read_code(picture) == text
    side = int.from_bytes(picture[16:20], "big")
    assert side >= 4 * 49  # version 8 and 4 pixels a module
    assert verify_image(picture, trust, at=NOON).is_valid


def test_a_code_that_would_be_too_long_is_not_made(signer: SoftwareSigner) -> None:
    facts = facts_of(replace(RESULT, test=replace(PCR, key="X" * 24, target="1")), "BVNDGD")
    assert facts.test == "X" * 24
    assert issue_compact(facts, signer, uvci=UVCI, issued_at=NOON) is None


def test_it_holds_neither_the_name_nor_the_document(signer: SoftwareSigner) -> None:
    made = issue_compact(facts_of(), signer, uvci=UVCI, issued_at=NOON)
    assert made is not None
    for secret in ("Nguyễn", "NGUYEN", "Duyên", "DUYEN", CCCD.number, "1987-04", "2607120001"):
        assert secret.encode() not in made.cose


def test_the_claim_is_numbered_as_documented(compact: str, signer: SoftwareSigner) -> None:
    from core.certificates import base45

    protected, unprotected, payload, signature = cbor2.loads(base45.decode(compact[4:]))
    assert (cbor2.loads(protected), unprotected) == ({1: -7, 4: signer.kid}, {})
    assert len(signature) == 64
    claims = cbor2.loads(payload)
    assert claims[-261] == {
        0: 1, 1: "NTMD", 2: 1987, 3: "234", 4: 1, 5: 0,
        6: int(RESULT.collected_at.timestamp()), 7: "BVNDGD", 8: serial_of(UVCI),
    }  # fmt: skip
    assert set(claims) == {1, 4, 6, -261}


def test_another_test_of_class_a_is_named_by_its_key(
    signer: SoftwareSigner, trust: TrustStore
) -> None:
    other = replace(PCR, key="MEASLES", kind=TestKind.QUALITATIVE, target="14189004")
    claims = verify(text_of(facts_of(replace(RESULT, test=other)), signer), trust, at=NOON).claims
    assert claims is not None
    assert (claims.test, claims.test_type, claims.target) == ("MEASLES", TestType.OTHER, "")


@pytest.mark.parametrize(
    "result",
    [
        replace(RESULT, test=replace(PCR, confidentiality=Confidentiality.B)),
        replace(RESULT, test=replace(PCR, confidentiality=Confidentiality.C)),
        replace(RESULT, outcome=Outcome.INVALID),
        replace(RESULT, pooled=True, outcome=Outcome.POSITIVE),
        replace(
            RESULT,
            test=replace(PCR, kind=TestKind.TYPING),
            outcome=Outcome.REPORTED,
            values=(Value("ABO", "O"),),
        ),
        replace(RESULT, person=Person("王", "伟", "1987", "", "")),
    ],
)
def test_no_other_result_has_one(result: Result) -> None:
    assert compact_facts_of(result, "BVNDGD") is None


@pytest.mark.parametrize(
    ("number", "end"), [("079087001234", "234"), ("12345", ""), ("C-123 45/6x", "56X"), ("ÀÁẢ", "")]
)
def test_only_the_end_of_a_document_that_is_long_enough_is_told(number: str, end: str) -> None:
    person = replace(RESULT.person, documents=(Document(DocumentType.PASSPORT, number),))
    assert facts_of(replace(RESULT, person=person)).document_end == end


def test_of_several_documents_the_identity_card_is_told() -> None:
    passport = Document(DocumentType.PASSPORT, "C7654321")
    person = replace(RESULT.person, documents=(passport, CCCD))
    assert facts_of(replace(RESULT, person=person)).document_end == "234"


def test_initials_are_six_at_most() -> None:
    assert initials("Đặng Ánh") == "DA"
    assert initials(LONGEST_REAL.full_name) == "CTTNHP"
    assert initials("王伟") == ""


@given(st.binary(min_size=10, max_size=10))
def test_the_serial_and_the_uvci_tell_each_other(serial: bytes) -> None:
    assert serial_of(new_uvci(serial)) == serial


@given(
    st.from_regex(r"[A-Z]{0,6}", fullmatch=True),
    st.integers(0, 9999),
    st.from_regex(r"[A-Z0-9]{3}", fullmatch=True),
    st.booleans(),
    st.integers(0, 10**9),
)
def test_what_is_written_is_read(
    signer: SoftwareSigner, trust: TrustStore, name: str, year: int, end: str, positive: bool,
    seconds: int,
) -> None:  # fmt: skip
    collected = NOON - timedelta(seconds=seconds)
    facts = CompactFacts(name, year, end, 2, positive, collected, "BV")
    claims = verify(text_of(facts, signer), trust, at=NOON).claims
    assert claims is not None
    assert (claims.initials, claims.document_end, claims.test_type) == (name, end, "antigen")
    assert claims.birth_date == (str(year) if year >= 1000 else "")
    assert claims.outcome is (TestOutcome.POSITIVE if positive else TestOutcome.NEGATIVE)
    assert claims.collected_at == collected


@given(data=st.data())
def test_any_changed_character_is_refused(
    data: st.DataObject, signer: SoftwareSigner, trust: TrustStore
) -> None:
    from core.certificates.base45 import ALPHABET

    text = text_of(facts_of(), signer)
    place = data.draw(st.integers(4, len(text) - 1))
    character = data.draw(st.sampled_from([c for c in ALPHABET if c != text[place]]))
    changed = text[:place] + character + text[place + 1 :]
    verdict = verify(changed, trust, at=NOON)
    assert not verdict.is_valid
    assert verdict.claims is None


def test_a_profile_under_the_others_prefix_is_malformed(
    compact: str, text: str, trust: TrustStore
) -> None:
    for swapped in ("HC1:" + compact[4:], "KQ1:" + text[4:]):
        assert verify(swapped, trust, at=NOON).verdict is VerdictWord.MALFORMED


_plain = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary()


@given(st.dictionaries(st.integers(0, 9), _plain))
def test_whatever_a_signer_wrote_is_a_verdict(
    forge: Forge, trust: TrustStore, claim: dict[int, object]
) -> None:
    import zlib

    from core.certificates import base45

    issued = int(NOON.timestamp())
    full = forge({1: "VN", 4: issued + 9, 6: issued, -261: {0: 1} | claim}, tags=())
    cose = zlib.decompress(base45.decode(full[4:]))
    verdict = verify(as_compact_text(cose), trust, at=NOON)
    assert verdict.verdict in (VerdictWord.VALID, VerdictWord.MALFORMED)
