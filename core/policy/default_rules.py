"""The rule set of every place that has set none, as data that is published.

What ``core.policy.rules`` computes, as CertLogic: a negative PCR test passes for 72 hours from
collection, an antigen test for 24, a positive never. Rules come in the order in which their
reasons are told; ``reason`` is an extension of ours that other readers ignore.
Source: EU DCC validation rules 1.0 (eHealth Network), CertLogic 1.2.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from core.certificates.payload import SARS_COV_2

_FROM, _TO = "2021-07-01T00:00:00Z", "2051-07-01T00:00:00Z"
_PCR, _ANTIGEN = "LP6464-4", "LP217198-3"
_POSITIVE, _NEGATIVE = "260373001", "260415000"
_HOURS: Final = {_PCR: 72, _ANTIGEN: 24}
_TEST: Final = "payload.t.0"


def _var(path: str) -> Mapping[str, object]:
    return {"var": path}


def _collected() -> Mapping[str, object]:
    return {"plusTime": [_var(f"{_TEST}.sc"), 0, "hour"]}


def _clock() -> Mapping[str, object]:
    return {"plusTime": [_var("external.validationClock"), 0, "hour"]}


def _age(test_type: str) -> Mapping[str, object]:
    """Whether a test of this type is still young enough; of another type nothing is said."""
    until = {"plusTime": [_var(f"{_TEST}.sc"), _HOURS[test_type], "hour"]}
    return {"if": [{"===": [_var(f"{_TEST}.tt"), test_type]}, {"before": [_clock(), until]}, True]}


# Identifier's number, reason, description (vi, en), affected fields, logic.
_RULES: Final[Sequence[tuple[str, str, str, str, Sequence[str], Mapping[str, object]]]] = (
    (
        "GR-VN-0001", "not_a_test", "Phải là kết quả xét nghiệm.", "It must be a test result.",
        ("t",), {"if": [_var(_TEST), True, False]},
    ),
    (
        "TR-VN-0001", "positive", "Kết quả không được dương tính.", "It must not be positive.",
        ("t.0", "t.0.tr"), {"if": [{"===": [_var(f"{_TEST}.tr"), _POSITIVE]}, False, True]},
    ),
    (
        "TR-VN-0002", "unclear_outcome", "Kết quả phải âm tính.", "It must be negative.",
        ("t.0", "t.0.tr"), {"===": [_var(f"{_TEST}.tr"), _NEGATIVE]},
    ),
    (
        "TR-VN-0003", "other_disease", "Phải là xét nghiệm SARS-CoV-2.",
        "It must be a SARS-CoV-2 test.",
        ("t.0", "t.0.tg"), {"===": [_var(f"{_TEST}.tg"), SARS_COV_2]},
    ),
    (
        "TR-VN-0004", "unknown_test_type", "Phải là xét nghiệm PCR hoặc kháng nguyên.",
        "It must be a PCR or an antigen test.",
        ("t.0", "t.0.tt"),
        {"in": [_var(f"{_TEST}.tt"), _var("external.valueSets.accepted-test-types")]},
    ),
    (
        "TR-VN-0005", "unknown_collection_time", "Phải có thời gian lấy mẫu.",
        "It must say when the sample was taken.",
        ("t.0", "t.0.sc"), {"if": [_var(f"{_TEST}.sc"), True, False]},
    ),
    (
        "TR-VN-0006", "collected_later", "Thời gian lấy mẫu phải trước lúc kiểm tra.",
        "The sample must have been taken before the check.",
        ("t.0", "t.0.sc"), {"not-after": [_collected(), _clock()]},
    ),
    (
        "TR-VN-0007", "too_old", "Xét nghiệm PCR có giá trị 72 giờ kể từ khi lấy mẫu.",
        "A PCR test counts for 72 hours from collection.",
        ("t.0", "t.0.sc", "t.0.tt"), _age(_PCR),
    ),
    (
        "TR-VN-0008", "too_old", "Xét nghiệm kháng nguyên có giá trị 24 giờ kể từ khi lấy mẫu.",
        "An antigen test counts for 24 hours from collection.",
        ("t.0", "t.0.sc", "t.0.tt"), _age(_ANTIGEN),
    ),
)  # fmt: skip


def default_rules() -> Mapping[str, object]:
    """The members that the rules document adds: ``rule_sets`` and ``value_sets``."""
    return {
        "rule_sets": [
            {
                "place": "DEFAULT",
                "purpose": "entry",
                "names": {"vi": "Quy định chung", "en": "Default rule"},
                "version": "1.0.0",
                "valid_from": _FROM,
                "valid_to": _TO,
                "accept_for": [
                    {"test_type": test_type, "hours": hours} for test_type, hours in _HOURS.items()
                ],
                "rules": [_rule(*rule) for rule in _RULES],
            }
        ],
        "value_sets": {"accepted-test-types": list(_HOURS)},
    }


def _rule(
    identifier: str,
    reason: str,
    vi: str,
    en: str,
    fields: Sequence[str],
    logic: Mapping[str, object],
) -> Mapping[str, object]:
    return {
        "Identifier": identifier,
        "Type": "Acceptance",
        "Country": "VN",
        "Version": "1.0.0",
        "SchemaVersion": "1.0.0",
        "Engine": "CERTLOGIC",
        "EngineVersion": "1.0.0",
        "CertificateType": "General" if identifier.startswith("GR") else "Test",
        "Description": [{"lang": "vi", "desc": vi}, {"lang": "en", "desc": en}],
        "ValidFrom": _FROM,
        "ValidTo": _TO,
        "AffectedFields": list(fields),
        "Logic": logic,
        "reason": reason,
    }
