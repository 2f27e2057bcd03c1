"""Who may do what in the pages that connect a laboratory, and what comes back from a mistake."""

from __future__ import annotations

import re

import pytest
from flask.testing import FlaskClient

from core.feeds.feed import Feed, FeedKind
from core.feeds.officer import Officer
from core.policy.staff import Right, Role, StaffAccount
from core.results.facility import Facility, Stage
from core.results.local_codes import CodeKind
from tests.sms.fakes import NOON, World
from tests.sms.staff.test_home import enter
from tests.sms.staff.test_signing_in import browser

__all__ = ["browser"]

MANAGE, SEE, SEND = Right.MANAGE_FACILITIES, Right.SEE_INTAKE, Right.SEND_RESULTS
AT = "/staff/facilities/<code>"
FEED = f"{AT}/feeds/<name>"
PAGES: dict[str, Right] = {
    "/staff/facilities": SEE,
    "/staff/facilities/new": MANAGE,
    AT: SEE,
    f"{AT}/change": MANAGE,
    f"{AT}/live": MANAGE,
    f"{AT}/pilot": MANAGE,
    f"{AT}/release": MANAGE,
    f"{AT}/new-feed": MANAGE,
    FEED: SEE,
    f"{FEED}/change": MANAGE,
    f"{FEED}/remove": MANAGE,
    f"{FEED}/keys/<hint>/end": MANAGE,
    f"{AT}/sample": SEND,
    f"{AT}/codes": SEND,
    f"{AT}/officers": SEE,
    f"{AT}/officers/<officer_id>/remove": MANAGE,
}
FORMS: dict[str, Right] = {
    "/staff/facilities/new": MANAGE,
    f"{AT}/change": MANAGE,
    f"{AT}/live": MANAGE,
    f"{AT}/pilot": MANAGE,
    f"{AT}/release": MANAGE,
    f"{AT}/new-feed": MANAGE,
    f"{FEED}/change": MANAGE,
    f"{FEED}/test": SEND,
    f"{FEED}/pause": MANAGE,
    f"{FEED}/resume": MANAGE,
    f"{FEED}/remove": MANAGE,
    f"{FEED}/keys": MANAGE,
    f"{FEED}/keys/<hint>/end": MANAGE,
    f"{AT}/sample": SEND,
    f"{AT}/codes": SEND,
    f"{AT}/codes/map": MANAGE,
    f"{AT}/codes/unmap": MANAGE,
    f"{AT}/officers": MANAGE,
    f"{AT}/officers/<officer_id>/link": MANAGE,
    f"{AT}/officers/<officer_id>/remove": MANAGE,
}
SHOWN_NUMBER = "+84 ••• ••• 101"


def at(rule: str, code: str = "BVTD") -> str:
    for name, value in {"code": code, "name": "push", "hint": "abcd", "officer_id": "o1"}.items():
        rule = rule.replace(f"<{name}>", value)
    return rule


@pytest.fixture
def city(world: World) -> World:
    """Two facilities, one with a feed and an officer."""
    world.facilities.add(Facility("BVTD", "Bệnh viện TP Thủ Đức", "BV TP Thủ Đức"))
    world.facilities.add(Facility("BVLVT", "Bệnh viện Lê Văn Thịnh", "BV Lê Văn Thịnh"))
    world.feeds.add(Feed("BVTD", "push", FeedKind.PUSH), NOON)
    world.officers.add(Officer("o1", "BVTD", "Chị Hoa", "+84900000101"))
    world.officers.add(Officer("o2", "BVLVT", "Anh Tú", "+84900000102"))
    return world


def send(browser: FlaskClient, path: str, **data: object) -> tuple[int, str]:
    token = re.search(r'csrf_token" value="([^"]+)"', browser.get("/staff/").text)
    assert token
    answer = browser.post(path, data={"csrf_token": token[1], "lang": "en", **data})
    return answer.status_code, answer.text


def test_every_page_of_onboarding_is_in_the_matrix(browser: FlaskClient) -> None:
    rules = [rule for rule in browser.application.url_map.iter_rules() if rule.methods]
    ours = [rule for rule in rules if rule.rule.startswith("/staff/facilities")]
    for method, matrix in (("GET", PAGES), ("POST", FORMS)):
        assert {rule.rule for rule in ours if method in (rule.methods or ())} == matrix.keys()


@pytest.mark.parametrize("role", Role)
def test_each_role_opens_exactly_the_pages_of_its_rights(
    city: World, browser: FlaskClient, role: Role
) -> None:
    enter(city, browser, role, "BVTD")
    account: StaffAccount = city.staff.rows[role.value]
    for rule, right in PAGES.items():
        status = browser.get(at(rule)).status_code
        assert (status != 403) == account.may(right), rule
        assert status in (200, 303, 403), rule


