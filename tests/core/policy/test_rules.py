"""The default rule: 72 hours for a PCR, 24 for an antigen test, never for a positive."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.certificates.claims import Claims, Kind, TestOutcome, TestType
from core.certificates.payload import SARS_COV_2
from core.certificates.verdict import RuleOutcome
from core.policy.rules import default_rule

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
COLLECTED = NOON - timedelta(hours=5)
SECOND = timedelta(seconds=1)
TYPES = {TestType.PCR: "LP6464-4", TestType.ANTIGEN: "LP217198-3", TestType.OTHER: "LP1-1"}
OUTCOMES = {
    TestOutcome.NEGATIVE: "260415000",
    TestOutcome.POSITIVE: "260373001",
    TestOutcome.UNKNOWN: "1",
}


def certified(
    *,
    kind: Kind = Kind.TEST,
    test_type: TestType = TestType.PCR,
    outcome: TestOutcome = TestOutcome.NEGATIVE,
    target: str = SARS_COV_2,
    collected_at: datetime | None = COLLECTED,
) -> Claims:
    is_test = kind is Kind.TEST
    entry: dict[object, object] = {"tg": target}
    if is_test:
        entry |= {"tt": TYPES[test_type], "tr": OUTCOMES[outcome]}
    return Claims(
        family_name="TRAN", given_name="MINH", family_name_std="", given_name_std="",
        birth_date="1990", kind=kind, kinds=frozenset({kind}), target=target,
        test_type=test_type if is_test else None, outcome=outcome if is_test else None,
        collected_at=collected_at, centre="BV X", country="VN", issuer="", uvci="",
        uvcis=(), issued_at=COLLECTED, expires_at=COLLECTED + timedelta(days=180),
        health={"ver": "1.3.0", "dob": "1990"}, entry=entry,
    )  # fmt: skip


def in_plain_words(claims: Claims, at: datetime) -> RuleOutcome:
    """What the rule set means, said without CertLogic."""
    reason = ""
    if claims.kind is not Kind.TEST:
        reason = "not_a_test"
    elif claims.outcome is not TestOutcome.NEGATIVE:
        reason = "positive" if claims.outcome is TestOutcome.POSITIVE else "unclear_outcome"
    elif claims.target != SARS_COV_2:
        reason = "other_disease"
    elif claims.test_type is TestType.OTHER:
        reason = "unknown_test_type"
    elif claims.collected_at is None:
        reason = "unknown_collection_time"
    elif at < claims.collected_at:
        reason = "collected_later"
    if reason or claims.collected_at is None:
        return RuleOutcome(passed=False, reason=reason)
    hours = 72 if claims.test_type is TestType.PCR else 24
    until = claims.collected_at + timedelta(hours=hours)
    return RuleOutcome(at < until, "" if at < until else "too_old", until)


@given(
    st.builds(
        certified,
        kind=st.sampled_from([Kind.TEST, Kind.TEST, Kind.RECOVERY, Kind.VACCINATION]),
        test_type=st.sampled_from(TestType),
        outcome=st.sampled_from(TestOutcome),
        target=st.sampled_from([SARS_COV_2, SARS_COV_2, "38362002", ""]),
        collected_at=st.none()
        | st.integers(-3600, 80 * 3600).map(lambda seconds: NOON - timedelta(seconds=seconds)),
    )
)
def test_the_set_means_what_it_says(claims: Claims) -> None:
    assert default_rule(claims, NOON) == in_plain_words(claims, NOON)


@pytest.mark.parametrize(("test_type", "hours"), [(TestType.PCR, 72), (TestType.ANTIGEN, 24)])
def test_a_negative_test_passes_until_its_hours_are_over(test_type: TestType, hours: int) -> None:
    claims, until = certified(test_type=test_type), COLLECTED + timedelta(hours=hours)
    fresh, last = default_rule(claims, COLLECTED), default_rule(claims, until - SECOND)
    assert fresh.passed
    assert last.passed
    assert fresh.valid_until == last.valid_until == until
    over = default_rule(claims, until)
    assert (over.passed, over.reason, over.valid_until) == (False, "too_old", until)


def test_a_positive_never_passes() -> None:
    for hours in range(0, 100, 10):
        at = COLLECTED + timedelta(hours=hours)
        outcome = default_rule(certified(outcome=TestOutcome.POSITIVE), at)
        assert (outcome.passed, outcome.reason, outcome.valid_until) == (False, "positive", None)


def test_what_is_unknown_never_passes() -> None:
    unknown = replace(certified(outcome=TestOutcome.UNKNOWN), entry={})
    assert default_rule(unknown, NOON).reason == "unclear_outcome"
