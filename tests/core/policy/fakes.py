"""Rule sets in memory."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from core.policy.rule_desk import KeptRuleSet, RuleSets
from core.policy.rule_sets import RuleSet


class MemoryRuleSets(RuleSets):
    def __init__(self) -> None:
        self.kept: list[KeptRuleSet] = []

    def add(self, rule_set: RuleSet, author: str, now: datetime) -> bool:
        if any(_key(each.rule_set) == _key(rule_set) for each in self.kept):
            return False
        self.kept.append(KeptRuleSet(rule_set, author, now))
        return True

    def all(self) -> list[KeptRuleSet]:
        return sorted(self.kept, key=lambda each: _key(each.rule_set))

    def withdraw(self, place: str, purpose: str, version: str, now: datetime) -> bool:
        for number, each in enumerate(self.kept):
            rule_set = each.rule_set
            named = (rule_set.place, rule_set.purpose, rule_set.number)
            if named == (place, purpose, version) and each.withdrawn_at is None:
                self.kept[number] = replace(each, withdrawn_at=now)
                return True
        return False


def _key(rule_set: RuleSet) -> tuple[str, str, tuple[int, int, int]]:
    return rule_set.place, rule_set.purpose, rule_set.version
