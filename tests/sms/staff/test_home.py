"""What each role sees, and what none does."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from core.policy.staff import Right, Role, StaffAccount
from core.ports import AuditEntry
from core.results.delays import Delay, Step
from core.results.facility import Facility
from core.results.inbox import IntakeCount, QuarantinedItem
from core.results.reported import Finding
from core.results.versions import Change
from sms.staff.waiting import span
from tests.sms.fakes import NOON, NoFeeds, World
from tests.sms.staff.test_signing_in import browser, hire, sign_in, totp

__all__ = ["browser"]

PAGES: dict[str, Right | None] = {
    "/staff/": None,
    "/staff/intake": Right.SEE_INTAKE,
    "/staff/quarantine": Right.SEE_INTAKE,
    "/staff/upload": Right.SEND_RESULTS,
    "/staff/enter": Right.SEND_RESULTS,
    "/staff/rules": Right.MANAGE_RULES,
    "/staff/rules/new": Right.MANAGE_RULES,
    "/staff/revocations": Right.REVOKE,
    "/staff/print": Right.PRINT_SLIPS,
    "/staff/check": Right.LOOK_UP,
    "/staff/audit": Right.SEE_AUDIT,
}
FORMS = {
    "/staff/replay": Right.SEND_RESULTS,
    "/staff/upload": Right.SEND_RESULTS,
    "/staff/enter": Right.SEND_RESULTS,
    "/staff/enter/card": Right.SEND_RESULTS,
    "/staff/rules/new": Right.MANAGE_RULES,
    "/staff/rules/withdraw": Right.MANAGE_RULES,
    "/staff/revocations": Right.REVOKE,
    "/staff/revocations/confirm": Right.REVOKE,
    "/staff/print": Right.PRINT_SLIPS,
    "/staff/check": Right.LOOK_UP,
}


@pytest.fixture
def busy(world: World) -> World:
    """Two facilities, one of which sent something that can't be used."""
    world.facilities.add(Facility("BVTD", "Bệnh viện TP Thủ Đức", "BV TP Thủ Đức"))
    world.facilities.add(Facility("BVLVT", "Bệnh viện Lê Văn Thịnh", "BV Lê Văn Thịnh"))
    world.inbox.counted = [
        IntakeCount("BVTD", Change.ACCEPTED, 41, NOON),
        IntakeCount("BVTD", Change.QUARANTINED, 3, NOON),
    ]
    for facility in ("BVTD", "BVLVT"):
        finding = Finding("unknown_test", "OBR-4", f"L-{facility}")
        item = QuarantinedItem(f"id-{facility}", facility, "a.hl7", 6, (finding,), NOON)
        world.inbox.items.append(item)
    return world


def enter(world: World, browser: FlaskClient, role: Role, *scopes: str) -> None:
    assert sign_in(browser, hire(world, role, *scopes), totp(world))[0] == 303


@pytest.mark.parametrize("role", Role)
def test_each_role_opens_exactly_the_pages_of_its_rights(
    busy: World, browser: FlaskClient, role: Role
) -> None:
    enter(busy, browser, role, "BVTD")
    account: StaffAccount = busy.staff.rows[role.value]
    for path, right in PAGES.items():
        expected = 200 if right is None or account.may(right) else 403
        assert browser.get(path).status_code == expected, path


@pytest.mark.parametrize("path", PAGES)
def test_nobody_gets_in_without_signing_in(client: FlaskClient, path: str) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/staff/sign-in")


def test_a_refused_page_is_audited_and_says_why(busy: World, browser: FlaskClient) -> None:
    enter(busy, browser, Role.AUDITOR)
    assert "không có quyền" in browser.get("/staff/quarantine").text
    assert busy.audit.entries[-1].action == "page_refused"


def test_every_page_of_the_console_is_in_the_matrix(browser: FlaskClient) -> None:
    rules = browser.application.url_map.iter_rules()
    pages = {rule.rule for rule in rules if rule.endpoint.startswith("staff.")}
    onboarding = {page for page in pages if page.startswith("/staff/facilities")}
    own = pages - onboarding - {"/staff/sign-in", "/staff/sign-out"}
    assert own == PAGES.keys() | FORMS.keys()  # onboarding has a matrix of its own


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("path", [path for path in FORMS if path != "/staff/enter"])
def test_each_role_sends_exactly_the_forms_of_its_rights(
    busy: World, browser: FlaskClient, role: Role, path: str
) -> None:
    enter(busy, browser, role, "BVTD")
    found = re.search(r'csrf_token" value="([^"]+)"', browser.get("/staff/").text)
    assert found
    typed = {"csrf_token": found[1], "facility": "BVTD", "place": "BVTD"}
    answer = browser.post(path, data=typed)
    allowed = busy.staff.rows[role.value].may(FORMS[path])
    refused = busy.audit.entries[-1].action == "page_refused"
    assert refused != allowed
    assert answer.status_code == 403 if refused else answer.status_code < 500


