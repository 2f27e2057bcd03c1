"""What no rule set may do: let a positive or unclear test pass, now or later.

Each new set is tried on invented certificates before it counts. Sets that are kept already
are read as ever: what is refused here was a mistake of its author, and a set that can't be
read would leave a place without any.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Final

from core.certificates.claims import Claims, Kind, TestOutcome, TestType, rfc3339
from core.certificates.payload import SARS_COV_2
from core.policy.rule_sets import OUTCOME_CODE, TYPE_CODE, RuleSet, RuleSetRefused

_INCONCLUSIVE: Final = "419984006"
_BAD: Final = (
    (TestOutcome.POSITIVE, OUTCOME_CODE[TestOutcome.POSITIVE]),
    (TestOutcome.UNKNOWN, _INCONCLUSIVE),
    (TestOutcome.UNKNOWN, ""),
)
_AGES: Final = tuple(map(timedelta, (0, 0, 30, 180), (0, 3600, 0, 0)))  # days, seconds
_EARLIEST: Final = datetime(1971, 1, 1, tzinfo=UTC)  # nothing is older, and clocks end


def refuse_unsafe(rule_set: RuleSet) -> None:
    """Refuse what could let a positive pass.

    Raises:
        RuleSetRefused: ``rule_constant`` (detail: the rule) always says the same,
            ``rule_time`` (the rule) is not asked as long as its set counts,
            ``rule_passes_bad`` (type, outcome and time) the set lets that certificate pass.
    """
    for rule in rule_set.rules:
        if not isinstance(rule.logic, Mapping):
            raise RuleSetRefused("rule_constant", rule.identifier)
        if rule.valid_from > rule_set.valid_from or rule.valid_to < rule_set.valid_to:
            raise RuleSetRefused("rule_time", rule.identifier)
    for claims, at in _bad_tests(rule_set):
        if rule_set.judge(claims, at).passed:
            entry = claims.entry
            raise RuleSetRefused("rule_passes_bad", f"{entry['tt']} {entry['tr']} {rfc3339(at)}")


def _bad_tests(rule_set: RuleSet) -> Iterator[tuple[Claims, datetime]]:
    """Certificates that must not pass, of every age, at start, middle and end of the set."""
    start, end = rule_set.valid_from, rule_set.valid_to
    moments = (start, start + (end - start) / 2, end - timedelta(microseconds=1))
    for at, age, test_type, bad in product(moments, _AGES, TYPE_CODE, _BAD):
        if at >= _EARLIEST:
            yield _test(test_type, *bad, at - age, at), at


def _test(
    test_type: TestType, outcome: TestOutcome, code: str, collected_at: datetime, at: datetime
) -> Claims:
    entry: dict[object, object] = {
        "tg": SARS_COV_2,
        "tt": TYPE_CODE[test_type],
        "tr": code,
        "sc": rfc3339(collected_at),
        "tc": "Nowhere",
        "co": "VN",
        "is": "Nobody",
        "ci": "URN:UVCI:01:VN:NOBODY",
    }
    name = {"fn": "Nobody", "gn": "Nobody", "fnt": "NOBODY", "gnt": "NOBODY"}
    return Claims(
        family_name="Nobody",
        given_name="Nobody",
        family_name_std="NOBODY",
        given_name_std="NOBODY",
        birth_date="1990-01-01",
        kind=Kind.TEST,
        kinds=frozenset({Kind.TEST}),
        target=SARS_COV_2,
        test_type=test_type,
        outcome=outcome,
        collected_at=collected_at,
        centre="Nowhere",
        country="VN",
        issuer="Nobody",
        uvci="URN:UVCI:01:VN:NOBODY",
        uvcis=("URN:UVCI:01:VN:NOBODY",),
        issued_at=collected_at,
        expires_at=at,
        health={"ver": "1.3.0", "nam": name, "dob": "1990-01-01", "t": [entry]},
        entry=entry,
    )
