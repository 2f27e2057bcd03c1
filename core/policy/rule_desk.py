"""The desk of rules: which set counts where, and who wrote which.

A place without a set of its own follows the one of ``DEFAULT``; that one is in the package
until staff write another. A set is never changed: a new version follows it, and a withdrawn
one no longer counts.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from core.certificates.claims import Claims
from core.certificates.verdict import RuleOutcome
from core.policy.rule_sets import ENTRY, LARGEST, RuleSet, RuleSetRefused, chosen, read_rule_set
from core.policy.simple_rules import DEFAULT_PLACE, default_rule_set
from core.policy.trial import refuse_unsafe
from core.ports import Clock

PACKAGED = ""  # the author of the set that comes with the product


@dataclass(frozen=True, slots=True)
class KeptRuleSet:
    """A rule set with its history.

    Args:
        author: Login, ``cli``, or empty for the packaged one.
        withdrawn_at: Since when it no longer counts; None while it does.
    """

    rule_set: RuleSet
    author: str
    created_at: datetime | None = None
    withdrawn_at: datetime | None = None


class RuleSets(Protocol):
    """Rule sets of an installation."""

    def add(self, rule_set: RuleSet, author: str, now: datetime) -> bool:
        """Store a new version; False if there is one with this number already."""

    def all(self) -> list[KeptRuleSet]:
        """Every set, by place, purpose and version."""

    def withdraw(self, place: str, purpose: str, version: str, now: datetime) -> bool:
        """Let a version no longer count; whether there was one that did."""


@dataclass(frozen=True, slots=True)
class RuleDesk:
    """Where rules are kept, chosen and tried."""

    store: RuleSets
    clock: Clock

    def all(self) -> list[KeptRuleSet]:
        """Every set, the packaged one first."""
        return [KeptRuleSet(default_rule_set(), PACKAGED), *self.store.all()]

    def counting(self, at: datetime) -> list[RuleSet]:
        """What is in force or will be: what verifiers elsewhere need."""
        kept = [each.rule_set for each in self.all() if each.withdrawn_at is None]
        return [each for each in kept if at < each.valid_to]

    def rule_of(self, place: str, at: datetime, purpose: str = ENTRY) -> RuleSet:
        """The set that counts at a place.

        Raises:
            RuleSetRefused: ``rule_set_unknown``, the place has none and neither has ``DEFAULT``.
        """
        sets = self.counting(at)
        found = chosen(sets, place, purpose, at) or chosen(sets, DEFAULT_PLACE, purpose, at)
        if found is None:
            raise RuleSetRefused("rule_set_unknown", place)
        return found

    def places(self, at: datetime) -> list[RuleSet]:
        """The set that counts at each place that has one, ``DEFAULT`` first."""
        sets = self.counting(at)
        found = {each.place: chosen(sets, each.place, ENTRY, at) for each in sets}
        named = sorted(found, key=lambda place: (place != DEFAULT_PLACE, place))
        return [rule_set for place in named if (rule_set := found[place]) is not None]

    def judge(self, claims: Claims, at: datetime) -> RuleOutcome:
        """Apply the default set."""
        return self.rule_of(DEFAULT_PLACE, at).judge(claims, at)

    def add(self, rule_set: RuleSet, author: str) -> None:
        """Store a new version.

        Raises:
            RuleSetRefused: ``rule_set_version_exists``, or what ``refuse_unsafe`` finds.
        """
        refuse_unsafe(rule_set)
        newest = self.newest(rule_set.place, rule_set.purpose)
        taken = newest is not None and newest.version >= rule_set.version
        if taken or not self.store.add(rule_set, author, self.clock()):
            raise RuleSetRefused("rule_set_version_exists", f"{rule_set.place} {rule_set.number}")

    def newest(self, place: str, purpose: str = ENTRY) -> RuleSet | None:
        """The highest version, withdrawn or not: the next one must be higher."""
        mine = [
            each.rule_set
            for each in self.all()
            if (each.rule_set.place, each.rule_set.purpose) == (place, purpose)
        ]
        return max(mine, key=lambda each: each.version, default=None)

    def withdraw(self, place: str, purpose: str, version: str) -> None:
        """Let a version no longer count.

        Raises:
            RuleSetRefused: ``rule_set_unknown``.
        """
        if not self.store.withdraw(place, purpose, version, self.clock()):
            raise RuleSetRefused("rule_set_unknown", f"{place} {version}")


def read_document(text: str | bytes) -> RuleSet:
    """Read a rule set as it was written by hand.

    Raises:
        RuleSetRefused: ``rule_set_too_large``, ``rule_set_not_json``, or what
            ``read_rule_set`` finds.
    """
    if len(text) > LARGEST:
        raise RuleSetRefused("rule_set_too_large")
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        position = (
            f" {error.lineno}:{error.colno}" if isinstance(error, json.JSONDecodeError) else ""
        )
        raise RuleSetRefused("rule_set_not_json", position.strip()) from None
    if not isinstance(document, Mapping):
        raise RuleSetRefused("rule_set_not_json", "{…}")
    return read_rule_set(document)


def written(rule_set: RuleSet) -> str:
    """The document, for people to read and change."""
    return json.dumps(rule_set.document, ensure_ascii=False, indent=2)
