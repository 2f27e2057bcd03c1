"""Rule sets: what a place asks of a certificate, for a purpose and a time.

A set is a JSON document that verifiers elsewhere read too, so its document is kept as it
was written. Each rule is a business rule of the EU scheme with CertLogic inside; a rule that
can't be evaluated is not met. What a rule looks at is the certificate's own map with one
entry, the one that is shown, and its time in a form that every engine reads.
Source: EU DCC business rules, rule schema 1.0.0; ``core.policy.certlogic``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from core.certificates import cbor
from core.certificates.claims import Claims, Kind, TestOutcome, TestType, rfc3339
from core.certificates.verdict import RuleOutcome
from core.errors import KetquaError
from core.policy.certlogic import CertLogicError, evaluate, is_path, is_true, operators

ENTRY: Final = "entry"
LARGEST: Final = 64 * 1024
"""Bytes of a set's document: it travels to phones."""

MOST_RULES: Final = 50
_PLACE = re.compile(r"[A-Z0-9][A-Z0-9-]{0,31}")
_PURPOSE = re.compile(r"[a-z][a-z-]{0,31}")
_VERSION = re.compile(r"(0|[1-9]\d{0,5})\.(0|[1-9]\d{0,5})\.(0|[1-9]\d{0,5})")
_ENTRY_KEY: Final = {Kind.TEST: "t", Kind.VACCINATION: "v", Kind.RECOVERY: "r"}
TYPE_CODE: Final = {TestType.PCR: "LP6464-4", TestType.ANTIGEN: "LP217198-3"}
OUTCOME_CODE: Final = {TestOutcome.NEGATIVE: "260415000", TestOutcome.POSITIVE: "260373001"}
_TEXT_TIME_TAG: Final = frozenset({0})
_APPLIES: Final = {
    "General": frozenset(Kind),
    "Test": frozenset({Kind.TEST}),
    "Vaccination": frozenset({Kind.VACCINATION}),
    "Recovery": frozenset({Kind.RECOVERY}),
}
_TOO_OLD: Final = "too_old"
_LONGEST_HOURS: Final = 24 * 366


class RuleSetRefused(KetquaError):
    """A document that is no usable rule set.

    Codes: ``rule_set_field`` (detail: which field), ``rule_set_too_large``,
    ``rule_logic`` (detail: the rule), ``rule_unknown_operator``, ``rule_path``; what
    ``core.policy.trial`` finds of a new one.
    """


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule.

    Args:
        kinds: Certificates to which it applies.
        reason: Why a certificate that fails it is refused.
    """

    identifier: str
    kinds: frozenset[Kind]
    valid_from: datetime
    valid_to: datetime
    logic: object
    reason: str

    def applies(self, kind: Kind, at: datetime) -> bool:
        """Whether it is asked of such a certificate at this time."""
        return kind in self.kinds and self.valid_from <= at < self.valid_to

    def holds(self, data: object) -> bool:
        """Whether it is met."""
        try:
            return is_true(evaluate(self.logic, data))
        except CertLogicError:
            return False


@dataclass(frozen=True, slots=True)
class RuleSet:
    """The rules of a place for a purpose.

    Args:
        version: Three numbers, the newest of those in force counts.
        accept_for: How long a test of this type (LOINC part) passes, from collection.
        document: As it was written.
    """

    place: str
    purpose: str
    names: Mapping[str, str]
    version: tuple[int, int, int]
    valid_from: datetime
    valid_to: datetime
    accept_for: Mapping[str, timedelta]
    rules: tuple[Rule, ...]
    document: Mapping[str, object]

    @property
    def number(self) -> str:
        """The version as it is written: ``1.0.0``."""
        return ".".join(map(str, self.version))

    def name(self, language: str) -> str:
        """The place's name in ``language``, else in Vietnamese, else its code."""
        return self.names.get(language) or self.names.get("vi") or self.place

    def in_force(self, at: datetime) -> bool:
        """Whether it counts at this time."""
        return self.valid_from <= at < self.valid_to

    def judge(
        self, claims: Claims, at: datetime, value_sets: Mapping[str, Sequence[str]] | None = None
    ) -> RuleOutcome:
        """Ask every rule that applies; the first that is not met is the reason.

        Args:
            at: Aware time of the check.
        """
        data = rule_input(claims, at, value_sets or {})
        asked = [rule for rule in self.rules if rule.applies(claims.kind, at)]
        failed = next((rule.reason for rule in asked if not rule.holds(data)), "")
        if not asked:
            failed = "no_rule_applies"
        until = self._until(claims) if failed in ("", _TOO_OLD) else None
        return RuleOutcome(passed=not failed, reason=failed, valid_until=until)

    def _until(self, claims: Claims) -> datetime | None:
        hours = self.accept_for.get(_text(_entry(claims).get("tt")))
        if hours is None or claims.collected_at is None:
            return None
        return claims.collected_at + hours


