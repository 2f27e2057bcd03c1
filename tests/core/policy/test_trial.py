"""What no rule set may do: let a positive or unclear test pass, now or later."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from core.policy.rule_desk import RuleDesk
from core.policy.rule_sets import RuleSet, RuleSetRefused, read_rule_set
from core.policy.simple_rules import ANTIGEN, PCR, default_rule_set, simple_rule_set
from core.policy.trial import refuse_unsafe
from tests.core.policy.fakes import MemoryRuleSets
from tests.core.policy.test_rules import NOON

Change = Callable[[dict[str, Any]], object]
OUTCOME = {"var": "payload.t.0.tr"}
POSITIVE, NEGATIVE = "260373001", "260415000"


def with_logic(logic: object) -> RuleSet:
    """The usual set with this in place of its rules about the outcome."""
    changed: dict[str, Any] = copy.deepcopy(dict(default_rule_set().document))
    others = [each for each in changed["rules"] if each["reason"] != "unclear_outcome"]
    others[1]["Logic"] = logic
    return read_rule_set(changed | {"version": "1.1.0", "rules": others})


def changed_set(change: Change) -> RuleSet:
    document = copy.deepcopy(dict(default_rule_set().document)) | {"version": "1.1.0"}
    change(document)
    return read_rule_set(document)


def refusal(rule_set: RuleSet) -> str:
    store = MemoryRuleSets()
    with pytest.raises(RuleSetRefused) as refused:
        RuleDesk(store, lambda: NOON).add(rule_set, "lan")
    assert store.all() == []
    return refused.value.code


@pytest.mark.parametrize("logic", [True, False, 1, "x", [1]])
def test_a_rule_that_always_says_the_same_is_refused(logic: object) -> None:
    assert refusal(with_logic(logic)) == "rule_constant"


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d["rules"][1].update(ValidFrom="2000-01-02T00:00:00Z"),
        lambda d: d["rules"][2].update(ValidTo="2099-12-31T23:59:59Z"),
    ],
)
def test_a_rule_that_is_not_asked_as_long_as_its_set_counts_is_refused(change: Change) -> None:
    assert refusal(changed_set(change)) == "rule_time"


@pytest.mark.parametrize(
    "logic",
    [
        {"!": [{"===": [OUTCOME, NEGATIVE]}]},  # the wrong way round
        {"!": [{"===": [OUTCOME, POSITIVE]}]},  # what is unclear passes
        {"in": [OUTCOME, [NEGATIVE, POSITIVE]]},
        {"if": [{"===": [{"var": "payload.t.0.tt"}, ANTIGEN]}, True, {"===": [OUTCOME, NEGATIVE]}]},
        {"if": [
            {"before": [
                {"plusTime": [{"var": "external.validationClock"}, 0, "hour"]},
                {"plusTime": ["2099-12-01", 0, "day"]},
            ]},
            {"===": [OUTCOME, NEGATIVE]},
            True,
        ]},
    ],
)  # fmt: skip
def test_a_set_that_lets_a_positive_or_unclear_test_pass_is_refused(logic: object) -> None:
    assert refusal(with_logic(logic)) == "rule_passes_bad"


def test_one_that_takes_an_old_positive_for_a_recovery_is_refused() -> None:
    def recovered(document: dict[str, Any]) -> None:
        since = {"plusTime": [{"var": "payload.t.0.sc"}, 11, "day"]}
        now = {"plusTime": [{"var": "external.validationClock"}, 0, "hour"]}
        document["rules"] = document["rules"][:1]
        document["rules"][0]["Logic"] = {"after": [now, since]}

    assert refusal(changed_set(recovered)) == "rule_passes_bad"


@pytest.mark.parametrize("hours", [{PCR: 72, ANTIGEN: 24}, {PCR: 8784}, {}])
def test_the_usual_sets_pass(hours: dict[str, int]) -> None:
    refuse_unsafe(default_rule_set())
    ends = ("2000-01-01T00:00:00Z", "9999-12-31T23:59:59Z")
    refuse_unsafe(simple_rule_set("CAU", {"vi": "Cầu"}, hours, "1.0.0", *ends))


@pytest.mark.parametrize(
    "ends",
    [
        ("0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"),
        ("0001-01-01T00:00:00Z", "0001-01-02T00:00:00Z"),
    ],
)
def test_a_set_of_all_times_is_tried_without_an_exception(ends: tuple[str, str]) -> None:
    refuse_unsafe(simple_rule_set("CAU", {"vi": "Cầu"}, {PCR: 72}, "1.0.0", *ends))
