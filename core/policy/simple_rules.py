"""The usual rule set, written from a few numbers: a negative test passes for so many hours.

The set of every place that has set none is one of these, and so is what the console's form
writes; both are the same documents that an expert would write by hand.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from core.certificates.payload import SARS_COV_2
from core.policy.rule_sets import ENTRY, RuleSet, read_rule_set

DEFAULT_PLACE: Final = "DEFAULT"
PCR, ANTIGEN = "LP6464-4", "LP217198-3"
DEFAULT_HOURS: Final[Mapping[str, int]] = {PCR: 72, ANTIGEN: 24}
_NAMES: Final = {"vi": "Quy định chung", "en": "General rule"}
_FROM, _TO = "2000-01-01T00:00:00Z", "2100-01-01T00:00:00Z"
_DETECTED, _NOT_DETECTED = "260373001", "260415000"

# Why a certificate is refused, in the order in which it is asked: Vietnamese, English, fields.
_WORDS: Final[Mapping[str, tuple[str, str, tuple[str, ...]]]] = {
    "not_a_test": ("Phải là kết quả xét nghiệm.", "It must be a test result.", ("t.0",)),
    "positive": ("Kết quả không được dương tính.", "It must not be positive.", ("t.0.tr",)),
    "unclear_outcome": ("Kết quả phải âm tính.", "It must be negative.", ("t.0.tr",)),
    "other_disease": (
        "Phải là xét nghiệm SARS-CoV-2.", "It must be a SARS-CoV-2 test.", ("t.0.tg",),
    ),
    "unknown_test_type": (
        "Phải là loại xét nghiệm được chấp nhận.", "It must be an accepted type of test.",
        ("t.0.tt",),
    ),
    "unknown_collection_time": (
        "Phải có thời gian lấy mẫu.", "It must say when the sample was taken.", ("t.0.sc",),
    ),
    "collected_later": (
        "Thời gian lấy mẫu phải trước lúc kiểm tra.",
        "The sample must have been taken before the check.", ("t.0.sc",),
    ),
    "too_old": (
        "Kết quả phải còn trong thời gian được chấp nhận.",
        "It must be within the time for which it is accepted.", ("t.0.sc", "t.0.tt"),
    ),
}  # fmt: skip
_SAMPLED: Final = {"var": "payload.t.0.sc"}
_OUTCOME: Final = {"var": "payload.t.0.tr"}
_TYPE: Final = {"var": "payload.t.0.tt"}
_NEVER: Final = {"!": [True]}  # not just False: a rule is an operation
_NOW: Final = {"plusTime": [{"var": "external.validationClock"}, 0, "hour"]}


def simple_rule_set(
    place: str,
    names: Mapping[str, str],
    hours: Mapping[str, int],
    version: str,
    valid_from: str,
    valid_to: str,
) -> RuleSet:
    """A set that accepts negative SARS-CoV-2 tests of these types for so many hours.

    Args:
        hours: By LOINC part of the type of test; an absent type never passes.
        valid_from, valid_to: RFC 3339.

    Raises:
        RuleSetRefused: a field can't be used.
    """
    logics = {
        "not_a_test": {"var": "payload.t.0"},
        "positive": {"!": [{"===": [_OUTCOME, _DETECTED]}]},
        "unclear_outcome": {"===": [_OUTCOME, _NOT_DETECTED]},
        "other_disease": {"===": [{"var": "payload.t.0.tg"}, SARS_COV_2]},
        "unknown_test_type": {"in": [_TYPE, sorted(hours)]},
        "unknown_collection_time": _SAMPLED,
        "collected_later": {"not-after": [{"plusTime": [_SAMPLED, 0, "hour"]}, _NOW]},
        "too_old": _young_enough(hours),
    }
    return read_rule_set(
        {
            "place": place,
            "purpose": ENTRY,
            "names": dict(names),
            "version": version,
            "valid_from": valid_from,
            "valid_to": valid_to,
            "accept_for": [{"test_type": each, "hours": hours[each]} for each in sorted(hours)],
            "rules": [
                _rule(f"GR-VN-{number:04d}", reason, logic, version, valid_from, valid_to)
                for number, (reason, logic) in enumerate(logics.items(), 1)
            ],
        }
    )


def default_rule_set() -> RuleSet:
    """72 hours from collection for a negative PCR, 24 for antigen; a positive never passes."""
    return simple_rule_set(DEFAULT_PLACE, _NAMES, DEFAULT_HOURS, "1.0.0", _FROM, _TO)


def next_version(version: tuple[int, int, int]) -> str:
    """The version after this one."""
    return f"{version[0]}.{version[1]}.{version[2] + 1}"


def _young_enough(hours: Mapping[str, int]) -> object:
    """An ``if`` for each type of test, the last being for those that never pass."""
    logic: object = False
    for test_type in sorted(hours):
        until = {"plusTime": [_SAMPLED, hours[test_type], "hour"]}
        logic = {"if": [{"===": [_TYPE, test_type]}, {"before": [_NOW, until]}, logic]}
    return logic if hours else _NEVER


def _rule(
    identifier: str, reason: str, logic: object, version: str, valid_from: str, valid_to: str
) -> dict[str, object]:
    vi, en, fields = _WORDS[reason]
    return {
        "Identifier": identifier,
        "Type": "Acceptance",
        "Country": "VN",
        "Version": version,
        "SchemaVersion": "1.0.0",
        "Engine": "CERTLOGIC",
        "EngineVersion": "1.0.0",
        "CertificateType": "General",
        "Description": [{"lang": "vi", "desc": vi}, {"lang": "en", "desc": en}],
        "ValidFrom": valid_from,
        "ValidTo": valid_to,
        "AffectedFields": list(fields),
        "Logic": logic,
        "reason": reason,
    }
