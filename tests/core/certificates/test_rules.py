"""The default rule: 72 hours for a PCR, 24 for an antigen test, never for a positive."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from core.certificates.claims import Claims, Kind, TestOutcome, TestType
from core.certificates.trust import TrustStore
from core.certificates.verify import verify
from core.policy.rules import default_rule
from tests.core.certificates.conftest import FACTS, NOON

COLLECTED = FACTS.collected_at
SECOND = timedelta(seconds=1)


@pytest.fixture
def claims(text: str, trust: TrustStore) -> Claims:
    found = verify(text, trust, at=NOON).claims
    assert found is not None
    return found


@pytest.mark.parametrize(("kind", "hours"), [(TestType.PCR, 72), (TestType.ANTIGEN, 24)])
def test_a_negative_test_passes_until_its_hours_are_over(
    claims: Claims, kind: TestType, hours: int
) -> None:
    claims, until = replace(claims, test_type=kind), COLLECTED + timedelta(hours=hours)
    fresh, last = default_rule(claims, COLLECTED), default_rule(claims, until - SECOND)
    assert fresh.passed
    assert last.passed
    assert fresh.valid_until == last.valid_until == until
    over = default_rule(claims, until)
    assert (over.passed, over.reason, over.valid_until) == (False, "too_old", until)


def test_a_positive_never_passes(claims: Claims) -> None:
    positive = replace(claims, outcome=TestOutcome.POSITIVE)
    for hours in range(0, 100, 10):
        outcome = default_rule(positive, COLLECTED + timedelta(hours=hours))
        assert (outcome.passed, outcome.reason, outcome.valid_until) == (False, "positive", None)


def test_what_the_rule_does_not_know_never_passes(claims: Claims) -> None:
    reasons = {
        default_rule(unknown, NOON).reason
        for unknown in (
            replace(claims, kind=Kind.RECOVERY),
            replace(claims, outcome=TestOutcome.UNKNOWN),
            replace(claims, target="38362002"),
            replace(claims, test_type=TestType.OTHER),
            replace(claims, collected_at=None),
            replace(claims, collected_at=NOON + SECOND),
        )
    }
    assert reasons == {
        "not_a_test",
        "unclear_outcome",
        "other_disease",
        "unknown_test_type",
        "unknown_collection_time",
        "collected_later",
    }
