"""The published default rules say what the default rule computes.

The few operations of CertLogic that they use are evaluated here, after its specification, so
that the data is not judged by the code that wrote it.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.certificates.claims import Claims, Kind, TestOutcome, TestType
from core.policy.default_rules import default_rules
from core.policy.rules import default_rule

NOON = datetime(2026, 7, 12, 12, tzinfo=UTC)
TYPES = {"LP6464-4": TestType.PCR, "LP217198-3": TestType.ANTIGEN, "X": TestType.OTHER}
OUTCOMES = {
    "260415000": TestOutcome.NEGATIVE, "260373001": TestOutcome.POSITIVE, "?": TestOutcome.UNKNOWN,
}  # fmt: skip


def evaluate(expression: Any, data: Any) -> Any:
    if not isinstance(expression, dict):
        return expression
    ((operator, operands),) = expression.items()
    if operator == "var":
        return at_path(data, operands)
    if operator == "if":
        condition, then, otherwise = operands
        return evaluate(then if evaluate(condition, data) else otherwise, data)
    values = [evaluate(each, data) for each in operands]
    match operator:
        case "===":
            return values[0] == values[1]
        case "in":
            return values[0] in values[1]
        case "plusTime":
            assert values[2] == "hour"
            return datetime.fromisoformat(values[0]) + timedelta(hours=values[1])
        case "before":
            return values[0] < values[1]
        case "not-after":
            return values[0] <= values[1]
    raise AssertionError(operator)


def at_path(data: Any, path: str) -> Any:
    for name in path.split("."):
        if isinstance(data, list):
            data = data[int(name)] if int(name) < len(data) else None
        else:
            data = data.get(name) if isinstance(data, dict) else None
    return data


def first_reason(payload: dict[str, object]) -> str:
    published: Any = default_rules()
    (rules,) = published["rule_sets"]
    external = {"validationClock": NOON.isoformat(), "valueSets": published["value_sets"]}
    for rule in rules["rules"]:
        if not evaluate(rule["Logic"], {"payload": payload, "external": external}):
            return str(rule["reason"])
    return ""


def claims(**changes: Any) -> Claims:
    plain = Claims(
        family_name="X", given_name="", family_name_std="", given_name_std="", birth_date="",
        kind=Kind.TEST, kinds=frozenset({Kind.TEST}), target="840539006",
        test_type=TestType.PCR, outcome=TestOutcome.NEGATIVE, collected_at=NOON, centre="",
        country="VN", issuer="", uvci="", uvcis=(), issued_at=NOON, expires_at=NOON,
    )  # fmt: skip
    return replace(plain, **changes)


@given(
    st.sampled_from(sorted(TYPES)),
    st.sampled_from(sorted(OUTCOMES)),
    st.sampled_from(["840539006", "38362002"]),
    st.sampled_from([-1, 0, 1, 23.99, 24, 24.01, 71.99, 72, 72.01, 999]),
)
def test_published_and_computed_rule_agree(
    test_type: str, outcome: str, target: str, hours: float
) -> None:
    collected = NOON - timedelta(hours=hours)
    entry = {"tt": test_type, "tr": outcome, "tg": target, "sc": collected.isoformat()}
    computed = default_rule(
        claims(
            test_type=TYPES[test_type], outcome=OUTCOMES[outcome], target=target,
            collected_at=collected,
        ),
        NOON,
    )  # fmt: skip
    assert first_reason({"t": [entry]}) == computed.reason


def test_without_a_test_or_a_time_the_reasons_agree_too() -> None:
    assert first_reason({"v": [{}]}) == default_rule(claims(kind=Kind.VACCINATION), NOON).reason
    entry = {"tt": "LP6464-4", "tr": "260415000", "tg": "840539006"}
    without_time = default_rule(claims(collected_at=None), NOON)
    assert first_reason({"t": [entry]}) == without_time.reason == "unknown_collection_time"


@pytest.mark.parametrize("language", ["vi", "en"])
def test_every_rule_has_its_own_name_and_words(language: str) -> None:
    published: Any = default_rules()
    (rules,) = published["rule_sets"]
    identifiers = [rule["Identifier"] for rule in rules["rules"]]
    assert len(set(identifiers)) == len(identifiers) == 9
    for rule in rules["rules"]:
        words = {each["lang"]: each["desc"] for each in rule["Description"]}
        assert words[language]
    assert rules["names"][language]
    assert {each["test_type"]: each["hours"] for each in rules["accept_for"]} == {
        "LP6464-4": 72, "LP217198-3": 24,
    }  # fmt: skip
