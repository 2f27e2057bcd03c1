"""The rule of every place that has set none, as one function.

72 hours from collection for a negative PCR, 24 for a negative antigen test; a positive never
passes. The rules themselves are a rule set like any other: ``core.policy.simple_rules``.
"""

from __future__ import annotations

from datetime import datetime
from functools import cache

from core.certificates.claims import Claims
from core.certificates.verdict import RuleOutcome
from core.policy.rule_sets import RuleSet
from core.policy.simple_rules import DEFAULT_PLACE, default_rule_set

__all__ = ["DEFAULT_PLACE", "default_rule"]


def default_rule(claims: Claims, at: datetime) -> RuleOutcome:
    """Apply the default rule set.

    Args:
        at: Aware time of the check.

    Returns:
        Passed, with the end; or the reason: ``not_a_test``, ``other_disease``, ``positive``,
        ``unclear_outcome``, ``unknown_test_type``, ``unknown_collection_time``,
        ``collected_later``, ``too_old``.
    """
    return _default().judge(claims, at)


@cache
def _default() -> RuleSet:
    return default_rule_set()