def rule_input(
    claims: Claims, at: datetime, value_sets: Mapping[str, Sequence[str]]
) -> dict[str, object]:
    """The data over which rules are evaluated (EU DCC: ``payload`` and ``external``)."""
    return {
        "payload": _person(claims) | {_ENTRY_KEY[claims.kind]: [_entry(claims)]},
        "external": {
            "validationClock": rfc3339(at),
            "valueSets": {name: list(values) for name, values in value_sets.items()},
            "countryCode": "VN",
            "issuerCountryCode": claims.country,
            "iat": rfc3339(claims.issued_at),
            "exp": rfc3339(claims.expires_at),
        },
    }


def _person(claims: Claims) -> dict[str, object]:
    """Whose certificate it is, in the EU's words whatever the certificate's form."""
    if claims.health:
        health = _plain_map(claims.health)
        return {key: health.get(key) for key in ("ver", "nam", "dob")}
    if claims.initials:
        return {"ver": None, "nam": {"fn": claims.initials}, "dob": claims.birth_date}
    names = {
        "fn": claims.family_name,
        "gn": claims.given_name,
        "fnt": claims.family_name_std,
        "gnt": claims.given_name_std,
    }
    return {"ver": None, "nam": names, "dob": claims.birth_date}


def _entry(claims: Claims) -> dict[str, object]:
    """The entry that counts, in the EU's words whatever the certificate's form."""
    entry = _plain_map(claims.entry)
    if claims.kind is not Kind.TEST:
        return entry
    if not claims.health:
        entry |= {
            "tg": claims.target,
            "tt": TYPE_CODE.get(claims.test_type, "") if claims.test_type else "",
            "tr": OUTCOME_CODE.get(claims.outcome, "") if claims.outcome else "",
            "tc": claims.centre,
            "co": claims.country,
            "ci": claims.uvci,
        }
        entry |= {"is": claims.issuer} if claims.issuer else {}
    return entry | {"sc": rfc3339(claims.collected_at) or None}


def _plain_map(fields: Mapping[object, object]) -> dict[str, object]:
    """The members that JSON has, so that rules see the same here and in a browser."""
    return {key: _plain(value) for key, value in fields.items() if isinstance(key, str)}


def _plain(value: object) -> object:
    value = cbor.untagged(value, _TEXT_TIME_TAG)
    if cbor.is_map(value):
        return _plain_map(value)
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return value if isinstance(value, str | bool | int | float) else None


def chosen(sets: Iterable[RuleSet], place: str, purpose: str, at: datetime) -> RuleSet | None:
    """The newest set of a place and purpose that is in force, or None."""
    mine = (each for each in sets if (each.place, each.purpose) == (place, purpose))
    return max((each for each in mine if each.in_force(at)), key=_version_of, default=None)


def _version_of(each: RuleSet) -> tuple[int, int, int]:
    return each.version


