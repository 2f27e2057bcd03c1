"""Rule sets as they are published: the default one, and small ones for a test."""

from __future__ import annotations

from typing import Any

from core.policy.simple_rules import ANTIGEN, PCR, default_rule_set

FROM, TO = "2021-01-01T00:00:00Z", "2100-01-01T00:00:00Z"
DEFAULT_SET: dict[str, Any] = dict(default_rule_set().document)


def var(path: str) -> dict[str, str]:
    return {"var": path}


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
