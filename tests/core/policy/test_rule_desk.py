"""The desk of rules: which set counts where."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from core.policy.rule_desk import RuleDesk, read_document, written
from core.policy.rule_sets import RuleSet, RuleSetRefused
from core.policy.simple_rules import DEFAULT_PLACE, PCR, default_rule_set, simple_rule_set
from tests.core.policy.fakes import MemoryRuleSets
from tests.core.policy.test_rules import COLLECTED, NOON, certified


@pytest.fixture
def desk() -> RuleDesk:
    return RuleDesk(MemoryRuleSets(), lambda: NOON)


def bridge(version: str = "1.0.0", hours: int = 24, until: str = "2027-01-01T00:00:00Z") -> RuleSet:
    return simple_rule_set(
        "CAU", {"vi": "Cầu"}, {PCR: hours}, version, "2026-01-01T00:00:00Z", until
    )


def test_a_place_without_a_set_follows_the_default(desk: RuleDesk) -> None:
    assert desk.rule_of("CAU", NOON) == default_rule_set()
    desk.add(bridge(), "lan")
    assert desk.rule_of("CAU", NOON).accept_for == {PCR: timedelta(hours=24)}
    assert [each.place for each in desk.places(NOON)] == [DEFAULT_PLACE, "CAU"]


def test_the_default_itself_can_have_a_new_version(desk: RuleDesk) -> None:
    stricter = simple_rule_set(
        DEFAULT_PLACE, {"vi": "Chung"}, {PCR: 4}, "1.1.0", "2026-01-01T00:00:00Z",
        "2027-01-01T00:00:00Z",
    )  # fmt: skip
    assert desk.judge(certified(), NOON).passed
    desk.add(stricter, "lan")
    assert desk.judge(certified(), NOON).reason == "too_old"
    desk.withdraw(DEFAULT_PLACE, "entry", "1.1.0")
    assert desk.judge(certified(), NOON).valid_until == COLLECTED + timedelta(hours=72)


def test_a_number_is_never_used_twice_nor_gone_back_to(desk: RuleDesk) -> None:
    desk.add(bridge("1.2.0"), "lan")
    desk.withdraw("CAU", "entry", "1.2.0")
    for version in ("1.2.0", "1.1.9"):
        with pytest.raises(RuleSetRefused, match="rule_set_version_exists"):
            desk.add(bridge(version), "lan")
    desk.add(bridge("1.2.1"), "lan")


def test_what_has_ended_is_not_published_and_what_comes_is(desk: RuleDesk) -> None:
    desk.add(bridge("1.0.0", until="2026-02-01T00:00:00Z"), "lan")
    assert [each.place for each in desk.counting(NOON)] == [DEFAULT_PLACE]
    desk.add(bridge("1.0.1"), "lan")
    assert [each.version for each in desk.counting(NOON)] == [(1, 0, 0), (1, 0, 1)]


def test_withdrawing_what_is_not_there_is_refused(desk: RuleDesk) -> None:
    with pytest.raises(RuleSetRefused, match="rule_set_unknown"):
        desk.withdraw("CAU", "entry", "1.0.0")


def test_a_document_reads_back_as_it_is_shown() -> None:
    assert read_document(written(bridge())) == bridge()


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "rule_set_not_json"),
        ("{", "rule_set_not_json"),
        ("[" * 30_000, "rule_set_not_json"),
        ("[]", "rule_set_not_json"),
        ("{}", "rule_set_field"),
        (json.dumps("x" * 70_000), "rule_set_too_large"),
    ],
)
def test_what_is_no_document_is_refused(text: str, code: str) -> None:
    with pytest.raises(RuleSetRefused, match=code):
        read_document(text)
