"""Staff revoke in the console: by number, with a reason, after a second look."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from bot.app import Installation
from bot.demo import staff_cards
from bot.opening import prepare
from bot.settings import Settings
from core.ports import ShelfItem
from tests.bot.test_console import HOST, Browser
from tests.journey.people import oru

PAGE = "/staff/revocations"
REASON = "tubes were mixed up"


@pytest.fixture
def installation(tmp_path: Path) -> Installation:
    made = Installation(Settings(data_dir=tmp_path).as_demo())
    prepare(made)
    for code, accession in (("BVNDGD", "V-1"), ("BVTD", "V-2")):
        made.intake.receive(oru(accession, "+84909000001"), made.facility(code), source="x")
    return made


def item(installation: Installation, accession: str = "V-1") -> ShelfItem:
    (found,) = installation.find_results(accession)
    return found


def standing(installation: Installation, accession: str = "V-1") -> str:
    return installation.standing(item(installation, accession).uvci or "").value


def button(page: str) -> str:
    """The result that the page's only button revokes."""
    (result_id,) = re.findall(r'name="result_id" value="([^"]+)"', page)
    return str(result_id)


@pytest.mark.parametrize("number", ["code", "accession", "uvci"])
def test_an_operator_finds_it_by_any_number_looks_again_and_revokes(
    installation: Installation, number: str
) -> None:
    browser, one = Browser(installation, "operator"), item(installation)
    reference = {"code": one.short_code, "accession": "v-1", "uvci": one.uvci or ""}[number]
    page = browser.post(PAGE, seen=PAGE, reference=reference, reason=REASON)
    assert standing(installation) == "good"
    for words in ("Confirm the revocation", one.short_code, one.uvci or "", REASON):
        assert words in page
    for word in ("Bình", "PCR", "909000001", "Negative"):
        assert word not in page
    done = browser.post(f"{PAGE}/confirm", seen=PAGE, result_id=button(page), reason=REASON)
    assert standing(installation) == "revoked"
    assert REASON in done
    assert 'role="status"' in done
    entry = installation.audit.recent(1)[0]
    assert (entry.actor, entry.action, entry.subject) == (
        "operator", "certificate_revoked", one.result_id,
    )  # fmt: skip


def test_what_is_revoked_already_has_no_button_and_is_not_revoked_twice(
    installation: Installation,
) -> None:
    browser, one = Browser(installation, "operator"), item(installation)
    for status in (200, 409):
        browser.post(f"{PAGE}/confirm", seen=PAGE, result_id=one.result_id, reason=REASON)
        assert browser.status == status
    page = browser.post(PAGE, seen=PAGE, reference="V-1", reason=REASON)
    assert "did not count any more already" in page
    assert "result_id" not in page


@pytest.mark.parametrize(
    ("reference", "reason", "words"),
    [("V-1", "", "enter both"), ("", REASON, "enter both"), ("V-99", REASON, "No certificate")],
)
def test_without_number_reason_or_certificate_nothing_happens(
    installation: Installation, reference: str, reason: str, words: str
) -> None:
    browser = Browser(installation, "operator")
    page = browser.post(PAGE, seen=PAGE, reference=reference, reason=reason)
    assert (browser.status, words in page) == (422, True)
    browser.post(f"{PAGE}/confirm", seen=PAGE, result_id=item(installation).result_id, reason="")
    assert (browser.status, standing(installation)) == (403, "good")


def test_an_operator_of_one_facility_reaches_no_other(installation: Installation) -> None:
    account = installation.staff.get("operator")
    assert account is not None
    installation.staff.add(replace(account, scopes=frozenset({"BVTD"})))
    browser, other = Browser(installation, "operator"), item(installation, "V-1")
    browser.post(PAGE, seen=PAGE, reference="V-1", reason=REASON)
    assert browser.status == 422
    browser.post(f"{PAGE}/confirm", seen=PAGE, result_id=other.result_id, reason=REASON)
    assert (browser.status, standing(installation)) == (403, "good")
    installation.revocation_desk.revoke(other, actor="son", reason="of another house")
    assert "of another house" not in browser.get(PAGE)


def test_a_result_whose_certificate_is_owed_is_revoked_and_never_gets_one(
    installation: Installation,
) -> None:
    unable = Installation(replace(installation.settings, key_passphrase="another"))
    unable.intake.receive(oru("V-3", "+84909000003"), unable.facility("BVNDGD"), source="x")
    browser, one = Browser(installation, "operator"), item(installation, "V-3")
    assert one.uvci is None
    page = browser.post(PAGE, seen=PAGE, reference="V-3", reason=REASON)
    assert "still to be made" in page
    browser.post(f"{PAGE}/confirm", seen=PAGE, result_id=button(page), reason=REASON)
    assert browser.status == 200
    assert installation.reissuing.round(10) == 0
    assert item(installation, "V-3").uvci is None
    assert one.result_id in browser.get(PAGE)


@pytest.mark.parametrize("role", ["facility_officer", "control_officer", "approver", "auditor"])
def test_nobody_else_may_revoke(installation: Installation, role: str) -> None:
    browser = Browser(installation, role)
    assert browser.client.get(PAGE, headers=HOST).status_code == 403
    assert PAGE not in browser.get("/staff/")


def test_the_administrator_may(installation: Installation) -> None:
    assert any(card["role"] == "administrator" for card in staff_cards(installation))
    browser = Browser(installation, "administrator")
    assert "Revocations" in browser.get(PAGE)
    assert PAGE in browser.get("/staff/")