@pytest.mark.parametrize("role", Role)
def test_each_role_sends_exactly_the_forms_of_its_rights(
    city: World, browser: FlaskClient, role: Role
) -> None:
    enter(city, browser, role, "BVTD")
    account: StaffAccount = city.staff.rows[role.value]
    for rule, right in FORMS.items():
        city.feeds.add(Feed("BVTD", "push", FeedKind.PUSH), NOON)
        status, _ = send(browser, at(rule))
        assert (status != 403) == account.may(right), rule
        assert status in (200, 303, 403, 422), rule


@pytest.mark.parametrize("role", [Role.FACILITY_OFFICER, Role.OPERATOR, Role.ADMINISTRATOR])
def test_no_page_of_another_facility_opens(city: World, browser: FlaskClient, role: Role) -> None:
    enter(city, browser, role, "BVTD")
    for rule in PAGES:
        if "<code>" in rule:
            assert browser.get(at(rule, "BVLVT")).status_code == 403, rule
    for rule in FORMS:
        if "<code>" in rule:
            assert send(browser, at(rule, "BVLVT"))[0] == 403, rule
    assert "Lê Văn Thịnh" not in browser.get("/staff/facilities").text
    assert city.officers.of("BVLVT")


def test_an_officer_of_another_facility_is_not_taken_off_by_its_id(
    city: World, browser: FlaskClient
) -> None:
    enter(city, browser, Role.OPERATOR, "BVTD")
    send(browser, "/staff/facilities/BVTD/officers/o2/remove")
    assert [officer.id for officer in city.officers.of("BVLVT")] == ["o2"]


@pytest.mark.parametrize("rule", FORMS)
def test_a_form_without_its_token_changes_nothing(
    city: World, browser: FlaskClient, rule: str
) -> None:
    enter(city, browser, Role.ADMINISTRATOR)
    before = len(city.audit.entries)
    assert browser.post(at(rule)).status_code == 400
    assert len(city.audit.entries) == before


@pytest.mark.parametrize("rule", PAGES)
def test_nobody_gets_in_without_signing_in(client: FlaskClient, rule: str) -> None:
    assert client.get(at(rule)).headers["Location"] == "/staff/sign-in"


def test_an_unknown_facility_or_feed_is_a_calm_page(city: World, browser: FlaskClient) -> None:
    enter(city, browser, Role.OPERATOR)
    for path in ("/staff/facilities/NOPE", "/staff/facilities/BVTD/feeds/nope"):
        answer = browser.get(path)
        assert answer.status_code == 404
        assert "Không có" in answer.text


def test_a_facility_that_is_added_is_a_pilot_and_audited(city: World, browser: FlaskClient) -> None:
    enter(city, browser, Role.OPERATOR)
    status, _ = send(
        browser, "/staff/facilities/new", code="bvx", name="Bệnh viện X",
        zone="Asia/Ho_Chi_Minh", date_order="dmy",
    )  # fmt: skip
    made = city.facilities.rows["BVX"]
    assert (status, made.stage, made.short_name) == (303, Stage.PILOT, "Bệnh viện X")
    entry = city.audit.entries[-1]
    assert (entry.actor, entry.action, entry.subject) == ("operator", "facility_added", "BVX")


def test_an_operator_of_some_facilities_adds_no_other(city: World, browser: FlaskClient) -> None:
    enter(city, browser, Role.OPERATOR, "BVTD")
    assert send(browser, "/staff/facilities/new", code="BVX", name="X")[0] == 403
    assert "BVX" not in city.facilities.rows


def test_a_mistake_comes_back_filled_in_with_its_sentence(
    city: World, browser: FlaskClient
) -> None:
    enter(city, browser, Role.OPERATOR)
    status, page = send(
        browser, "/staff/facilities/new", code="BV X", name="Bệnh <viện>", zone="Mars",
        date_order="mdy",
    )  # fmt: skip
    assert status == 422
    assert "A facility code has 2 to 32" in page
    assert "Fill in" not in page
    assert 'value="Bệnh &lt;viện&gt;"' in page
    page = send(browser, "/staff/facilities/BVTD/change", name="X", zone="Mars")[1]
    assert "There is no time zone &#34;Mars&#34;" in page
    assert 'aria-invalid="true"' in page


def test_a_secret_never_shows_again(city: World, browser: FlaskClient) -> None:
    enter(city, browser, Role.ADMINISTRATOR)
    feeds = "/staff/facilities/BVTD"
    typed = {"kind": "fhir", "address": "https://lis.example", "interval": "15", "hours": "0-24",
             "days": "mon-sun"}  # fmt: skip
    status, page = send(browser, f"{feeds}/new-feed", name="F!", secret="ward:round", **typed)
    assert status == 422
    assert "ward:round" not in page
    assert send(browser, f"{feeds}/new-feed", name="fhir", secret="ward:round", **typed)[0] == 303
    assert city.feeds.rows["BVTD", "fhir"][0].secret == "ward:round"
    for path in (f"{feeds}/feeds/fhir", f"{feeds}/feeds/fhir/change"):
        page = browser.get(path).text
        assert "lis.example" in page
        assert "ward" not in page
    send(browser, f"{feeds}/feeds/fhir/change", **typed)
    assert city.feeds.rows["BVTD", "fhir"][0].secret == "ward:round"
    send(browser, f"{feeds}/feeds/fhir/change", no_secret="x", **typed)
    assert city.feeds.rows["BVTD", "fhir"][0].secret == ""


