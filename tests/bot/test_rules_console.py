"""Staff write the rules of a place, try them on a certificate, and take them back."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from bot.app import Installation
from core.certificates.issue import as_text
from core.policy.rule_desk import written
from core.policy.simple_rules import PCR, default_rule_set
from core.policy.staff import Role
from tests.bot.test_console import Browser, installation
from tests.journey.people import oru

__all__ = ["installation"]

FORM = {
    "place": "cau-x", "name": "Cầu X", "name_en": "", "pcr": "48", "antigen": "0",
    "valid_from": "2026-01-01T00:00", "valid_to": "2099-01-01T00:00",
}  # fmt: skip


def save(browser: Browser, **changes: str) -> str:
    return browser.post("/staff/rules/new", seen="/staff/rules/new", **FORM | changes)


@pytest.fixture
def operator(installation: Installation) -> Browser:
    return Browser(installation, "operator")


def certificate(installation: Installation) -> str:
    facility = installation.facility("BVNDGD")
    installation.intake.receive(oru("R-1", "+84909000001"), facility, source="test")
    (found,) = installation.find_results("R-1", "BVNDGD")
    assert found.certificate
    return as_text(found.certificate)


def test_a_saved_form_counts_at_its_place_at_once(
    installation: Installation, operator: Browser
) -> None:
    save(operator, do="save")
    assert operator.status == 303
    rule_set = installation.rules.rule_of("CAU-X", installation.clock())
    assert rule_set.accept_for.keys() == {PCR}
    page = operator.get("/staff/rules")
    assert "Cầu X" in page
    assert "48 hours" in page
    assert "not accepted" in page
    assert installation.audit.recent(1)[0].action == "rule_added"
    save(operator, do="save", pcr="1")
    assert "1 hour" in operator.get("/staff/rules")
    assert installation.rules.rule_of("CAU-X", installation.clock()).version == (1, 0, 1)


def test_trying_saves_nothing(installation: Installation, operator: Browser) -> None:
    text = certificate(installation)
    page = save(operator, do="try", certificate=text)
    assert "VALID" in page
    assert 'value="Cầu X"' in page  # still filled in
    page = save(operator, do="try", certificate=text, pcr="1", at="2098-01-01T00:00")
    assert 'class="alert"' in page
    assert installation.rules.store.all() == []


@pytest.mark.parametrize("at", ["garbage", "0001-01-01T00:00"])
def test_trying_at_no_time_is_told(installation: Installation, operator: Browser, at: str) -> None:
    page = save(operator, do="try", certificate=certificate(installation), at=at)
    assert operator.status == 422
    assert 'role="alert"' in page
    assert 'value="Cầu X"' in page  # still filled in


def test_a_set_whose_time_lies_outside_the_calendar_is_told(operator: Browser) -> None:
    document = dict(default_rule_set().document) | {"valid_from": "0001-01-01T00:00:00+07:00"}
    page = save(operator, do="save", json=json.dumps(document), **{"as": "json"})
    assert operator.status == 422
    assert "In force from" in page


def test_a_version_is_taken_back(installation: Installation, operator: Browser) -> None:
    save(operator, do="save")
    operator.post(
        "/staff/rules/withdraw", seen="/staff/rules", place="CAU-X", purpose="entry",
        version="1.0.0",
    )  # fmt: skip
    assert installation.rules.rule_of("CAU-X", installation.clock()) == default_rule_set()
    assert "withdrawn at" in operator.get("/staff/rules")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"place": "chợ"}, "Code of the place"),
        ({"name": ""}, "Name of the place"),
        ({"pcr": "-1"}, "negative PCR"),
        ({"pcr": "²"}, "negative PCR"),
        ({"pcr": "0", "antigen": "9999"}, "negative PCR"),
        ({"valid_to": "2020-01-01T00:00"}, "In force until"),
        ({"valid_from": "soon"}, "In force from"),
        ({"valid_from": "0001-01-01T00:00"}, "In force from"),
        ({"valid_to": "9999-12-31T23:59", "valid_from": "0001-01-01T00:00"}, "In force from"),
    ],
)
def test_a_mistake_is_told_and_what_was_typed_stays(
    operator: Browser, changes: dict[str, str], words: str
) -> None:
    page = save(operator, do="save", **changes)
    assert operator.status == 422
    alert = page.partition('role="alert"')[2].partition("</div>")[0]
    assert words in alert


def test_experts_write_a_set_as_json(installation: Installation, operator: Browser) -> None:
    document = json.loads(written(default_rule_set())) | {"version": "1.1.0"}
    document["rules"][0]["Logic"] = {"===": [1, 2]}
    text = json.dumps(document)
    assert "GR-VN-0001" in operator.get("/staff/rules/new?as=json&place=DEFAULT")
    save(operator, do="save", json=text, **{"as": "json"})
    assert operator.status == 303
    verdict = installation.checkpoint.check_text(certificate(installation))
    assert verdict.verdict == "rule_not_met"
    page = save(operator, do="save", json=text, **{"as": "json"})
    assert "is there already" in page
    assert "is not JSON" in save(operator, do="save", json="{", **{"as": "json"})


def test_a_set_that_lets_a_positive_pass_is_refused_in_words(
    installation: Installation, operator: Browser
) -> None:
    document = json.loads(written(default_rule_set())) | {"version": "1.1.0"}
    document["rules"] = [each for each in document["rules"] if each["reason"] == "too_old"]
    page = save(operator, do="save", json=json.dumps(document), **{"as": "json"})
    assert operator.status == 422
    assert "lets a positive or unclear result pass" in page
    assert installation.rules.store.all() == []


def test_only_those_who_answer_for_rules_see_them(installation: Installation) -> None:
    officer = Browser(installation, "facility_officer")
    assert "rules" not in officer.get("/staff/")
    officer.post("/staff/rules/new", seen="/staff/upload", **FORM, do="save")
    assert officer.status == 403
    assert installation.rules.store.all() == []


def test_an_operator_of_one_place_leaves_the_others_alone(installation: Installation) -> None:
    account = next(each for each in installation.staff.all() if each.role is Role.OPERATOR)
    installation.staff.add(replace(account, scopes=frozenset({"CAU-X"})))
    operator = Browser(installation, "operator")
    save(operator, do="save")
    assert operator.status == 303
    page = save(operator, do="save", place="DEFAULT")
    assert (operator.status, "DEFAULT" in page) == (422, True)
    assert [kept.rule_set.place for kept in installation.rules.store.all()] == ["CAU-X"]
