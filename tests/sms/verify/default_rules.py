"""The default rule of ``core.policy.rules`` as published data: CertLogic with reason words."""

from __future__ import annotations

from typing import Any

FROM, TO = "2021-01-01T00:00:00Z", "2100-01-01T00:00:00Z"
ENTRY = "payload.t.0"
PCR, ANTIGEN = "LP6464-4", "LP217198-3"


def var(path: str) -> dict[str, str]:
    return {"var": path}


def later(path: str, hours: int) -> dict[str, object]:
    return {"plusTime": [var(path), hours, "hour"]}


CLOCK, COLLECTED = later("external.validationClock", 0), later(f"{ENTRY}.sc", 0)
RULES: list[tuple[str, Any]] = [
    ("not_a_test", {"if": [var(ENTRY), True, False]}),
    ("positive", {"!": [{"===": [var(f"{ENTRY}.tr"), "260373001"]}]}),
    ("unclear_outcome", {"===": [var(f"{ENTRY}.tr"), "260415000"]}),
    ("other_disease", {"===": [var(f"{ENTRY}.tg"), "840539006"]}),
    ("unknown_test_type", {"in": [var(f"{ENTRY}.tt"), [PCR, ANTIGEN]]}),
    ("unknown_collection_time", {"not-after": [COLLECTED, COLLECTED]}),
    ("collected_later", {"not-before": [CLOCK, COLLECTED]}),
    (
        "too_old",
        {
            "before": [
                CLOCK,
                {
                    "if": [
                        {"===": [var(f"{ENTRY}.tt"), PCR]},
                        later(f"{ENTRY}.sc", 72),
                        later(f"{ENTRY}.sc", 24),
                    ]
                },
            ]
        },
    ),
]


def rule(number: int, logic: object, reason: str = "", **more: object) -> dict[str, object]:
    """A business rule of the EU's form."""
    made: dict[str, object] = {
        "Identifier": f"GR-VN-{number:04}",
        "Type": "Acceptance",
        "Country": "VN",
        "Version": "1.0.0",
        "SchemaVersion": "1.0.0",
        "Engine": "CERTLOGIC",
        "EngineVersion": "1.0.0",
        "CertificateType": "General",
        "Description": [{"lang": "en", "desc": reason or "A rule"}],
        "ValidFrom": FROM,
        "ValidTo": TO,
        "AffectedFields": [],
        "Logic": logic,
    }
    return made | ({"reason": reason} if reason else {}) | more


def rule_set(place: str, rules: list[dict[str, object]], **more: object) -> dict[str, Any]:
    """A set of a place."""
    return {
        "place": place,
        "purpose": "entry",
        "names": {"vi": f"Chốt {place}", "en": f"Gate {place}"},
        "version": "1.0.0",
        "valid_from": FROM,
        "valid_to": TO,
        "accept_for": [{"test_type": PCR, "hours": 72}, {"test_type": ANTIGEN, "hours": 24}],
        "rules": rules,
    } | more


DEFAULT_SET = rule_set(
    "DEFAULT",
    [rule(number, logic, reason) for number, (reason, logic) in enumerate(RULES)],
    names={"vi": "Quy định chung", "en": "Default rule"},
)
