"""The rule of every place that has set none: how long a test lets its holder pass.

72 hours from collection for a negative PCR, 24 for a negative antigen test; a positive never
passes. Rules of other kinds of certificate come with the rule sets of places.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from core.certificates.claims import Claims, Kind, TestOutcome, TestType
from core.certificates.payload import SARS_COV_2
from core.certificates.verdict import RuleOutcome

DEFAULT_PLACE: Final = "DEFAULT"

_ACCEPTED_FOR = {TestType.PCR: timedelta(hours=72), TestType.ANTIGEN: timedelta(hours=24)}


def default_rule(claims: Claims, at: datetime) -> RuleOutcome:
    """Apply the default rule.

    Args:
        at: Aware time of the check.

    Returns:
        Passed, with the end; or the reason: ``not_a_test``, ``other_disease``, ``positive``,
        ``unclear_outcome``, ``unknown_test_type``, ``unknown_collection_time``,
        ``collected_later``, ``too_old``.
    """
    reason = _unacceptable(claims)
    if reason or claims.collected_at is None or claims.test_type is None:
        return RuleOutcome(passed=False, reason=reason or "unknown_collection_time")
    until = claims.collected_at + _ACCEPTED_FOR[claims.test_type]
    if at < claims.collected_at:
        return RuleOutcome(passed=False, reason="collected_later")
    if at >= until:
        return RuleOutcome(passed=False, reason="too_old", valid_until=until)
    return RuleOutcome(passed=True, valid_until=until)


def _unacceptable(claims: Claims) -> str:
    """Why the test can't pass at any time, or nothing."""
    if claims.kind is not Kind.TEST:
        return "not_a_test"
    if claims.outcome is not TestOutcome.NEGATIVE:
        return "positive" if claims.outcome is TestOutcome.POSITIVE else "unclear_outcome"
    if claims.target != SARS_COV_2:
        return "other_disease"
    return "" if claims.test_type in _ACCEPTED_FOR else "unknown_test_type"