def test_a_facility_officer_sees_only_its_facility(busy: World, browser: FlaskClient) -> None:
    enter(busy, browser, Role.FACILITY_OFFICER, "BVTD")
    home, kept = browser.get("/staff/").text, browser.get("/staff/quarantine").text
    assert "Thủ Đức" in home
    assert "Lê Văn Thịnh" not in home
    assert "L-BVTD" in kept
    assert "L-BVLVT" not in kept


def test_a_facility_officer_without_scope_sees_none(busy: World, browser: FlaskClient) -> None:
    enter(busy, browser, Role.FACILITY_OFFICER)
    assert "Chưa có đơn vị nào" in browser.get("/staff/").text
    assert "L-BV" not in browser.get("/staff/quarantine").text


def test_the_day_begins_at_midnight_of_the_place(busy: World, browser: FlaskClient) -> None:
    enter(busy, browser, Role.OPERATOR)
    page = browser.get("/staff/").text
    assert busy.inbox.asked_since == datetime(2026, 7, 11, 17, 0, tzinfo=UTC)
    assert "<b>41</b> đã nhận" in page
    assert "<b>3</b> cần xem lại" in page
    assert "12:00 12/07/2026 (giờ Việt Nam)" in page
    assert "Hôm nay chưa gửi gì" in page


def test_the_board_says_how_long_results_took_and_what_waits(
    busy: World, browser: FlaskClient
) -> None:
    hours, seconds = timedelta(hours=1), timedelta(seconds=1)
    busy.delays.found["BVTD"] = {
        Step.TOLD: Delay(4 * seconds, 70 * seconds, 12),
        Step.WHOLE: Delay(3 * hours + 600 * seconds, 50 * hours, 41),
    }
    enter(busy, browser, Role.OPERATOR)
    page = browser.get("/staff/").text
    assert busy.delays.asked_since == NOON - 24 * hours
    assert (
        "Từ lấy mẫu đến trả: trung vị 3 giờ 10 phút, 95% không quá 2 ngày 2 giờ (41 kết quả)"
    ) in page
    assert "trung vị 4 giây, 95% không quá 1 phút 10 giây (12 kết quả)" in page
    assert "Từ lấy mẫu đến lúc có kết quả" not in page
    assert "Hôm nay: 44 mục" in page
    assert "1 mục đang chờ xử lý" in page
    assert "median 3 h 10 min" in browser.get("/staff/?lang=en").text


def test_an_officer_sees_no_delays_of_another_facility(busy: World, browser: FlaskClient) -> None:
    busy.delays.found["BVLVT"] = {Step.WHOLE: Delay(timedelta(7), timedelta(7), 41)}
    enter(busy, browser, Role.FACILITY_OFFICER, "BVTD")
    assert "7 ngày" not in browser.get("/staff/").text


def test_a_facility_silent_today_shows_when_its_last_item_came(
    busy: World, browser: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    latest = {("BVLVT", "cli"): NOON - timedelta(days=2), ("BVLVT", "lis"): NOON - timedelta(1)}
    monkeypatch.setattr(NoFeeds, "latest", lambda _: latest)
    enter(busy, browser, Role.FACILITY_OFFICER, "BVLVT")
    page = browser.get("/staff/").text
    assert "12:00 11/07/2026" in page
    assert "Hôm nay chưa gửi gì" in page


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0 giây"),
        (59, "59 giây"),
        (60, "1 phút"),
        (3600, "1 giờ"),
        (3661, "1 giờ 1 phút"),
        (86_400 + 59, "1 ngày"),
        (90_000, "1 ngày 1 giờ"),
    ],
)
def test_a_span_is_said_in_its_largest_unit_and_the_next(
    app: Flask, seconds: int, said: str
) -> None:
    with app.test_request_context("/?lang=vi"):
        assert span(timedelta(seconds=seconds)) == said


def test_kept_items_show_the_reason_the_place_and_the_number_in_the_file(
    busy: World, browser: FlaskClient
) -> None:
    enter(busy, browser, Role.OPERATOR)
    page = browser.get("/staff/quarantine").text
    assert "a.hl7, mục 7" in page
    assert "OBR-4" in page
    assert "{field}" not in page


def test_the_audit_page_is_newest_first(busy: World, browser: FlaskClient) -> None:
    busy.audit.record(AuditEntry(NOON, "system", "key_made", "kid-1"))
    enter(busy, browser, Role.AUDITOR)
    page = browser.get("/staff/audit").text
    assert page.index("đăng nhập") < page.index("key_made")
