"""Rule sets: read strictly, judged by the first rule that is not met, chosen by version."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from core.certificates.claims import Kind
from core.policy.rule_sets import RuleSetRefused, chosen, read_rule_set
from core.policy.simple_rules import ANTIGEN, PCR, default_rule_set, next_version, simple_rule_set
from tests.core.policy.test_rules import COLLECTED, NOON, certified

Change = Callable[[dict[str, Any]], object]


def document() -> dict[str, Any]:
    return copy.deepcopy(dict(default_rule_set().document))


def with_logic(logic: object) -> dict[str, Any]:
    changed = document()
    changed["rules"] = changed["rules"][:1]
    changed["rules"][0] |= {"Logic": logic, "reason": ""}
    return changed


def test_a_set_reads_back_as_it_was_written() -> None:
    assert read_rule_set(document()) == default_rule_set()


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda d: d.update(place="chợ"), "rule_set_field"),
        (lambda d: d.update(purpose=""), "rule_set_field"),
        (lambda d: d.update(version="1"), "rule_set_field"),
        (lambda d: d.update(version="1.02.0"), "rule_set_field"),
        (lambda d: d.update(names={"en": "only"}), "rule_set_field"),
        (lambda d: d.update(valid_from="yesterday"), "rule_set_field"),
        (lambda d: d.update(valid_from="2026-01-01T00:00:00"), "rule_set_field"),
        (lambda d: d.update(valid_from="0001-01-01T00:00:00+07:00"), "rule_set_field"),
        (lambda d: d.update(valid_to="9999-12-31T23:59:59-07:00"), "rule_set_field"),
        (lambda d: d.update(valid_to=d["valid_from"]), "rule_set_field"),
        (lambda d: d.update(rules=[]), "rule_set_field"),
        (lambda d: d.update(rules=d["rules"] * 9), "rule_set_field"),
        (lambda d: d.update(rules=["x"]), "rule_set_field"),
        (lambda d: d.update(accept_for=[{"test_type": PCR, "hours": 0}]), "rule_set_field"),
        (lambda d: d.update(accept_for=[{"test_type": PCR, "hours": True}]), "rule_set_field"),
        (lambda d: d["rules"][0].pop("Identifier"), "rule_set_field"),
        (lambda d: d["rules"][0].update(CertificateType="Pet"), "rule_set_field"),
        (lambda d: d["rules"][0].update(Logic=None), "rule_logic"),
        (lambda d: d["rules"][0].update(Logic={"<": 1}), "rule_logic"),
        (lambda d: d["rules"][0].update(Logic={"or": [1]}), "rule_unknown_operator"),
        (lambda d: d["rules"][0].update(Logic={"var": "payload.t.length"}), "rule_path"),
    ],
)
def test_what_is_no_rule_set_is_refused(change: Change, code: str) -> None:
    changed = document()
    change(changed)
    with pytest.raises(RuleSetRefused) as refused:
        read_rule_set(changed)
    assert refused.value.code == code


def test_nesting_without_end_is_refused() -> None:
    logic: object = True
    for _ in range(500):
        logic = {"!": [logic]}
    with pytest.raises(RuleSetRefused, match="rule_logic"):
        read_rule_set(with_logic(logic))


def test_a_rule_that_cannot_be_evaluated_is_not_met() -> None:
    outcome = read_rule_set(with_logic({"<": ["a", 1]})).judge(certified(), NOON)
    assert (outcome.passed, outcome.reason) == (False, "rule:GR-VN-0001")


def test_a_rule_asks_only_while_it_is_valid_and_only_its_kind() -> None:
    changed = with_logic(False)
    changed["rules"][0] |= {"CertificateType": "Vaccination"}
    assert read_rule_set(changed).judge(certified(), NOON).reason == "no_rule_applies"
    changed["rules"][0] |= {"CertificateType": "Test", "ValidTo": "2022-01-01T00:00:00Z"}
    assert read_rule_set(changed).judge(certified(), NOON).reason == "no_rule_applies"


def test_a_set_without_a_rule_that_applies_lets_nobody_pass() -> None:
    changed = document()
    for rule in changed["rules"]:
        rule["CertificateType"] = "Test"
    outcome = read_rule_set(changed).judge(certified(kind=Kind.RECOVERY), NOON)
    assert (outcome.passed, outcome.reason) == (False, "no_rule_applies")


def test_the_newest_version_in_force_counts() -> None:
    first = default_rule_set()
    later = replace(first, version=(1, 10, 0))
    coming = replace(first, version=(2, 0, 0), valid_from=NOON + timedelta(hours=1))
    elsewhere = replace(first, version=(9, 0, 0), place="CAU-RACH-MIEU")
    sets = [later, coming, first, elsewhere]
    assert chosen(sets, "DEFAULT", "entry", NOON) is later
    assert chosen(sets, "DEFAULT", "entry", NOON + timedelta(hours=1)) is coming
    assert chosen(sets, "DEFAULT", "work", NOON) is None
    assert next_version(later.version) == "1.10.1"


def test_a_form_with_other_hours_is_a_set_of_its_own() -> None:
    strict = simple_rule_set(
        "CHO-LON", {"vi": "Chợ Lớn"}, {PCR: 24}, "1.0.0",
        "2026-01-01T00:00:00+07:00", "2027-01-01T00:00:00+07:00",
    )  # fmt: skip
    assert strict.judge(certified(), NOON).valid_until == COLLECTED + timedelta(hours=24)
    antigen = replace(certified(), entry=dict(certified().entry) | {"tt": ANTIGEN})
    assert strict.judge(antigen, NOON).reason == "unknown_test_type"
    assert strict.name("en") == "Chợ Lớn"