def read_rule_set(document: Mapping[str, object]) -> RuleSet:
    """Read and check a document.

    Raises:
        RuleSetRefused: with the first thing that is wrong.
    """
    rules = document.get("rules")
    if not isinstance(rules, list) or not 0 < len(rules) <= MOST_RULES:
        raise RuleSetRefused("rule_set_field", "rules")
    valid_from, valid_to = _time(document, "valid_from"), _time(document, "valid_to")
    if valid_to <= valid_from:
        raise RuleSetRefused("rule_set_field", "valid_to")
    return RuleSet(
        place=_matched(document, "place", _PLACE),
        purpose=_matched(document, "purpose", _PURPOSE),
        names=_names(document.get("names")),
        version=_version(_matched(document, "version", _VERSION)),
        valid_from=valid_from,
        valid_to=valid_to,
        accept_for=_accept_for(document.get("accept_for")),
        rules=tuple(_rule(each) for each in rules),
        document=document,
    )


def _version(text: str) -> tuple[int, int, int]:
    major, minor, patch = (int(part) for part in text.split("."))
    return major, minor, patch


def _rule(document: object) -> Rule:
    if not isinstance(document, Mapping):
        raise RuleSetRefused("rule_set_field", "rules")
    identifier = _text(document.get("Identifier"))
    kinds = _APPLIES.get(_text(document.get("CertificateType")))
    if not identifier or len(identifier) > 64 or kinds is None:  # noqa: PLR2004
        raise RuleSetRefused("rule_set_field", "Identifier, CertificateType")
    logic = document.get("Logic")
    _check_logic(logic, identifier)
    return Rule(
        identifier=identifier,
        kinds=kinds,
        valid_from=_time(document, "ValidFrom"),
        valid_to=_time(document, "ValidTo"),
        logic=logic,
        reason=_text(document.get("reason")) or f"rule:{identifier}",
    )


def _check_logic(logic: object, rule: str, depth: int = 0) -> None:
    """Refuse what could never be evaluated, and paths that engines read differently."""
    if depth > 60:  # noqa: PLR2004  (the evaluation's own bound is a little higher)
        raise RuleSetRefused("rule_logic", rule)
    if isinstance(logic, str | bool | int):
        return
    if isinstance(logic, list):
        for each in logic:
            _check_logic(each, rule, depth + 1)
        return
    if not isinstance(logic, Mapping) or len(logic) != 1:
        raise RuleSetRefused("rule_logic", rule)
    ((word, operands),) = logic.items()
    if word not in operators():
        raise RuleSetRefused("rule_unknown_operator", f"{rule}: {_text(word)[:40]}")
    if word == "var":
        if not is_path(operands):
            raise RuleSetRefused("rule_path", rule)
    elif not isinstance(operands, list) or not operands:
        raise RuleSetRefused("rule_logic", rule)
    else:
        _check_logic(operands, rule, depth + 1)


def _names(names: object) -> Mapping[str, str]:
    if not isinstance(names, Mapping) or not _text(names.get("vi")):
        raise RuleSetRefused("rule_set_field", "names.vi")
    return {str(language): _text(name)[:100] for language, name in names.items()}


def _accept_for(entries: object) -> Mapping[str, timedelta]:
    if entries is None:
        return {}
    if not isinstance(entries, list):
        raise RuleSetRefused("rule_set_field", "accept_for")
    return dict(_acceptance(entry) for entry in entries)


def _acceptance(entry: object) -> tuple[str, timedelta]:
    fields = entry if isinstance(entry, Mapping) else {}
    test_type, hours = fields.get("test_type"), fields.get("hours")
    if not isinstance(test_type, str) or not isinstance(hours, int) or isinstance(hours, bool):
        raise RuleSetRefused("rule_set_field", "accept_for")
    if not 0 < hours <= _LONGEST_HOURS:
        raise RuleSetRefused("rule_set_field", "accept_for")
    return test_type, timedelta(hours=hours)


def _matched(document: Mapping[str, object], field: str, pattern: re.Pattern[str]) -> str:
    value = document.get(field)
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise RuleSetRefused("rule_set_field", field)
    return value


def _time(document: Mapping[str, object], field: str) -> datetime:
    try:
        moment = datetime.fromisoformat(str(document.get(field)))
        if moment.tzinfo is not None:
            return moment.astimezone(UTC)
    except (ValueError, OverflowError):  # in UTC it may lie outside every calendar
        pass
    raise RuleSetRefused("rule_set_field", field)


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
