"""The product's own claim: tests without a DCC entry, from the result to the verdict."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.certificates.claims import Kind, TestOutcome
from core.certificates.issue import as_text, facts_of, issue
from core.certificates.private import LONGEST_OUTCOME, outcome_text
from core.certificates.signing import SoftwareSigner
from core.certificates.trust import TrustStore
from core.certificates.verify import Verdict, VerdictWord, verify
from core.policy.rules import default_rule
from core.results.catalogue import Confidentiality, TestDefinition, TestKind
from core.results.reported import ReportStatus
from core.results.result import Outcome, Person, Result, Value
from tests.core.certificates.conftest import NOON, UVCI, Forge

DENGUE = TestDefinition(
    "DENGUE-NS1",
    {"vi": "Kháng nguyên NS1 sốt xuất huyết Dengue", "en": "Dengue NS1"},
    TestKind.QUALITATIVE,
    Confidentiality.B,
    "38362002",
    frozenset(),
)
GROUP = replace(DENGUE, key="BLOOD-GROUP", kind=TestKind.TYPING, target="")
RESULT = Result(
    accession="2607120002",
    test=DENGUE,
    status=ReportStatus.FINAL,
    outcome=Outcome.NEGATIVE,
    person=Person("Nguyễn", "Thị Mỹ Duyên", "1987-04-30", "female", "+84900000001"),
    collected_at=NOON - timedelta(hours=5),
    reported_at=NOON,
)


def text_of(result: Result, signer: SoftwareSigner) -> str:
    facts = facts_of(result, centre="BV Gia Định", issuer="Sở Y tế")
    return as_text(issue(facts, signer, uvci=UVCI, issued_at=NOON).cose)


def judged(text: str, trust: TrustStore, **options: Any) -> Verdict:
    return verify(text, trust, at=NOON, **options)


def test_a_dengue_test_verifies_and_says_what_was_tested(
    signer: SoftwareSigner, trust: TrustStore
) -> None:
    verdict = judged(text_of(RESULT, signer), trust)
    assert verdict.is_valid
    claims = verdict.to_json()["claims"]
    assert claims == {
        "family_name": "Nguyễn",
        "given_name": "Thị Mỹ Duyên",
        "family_name_std": "NGUYEN",
        "given_name_std": "THI<MY<DUYEN",
        "birth_date": "1987-04-30",
        "kind": "test",
        "target": "38362002",
        "test_type": "other",
        "test": "DENGUE-NS1",
        "test_name": "Kháng nguyên NS1 sốt xuất huyết Dengue",
        "outcome": "negative",
        "collected_at": "2026-07-12T07:00:00Z",
        "centre": "BV Gia Định",
        "country": "VN",
        "issuer": "Sở Y tế",
        "uvci": UVCI,
        "issued_at": "2026-07-12T12:00:00Z",
        "expires_at": "2027-01-08T12:00:00Z",
    }


def test_the_claim_is_numbered_as_documented(signer: SoftwareSigner) -> None:
    facts = facts_of(RESULT, centre="BV", issuer="Sở Y tế")
    message = cbor2.loads(issue(facts, signer, uvci=UVCI, issued_at=NOON).cose)
    claim = cbor2.loads(message.value[2])[-260]
    assert claim.keys() == {-1}
    assert claim[-1] == {
        0: 1,
        1: ["Nguyễn", "Thị Mỹ Duyên"],
        2: ["NGUYEN", "THI<MY<DUYEN"],
        3: "1987-04-30",
        4: "DENGUE-NS1",
        5: "Kháng nguyên NS1 sốt xuất huyết Dengue",
        6: "negative",
        7: int((NOON - timedelta(hours=5)).timestamp()),
        8: "BV",
        9: "Sở Y tế",
        10: UVCI,
        11: "38362002",
    }


def test_a_typing_says_its_values(signer: SoftwareSigner, trust: TrustStore) -> None:
    values = (Value("ABO", "O"), Value("Rh", "Dương"))
    result = replace(RESULT, test=GROUP, outcome=Outcome.REPORTED, values=values)
    claims = judged(text_of(result, signer), trust).claims
    assert claims is not None
    assert (claims.outcome, claims.values) == (TestOutcome.UNKNOWN, "ABO O; Rh Dương")
    assert claims.to_json()["outcome"] == "ABO O; Rh Dương"


@given(st.lists(st.builds(Value, st.text("AB ", min_size=1), st.text("0123.", min_size=1))))
def test_values_are_whole_and_bounded(values: list[Value]) -> None:
    result = replace(RESULT, test=GROUP, outcome=Outcome.REPORTED, values=tuple(values))
    said = outcome_text(result)
    assert len(said) <= LONGEST_OUTCOME
    whole = [f"{value.name} {value.value}" for value in values]
    kept = said.removesuffix("…").strip()
    assert kept == "; ".join(whole[: len(kept.split("; ")) if kept else 0]).strip()


def test_the_rule_for_another_disease_is_not_met_and_a_positive_never_passes(
    signer: SoftwareSigner, trust: TrustStore
) -> None:
    reasons = {
        outcome: judged(
            text_of(replace(RESULT, outcome=outcome), signer), trust, rule=default_rule
        ).reason
        for outcome in (Outcome.NEGATIVE, Outcome.POSITIVE)
    }
    assert reasons == {Outcome.NEGATIVE: "other_disease", Outcome.POSITIVE: "positive"}


def test_a_changed_claim_is_a_bad_signature(signer: SoftwareSigner, trust: TrustStore) -> None:
    facts = facts_of(RESULT, centre="BV", issuer="Sở Y tế")
    cose = issue(facts, signer, uvci=UVCI, issued_at=NOON).cose
    changed = cose.replace(b"1987-04-30", b"1988-04-30")
    assert judged(as_text(changed), trust).verdict is VerdictWord.BAD_SIGNATURE


@pytest.mark.parametrize(
    ("claim", "reason"),
    [
        ({1: ["A", "B"], 4: "X"}, "no_entry"),
        ({1: ["A", "B"], 6: "negative"}, "no_entry"),
        ({1: ["", ""], 2: ["", ""], 4: "X", 6: "negative"}, "no_name"),
        ({1: "A", 2: [1, 2], 4: "X", 6: "negative"}, "no_name"),
        ({1: ["A"], 4: "X", 6: "negative"}, "no_name"),
        ({}, "no_name"),
    ],
)
def test_what_cannot_be_used_is_malformed(
    forge: Forge, trust: TrustStore, claim: dict[int, object], reason: str
) -> None:
    issued = int(NOON.timestamp())
    text = forge({1: "VN", 4: issued + 9, 6: issued, -260: {-1: claim}})
    verdict = judged(text, trust)
    assert (verdict.verdict, verdict.step, verdict.reason) == ("malformed", "claims", reason)


def test_a_claim_that_is_no_map_is_refused_before_the_signature(
    forge: Forge, trust: TrustStore
) -> None:
    verdict = judged(forge({1: "VN", 4: 9, 6: 1, -260: {-1: [1]}}), trust)
    assert (verdict.step, verdict.reason) == ("cbor", "not_a_map")


_plain = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary()
_values = st.recursive(_plain, lambda inner: st.lists(inner, max_size=3), max_leaves=5)


@given(st.dictionaries(st.integers(0, 12), _values))
def test_whatever_a_signer_wrote_is_a_verdict(
    forge: Forge, trust: TrustStore, claim: dict[int, object]
) -> None:
    issued = int(NOON.timestamp())
    verdict = judged(forge({1: "VN", 4: issued + 9, 6: issued, -260: {-1: claim}}), trust)
    assert verdict.verdict in (VerdictWord.VALID, VerdictWord.MALFORMED)
    assert verdict.claims is None or verdict.claims.kind is Kind.TEST