@pytest.mark.parametrize(
    ("kind", "shown"),
    [
        ("folder", {"address", "interval"}),
        ("sftp", {"address", "secret", "host_key", "interval"}),
        ("fhir", {"address", "secret", "interval"}),
        ("mllp", {"address", "peers"}),
        ("push", set()),
    ],
)
def test_a_kind_asks_only_for_what_it_needs(
    city: World, browser: FlaskClient, kind: str, shown: set[str]
) -> None:
    enter(city, browser, Role.OPERATOR)
    page = browser.get(f"/staff/facilities/BVTD/new-feed?kind={kind}").text
    fields = set(re.findall(r'<(?:input|textarea) id="(\w+)"', page))
    assert fields == shown | {"name", "expected", "hours", "days"}


def test_a_key_is_shown_once_and_then_by_its_hint(city: World, browser: FlaskClient) -> None:
    enter(city, browser, Role.OPERATOR)
    _, page = send(browser, "/staff/facilities/BVTD/feeds/push/keys")
    found = re.search(r"kqp_[\w-]+", page)
    assert found
    later = browser.get("/staff/facilities/BVTD/feeds/push").text
    assert found[0] not in later
    assert f"kqp_…{found[0][-4:]}" in later
    assert found[0] not in str(city.audit.entries)


def test_a_code_for_an_officers_chat_is_shown_to_the_own_facility_only(
    city: World, browser: FlaskClient
) -> None:
    enter(city, browser, Role.OPERATOR, "BVTD")
    _, page = send(browser, "/staff/facilities/BVTD/officers/o1/link")
    assert "K7M-2QX-9RT" in page
    assert city.audit.entries[-1].action == "officer_link_offered"
    _, other = send(browser, "/staff/facilities/BVTD/officers/o2/link")
    assert "K7M-2QX-9RT" not in other


def test_officers_numbers_are_masked(city: World, browser: FlaskClient) -> None:
    enter(city, browser, Role.FACILITY_OFFICER, "BVTD")
    page = browser.get("/staff/facilities/BVTD/officers").text
    assert SHOWN_NUMBER in page
    assert "900000101" not in page


def test_a_wrong_number_is_refused_and_the_name_stays(city: World, browser: FlaskClient) -> None:
    enter(city, browser, Role.OPERATOR)
    status, page = send(
        browser, "/staff/facilities/BVTD/officers", name="Anh Ba", phone="028 3829 0000"
    )
    assert status == 422
    assert "Enter a mobile number" in page
    assert 'value="Anh Ba"' in page


def test_a_facility_officer_sees_the_codes_and_cannot_map_them(
    city: World, browser: FlaskClient
) -> None:
    enter(city, browser, Role.FACILITY_OFFICER, "BVTD")
    status, page = send(browser, "/staff/facilities/BVTD/codes", text="XN1;Máu", kind="test")
    assert status == 200
    assert "XN1" in page
    assert "<select" not in page


def test_chosen_meanings_are_kept_and_the_others_left(city: World, browser: FlaskClient) -> None:
    enter(city, browser, Role.OPERATOR)
    codes = "/staff/facilities/BVTD/codes"
    page = send(browser, codes, text="LIS|A|x\n|B|y", kind="test")[1]
    assert page.count("<select") == 2
    typed = {"kind": "test", "system": ["LIS", ""], "code": ["A", "B"], "name": ["x", "y"]}
    status, page = send(browser, f"{codes}/map", meaning=["", ""], **typed)
    assert (status, "Choose a meaning" in page, page.count("<select")) == (422, True, 2)
    assert send(browser, f"{codes}/map", meaning=["DENGUE-NS1", ""], **typed)[0] == 303
    assert city.facilities.mapped == {("BVTD", CodeKind.TEST, ("LIS", "A")): "DENGUE-NS1"}
    send(browser, f"{codes}/unmap", kind="test", system="LIS", code="A")
    assert city.facilities.mapped == {}


def test_what_was_done_is_a_sentence_of_ours_or_nothing(city: World, browser: FlaskClient) -> None:
    enter(city, browser, Role.OPERATOR)
    assert "Đã lưu." in browser.get("/staff/facilities/BVTD?done=facility_saved").text
    assert "hello" not in browser.get("/staff/facilities/BVTD?done=hello").text


def test_the_language_is_kept_over_a_form(city: World, browser: FlaskClient) -> None:
    enter(city, browser, Role.OPERATOR)
    token = re.search(r'csrf_token" value="([^"]+)"', browser.get("/staff/").text)
    assert token
    data = {"csrf_token": token[1], "lang": "en"}
    answer = browser.post("/staff/facilities/BVTD/feeds/push/pause", data=data)
    assert answer.headers["Location"].endswith("/feeds/push?lang=en&done=feed_paused")
